# SPDX-License-Identifier: Apache-2.0
"""What is said of a command of which nothing is heard: one that waits in its queue is queued, one that is nowhere has no word, and a word that comes late is told all the same."""
import unittest

from harness import PLANT, commands_test, wait_until

ASLEEP, UNTOLD, LATE = "meter-00001", "meter-00002", "meter-00003"


class never_a_false_word(commands_test):
    def states_of(self, device):
        return [one["state"] for one in self.reports(device)]

    def test_an_item_in_the_queue_stays_queued_and_one_that_is_nowhere_has_no_word_until_one_comes(self):
        self.begin('command_timeout = "10s"\nsettle = "acknowledged"\n', devices=6)
        devices = (ASLEEP, UNTOLD, LATE)
        for number, device in enumerate(devices, 1):
            self.wait_for_link(device)
            self.send(number, device=device)
        for device in devices:  # of an unconfirmed one that is as much as its sender can wait for
            wait_until(lambda: self.ends(device) == ["Success"], f"the end of the message of {device}")
        self.hub.control("PUT", f"/downlinks/devices/{PLANT}/{UNTOLD}", {"gateway": "no_tx_ack"})
        self.hub.control("PUT", "/downlinks/switches", {"events": {"kinds": ["downlink_sent"], "delay_ms": 32_000}})
        self.speak(UNTOLD)
        self.speak(LATE)
        for device in (UNTOLD, LATE):
            wait_until(lambda: self.states_of(device) == ["queued", "no_word"], f"what is said of {device}", 31)
        self.assertEqual(sorted(one["device"] for one in self.causeway.log("command_no_word")), [UNTOLD, LATE])
        wait_until(lambda: self.states_of(LATE) == ["queued", "no_word", "sent"], "the late word")
        self.assertEqual(self.states_of(ASLEEP), ["queued"])
        self.assertGreaterEqual(self.hub.control("GET", "/downlinks")["lists"], 6)  # it was asked for each time
        self.assertEqual([one["end"] for one in self.items()], ["none", "transmitted", "transmitted"])


if __name__ == "__main__":
    unittest.main()
