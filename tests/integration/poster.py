# SPDX-License-Identifier: Apache-2.0
"""Devices that post uplinks over kept-alive connections, and remember which of them got a 200.

As The Things Stack does: each uplink is posted once, an answer that does not come is not asked for again, and a device's
next uplink has the next number. While nobody listens, no uplink is used up.
"""
import http.client
import threading
import time

from harness import uplink

ANSWER_TIME_OUT = 10


class poster:
    def __init__(self, gateway, devices, wanted, threads=8):
        """devices: (application, device) each; wanted: how many uplinks must get a 200."""
        self.gateway, self.wanted = gateway, wanted
        self.accepted = {device: [] for _, device in devices}
        self.unanswered = 0
        self.refused = []
        self._count = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        shares = [devices[i::threads] for i in range(threads)]
        self._threads = [threading.Thread(target=self._post, args=(share,), daemon=True) for share in shares if share]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def count(self):
        return self._count

    def running(self):
        return any(thread.is_alive() for thread in self._threads)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _post(self, devices):
        connection, number = None, 0
        while not self._stop.is_set():
            number += 1
            for application, device in devices:
                body = uplink(application, device, number)
                headers = {"Content-Type": "application/json", "Authorization": self.gateway.log_ins[application]}
                connection = connection or self._connect()
                if connection is None or self._count >= self.wanted:
                    if connection is not None:
                        connection.close()
                    return
                try:
                    connection.request("POST", f"/webhook/{application}", body, headers)
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    connection.close()
                    connection = None
                    with self._lock:
                        self.unanswered += 1
                    continue
                with self._lock:
                    if answer.status == 200:
                        self._count += 1
                        self.accepted[device].append(number)
                    else:
                        self.refused.append((device, number, answer.status))
                if answer.will_close:
                    connection.close()
                    connection = None

    def _connect(self):
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.webhook_port, timeout=ANSWER_TIME_OUT)
            try:
                connection.connect()
                return connection
            except OSError:
                time.sleep(0.01)
        return None
