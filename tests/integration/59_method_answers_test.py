# SPDX-License-Identifier: Apache-2.0
"""What a method's caller is told when the step that it waits for is reached, is not reached in time, never will be, or cannot be known."""
import concurrent.futures
import time
import unittest

from harness import METER, PLANT, commands_test, wait_until

BYTES = {"f_port": 10, "frm_payload": "AQ=="}


class method_answers(commands_test):
    def setUp(self):
        super().setUp()
        self.callers = concurrent.futures.ThreadPoolExecutor(4)
        self.addCleanup(self.callers.shutdown)

    def begin_calls(self):
        self.begin()
        wait_until(lambda: any(one["role"] == "methods" for one in self.links()), "a link for methods")

    def call(self, **more):
        """(status, state) of the answer, once there is one."""
        def ask():
            status, said = self.service.call(METER, {**BYTES, **more})
            return status, said["state"]
        return self.callers.submit(ask)

    def wait_for_report(self, state):
        wait_until(lambda: state in [one["state"] for one in self.reports()], f"a report: {state}")

    def test_200_at_the_step_that_it_waits_for(self):
        self.begin_calls()
        sent = self.call(wait="sent", wait_seconds=60)
        self.wait_for_report("queued")
        self.assertFalse(sent.done())
        self.speak()
        self.assertEqual(sent.result(), (200, "sent"))
        acknowledged = self.call(wait="acknowledged", wait_seconds=60, confirmed=True)
        self.wait_for_items(2)
        self.speak()
        wait_until(lambda: [one["state"] for one in self.reports()].count("sent") == 2, "the second is sent")
        self.assertFalse(acknowledged.done())
        self.speak(ack=True)
        self.assertEqual(acknowledged.result(), (200, "acknowledged"))

    def test_202_when_its_time_is_over_and_the_command_goes_on(self):
        self.begin_calls()
        began = time.monotonic()
        self.assertEqual(self.call(wait="sent", wait_seconds=1).result(), (202, "queued"))
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.speak()
        self.wait_for_states("queued", "sent")

    def test_202_when_it_will_not_reach_that_step_any_more(self):
        self.begin_calls()
        replaced = self.call(wait="sent", wait_seconds=60)
        self.wait_for_items(1)
        self.wait_for_report("queued")
        other = self.call(queue="replace")
        self.assertEqual((other.result(), replaced.result()), ((200, "queued"), (202, "replaced")))
        cleared = self.call(wait="sent", wait_seconds=60)
        self.wait_for_items(3)
        wait_until(lambda: [one["state"] for one in self.reports()].count("queued") == 3, "it is queued")
        self.assertEqual(self.run_causeway("commands", "clear", METER, "--yes", "-c", self.configuration).returncode, 0)
        self.assertEqual(cleared.result(), (202, "cancelled"))
        self.hub.control("PUT", f"/downlinks/devices/{PLANT}/{METER}", {"gateway": "fails", "tx_result": "TOO_LATE"})
        failed = self.call(wait="sent", wait_seconds=60)
        self.wait_for_items(4)
        wait_until(lambda: [one["state"] for one in self.reports()].count("queued") == 4, "it is queued")
        self.speak()
        self.assertEqual(failed.result(), (202, "failed"))
        self.wait_for_report("failed")
        self.assertEqual(self.reports()[-1]["error"]["name"], "pkg/networkserver:transmission")

    def test_202_at_once_when_its_push_gets_no_answer_and_the_same_call_finds_it_later(self):
        self.begin_calls()
        self.hub.control("PUT", "/downlinks/switches", {"pushes": [{"count": 1, "hang_up": True}]})
        began = time.monotonic()
        self.assertEqual(self.call(id="open-1", wait_seconds=60).result(), (202, "pushing"))
        self.assertLess(time.monotonic() - began, 5)
        self.causeway.wait_for_log("downlink_unanswered")
        self.assertEqual(self.call(id="open-1", wait_seconds=60).result(), (200, "queued"))  # found nowhere, and pushed again
        self.assertEqual(len(self.items()), 1)

    def test_202_at_a_stop_that_waits_for_its_push(self):
        self.begin_calls()
        self.hub.control("PUT", "/downlinks/switches", {"pushes": [{"count": 1, "delay_ms": 3000, "event": "none"}]})
        waits = self.call(wait="queued", wait_seconds=60)
        self.wait_for_items(1)
        self.assertEqual(self.causeway.stop(), 0)
        self.assertEqual(waits.result(), (202, "pushing"))
        self.causeway.start()
        self.wait_for_states("queued")
        self.assertEqual(len(self.items()), 1)


if __name__ == "__main__":
    unittest.main()
