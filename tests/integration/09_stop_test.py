# SPDX-License-Identifier: Apache-2.0
"""A clean stop: what can be sent is sent, what cannot is kept for the next start."""
import contextlib
import os
import signal
import socket
import subprocess
import unittest

from harness import FIELD, PATIENCE, PLANT, integration_test, uplink, wait_until
from poster import poster

METER, SENSOR = "meter-00001", "sensor-00001"


class stop(integration_test):
    def test_sigterm_under_load_drains(self):
        hub = self.emulator(devices=8)
        gateway = self.gateway().start()
        devices = [(PLANT, f"meter-{i:05}") for i in range(1, 5)]
        posting = poster(gateway, devices, wanted=1_000_000, threads=4).start()
        self.addCleanup(posting.stop)
        wait_until(lambda: posting.count() >= 100, "some uplinks")
        self.assertEqual(gateway.stop(), 0)
        posting.stop()
        accepted = {(device, number) for device, numbers in posting.accepted.items() for number in numbers}
        missing = lambda: accepted - {(one["device"], one["uplink"]) for one in hub.messages()}
        # What was taken while it drained and said goodbye to the hub waits for the next start.
        self.assertEqual(gateway.log("gateway_stopped")[0]["waiting"], str(len(missing())))
        gateway.start()
        wait_until(lambda: not missing(), "what came while it drained")
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(hub.ledger()["duplicates"], 0)

    def test_a_request_whose_body_comes_after_sigterm_is_drained_too(self):
        hub = self.emulator()
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 1)))
        hub.wait_for(METER)
        body = uplink(PLANT, METER, 2).encode()
        head = (f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\nAuthorization: {gateway.log_ins[PLANT]}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n")
        with socket.create_connection(("127.0.0.1", gateway.webhook_port), timeout=PATIENCE) as peer:
            peer.sendall(head.encode())
            self.assertIn(b" 100 ", peer.recv(4096))
            gateway.signal(signal.SIGTERM)
            gateway.wait_for_log("gateway_stopping")
            # Others are served meanwhile, each by a connection of its own.
            self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 3)))
            peer.sendall(body)
            self.assertIn(b" 200 ", peer.recv(4096).split(b"\r\n")[0])
        self.assertEqual(gateway.wait_for_end(), 0)
        self.assertEqual(gateway.log("gateway_stopped")[0]["waiting"], "0")
        self.assertEqual([one["uplink"] for one in hub.messages(METER)], [1, 3, 2])

    def test_a_log_that_nobody_reads_does_not_hold_up_the_end(self):
        self.emulator()
        log, full = os.pipe()
        self.addCleanup(os.close, log)
        self.addCleanup(os.close, full)
        os.set_blocking(full, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(full, b"x")
        os.set_blocking(full, True)  # as the pipe of a log driver
        gateway = self.gateway()
        gateway.spawn = lambda out, err: subprocess.Popen(gateway.command, stdin=subprocess.DEVNULL, stdout=out, stderr=full)
        gateway.start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 1)))
        self.assertEqual(gateway.stop(), 0)

    def test_sigint_stops_cleanly_too(self):
        self.emulator()
        gateway = self.gateway().start()
        gateway.signal(signal.SIGINT)
        self.assertEqual(gateway.wait_for_end(), 0)

    def test_what_waits_for_an_absent_hub_survives_the_stop(self):
        hub = self.emulator()
        gateway = self.gateway().start()
        for application, device in ((PLANT, METER), (FIELD, SENSOR)):
            self.assert_stored(gateway.post(application, uplink(application, device, 1)))
            hub.wait_for(device)
        self.assertEqual(hub.stop(), 0)
        for number in (2, 3, 4):
            self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, number)))
            self.assert_stored(gateway.post(FIELD, uplink(FIELD, SENSOR, number)))
        wait_until(lambda: gateway.metrics()["causeway_spool_messages"] == 6, "six waiting messages")
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(gateway.log("gateway_stopped")[0]["waiting"], "6")

        # Its ledger is new and so are its DPS records: the assignment that the hub refuses is asked for anew.
        hub.start()
        gateway.start()
        for device in (METER, SENSOR):
            self.assertEqual([one["uplink"] for one in hub.wait_for(device, 3)], [2, 3, 4])
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(hub.ledger()["duplicates"], 0)

    def test_a_hub_that_comes_back_gets_what_waited_without_a_restart(self):
        hub = self.emulator()
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 1)))
        hub.wait_for(METER)
        hub.add_fault(kind="hub_refuse_connections")
        hub.add_fault(kind="hub_cut_connections")
        gateway.wait_for_log("hub_connection_lost")
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 2)))
        hub.clear_faults()
        self.assertEqual([one["uplink"] for one in hub.wait_for(METER, 2)], [1, 2])
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
