# SPDX-License-Identifier: Apache-2.0
"""The Things Stack's webhook sender at its worst: one try or seven, many posts at once, bodies that never look the same, masks."""
import unittest

from harness import integration_test, wait_until

UPLINKS = 200


class webhook_sender(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator(devices=4)

    def simulate(self, wait=True, **how):
        self.hub.control("POST", "/simulation", how)
        if wait:
            wait_until(lambda: not self.seen()["running"], "the simulation")
        return self.seen()

    def seen(self):
        return self.hub.control("GET", "/simulation")

    def webhook(self):
        return f"http://127.0.0.1:{self.hub.ports['webhook']}/webhook"

    def test_without_retries_the_stack_tries_once(self):
        seen = self.simulate(uplinks=8)
        self.assertEqual((seen["sent"], seen["refused"], seen["lost_by_sender"], seen["retried"]), (8, 8, 8, 0))

    def test_with_retries_an_outage_costs_nothing(self):
        self.simulate(uplinks=20, webhook_retries=0.1, wait=False)  # 72 of its minutes: 7 s
        wait_until(lambda: self.seen()["refused"] >= 20, "posts in vain")
        self.gateway().start()
        wait_until(lambda: not self.seen()["running"], "the retries")
        seen = self.seen()
        self.assertEqual((seen["accepted"], seen["lost_by_sender"]), (20, 0), seen)
        self.assertGreaterEqual(seen["retried"], 20)
        wait_until(lambda: self.hub.ledger()["unique"] == 20, "all of them")
        self.assertEqual(self.hub.ledger()["duplicates"], 0)

    def test_bodies_in_any_text_by_two_kept_connections_and_in_parallel(self):
        self.gateway().start()
        seen = self.simulate(uplinks=UPLINKS, concurrency=64, varied=True, parallel=True, connections="new",
                             applications=[{"id": "water-meters", "devices": 2, "webhook": self.webhook() + "{/appID}"},
                                           {"id": "starter-kit", "devices": ["sensor-00001", "sensor-00002"],
                                            "webhook": self.webhook(), "path": "{applicationID}"}])
        self.assertEqual((seen["accepted"], seen["lost_by_sender"]), (UPLINKS, 0), seen)
        wait_until(lambda: self.hub.ledger()["unique"] == UPLINKS, "all of them")
        self.assertEqual(len({(one["device"], one["uplink"]) for one in self.hub.messages()}), UPLINKS)

    def test_a_masked_body_with_the_device_in_the_path(self):
        self.gateway().start()
        mask = ["up.uplink_message." + name for name in ("session_key_id", "f_port", "f_cnt", "received_at", "decoded_payload")]
        seen = self.simulate(uplinks=8, webhook=self.webhook(), path="devices{/devID}", field_mask=mask)
        self.assertEqual((seen["accepted"], seen["lost_by_sender"]), (8, 0), seen)
        wait_until(lambda: self.hub.ledger()["unique"] == 8, "all of them")

    def test_a_hook_that_fails_is_given_up_for_a_while(self):
        seen = self.simulate(uplinks=40, concurrency=1, unhealthy_threshold=3, unhealthy_retry_interval=60)
        self.assertEqual(seen["lost_by_sender"], 40)
        self.assertEqual(seen["refused_by"], {"connection": 6, "webhook_disabled": 34}, "three of each application's")
        self.assertEqual(seen["health"]["water-meters"]["unhealthy"]["failed_attempts"], "3")


if __name__ == "__main__":
    unittest.main()
