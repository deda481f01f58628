# SPDX-License-Identifier: Apache-2.0
"""first_poll: the first question to DPS goes out before Retry-After says so. The steps are the emulator's, in its order; it answers as late
as Azure does. How long they take is measured on a quiet machine (docs/benchmarks.md), not here."""
import unittest

import harness
from harness import FIELD, uplink, wait_until

DEVICES = 6
SENSORS = [f"sensor-{number:05}" for number in range(1, DEVICES + 1)]


class first_poll(harness.integration_test):
    def start(self, first_poll="500ms", **options):
        self.hub = self.emulator(devices=DEVICES, layout="dps", latency="azure", **options)
        self.edit("id_scope = ", f'first_poll = "{first_poll}"\nid_scope = ')
        self.under_test = self.gateway()
        self.under_test.start()

    def steps(self, device):
        return [(step["what"], step["status"]) for step in self.hub.dps(device)["steps"]]

    def wait_until_online(self):
        wait_until(lambda: self.hub.ledger()["attached"] == DEVICES, "six devices online")

    def pause_before_first_poll(self, device):
        registered, polled = self.hub.dps(device)["steps"][:2]
        self.assertEqual((registered["what"], polled["what"]), ("register", "poll"))
        return polled["at_ms"] - registered["at_ms"]

    def early_polls(self):
        return self.under_test.metrics()['causeway_dps_early_polls_total{section="field"}']

    def test_six_devices_poll_once_and_early(self):
        self.start(retry_after=3, assign_after=0.4, registry=True)
        self.wait_until_online()
        for name in SENSORS:
            self.assertEqual(self.steps(name), [("register", 202), ("poll", 200)], name)
            self.assertGreaterEqual(self.pause_before_first_poll(name), 500, "counted from the answer")
        dps = self.hub.dps()
        self.assertEqual((dps["registrations"], dps["polls"], dps["throttled"]), (DEVICES, DEVICES, 0))
        self.assertEqual(self.early_polls(), DEVICES)
        self.assertEqual(self.under_test.stop(), 0)

    def test_an_assignment_that_takes_longer_is_asked_for_when_retry_after_says(self):
        self.start(retry_after=2, assign_after=2.3, registry=True)
        self.wait_until_online()
        for name in SENSORS:
            self.assertEqual(self.steps(name), [("register", 202), ("poll", 202), ("poll", 200)], name)
            _, early, last = self.hub.dps(name)["steps"]
            self.assertGreaterEqual(last["at_ms"] - early["at_ms"], 2000)
        self.assertEqual(self.early_polls(), DEVICES)
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_device_polls_five_times_in_ten_seconds_at_most(self):
        self.start("100ms", retry_after=1, assign_after=3600, registry=True)
        device = SENSORS[0]
        polls = lambda: [step["at_ms"] for step in self.hub.dps(device)["steps"] if step["what"] == "poll"]
        wait_until(lambda: len(polls()) >= 7, "seven polls of one device")
        times = polls()
        for first, sixth in zip(times, times[5:]):
            self.assertGreaterEqual(sixth - first, 10_000, times)
        self.assertEqual(self.hub.dps()["throttled"], 0)

    def test_a_429_switches_early_polls_off(self):
        self.start(retry_after=2, assign_after=0.2)
        refused, later = SENSORS[:2]
        self.hub.add_fault(kind="dps_poll_status", pattern=refused, status=429, retry_after=1, count=1)
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, refused, 1)))
        self.hub.wait_for(refused)
        self.assertEqual(self.steps(refused), [("register", 202), ("poll", 429), ("poll", 200)])
        said, = self.under_test.log("dps_early_polls_off")
        self.assertEqual(said["section"], "field")
        self.assertGreater(self.under_test.metrics()['causeway_dps_early_polls_off_seconds{section="field"}'], 3000)

        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, later, 1)))
        self.hub.wait_for(later)
        self.assertEqual(self.steps(later), [("register", 202), ("poll", 200)])
        self.assertGreaterEqual(self.pause_before_first_poll(later), 2000)
        self.assertEqual(self.early_polls(), 1)
        self.assertEqual(self.under_test.stop(), 0)

    def test_an_operation_that_is_gone_is_begun_anew(self):
        """Of B15: the device is not parked as one without an enrolment."""
        self.start("retry-after", retry_after=1)
        device = SENSORS[0]
        self.hub.add_fault(kind="dps_poll_status", pattern=device, status=404, count=1)
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, device, 1)))
        self.hub.wait_for(device)
        self.assertEqual(self.steps(device), [("register", 202), ("poll", 404), ("register", 202), ("poll", 200)])
        self.under_test.wait_for_log("dps_setback", error="dps_operation_lost", registration=device)
        self.assertEqual(self.under_test.log("device_parked"), [])
        self.assertEqual(self.under_test.stop(), 0)


if __name__ == "__main__":
    unittest.main()
