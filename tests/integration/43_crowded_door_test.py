# SPDX-License-Identifier: Apache-2.0
"""Who crowds the door without breaking a rule shuts nobody out: strangers whose TLS handshake never begins, and an application with its own
credential that holds every connection there is."""
import http.client
import json
import socket
import threading
import time
import unittest

from harness import FIELD, PATIENCE, PLANT, integration_test, uplink

CONNECTIONS = 60
SLOWEST = 1.5  # seconds


class crowded_door(integration_test):
    def serve(self, tls):
        self.hub = self.emulator(devices=4)
        self.tls = self.serve_webhook_by_tls() if tls else None
        self.edit("[webhook]\n", f"[webhook]\nmax_connections = {CONNECTIONS}\n")
        self.under_test = self.gateway().start()
        self.stop = threading.Event()
        self.addCleanup(self.stop.set)

    def crowd(self, count, what):
        """So many threads of what(number), until the test ends."""
        for number in range(count):
            threading.Thread(target=what, args=(number,), daemon=True).start()

    def connect(self):
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.under_test.webhook_port, timeout=PATIENCE)
        return http.client.HTTPSConnection("localhost", self.under_test.webhook_port, timeout=PATIENCE, context=self.tls)

    def post(self, connection, application, body):
        connection.request("POST", f"/webhook/{application}", body,
                           {"Content-Type": "application/json", "Authorization": self.under_test.log_ins[application]})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def post_over_new_connections(self, first, last):
        slowest = 0.0
        for number in range(first, last):
            begun, connection = time.monotonic(), self.connect()
            self.assertEqual(self.post(connection, PLANT, uplink(PLANT, "meter-00001", number)), (200, b'{"outcome":"stored"}'))
            slowest = max(slowest, time.monotonic() - begun)
            connection.close()
            time.sleep(0.2)
        print(f"{self.id()}: the slowest of {last - first} {slowest:.3f} s", flush=True)
        self.assertLess(slowest, SLOWEST)

    def test_handshakes_that_never_begin_shut_nobody_out(self):
        self.serve(tls=True)

        def be_silent(_):
            held = []
            while not self.stop.wait(0.02):
                try:
                    held.append(socket.create_connection(("127.0.0.1", self.under_test.webhook_port), timeout=PATIENCE))
                except OSError:
                    continue
                if len(held) > 400:
                    held.pop(0).close()

        self.crowd(4, be_silent)  # 200 a second, where 30 handshakes may be under way
        time.sleep(3)
        self.post_over_new_connections(1, 20)

    def test_an_application_that_holds_all_connections_shuts_no_other_out(self):
        self.serve(tls=False)
        kept = self.connect()
        self.assertEqual(self.post(kept, PLANT, uplink(PLANT, "meter-00001", 1))[0], 200)
        empty = json.dumps({"end_device_ids": {"device_id": "sensor-00001", "application_ids": {"application_id": FIELD}}})

        def be_busy(_):
            while not self.stop.is_set():
                try:
                    connection = self.connect()
                    while not self.stop.is_set():
                        self.post(connection, FIELD, empty)
                        self.stop.wait(1)
                except (OSError, http.client.HTTPException):
                    self.stop.wait(0.05)

        self.crowd(CONNECTIONS + 20, be_busy)
        time.sleep(3)
        self.post_over_new_connections(2, 20)
        self.assertEqual(self.post(kept, PLANT, uplink(PLANT, "meter-00001", 20))[0], 200)  # it was not closed


if __name__ == "__main__":
    unittest.main()
