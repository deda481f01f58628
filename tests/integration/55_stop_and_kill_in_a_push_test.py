# SPDX-License-Identifier: Apache-2.0
"""A stop waits for the push that is under way, and the webhook goes on taking; what a kill leaves of one is settled by what the stack shows, and never sent twice. An uplink that
the stack's record shows counts, however late its webhook is."""
import datetime
import signal
import time
import unittest

from harness import METER, commands_test, wait_until
from stack_client import stack_client

STORED, STORED_AND_SPOKE, REACHED, REACHED_AND_SPOKE, BEGUN = (f"meter-{number:05}" for number in range(1, 6))
WAITING = "meter-00002"
PUSH_MS = 6000  # the stack has it in hand from 2.4 s on, in its queue from 3.9 s on, and tells of it after 4.8 s
QUIET = 11  # seconds without a push to a device after one that got no answer


class stop_and_kill_in_a_push(commands_test):
    def switch(self, **what):
        self.hub.control("PUT", "/downlinks/switches", what)

    def pushes(self):
        return self.hub.control("GET", "/downlinks")["pushes"]

    def push(self, number, device):
        """Sends a message, and returns when the stack has its push in hand."""
        before = self.pushes()
        self.send(number, device=device)
        wait_until(lambda: self.pushes() == before + 1, f"the push of m{number}")

    def items_of(self, device):
        return [one for one in self.items() if one["device"] == device]

    def states_of(self, device, number=None):
        return [one["state"] for one in self.reports(device) if number in (None, int(one["messageId"][1:]))]

    def uplinks(self):
        return sorted(one["uplink"] for one in self.hub.messages(METER) if "uplink" in one)

    @staticmethod
    def seconds(text):
        return datetime.datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()

    def test_a_stop_waits_for_the_answer_and_the_webhook_takes_uplinks_meanwhile(self):
        self.begin()
        self.switch(pushes=[{"count": 1, "delay_ms": 4000, "event": "none"}])  # in the queue at once, and the answer alone says so
        self.push(1, METER)
        began = time.monotonic()
        self.causeway.signal(signal.SIGTERM)
        self.causeway.wait_for_log("gateway_stopping")
        taken = 1
        while time.monotonic() - began < 3:
            taken += 1
            self.post_simulated(taken)
            self.assertTrue(self.causeway.running())
            time.sleep(0.1)
        self.assertEqual(self.causeway.wait_for_end(), 0)
        self.assertGreater(time.monotonic() - began, 3.5)
        self.assertEqual(self.causeway.log("downlink_unanswered"), [])
        self.causeway.start()
        self.wait_for_states("queued")
        wait_until(lambda: self.uplinks() == list(range(1, taken + 1)), "all uplinks, once each")
        self.assertEqual([one["queued"] for one in self.items()], [1])
        self.push(2, METER)  # at once: nothing is in doubt
        self.wait_for_states("queued", "queued")

    def test_after_a_kill_what_the_stack_shows_settles_each_push_and_none_is_doubled(self):
        self.begin(devices=10)
        for device in (STORED_AND_SPOKE, REACHED, REACHED_AND_SPOKE, BEGUN):
            self.wait_for_link(device)
        self.switch(push_ms=PUSH_MS)
        self.push(1, STORED)
        self.push(2, STORED_AND_SPOKE)
        began = time.monotonic()
        at = lambda seconds: wait_until(lambda: time.monotonic() >= began + seconds, f"{seconds} s", 10)
        at(1)
        self.push(3, REACHED)
        self.push(4, REACHED_AND_SPOKE)
        at(3)
        self.push(5, BEGUN)
        at(4.3)
        self.causeway.kill()
        killed = time.time()
        self.switch(push_ms=12)
        wait_until(lambda: len(self.items()) == 2, "what was stored of them")
        self.speak(STORED_AND_SPOKE)
        self.speak(REACHED_AND_SPOKE)
        self.causeway.start()
        for number, device in enumerate((STORED, REACHED, BEGUN), 11):
            self.send(number, device=device)
        # In the queue, and on its way: found at the first look.
        wait_until(lambda: self.states_of(STORED, 1) == ["queued"], "what was found in the queue", 5)
        wait_until(lambda: self.states_of(STORED_AND_SPOKE, 2)[-1:] == ["sent"], "what the device has got meanwhile", 15)
        # Proven never to have arrived, or not.
        wait_until(lambda: self.states_of(REACHED, 3) == self.states_of(BEGUN, 5) == ["queued"], "what was pushed again", 20)
        wait_until(lambda: self.states_of(REACHED_AND_SPOKE) == ["in_doubt"], "what nobody can know", 20)
        for number, device in enumerate((STORED, REACHED, BEGUN), 11):
            wait_until(lambda: self.states_of(device, number) == ["queued"], f"the next command of {device}", 20)
            for item in self.items_of(device)[-1:] if device == STORED else self.items_of(device):
                self.assertGreaterEqual(self.seconds(item["accepted"]) - killed, QUIET)
        self.assertEqual([len(self.items_of(one)) for one in (STORED, STORED_AND_SPOKE, REACHED, REACHED_AND_SPOKE, BEGUN)], [2, 1, 2, 0, 2])
        self.assertEqual(len({tuple(one["correlation_ids"]) for one in self.items()}), 7)
        line, = self.causeway.log("command_in_doubt")
        self.assertEqual(line["device"], REACHED_AND_SPOKE)

    def test_an_uplink_counts_that_the_record_shows_and_one_that_waits_for_a_lock_is_gone_with_its_connection(self):
        self.begin(devices=10)
        self.wait_for_link(WAITING)
        stack_client(self.hub).lock([WAITING], 16)
        self.push(1, WAITING)
        wait_until(lambda: self.hub.control("GET", "/downlinks")["waiting"] == 1, "the push that waits")
        self.switch(push_ms=2000)
        self.push(2, METER)
        in_hand = time.monotonic() + 1.05  # from 0.8 s on; it is in the queue after 1.3 s
        wait_until(lambda: time.monotonic() >= in_hand, "the middle of the push")
        self.hub.control("POST", "/downlinks/cut")
        cut = time.time()
        self.switch(push_ms=12)
        self.speak()  # its webhook waits for the lock
        wait_until(lambda: len(self.causeway.log("downlink_unanswered")) == 2, "both without an answer")
        wait_until(lambda: self.states_of(METER) == ["in_doubt"], "what nobody can know")
        self.assertEqual(len(self.uplinks()), 1)
        wait_until(lambda: len(self.uplinks()) == 2, "the uplink")
        wait_until(lambda: self.states_of(WAITING) == ["queued"], "what was dropped is pushed again")
        item, = self.items()
        self.assertEqual(item["device"], WAITING)
        self.assertGreaterEqual(self.seconds(item["accepted"]) - cut, QUIET - 0.1)
        self.assertEqual((self.states_of(METER), self.pushes()), (["in_doubt"], 4))


if __name__ == "__main__":
    unittest.main()
