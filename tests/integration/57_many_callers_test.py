# SPDX-License-Identifier: Apache-2.0
"""Many who want something at once: one call to a hundred devices, more calls for one device than its application may have, and steps that come while the spool is full."""
import concurrent.futures
import time
import unittest

from harness import METER, PLANT, commands_test, uplink, wait_until

SENSOR, OTHER = "sensor-00001", "meter-00002"
BYTES = {"f_port": 10, "frm_payload": "AQ=="}


class many_callers(commands_test):
    def wait_for_methods(self, *devices):
        for device in devices:
            wait_until(lambda: any(one["role"] == "methods" for one in self.links(device)), f"a link for methods of {device}")

    def test_one_call_with_one_id_to_a_hundred_devices_is_a_hundred_downlinks_and_to_one_device_one(self):
        self.begin(devices=200)
        devices = [f"meter-{number:05}" for number in range(1, 101)]
        self.wait_for_methods(*devices)
        with concurrent.futures.ThreadPoolExecutor(20) as callers:
            answers = list(callers.map(lambda device: self.service.call(device, {**BYTES, "id": "open-1"}), devices))
        self.assertEqual({(status, said["state"]) for status, said in answers}, {(200, "queued")})
        self.assertEqual(len({said["command"] for _, said in answers}), 100)
        self.assertEqual(sorted(one["device"] for one in self.items()), devices)
        self.assertEqual(self.service.call(METER, {**BYTES, "id": "open-1"}), answers[0])
        with concurrent.futures.ThreadPoolExecutor(20) as callers:
            again = list(callers.map(lambda _: self.service.call(METER, {**BYTES, "id": "open-2"}), range(20)))
        self.assertEqual(len({(status, said["command"], said["state"]) for status, said in again}), 1)
        status, said = self.service.call(METER, {**BYTES, "confirmed": True, "id": "open-1"})
        self.assertEqual((status, said["error"]), (400, "command_id_taken"))
        self.assertEqual(len([one for one in self.items() if one["device"] == METER]), 2)
        self.assertEqual(len(self.items()), 101)

    def test_an_application_that_has_its_share_is_answered_429_and_no_other_device_waits_for_it(self):
        self.begin(sections="\n[commands]\nmax_commands = 400\nshare = 50\n")
        self.wait_for_methods(METER, OTHER, SENSOR)
        self.assertEqual(self.service.call(SENSOR, BYTES)[0], 200)  # a share counts where another has commands
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 50})  # 200 for one device: 10 s

        def time_of(device):
            began = time.monotonic()
            return self.service.call(device, {**BYTES, "wait_seconds": 60}), time.monotonic() - began
        with concurrent.futures.ThreadPoolExecutor(300) as callers:
            busy = [callers.submit(time_of, METER) for _ in range(300)]
            wait_until(lambda: len(self.items()) > 20, "the first of them")
            others = [time_of(OTHER), time_of(SENSOR)]
            self.assertLess(len(self.items()), 150, "the share is nearly full: nobody has been in the way")
            answers = [one.result() for one in busy]
        self.assertEqual([status for (status, _), _ in others], [200, 200])
        self.assertGreater(max(took for _, took in answers), 5)
        self.assertLess(max(took for _, took in others), 1.5)
        self.assertEqual({(status, said.get("error", said.get("state"))) for (status, said), _ in answers}, {(200, "queued"), (429, "commands_share_full")})
        self.assertEqual(len([one for one in self.items() if one["device"] == METER]), 199)  # and one is OTHER's
        self.assertEqual([status for (status, _), _ in answers].count(200), 199)
        self.assertGreater(len(self.causeway.log("command_refused", error="commands_share_full", device=METER)), 0)
        self.assertEqual(self.service.call(OTHER, BYTES)[0], 429)
        self.assertEqual(self.service.call(SENSOR, BYTES)[0], 200)
        self.assert_stored(self.causeway.post(PLANT, uplink(PLANT, METER, 2)))

    def test_a_step_is_taken_while_the_spool_is_full_and_told_when_the_hub_is_back(self):
        self.begin(sections="\n[spool]\nmax_messages = 20\n")
        self.send(1)
        self.wait_for_states("queued")
        self.hub.add_fault(kind="hub_gone")
        wait_until(lambda: not self.links(), "the hub has gone")
        refused, number = 0, 2
        while not refused:
            status, text = self.causeway.post(PLANT, uplink(PLANT, METER, number))
            refused = status == 503
            self.assertLess(number, 50, text)
            number += 1
        self.speak()
        heard = lambda: [one["kind"] for one in self.items()[0]["heard"]]
        wait_until(lambda: heard() == ["downlink_queued", "downlink_sent"], "a 200 for the step")
        self.assertEqual(self.causeway.post(PLANT, uplink(PLANT, METER, number))[0], 503)  # for an uplink there is no room still
        self.hub.clear_faults()
        self.wait_for_states("queued", "sent")
        self.assertEqual(len(self.items()), 1)


if __name__ == "__main__":
    unittest.main()
