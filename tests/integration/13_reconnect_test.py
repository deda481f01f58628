# SPDX-License-Identifier: Apache-2.0
"""All connections break at once: every device is back within what the hub's quota of connects allows, and no second sees
more connects than that quota. The counts are the emulator's, whose hub refuses what goes beyond."""
import time
import unittest

from harness import PLANT, integration_test, uplink, wait_until

DEVICES = 5_000
QUOTA = 1_200  # S2 with 10 units, connects a second


class reconnect(integration_test):
    def test_a_fleet_that_lost_all_connections_is_back_within_its_budget(self):
        hub = self.emulator(devices=DEVICES, layout="hub", tier="S2", units=10, registry=True)
        gateway = self.gateway().start()
        everyone = lambda: hub.ledger()["attached"] == DEVICES
        wait_until(everyone, f"{DEVICES} devices online", 60)
        self.assertEqual(hub.ledger()["throttled_connects"], 0)
        before = hub.ledger()
        hub.control("DELETE", "/ledger")  # its counts of connects start anew

        cut = time.monotonic()
        hub.add_fault(kind="hub_cut_connections")
        wait_until(lambda: hub.ledger()["attached"] < DEVICES, "devices offline")
        wait_until(everyone, f"{DEVICES} devices back", 60)
        spent = time.monotonic() - cut
        after = hub.ledger()
        print(f"back after {spent:.2f} s, at most {after['connects_in_busiest_second']} connects a second", flush=True)
        self.assertLessEqual(spent, DEVICES / QUOTA + 2)
        self.assertLessEqual(after["connects_in_busiest_second"], QUOTA)
        self.assertEqual(after["throttled_connects"], 0)
        # As many connections as before, not one more: no storm.
        self.assertEqual(after["connections"] - before["connections"], before["connections_open"])

        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        hub.wait_for("meter-00001")
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
