# SPDX-License-Identifier: Apache-2.0
"""Six devices come online side by side, not one after another: through DPS, through IoT Central's and by connection string. What
counts are the steps and their order; the emulator answers as late as Azure does, so that there is an order to see."""
import threading
import time
import unittest

import harness
from harness import wait_until

DEVICES = 6
SENSORS = [f"sensor-{number:05}" for number in range(1, DEVICES + 1)]
MODEL = "dtmi:causeway:emulated:sensor;1"


class watcher:
    """Looks at the emulator's counters all the time, from before the gateway's start on."""

    def __init__(self, hub):
        self._hub = hub
        self._ending = threading.Event()
        self.seen = []  # (registrations, polls, attached)

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()

    def _watch(self):
        while not self._ending.is_set():
            # Asked for in the order of the steps' end, so that a step between two questions never looks like one before its time.
            attached = self._hub.ledger()["attached"]
            dps = self._hub.dps()
            self.seen.append((dps["registrations"], dps["polls"], attached))
            time.sleep(0.01)


class six_devices(harness.integration_test):
    def start(self, layout):
        self.hub = self.emulator(devices=DEVICES, layout=layout, latency="azure", retry_after=2, registry=True)
        self.under_test = self.gateway()

    def wait_until_online(self):
        """The counters, once all devices have both links."""
        return wait_until(lambda: (ledger := self.hub.ledger())["attached"] == ledger["c2d_links"] == DEVICES and ledger,
                          "six devices online, with links for commands")

    def come_online(self):
        before = self.hub.ledger()
        self.under_test.start()
        after = self.wait_until_online()
        return {name: after[name] - before[name] for name in ("put_tokens", "connections", "detaches", "attaches_refused")}

    def come_online_cold(self):
        with watcher(self.hub) as watched:
            counts = self.come_online()
        dps = self.hub.dps()
        self.assertEqual((dps["registrations"], dps["polls"], dps["lookups"]), (DEVICES, DEVICES, 0))
        self.assertEqual(dps["throttled"], 0)
        for name in SENSORS:
            own = self.hub.dps(name)
            self.assertEqual((own["registrations"], own["polls"]), (1, 1), name)
        for registrations, polls, attached in watched.seen:
            if polls:
                self.assertEqual(registrations, DEVICES, "a poll before the last registration has begun")
            if attached:
                self.assertGreater(polls, 0, "a device at its hub before DPS has said which")
        self.assertIn((DEVICES, 0, 0), watched.seen, "all six registered and waiting, none polled yet")
        self.assertEqual(counts, {"put_tokens": DEVICES, "connections": 1, "detaches": 0, "attaches_refused": 0})

    def come_online_warm(self):
        self.hub.control("DELETE", "/dps")
        counts = self.come_online()
        self.assertEqual(self.hub.dps()["requests"], 0)
        self.assertEqual(counts, {"put_tokens": DEVICES, "connections": 1, "detaches": 0, "attaches_refused": 0})

    def leave(self):
        self.assertEqual(self.under_test.stop(), 0)
        wait_until(lambda: self.hub.ledger()["connections_open"] == 0, "the hub to see them leave")

    def test_through_dps(self):
        self.start("dps")
        self.come_online_cold()
        self.leave()
        self.come_online_warm()
        self.leave()

    def test_through_iot_central(self):
        self.start("central")
        self.come_online_cold()
        for name in SENSORS:
            self.assertEqual(self.hub.dps(name)["model_id"], MODEL)
        self.leave()
        self.come_online_warm()
        self.leave()

    def test_after_provision(self):
        self.start("dps")
        done = self.run_causeway("provision", "-c", self.configuration)
        self.assertEqual(done.returncode, 0, done.stderr)
        dps = self.hub.dps()
        self.assertEqual((dps["registrations"], dps["polls"]), (DEVICES, DEVICES))
        self.assertEqual(self.hub.ledger()["connections"], 0)
        self.come_online_warm()
        self.leave()

    def test_by_connection_string(self):
        self.start("hub")
        for _ in ("cold", "warm"):
            counts = self.come_online()
            self.assertEqual(self.hub.dps()["requests"], 0)
            # One token of the policy is enough for all of them.
            self.assertEqual(counts, {"put_tokens": 1, "connections": 1, "detaches": 0, "attaches_refused": 0})
            self.leave()


if __name__ == "__main__":
    unittest.main()
