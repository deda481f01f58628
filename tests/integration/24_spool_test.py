# SPDX-License-Identifier: Apache-2.0
"""The spool's limits, a full disk, and the dead letters, through the programs."""
import json
import resource
import unittest

from harness import FIELD, PLANT, call, integration_test, uplink, wait_until

METER, SENSOR = "meter-00001", "sensor-00001"


class spool(integration_test):
    def ask(self, *arguments, expect=0):
        ran = self.run_causeway(*arguments, "-c", self.configuration)
        self.assertEqual(ran.returncode, expect, ran.stderr + ran.stdout)
        return ran

    def ask_json(self, *arguments, expect=0):
        return json.loads(self.ask(*arguments, "--json", expect=expect).stdout)

    def limit(self, text):
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write("\n[spool]\n" + text + "\n")

    def post(self, number, application=PLANT, device=METER, **decoded):
        return self.gateway_under_test.post(application, uplink(application, device, number, **decoded))

    def start(self):
        self.gateway_under_test = self.gateway().start()
        return self.gateway_under_test

    def start_with_transform(self, text):
        """The gateway, and the file of the transform that all events of PLANT go through."""
        self.hub = self.emulator()
        program = self.directory / "program.jq"
        program.write_text(text, encoding="utf-8")
        self.edit(f'id = "{PLANT}"', f'id = "{PLANT}"\ntransform_file = "program.jq"')
        return self.start(), program

    def numbers(self, device, count):
        """The markers of what has arrived, in the order of arrival, when there are so many. What a cut connection had
        repeated has its message-id, and counts once."""
        def look():
            arrived = {}
            for one in self.hub.messages(device):
                arrived.setdefault(one["message_id"], json.loads(one["body"])["uplink"])
            return len(arrived) >= count and list(arrived.values())

        return wait_until(look, f"{count} message(s) of {device}")

    def test_one_application_cannot_fill_it_and_a_restart_knows_it_still(self):
        self.hub = self.emulator()
        self.limit("max_messages = 10\napplication_share = 50")
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        under_test = self.start()
        for number in range(1, 6):
            self.assert_stored(self.post(number))
        for _ in range(2):
            status, text = self.post(6)
            self.assertEqual((status, json.loads(text)["error"]), (503, "spool_share_full"))
            self.assert_stored(under_test.post(FIELD, uplink(FIELD, SENSOR, 100 + _)))
            self.hub.wait_for(SENSOR, 1 + _)
            metrics = under_test.metrics()
            self.assertEqual(metrics[f'causeway_spool_share_refused_total{{application="{PLANT}"}}'], 1)
            self.assertEqual(metrics[f'causeway_spool_application_messages{{application="{PLANT}"}}'], 5)
            self.assertEqual(metrics['causeway_webhook_refused_total{error="spool_share_full"}'], 1)
            self.assertEqual(under_test.stop(), 0)
            under_test = self.start()
        wait_until(lambda: self.ask_json("status")["spool"]["oldest_seconds"] > 0, "the oldest has an age")
        self.assertIn("the oldest has waited", self.ask("status").stdout)
        # Cut while nothing is under way: with a message in the air it may come twice.
        under_test.wait_for_log("hub_connected")
        self.hub.add_fault(kind="hub_cut_connections")
        under_test.wait_for_log("hub_connection_lost")
        self.hub.clear_faults()
        self.assertEqual(self.numbers(METER, 5), [1, 2, 3, 4, 5])
        wait_until(lambda: self.post(6)[0] == 200, "room again")

    def test_the_oldest_can_be_given_up(self):
        self.hub = self.emulator()
        self.limit('max_messages = 4\napplication_share = 100\nwhen_full = "drop-oldest"')
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        under_test = self.start()
        for number in range(1, 8):
            self.assert_stored(self.post(number))
        self.assertEqual(under_test.metrics()['causeway_messages_dropped_total{reason="full"}'], 3)
        self.assertEqual(len(under_test.log("messages_dropping", reason="full")), 1)
        self.assertIn("3 given up", self.ask("status").stdout)
        self.assertIn("when_full", self.ask("check", "--offline").stderr + self.ask("check", "--offline").stdout)
        wait_until(lambda: under_test.metrics()["causeway_spool_messages"] == 4, "the drops are on disk")
        under_test.kill()
        self.hub.clear_faults()
        self.start()
        self.assertEqual(self.numbers(METER, 4), [4, 5, 6, 7])

    def test_what_waits_too_long_can_be_given_up(self):
        self.hub = self.emulator()
        self.limit('max_age = "2s"')
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        under_test = self.start()
        self.assert_stored(self.post(1))
        wait_until(lambda: under_test.metrics()['causeway_messages_dropped_total{reason="age"}'] == 1, "it is given up")
        self.assertEqual(under_test.metrics()[f'causeway_spool_application_dropped_total{{application="{PLANT}"}}'], 1)

    def test_a_message_that_the_hub_refused_can_be_replayed_or_dropped(self):
        self.hub = self.emulator()
        self.hub.add_fault(kind="reject_messages", pattern=METER, condition="amqp:link:message-size-exceeded", count=3)
        under_test = self.start()
        for number in range(1, 5):
            self.assert_stored(self.post(number))
        self.assertEqual(self.numbers(METER, 1), [4])
        listed = wait_until(lambda: (page := self.ask_json("dead-letters", "list"))["newest"] == 3 and page, "three dead letters")
        first, second, third = [one["id"] for one in listed["dead_letters"]]
        self.assertEqual({(one["kind"], one["device"], one["reason"]) for one in listed["dead_letters"]},
                         {("message", METER, "message_too_large")})
        self.assertEqual(self.ask_json("status")["spool"]["dead_letters"], 3)
        self.assertEqual(self.ask_json("dead-letters", "list", "--device", "nobody")["dead_letters"], [])
        shown = self.ask_json("dead-letters", "show", str(first))
        self.assertEqual(json.loads(shown["message"]["body"])["uplink"], 1)
        self.assertIn("message.properties", self.ask("dead-letters", "show", str(first)).stdout)
        self.assertEqual(len(self.ask("dead-letters", "list").stdout.splitlines()), 1 + 3)

        self.assertEqual(self.ask_json("dead-letters", "replay", str(second))["replayed"], [second])
        messages = self.hub.wait_for(METER, 2)
        self.assertEqual([json.loads(one["body"])["uplink"] for one in messages], [4, 2])
        letter = self.ask_json("dead-letters", "show", str(third))
        self.assertEqual(self.ask_json("dead-letters", "drop", str(first), "77", expect=1), {"dropped": [first], "unknown": [77]})
        self.assertEqual(self.ask_json("dead-letters", "replay", "--all", "--reason", "message_too_large")["replayed"], [third])
        messages = self.hub.wait_for(METER, 3)
        self.assertEqual(messages[-1]["message_id"], letter["message"]["id"])
        self.assertEqual(self.ask_json("dead-letters", "list")["dead_letters"], [])
        self.assertIn("not_found", self.ask("dead-letters", "show", str(first), expect=1).stderr)
        self.ask("dead-letters", "drop", expect=2)
        self.ask("dead-letters", "drop", "1", "--all", expect=2)
        self.assertEqual(call(under_test.admin_port, "DELETE", "/api/dead-letters?ids=1")[0], 403)
        self.assertEqual(under_test.metrics()["causeway_dead_letters"], 0)
        self.assertEqual(under_test.stop(), 0)
        self.assertIn("gateway_not_running", self.ask("dead-letters", "list", expect=1).stderr)

    def test_an_event_that_its_transform_refused_goes_through_it_again(self):
        under_test, program = self.start_with_transform('error("not yet")')
        self.assertEqual(self.post(1), (200, '{"outcome":"dead_lettered"}'))
        # Only what is sent takes the key: the repeat is judged itself, and is the same dead letter.
        self.assertEqual(self.post(1), (200, '{"outcome":"dead_lettered"}'))
        left = self.ask_json("dead-letters", "replay", "--all", expect=1)["left"]
        self.assertEqual([one["outcome"] for one in left], ["dead_lettered"])
        page = self.ask_json("dead-letters", "list")
        self.assertEqual(len(page["dead_letters"]), 1)
        event = self.ask_json("dead-letters", "show", str(page["newest"]))["event"]
        self.assertEqual(json.loads(event)["end_device_ids"]["device_id"], METER)
        under_test.kill()
        program.write_text(".uplink_message.decoded_payload", encoding="utf-8")
        self.start()
        self.assertEqual(len(self.ask_json("dead-letters", "replay", "--all")["replayed"]), 1)
        self.assertEqual(self.numbers(METER, 1), [1])
        self.assertEqual(self.post(1), (200, '{"outcome":"duplicate"}'))

    def test_many_dead_letters_of_one_cause_are_few_lines_that_tell_their_number(self):
        under_test, _ = self.start_with_transform('error("never\\u001b[2J\\u009b")')
        posted = 0

        def left_out():
            nonlocal posted
            for posted in range(posted + 1, posted + 31):
                self.assertEqual(self.post(posted), (200, '{"outcome":"dead_lettered"}'))
            return sum(int(line["more"]) for line in under_test.log("message_dead_lettered"))

        wait_until(left_out, "a line tells of those left out")
        lines = under_test.log("message_dead_lettered")
        self.assertLess(len(lines), posted)
        self.assertLessEqual(len(lines) + sum(int(line["more"]) for line in lines), posted)
        self.assertEqual(under_test.metrics()["causeway_messages_dead_lettered_total"], posted)
        # jq's words are the event's; nothing of them reaches the reader's terminal.
        self.assertIn("never\x1b[2J\x9b", lines[0]["detail"])
        self.assertNotRegex(under_test.stderr(), "[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    # No file may grow: what a full disk looks like without the rights to make one.
    def test_a_full_disk_is_503_until_there_is_room_and_nothing_is_lost(self):
        self.hub = self.emulator()
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        under_test = self.start()
        stored = []

        def fill(numbers):
            for number in numbers:
                status, text = self.post(number, text="x" * 2000)
                if status != 200:
                    return json.loads(text)["error"]
                stored.append(number)
            return None

        self.assertIsNone(fill(range(1, 11)))
        pid = under_test._process.pid
        state = self.directory / "emulator" / "gateway-state"
        size = max(file.stat().st_size for file in state.iterdir())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 100_000, resource.RLIM_INFINITY))
        self.assertEqual(fill(range(11, 1000)), "store_unavailable")
        self.assertGreater(len(stored), 10)
        self.assertEqual(call(under_test.admin_port, "GET", "/readyz")[0], 503)
        under_test.wait_for_log("store_failing")
        # Delivery goes on meanwhile, and makes room.
        self.hub.clear_faults()
        self.numbers(METER, len(stored))
        under_test.wait_for_log("store_healed")
        wait_until(lambda: call(under_test.admin_port, "GET", "/readyz")[0] == 200, "ready again")
        self.assertIsNone(fill(range(2001, 2006)))
        self.assertEqual(self.numbers(METER, len(stored)), stored)
        # The second time nothing is delivered, and room comes from outside.
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        self.hub.add_fault(kind="hub_cut_connections")
        self.assertEqual(fill(range(3001, 4000)), "store_unavailable")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_until(lambda: call(under_test.admin_port, "GET", "/readyz")[0] == 200, "ready without being asked for anything")
        self.hub.clear_faults()
        self.assertEqual(self.numbers(METER, len(stored)), stored)
        wait_until(lambda: under_test.metrics()["causeway_spool_messages"] == 0, "all is marked")
        under_test.kill()
        self.start()
        self.assert_stored(self.post(5000))
        self.assertEqual(self.numbers(METER, len(stored) + 1), [*stored, 5000])  # nothing comes twice


if __name__ == "__main__":
    unittest.main()
