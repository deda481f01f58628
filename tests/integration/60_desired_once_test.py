# SPDX-License-Identifier: Apache-2.0
"""What a twin asks for is sent once: not again because something else of it has changed, the hub has gone, the gateway was killed or has lost what it knew."""
import shutil
import unittest

from harness import METER, commands_test, wait_until

WANTED = {"lorawan": {"downlink": {"f_port": 10, "frm_payload": "AQ==", "confirmed": False}}}


class desired_once(commands_test):
    def change(self, method, desired):
        self.hub.control(method, f"/twins/{METER}", {"properties": {"desired": desired}})

    def told(self):
        return self.hub.control("GET", f"/twins/{METER}")["properties"]["reported"].get("lorawan", {}).get("downlink", {})

    def reads(self):
        return self.hub.ledger()["twins"]["reads"]

    def wait_for_twin(self, reads):
        wait_until(lambda: any(one["role"] == "twin" for one in self.links()), "the twin's link")
        wait_until(lambda: self.reads() > reads, "a read of the twin")

    def test_whatever_else_happens_it_is_one_downlink_and_a_change_of_one_member_sends_the_whole_again(self):
        self.begin("twin = true\n")
        self.wait_for_twin(0)
        self.change("PATCH", WANTED)
        wait_until(lambda: self.told().get("state") == "queued", "the first")
        first = self.told()
        self.change("PATCH", {"colour": "red"})
        self.change("PATCH", WANTED)  # the same value
        self.change("PUT", {**WANTED, "colour": "blue"})  # the twin replaced whole
        for _ in range(5):
            before = self.reads()
            self.hub.add_fault(kind="hub_cut_connections")
            self.wait_for_twin(before)
        before = self.reads()
        self.causeway.kill()
        self.change("PATCH", {"colour": "green"})
        self.causeway.start()
        self.wait_for_twin(before)
        self.change("PATCH", {"lorawan": {"downlink": {"confirmed": True}}})
        wait_until(lambda: self.told().get("version") != first["version"], "the second")
        wait_until(lambda: self.told()["state"] == "queued", "its push")
        items = self.items()
        self.assertEqual([(one["confirmed"], one["frm_payload"]) for one in items], [(False, "AQ=="), (True, "AQ==")])
        self.assertIn("causeway:" + first["command"], items[0]["correlation_ids"])

    def test_what_an_empty_ledger_finds_is_seen_and_not_sent(self):
        self.begin("twin = true\n")
        self.wait_for_twin(0)
        self.change("PATCH", WANTED)
        wait_until(lambda: self.told().get("state") == "queued", "the first")
        before = self.reads()
        self.causeway.stop()
        shutil.rmtree(self.hub.directory / "emulator/gateway-state")
        self.causeway.start()
        self.wait_for_twin(before)
        wait_until(lambda: self.told().get("state") == "seen", "what is told of it")
        self.change("PATCH", {"lorawan": {"downlink": {"id": "again"}}})
        wait_until(lambda: self.told()["state"] == "queued", "the second")
        self.assertEqual(len(self.items()), 2)


if __name__ == "__main__":
    unittest.main()
