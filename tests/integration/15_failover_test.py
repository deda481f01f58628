# SPDX-License-Identifier: Apache-2.0
"""A hub goes and DPS assigns its devices to another: they follow without a restart, and nothing is lost."""
import unittest

from harness import FIELD, integration_test, uplink, wait_until

DEVICES = 6


class failover(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator(devices=DEVICES, layout="dps", hubs=2, registry=True)
        self.under_test = self.gateway().start()
        wait_until(lambda: self.hub.ledger()["attached"] == DEVICES, "all devices online")

    def post(self, number):
        for i in range(1, DEVICES + 1):
            device = f"sensor-{i:05}"
            self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, device, number)))

    def assert_all_arrive(self, number):
        for i in range(1, DEVICES + 1):
            device = f"sensor-{i:05}"
            wait_until(lambda: [one["uplink"] for one in self.hub.messages(device)] == list(range(1, number + 1)),
                       f"{number} uplinks of {device}", 60)

    def test_the_old_hub_says_that_it_is_not_there(self):
        self.post(1)
        self.assert_all_arrive(1)
        self.hub.control("POST", "/dps/reassign", {"pattern": "*", "hub": 1})
        self.hub.add_fault(kind="hub_not_found", hub=0)
        self.hub.add_fault(kind="hub_cut_connections", hub=0)
        self.post(2)
        self.assert_all_arrive(2)
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_device_is_moved_and_its_old_identity_removed(self):
        registrations = self.hub.dps()["registrations"]
        self.hub.control("POST", "/dps/reassign", {"pattern": "*", "hub": 1})
        self.post(1)
        self.assert_all_arrive(1)
        self.assertLessEqual(self.hub.dps()["registrations"], registrations + DEVICES)
        # The new assignments are remembered: the next start asks DPS nothing.
        self.assertEqual(self.under_test.stop(), 0)
        before = self.hub.dps()["requests"]
        self.under_test.start()
        wait_until(lambda: self.hub.ledger()["attached"] == DEVICES, "all devices online again")
        self.assertEqual(self.hub.dps()["requests"], before)
        self.assertEqual(self.under_test.stop(), 0)


if __name__ == "__main__":
    unittest.main()
