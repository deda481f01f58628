# SPDX-License-Identifier: Apache-2.0
"""What a hub may answer to messages: nothing that got a 200 is lost by it, and a device's messages keep their order."""
import unittest

from harness import PLANT, integration_test, uplink, wait_until

METER, OTHER = "meter-00001", "meter-00002"
UPLINKS = 40


class hub_queue(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator(devices=4, layout="hub")
        self.under_test = self.gateway().start()

    def simulate(self, uplinks=UPLINKS):
        """All of them get a 200."""
        self.hub.control("POST", "/simulation", {"uplinks": uplinks})
        wait_until(lambda: not self.hub.control("GET", "/simulation")["running"], "the simulation")
        seen = self.hub.control("GET", "/simulation")
        self.assertEqual(seen["accepted"], uplinks, seen)

    def wait_for_all(self, uplinks=UPLINKS, patience=None):
        wait_until(lambda: self.hub.ledger()["unique"] == uplinks, "all uplinks", patience)
        seen = self.hub.ledger()
        self.assertEqual((seen["duplicates"], seen["out_of_order"]), (0, 0), seen)

    def test_a_used_up_daily_quota_slows_the_outbox_and_not_the_acceptance(self):
        self.hub.control("PUT", "/quota", {"limit": 10})
        self.simulate()
        wait_until(lambda: self.hub.ledger()["sends_over_quota"] >= 1, "a refusal")
        refused = self.hub.ledger()
        self.assertEqual(refused["accepted"], 10)
        self.assertLessEqual(refused["sends_over_quota"], 4, "those under way, and no more")
        self.hub.control("PUT", "/quota", {"limit": None})
        self.wait_for_all(patience=90)  # after a minute one message asks
        self.assertEqual(self.hub.control("GET", "/quota")["hubs"][0]["used"], UPLINKS)

    def test_released_and_modified_messages_are_sent_again(self):
        self.hub.add_fault(kind="release_messages", pattern=METER, count=3)
        self.hub.add_fault(kind="modify_messages", pattern=OTHER, count=3)
        self.simulate()
        self.wait_for_all()
        seen = self.hub.ledger()
        self.assertEqual((seen["messages_released"], seen["messages_modified"]), (3, 3))

    def test_a_slow_answer_delays_its_own_device_only(self):
        self.hub.add_fault(kind="slow_accepts", pattern=METER, delay_ms=2000, for_seconds=4)
        for number in range(1, 4):
            self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, METER, number)))
            self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, OTHER, number)))
        self.hub.wait_for(OTHER, 3)
        self.assertEqual(len(self.hub.messages(METER)), 1, "one message of a device is under way")
        self.hub.wait_for(METER, 3)
        self.assertEqual(self.hub.ledger()["duplicates"], 0)

    def test_messages_wait_while_the_hub_gives_no_credit(self):
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, OTHER, 1)))
        self.hub.wait_for(OTHER)
        self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, METER, 1)))
        wait_until(lambda: self.hub.ledger()["attached"] == 2, "its link")
        self.assertEqual(self.hub.messages(METER), [])
        self.hub.clear_faults()
        self.hub.wait_for(METER)


if __name__ == "__main__":
    unittest.main()
