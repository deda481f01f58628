# SPDX-License-Identifier: Apache-2.0
"""DPS' quota of registrations a minute is used and not overstepped; a lower one that DPS really holds to is found. Both last longer
than a minute, so they run side by side."""
import unittest

import harness
from harness import wait_until

DEVICES = 150
QUOTA = 120  # registrations a minute
PATIENCE = 140


class quota(harness.integration_test):
    def start(self, name, **options):
        """An emulator and a gateway of their own."""
        directory = self.directory / name
        directory.mkdir()
        hub = harness.emulator(directory, devices=DEVICES, layout="dps", retry_after=1, registry=True, **options)
        configuration = directory / "causeway.toml"
        configuration.write_text(hub.print_config(), encoding="utf-8")
        self.addCleanup(hub.kill)
        hub.start()
        under_test = harness.gateway(directory, configuration)
        self.addCleanup(under_test.kill)
        self.addCleanup(self._tell, under_test)
        under_test.start()
        return hub, under_test

    def test_the_quota_is_used_and_kept(self):
        stated, one = self.start("stated", dps_quota=QUOTA)
        enforced, two = self.start("enforced", dps_quota=2 * QUOTA, dps_enforced=QUOTA)
        for hub in (stated, enforced):
            wait_until(lambda: hub.ledger()["attached"] == DEVICES, "all devices online", PATIENCE)

        seen = stated.dps()
        self.assertEqual(seen["throttled"], 0)
        self.assertEqual(seen["accepted_registrations"], DEVICES)
        self.assertGreaterEqual(self.used(seen), 0.98, seen)

        # In the first minute DPS takes what it takes. From the second on a place comes free sixty seconds after it was taken, and is
        # to be used at once; how many may come then is learned from the refusals.
        seen = enforced.dps()
        self.assertEqual(seen["accepted_registrations"], DEVICES)
        self.assertGreater(seen["throttled"], 0, "nothing was enforced")
        self.assertLessEqual(seen["throttled"], DEVICES // 5, "refusals must be few: each slows the whole fleet")
        self.assertGreaterEqual(seen["accepted_by_minute"][0], 0.95 * QUOTA, seen)
        lasted = (seen["last_registration_ms"] - seen["first_registration_ms"]) / 1000
        rest = (DEVICES - seen["accepted_by_minute"][0]) / (0.95 * QUOTA / 60)
        self.assertLessEqual(lasted, 60 + rest + 2, seen)
        for under_test in (one, two):
            self.assertEqual(under_test.stop(), 0)

    @staticmethod
    def used(dps):
        minutes = (dps["last_registration_ms"] - dps["first_registration_ms"]) / 60_000
        return dps["accepted_registrations"] / (QUOTA * minutes)


if __name__ == "__main__":
    unittest.main()
