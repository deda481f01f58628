# SPDX-License-Identifier: Apache-2.0
"""Devices that The Things Stack has locked, a push that it never answers, and a limit of its: the uplinks of all others arrive, at most 8 pushes wait for it, nothing is lost or doubled."""
import datetime
import time
import unittest

from harness import METER, PLANT, commands_test, wait_until
from poster import poster
from stack_client import stack_client

LOCKED = [f"meter-{number:05}" for number in range(1, 41)]
SILENT = "meter-00041"
OTHERS = [f"meter-{number:05}" for number in range(42, 51)]
OTHER = "meter-00002"
MOST = 8  # pushes under way


class locked_devices(commands_test):
    def switch(self, **what):
        self.hub.control("PUT", "/downlinks/switches", what)

    def figures(self):
        return self.hub.control("GET", "/downlinks")

    def states_of(self, device):
        return [one["state"] for one in self.reports(device)]

    def items_of(self, device):
        return [one for one in self.items() if one["device"] == device]

    def test_forty_locked_devices_and_a_push_without_an_answer_hold_up_nobody_else(self):
        self.begin(devices=100)
        for device in LOCKED + [SILENT] + OTHERS:
            self.wait_for_link(device)
        stack_client(self.hub).lock(LOCKED, 15)
        self.assertEqual(self.items(), [])
        self.switch(pushes=[{"pattern": SILENT, "count": 1, "delay_ms": 600_000, "event": "none"}])
        began = time.monotonic()
        self.send(1, device=SILENT)
        for number, device in enumerate(LOCKED, 2):
            self.send(number, device=device)
        wait_until(lambda: self.figures()["waiting"] == MOST - 1, "the pushes that wait for a lock")
        self.hub.control("POST", "/simulation", {"uplinks": 200, "rate": 100, "applications": [{"id": PLANT, "devices": OTHERS}]})
        self.post_simulated(1, SILENT)
        wait_until(lambda: any("uplink" in one for one in self.hub.messages(SILENT)), "the uplink of the device that waits for an answer", 3)
        seen = {"waiting": 0, "under_way": 0}

        def sent():
            seen["waiting"] = max(seen["waiting"], self.figures()["waiting"])
            seen["under_way"] = max(seen["under_way"], self.causeway.metrics()["causeway_downlink_pushes_under_way"])
            return not self.hub.control("GET", "/simulation")["running"]
        wait_until(sent, "the uplinks of the others")
        self.assertLess(time.monotonic() - began, 9, "the devices are locked no longer")
        self.assertEqual(self.items_of(LOCKED[0]), [])
        self.assertEqual(seen, {"waiting": MOST - 1, "under_way": MOST})
        told = self.hub.control("GET", "/simulation")
        self.assertEqual((told["sent"], told["accepted"], told["refused"]), (200, 200, 0))
        wait_until(lambda: self.hub.control("GET", "/simulation")["delivered"] == 200, "all of them at the hub", 5)
        for device in LOCKED:
            wait_until(lambda: self.states_of(device) == ["queued"], f"the command of {device}", 40)
        self.assertFalse(self.figures()["starved"])
        self.assertEqual(self.states_of(SILENT), [])
        wait_until(lambda: self.states_of(SILENT), "what is found of the push without an answer", 50)
        self.causeway.wait_for_log("downlink_unanswered", device=SILENT)
        self.assertEqual(len(self.causeway.log("downlink_unanswered")), 1)
        self.assertEqual(sorted(one["device"] for one in self.items()), sorted([*LOCKED, SILENT]))

    def test_a_limit_with_its_time_is_kept_to_it_and_another_devices_uplinks_go_on(self):
        self.begin()
        self.switch(pushes=[{"pattern": METER, "count": 1, "status": 429, "retry_after": 4}])
        self.send(1)
        wait_until(lambda: self.figures()["pushes"] == 1, "the first push")
        refused = time.time()
        posting = poster(self.causeway, [(PLANT, OTHER)], wanted=100_000, threads=1).start()
        self.addCleanup(posting.stop)
        self.wait_for_states("queued")
        posting.stop()
        item, = self.items()
        accepted = datetime.datetime.fromisoformat(item["accepted"][:26].rstrip("Z") + "+00:00").timestamp()
        self.assertGreaterEqual(accepted - refused, 3.9)
        self.assertLess(accepted - refused, 8)
        self.assertEqual((posting.unanswered, posting.refused, self.figures()["pushes"]), (0, [], 2))
        self.hub.wait_for(OTHER, posting.count())


if __name__ == "__main__":
    unittest.main()
