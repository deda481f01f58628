# SPDX-License-Identifier: Apache-2.0
"""A stack that answers pushes late, not at all, with 429 or with 500, queues them later than the 11 s or is killed: uplinks do not wait for it, no push is repeated early, nothing is lost and nothing doubled."""
import json
import time
import unittest

from harness import METER as DEVICE, commands_test, wait_until

PROMPT = 3.0  # seconds; a push that is held up takes three times as long


class bad_stack(commands_test):
    def switch(self, **push):
        self.hub.control("PUT", "/downlinks/switches", {"pushes": [push]} if push else {"pushes": []})

    def assert_uplinks_go_on(self, first):
        for number in range(first, first + 3):
            began = time.monotonic()
            self.post_simulated(number)
            marker = f'"uplink":{number}'
            wait_until(lambda: any(marker in self.text(one) for one in self.hub.messages(DEVICE)), f"uplink {number}", PROMPT)
            self.assertLess(time.monotonic() - began, PROMPT)

    @staticmethod
    def text(message):
        body = message["body"]
        return body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))

    def assert_one_item_each(self, count):
        ids = [json.dumps(one["correlation_ids"]) for one in self.items() if one["queued"]]
        self.assertEqual((len(ids), len(set(ids))), (count, count))

    def states(self):
        return [one["state"] for one in self.reports()]

    def test_answers_after_nine_seconds_hold_up_no_uplink(self):
        self.begin()
        self.switch(delay_ms=9000)
        self.send(1)
        self.wait_for_items(1)
        self.assert_uplinks_go_on(2)
        self.wait_for_states("queued")
        time_is_over = time.monotonic() + 12
        wait_until(lambda: time.monotonic() > time_is_over, "the time of a second push", 20)
        self.assert_one_item_each(1)

    def test_a_connection_that_is_closed_without_a_byte_is_looked_for_and_nothing_is_doubled(self):
        self.begin()
        self.send(1)
        self.wait_for_states("queued")  # the next goes on a kept-alive connection
        self.switch(hang_up=True, queued=True, event="none", count=1)
        self.send(2)
        self.wait_for_states("queued", "queued")
        self.causeway.wait_for_log("downlink_unanswered")
        self.assert_uplinks_go_on(2)
        self.assert_one_item_each(2)

    def test_what_never_arrived_is_pushed_again_no_sooner_than_eleven_seconds_later(self):
        self.begin()
        self.switch(hang_up=True, count=1)
        began = time.monotonic()
        self.send(1)
        wait_until(lambda: self.states(), "a report", 60)
        self.assertGreaterEqual(time.monotonic() - began, 11)
        self.assertEqual(self.states(), ["queued"])
        self.assert_one_item_each(1)

    def test_what_is_queued_when_the_database_goes_on_is_found_and_not_pushed_again(self):
        self.begin()
        self.switch(hang_up=True, queued=True, queued_after_ms=13000, event="none", count=1)
        began = time.monotonic()
        self.send(1)
        wait_until(lambda: self.states(), "a report", 60)
        self.assertGreaterEqual(time.monotonic() - began, 13)
        self.assertEqual(self.states(), ["queued"])
        self.assert_one_item_each(1)

    def test_a_failure_without_a_name_is_no_end_and_a_stack_that_is_killed_none_either(self):
        self.begin()
        self.switch(hang_up=True, event="failed", count=1)
        self.send(1)
        wait_until(lambda: self.states(), "a report", 60)
        self.assertEqual(self.states(), ["queued"])
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 20000})
        begun = self.hub.control("GET", "/downlinks")["pushes"]
        self.send(2)
        wait_until(lambda: self.hub.control("GET", "/downlinks")["pushes"] == begun + 1, "a push under way")
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 12})
        self.hub.control("POST", "/downlinks/restart", {"by": "kill"})
        wait_until(lambda: self.states() == ["queued"] * 2, "the other report", 60)
        self.assert_one_item_each(2)

    def test_a_limit_of_the_stack_is_kept_and_nothing_is_given_up(self):
        self.begin()
        self.switch(status=429, retry_after=2, count=2)
        began = time.monotonic()
        for number in (1, 2, 3):
            self.send(number)
        wait_until(lambda: self.states() == ["queued"] * 3, "three reports", 60)
        self.assertGreaterEqual(time.monotonic() - began, 2)
        self.assert_one_item_each(3)

    def test_errors_with_the_item_queued_and_without_end_in_one_item_each(self):
        self.begin()
        self.switch(status=500, for_seconds=5)
        self.send(1)
        self.assert_uplinks_go_on(2)
        wait_until(lambda: self.states() == ["queued"], "its report", 90)
        for status in (504, 409, 502):
            self.switch(status=status, queued=True, count=1)
            self.send(status)
            wait_until(lambda: len([one for one in self.reports() if one["messageId"] == f"m{status}"]) == 1, f"the report after {status}", 60)
        self.assertEqual(set(self.states()), {"queued"})
        self.assert_one_item_each(4)


if __name__ == "__main__":
    unittest.main()
