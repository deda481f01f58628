# SPDX-License-Identifier: Apache-2.0
"""Two applications, two tenants: nothing that one of them may send changes what the other has, sends or can add. And dead letters are
a safe place: nothing pushes them out, and a hub's bad minute makes none."""
import json
import time
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until
from poster import poster

METER, SENSOR = "meter-00001", "sensor-00001"
LARGE = "x" * 300_000  # more than IoT Hub takes as one message


class tenants(integration_test):
    def ask_json(self, *arguments, expect=0):
        ran = self.run_causeway(*arguments, "--json", "-c", self.configuration)
        self.assertEqual(ran.returncode, expect, ran.stderr + ran.stdout)
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def limit(self, section, text):
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write(f"\n[{section}]\n{text}\n")

    def letters(self, application):
        pages = self.ask_json("dead-letters", "list", "--application", application)
        return [one for page in pages for one in page["dead_letters"]]

    # A3: 300 dead letters of one application had pushed out the three of the other after 6.4 s.
    def test_dead_letters_of_one_push_out_none_of_another(self):
        self.emulator()
        self.limit("spool", 'max_bytes = "20 MiB"\napplication_share = 50')
        under_test = self.gateway().start()
        for number in range(1, 4):
            self.assertEqual(under_test.post(PLANT, uplink(PLANT, METER, number, text=LARGE)), (200, '{"outcome":"dead_lettered"}'))
        before = self.letters(PLANT)
        self.assertEqual(len(before), 3)
        answers = [under_test.post(FIELD, uplink(FIELD, SENSOR, 10 + i, text="y" * 1_000_000)) for i in range(30)]
        stored = sum(status == 200 for status, _ in answers)
        self.assertGreater(stored, 5)
        self.assertLess(stored, 12)
        self.assertEqual({json.loads(text)["error"] for status, text in answers if status != 200}, {"spool_share_full"})
        self.assertEqual({status for status, _ in answers}, {200, 503})
        self.assertEqual(self.letters(PLANT), before)
        self.assertEqual(len(self.letters(FIELD)), stored)  # and none of its own, either
        metrics = under_test.metrics()
        self.assertGreater(metrics[f'causeway_spool_dead_letters_share_ratio{{application="{FIELD}"}}'], 0.8)
        self.assertEqual(metrics[f'causeway_spool_application_dead_letters{{application="{PLANT}"}}'], 3)
        # The other one goes on.
        self.assert_stored(under_test.post(PLANT, uplink(PLANT, METER, 100)))
        self.assertEqual(under_test.stop(), 0)
        under_test = self.gateway().start()
        self.assertEqual(self.letters(PLANT), before)
        self.assertEqual(under_test.post(FIELD, uplink(FIELD, SENSOR, 200, text="y" * 1_000_000))[0], 503)
        under_test.wait_for_log("dead_letters_take_share", application=FIELD)
        self.ask_json("dead-letters", "drop", "--all", "--application", FIELD)
        wait_until(lambda: under_test.post(FIELD, uplink(FIELD, SENSOR, 201))[0] == 200, "room again")

    # A3: a condition that is in no catalogue made 948 dead letters of 4,000 messages in a minute.
    def test_a_hubs_bad_minute_makes_no_dead_letter(self):
        devices, each = 100, 10
        hub = self.emulator(devices=2 * devices)
        hang = hub.add_fault(kind="hub_hang")["id"]
        under_test = self.gateway().start()
        everyone = [(PLANT, f"meter-{i:05}") for i in range(1, devices + 1)]
        posting = poster(under_test, everyone, devices * each).start()
        self.addCleanup(posting.stop)
        wait_until(lambda: not posting.running(), "the backlog", 120)
        hub.add_fault(kind="reject_messages", condition="com.microsoft:server-busy")
        hub.control("DELETE", f"/faults?id={hang}")
        under_test.wait_for_log("application_paused", application=PLANT)
        self.assertEqual(under_test.metrics()["causeway_applications_paused"], 1)
        time.sleep(8)  # three tries took six seconds
        self.assertIn("not in the catalogue", json.dumps(self.ask_json("devices", "why", "meter-00099")))
        hub.clear_faults()
        wait_until(lambda: hub.ledger()["unique"] == posting.count(), "all of them", 120)
        self.assertEqual(under_test.metrics()["causeway_messages_dead_lettered_total"], 0)
        self.assertEqual(hub.ledger()["out_of_order"], 0)
        under_test.wait_for_log("application_resumed", reason="accepted")


if __name__ == "__main__":
    unittest.main()
