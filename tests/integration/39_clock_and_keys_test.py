# SPDX-License-Identifier: Apache-2.0
"""The machine's trouble is no device's: tokens that the hub no longer takes, keys that were regenerated, a clock that is wrong. One new
token for all, devices stay `attaching`, nobody is parked, everybody is back within seconds; the clock is told by name."""
import base64
import time
import unittest

import harness
from harness import wait_until

DEVICES = 60
WITHIN = 5.0  # seconds, of all devices
BEHIND = 2400  # seconds, of this machine's clock
NEW_KEY = base64.b64encode(bytes(range(64))).decode()


class clock_and_keys(harness.integration_test):
    def start(self, layout, skew=None, pattern="*"):
        self.hub = self.emulator(devices=DEVICES, layout=layout, registry=True)
        if skew:
            self.hub.add_fault(kind="clock_skew", pattern=pattern, seconds=skew)
        self.under_test = self.gateway().start()
        self.wait_until_all_are_attached()

    def wait_until_all_are_attached(self):
        wait_until(lambda: self.hub.ledger()["attached"] == DEVICES, f"{DEVICES} devices attached")

    def assert_all_back_after(self, what):
        """Something has taken all links away; they come back in time, and nobody is parked meanwhile."""
        before = self.hub.ledger()
        what()
        # A hub whose clock is put ahead notices it at its next turn: what counts is from the first link that is gone.
        wait_until(lambda: self.hub.ledger()["detaches"] > before["detaches"], "the first link taken away")
        begun = time.monotonic()
        wait_until(lambda: self.hub.ledger()["detaches"] - before["detaches"] >= DEVICES, "all links taken away")
        self.wait_until_all_are_attached()
        took = time.monotonic() - begun
        after = self.hub.ledger()
        self.assertLessEqual(took, WITHIN)
        wait_until(lambda: self.under_test.metrics()['causeway_devices{state="online"}'] == DEVICES, "all online")
        return {name: after[name] - before[name] for name in ("connections", "put_tokens", "put_tokens_refused", "attaches_refused")}

    def expire_tokens(self):
        self.hub.add_fault(kind="expire_tokens")

    def assert_clock_told(self, service):
        told = self.under_test.wait_for_log("clock_skew", service=service)[0]
        self.assertEqual(told["error"], "clock_skew")
        self.assertAlmostEqual(int(told["seconds"]), -BEHIND, delta=30)
        self.assertIn(f"behind {service}'s", told["detail"])
        skews = {name: value for name, value in self.under_test.metrics().items() if name.startswith("causeway_clock_skew_seconds")}
        self.assertAlmostEqual(skews[f'causeway_clock_skew_seconds{{service="{service}"}}'], -BEHIND, delta=30)

    def assert_nobody_parked(self):
        self.assertEqual(self.under_test.log("device_parked"), [])
        self.assertEqual(self.under_test.stop(), 0)

    def hub_name(self):
        return f"localhost:{self.hub.ports['hub']}"

    # One policy for all devices.

    def test_a_policys_token_that_the_hub_no_longer_takes(self):
        self.start("hub")
        for _ in range(2):
            self.assertEqual(self.assert_all_back_after(self.expire_tokens),
                             {"connections": 0, "put_tokens": 1, "put_tokens_refused": 0, "attaches_refused": 0})
        self.assert_nobody_parked()

    def test_a_policys_key_that_was_regenerated(self):
        self.hub = self.emulator(devices=DEVICES, layout="hub", registry=True)
        keys = self.hub.control("GET", "/policies/device")
        second = self.directory / "second"
        second.write_text(f"HostName={self.hub_name()};SharedAccessKeyName=device;SharedAccessKey={keys['secondary_key']}")
        second.chmod(0o600)
        self.edit("connection_string_file", f'secondary_connection_string_file = "{second}"\nconnection_string_file')
        self.under_test = self.gateway().start()
        self.wait_until_all_are_attached()

        def regenerate():
            self.hub.control("PUT", "/policies/device", {"primary_key": NEW_KEY, "secondary_key": keys["secondary_key"]})
            self.expire_tokens()

        self.assertEqual(self.assert_all_back_after(regenerate),
                         {"connections": 0, "put_tokens": 2, "put_tokens_refused": 1, "attaches_refused": 0})
        self.under_test.wait_for_log("hub_policy_key_changes", to="second")
        # And it stays with it.
        self.assertEqual(self.assert_all_back_after(self.expire_tokens)["put_tokens_refused"], 0)
        self.assert_nobody_parked()

    def test_a_policy_and_a_clock_that_is_behind_from_the_start(self):
        self.start("hub", skew=BEHIND, pattern="hub")
        self.assertEqual(self.assert_all_back_after(self.expire_tokens)["connections"], 0)
        self.assert_clock_told(self.hub_name())
        self.assert_nobody_parked()

    def test_a_policy_and_a_clock_that_is_further_behind_than_a_token_lives(self):
        self.start("hub", skew=2 * 3600, pattern="hub")
        self.assertEqual(self.hub.ledger()["connections"], 1)
        self.under_test.wait_for_log("clock_skew", service=self.hub_name())
        self.assert_nobody_parked()

    def test_a_policy_and_a_clock_that_is_put_back(self):
        self.start("hub")
        self.assert_all_back_after(lambda: self.hub.add_fault(kind="clock_skew", seconds=4000))
        self.under_test.wait_for_log("clock_skew", service=self.hub_name())
        self.assert_nobody_parked()

    # A key of its own for each device, through DPS.

    def test_devices_tokens_that_the_hub_no_longer_takes(self):
        self.start("dps")
        self.assertEqual(self.assert_all_back_after(self.expire_tokens)["connections"], 0)
        self.assertEqual(self.under_test.stop(), 0)

    def test_devices_keys_and_a_clock_that_is_behind_from_the_start(self):
        self.start("dps", skew=BEHIND)
        self.assert_clock_told("DPS of azure.field")
        self.assert_all_back_after(self.expire_tokens)
        self.assertEqual(self.under_test.stop(), 0)

    def test_devices_keys_and_a_clock_that_is_further_behind_than_a_token_lives(self):
        self.start("dps", skew=2 * 3600)
        self.under_test.wait_for_log("clock_skew", service="DPS of azure.field")
        self.assertLess(self.hub.dps()["registrations"], 2 * DEVICES + 100)
        self.assert_nobody_parked()

    def test_devices_keys_and_a_clock_that_is_put_back(self):
        self.start("dps")
        self.assert_all_back_after(lambda: self.hub.add_fault(kind="clock_skew", seconds=4000))
        self.assertEqual(self.under_test.stop(), 0)

    def test_the_registrys_clock_says_it_before_it_hurts(self):
        self.start("hub", skew=BEHIND, pattern="registry")
        self.assert_clock_told("The Things Stack")
        self.assert_nobody_parked()


if __name__ == "__main__":
    unittest.main()
