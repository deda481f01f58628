# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of commands, and does to them: `causeway commands`."""
import json
import re
import unittest

from harness import METER, PLANT, commands_test, wait_until


class commands_cli(commands_test):
    def ask(self, *arguments, expect=0):
        ran = self.run_causeway("commands", *arguments, "-c", self.configuration)
        self.assertEqual(ran.returncode, expect, ran.stderr)
        return ran

    def listed(self, *filters):
        """The message-id and the state of each."""
        found = json.loads(self.ask("list", "--json", *filters).stdout)["commands"]
        return [(one["message_id"], one["state"]) for one in found]

    def id_of(self, message_id):
        return next(one["command"] for one in json.loads(self.ask("list", "--json").stdout)["commands"] if one["message_id"] == message_id)

    def show(self, message_id):
        return json.loads(self.ask("show", self.id_of(message_id), "--json").stdout)

    def hold_answers(self, milliseconds=6000):
        """The stack does what a push asks for, and says so later: one that comes behind it stays stored."""
        self.hub.control("PUT", "/downlinks/switches", {"pushes": [{"count": 1, "delay_ms": milliseconds}]})

    def test_a_list_takes_filters(self):
        self.begin()
        self.hold_answers(20_000)
        self.send(1, Confirmed="true")
        self.wait_for_states("queued")
        self.send(2)  # waits for the answer to the first
        wait_until(lambda: self.listed() == [("m1", "queued"), ("m2", "stored")], "both commands")
        self.assertEqual(self.listed("--state", "stored"), [("m2", "stored")])
        self.assertEqual(self.listed("--state", "in_doubt"), [])
        self.assertEqual(len(self.listed("--application", PLANT, "--device", METER)), 2)
        self.assertEqual(self.listed("--device", "somebody-else"), [])
        self.assertEqual(self.listed("--application", "another"), [])
        lines = self.ask("list", "--state", "queued").stdout.splitlines()
        self.assertEqual(len(lines), 2, lines)
        self.assertTrue(lines[0].startswith("COMMAND"), lines)
        self.assertIn(METER, lines[1])
        self.assertIn("field_invalid", self.ask("list", "--state", "lost", expect=1).stderr)

    def test_one_is_shown_with_each_id_and_its_time(self):
        self.begin()
        self.send(1, Confirmed="true")
        self.wait_for_states("queued")
        self.speak()
        self.wait_for_states("queued", "sent")
        self.speak(ack=True)
        self.wait_for_states("queued", "sent", "acknowledged")
        shown = self.show("m1")
        item, = self.items()
        ended = self.hub.control("GET", f"/c2d?device={METER}&limit=100")["ended"][0]
        self.assertEqual((shown["application"], shown["device"], shown["source"], shown["state"]), (PLANT, METER, "c2d", "acknowledged"))
        self.assertEqual(shown["sequence_number"], ended["sequence"])
        self.assertIn(shown["item"], item["correlation_ids"])
        self.assertIn("causeway:" + shown["command"], item["correlation_ids"])
        self.assertEqual([one["state"] for one in shown["steps"]], ["stored", "pushing", "queued", "sent", "acknowledged"])
        self.assertEqual(shown["steps"][3]["f_cnt"], item["transmissions"][0]["f_cnt"])
        times = [shown["enqueued_at"], *(one["at"] for one in shown["steps"])]
        for time in times:
            self.assertRegex(time, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        text = self.ask("show", self.id_of("m1")).stdout
        self.assertRegex(text, r"(?m)^item +as:downlink:")
        self.assertRegex(text, rf"(?m)^sequence_number +{ended['sequence']}$")
        self.assertRegex(text, r"(?m)^  +\S+Z +sent +\d+")
        self.assertIn("not_found", self.ask("show", "0" * 32, expect=1).stderr)
        drawn = self.run_causeway("devices", "waterfall", METER, "--commands", "-o", "-", "-c", self.configuration).stdout
        self.assertRegex(drawn, "m1: command.ack, ")
        device = self.run_causeway("devices", "show", METER, "--json", "-c", self.configuration)
        self.assertEqual([one["command"] for one in json.loads(device.stdout)["commands"]], [shown["command"]])
        text = self.run_causeway("devices", "show", METER, "-c", self.configuration).stdout
        self.assertRegex(text, rf"(?m)^  {shown['command']} +c2d +acknowledged +\S+Z +\S+Z +m1 +as:downlink:")

    def test_its_way_is_known_after_a_restart(self):
        self.begin()
        self.send(1)
        self.wait_for_states("queued")
        before = self.show("m1")
        self.causeway.kill()
        self.causeway.start()
        after = self.show("m1")
        for name in ("steps", "sequence_number", "enqueued_at", "item", "pushed_at"):
            self.assertEqual(after[name], before[name], name)

    def test_one_that_is_stored_is_called_off_and_never_pushed(self):
        self.begin()
        self.hold_answers()
        self.send(1)
        self.wait_for_items(1)
        self.send(2)
        wait_until(lambda: ("m2", "stored") in self.listed(), "the second command")
        self.assertEqual(self.ask("cancel", self.id_of("m2")).stdout, "cancelled\n")
        self.assertIn("command_ended", self.ask("cancel", self.id_of("m2"), expect=1).stderr)
        self.assertEqual(self.listed("--state", "cancelled"), [("m2", "cancelled")])
        wait_until(lambda: ("m1", "queued") in self.listed(), "the first command's push")
        self.send(3)
        wait_until(lambda: ("m3", "queued") in self.listed(), "the third command's push")
        self.assertEqual(len(self.items()), 2)
        self.assertIn("cancelled", [one["state"] for one in self.reports()])
        self.causeway.wait_for_log("audit", what="commands.cancel")

    def test_what_is_held_at_the_hub_is_rejected_when_it_is_called_off(self):
        self.hub = self.emulator(registry=True)
        text = self.configuration.read_text(encoding="utf-8")
        self.configuration.write_text(re.sub(rf'(?m)^(id = "{PLANT}")$', r'\1\nsettle = "queued"', text), encoding="utf-8")
        self.start_gateway()
        self.hold_answers()
        self.send(1)
        self.wait_for_items(1)
        self.send(2)
        wait_until(lambda: ("m2", "stored") in self.listed(), "the second command")
        self.assertEqual(self.ends(), ["Success"])  # the first one's: its event has beaten its answer
        self.ask("cancel", self.id_of("m2"))
        wait_until(lambda: self.ends() == ["Rejected", "Success"], "the second message's end")

    def test_one_that_is_in_the_queue_is_not_called_off_and_the_reason_is_said(self):
        self.begin()
        self.send(1)
        self.wait_for_states("queued")
        refused = self.ask("cancel", self.id_of("m1"), expect=1).stderr
        self.assertIn("command_pushed", refused)
        self.assertIn("The Things Stack cannot take one item out of a queue", refused)
        self.assertIn("replace", refused)
        self.assertEqual(self.listed(), [("m1", "queued")])
        self.assertIn("not_found", self.ask("cancel", "0" * 32, expect=1).stderr)

    def test_a_queue_is_cleared_and_what_is_stored_goes_next(self):
        self.begin()
        self.send(1)
        self.wait_for_states("queued")
        self.hold_answers(12_000)
        self.send(2, Confirmed="true")
        self.wait_for_items(2)
        self.send(3)  # waits for the answer to the second
        wait_until(lambda: self.listed() == [("m1", "queued"), ("m2", "queued"), ("m3", "stored")], "three commands")
        self.assertIn("--yes", self.ask("clear", METER, expect=2).stderr)
        self.assertEqual(self.listed()[0], ("m1", "queued"))
        cleared = json.loads(self.ask("clear", METER, "--yes", "--json").stdout)
        self.assertEqual((cleared["cancelled"], cleared["application"]), (2, PLANT))
        wait_until(lambda: self.listed() == [("m1", "cancelled"), ("m2", "cancelled"), ("m3", "queued")], "the third command's push")
        self.assertEqual([one["end"] for one in self.items()], ["replaced", "replaced", "none"])
        wait_until(lambda: [one["state"] for one in self.reports()].count("cancelled") == 2, "a report of each")
        self.assertIn("is empty; cancelled: 1", self.ask("clear", f"{PLANT}/{METER}", "--yes").stdout)
        self.causeway.wait_for_log("audit", what="commands.clear", device=METER)
        self.assertIn("not_found", self.ask("clear", "nobody", "--yes", expect=1).stderr)

    def test_a_clearing_waits_for_the_push_under_way(self):
        self.begin()
        self.hold_answers(3000)
        self.send(1)
        self.wait_for_items(1)
        self.assertIn("cancelled: 1", self.ask("clear", METER, "--yes").stdout)
        self.assertEqual(self.listed(), [("m1", "cancelled")])

    def test_a_clearing_that_the_stack_does_not_answer_is_said_to_be_in_doubt(self):
        self.begin()
        self.send(1)
        self.wait_for_states("queued")
        self.hub.control("PUT", "/downlinks/switches", {"pushes": [{"count": 1, "hang_up": True}]})
        self.assertIn("queue_in_doubt", self.ask("clear", METER, "--yes", expect=1).stderr)
        self.assertEqual(self.listed(), [("m1", "queued")])
        self.assertIn("cancelled: 1", self.ask("clear", METER, "--yes").stdout)  # no sooner than 11 s later


if __name__ == "__main__":
    unittest.main()
