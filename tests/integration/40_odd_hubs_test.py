# SPDX-License-Identifier: Apache-2.0
"""Hubs that do what none should: the gateway and every other hub go on, nothing is asked in a storm, and `why` says what is the matter."""
import pathlib
import socket
import ssl
import threading
import time
import tomllib
import unittest

import harness
from harness import FIELD, PLANT, call, uplink, wait_until

METER, SENSOR = "meter-00001", "sensor-00001"
HEADER = b"AMQP\x00\x01\x00\x00"
OPEN_WITH_ONE_MILLISECOND = bytes.fromhex("0000002102000000005310c01405a1036875624070000100006" "01fff7000000001")


class odd_hub:
    """A TLS server that answers each connection's first bytes with `says`, and then nothing."""

    def __init__(self, certificates, says):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server-key.pem")
        self._listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self._listener.getsockname()[1]
        self._says = says
        self._ending = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self._ending:
            try:
                client, _ = self._listener.accept()
            except OSError:
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            if client.recv(4096) and self._says:
                client.sendall(self._says)
            while client.recv(4096):
                pass
        except OSError:
            pass

    def close(self):
        self._ending = True
        self._listener.close()


class odd_hubs(harness.integration_test):
    def start(self, says):
        """The application PLANT has an odd hub; FIELD's is the emulator's."""
        self.hub = self.emulator(devices=4, registry=True)
        directory = self.directory / "emulator"
        self.odd = odd_hub(directory, says)
        self.addCleanup(self.odd.close)
        settings = tomllib.loads(self.configuration.read_text(encoding="utf-8"))
        file = pathlib.Path(settings["azure"]["plant"]["connection_string_file"])
        file.write_text(file.read_text(encoding="utf-8").replace(f":{self.hub.ports['hub']}", f":{self.odd.port}"))
        self.under_test = self.gateway().start()
        wait_until(lambda: self.hub.ledger()["attached"] >= 1, "the other hub's devices")

    def why(self, device):
        told = self.run_causeway("devices", "why", device, "-c", self.configuration)
        self.assertEqual(told.returncode, 0, told.stderr)
        return told.stdout

    def wait_for_why(self, text):
        wait_until(lambda: text in self.why(METER), f"why {METER}: {text}")

    def assert_the_rest_works(self):
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, SENSOR, 1)))
        self.hub.wait_for(SENSOR)
        self.assertEqual(self.under_test.log("device_parked"), [])

    def test_an_idle_time_out_of_a_millisecond_stops_nothing(self):
        self.start(HEADER + OPEN_WITH_ONE_MILLISECOND)
        self.wait_for_why("$cbs")
        for _ in range(20):
            begun = time.monotonic()
            self.assertEqual(call(self.under_test.admin_port, "GET", "/healthz")[0], 200)
            self.assertLess(time.monotonic() - begun, 5)
            time.sleep(0.05)
        self.assert_the_rest_works()
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_hub_that_never_answers_amqps_header_speaks_no_amqp(self):
        self.start(b"")
        self.wait_for_why("waiting for the hub's answer to AMQP's header since")
        self.under_test.wait_for_log("hub_connection_lost", error="hub_speaks_no_amqp")
        self.assert_the_rest_works()
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_hub_that_answers_with_another_protocol_speaks_no_amqp(self):
        self.start(b"\x20\x03\x00\x84\x00")  # MQTT's CONNACK
        self.under_test.wait_for_log("hub_connection_lost", error="hub_speaks_no_amqp")
        self.wait_for_why("does not speak AMQP")
        self.assert_the_rest_works()
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_hub_that_says_nothing_after_its_header_is_said_to(self):
        self.start(HEADER)
        self.wait_for_why("waiting for the hub's OPEN since")
        self.assert_the_rest_works()
        self.assertEqual(self.under_test.stop(), 0)

    def test_why_names_the_present_cause_and_none_before_it(self):
        self.hub = self.emulator(devices=2, layout="hub", registry=True)
        self.under_test = self.gateway().start()
        wait_until(lambda: self.hub.ledger()["attached"] == 2, "both devices")
        self.hub.add_fault(kind="hub_not_found", condition="amqp:not-found", description="no hub of this name")
        self.wait_for_why("no hub of this name")
        self.hub.clear_faults()
        wait_until(lambda: self.hub.ledger()["attached"] == 2, "both devices again")
        self.hub.add_fault(kind="put_token_status", status=500, description="Something is the matter.")
        self.hub.add_fault(kind="hub_cut_connections")
        self.wait_for_why("Something is the matter.")
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_hub_that_counts_tokens_differently_is_no_storm(self):
        self.hub = self.emulator(devices=5, layout="dps", registry=True)
        for number in (1, 2):
            self.hub.add_fault(kind="put_token_status", pattern=f"sensor-{number:05}", status=500,
                               description="The maximum number of tokens per connection (1000) has been reached.")
        self.under_test = self.gateway().start()
        wait_until(lambda: self.hub.ledger()["attached"] == 3, "the other three")
        self.under_test.wait_for_log("device_parked", error="hub_token_limit")
        before = self.hub.ledger()["put_tokens"]
        time.sleep(6)
        after = self.hub.ledger()
        self.assertLessEqual(after["connections"], 3)
        self.assertLessEqual(after["put_tokens"] - before, 12)
        self.assertEqual(after["attached"], 3)
        self.hub.clear_faults()
        wait_until(lambda: self.hub.ledger()["attached"] == 5, "all five")
        self.assertEqual(self.under_test.stop(), 0)


if __name__ == "__main__":
    unittest.main()
