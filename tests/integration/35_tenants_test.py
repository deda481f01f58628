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

    # A10, A11: one could take the other's identities, and fill the table of devices for ever.
    def test_nothing_that_one_sends_changes_what_the_other_has_sends_or_can_add(self):
        hub = self.emulator()
        self.edit("[state]\n", "[state]\nmax_devices = 40\n")
        self.limit("spool", "max_messages = 2000\napplication_share = 50")
        for application, section in ((PLANT, "plant"), (FIELD, "field")):  # both in one section, so that names can meet
            self.edit(f'id = "{application}"\nazure = "{section}"', f'id = "{application}"\nazure = "field"\nidentity = "{{application_id}}.{{device_id}}"')
        under_test = self.gateway().start()
        name = lambda number: f"meter-{number:05}"
        identity = lambda device: f"{PLANT}.{device}"
        sent = {}

        def post(device, number):
            self.assert_stored(under_test.post(PLANT, uplink(PLANT, device, number)))
            sent.setdefault(device, []).append(number)

        def known():
            pages = self.ask_json("devices", "--application", PLANT)
            return [{key: one[key] for key in ("device", "identity", "hub", "state", "reason")} for page in pages for one in page["devices"]]

        for number in range(1, 6):
            for device in range(1, 6):
                post(name(device), 10 * number + device)
        wait_until(lambda: all(one["state"] == "online" for one in known()) and len(known()) == 5, "five devices online")
        before = known()

        wrong = ["", "{", "[]", "null", '{"end_device_ids":{}}', uplink(PLANT, name(1), 900), "x" * 1_048_576, uplink(FIELD, "no id of the stack", 1)]
        for body in wrong:
            self.assertEqual(under_test.post(FIELD, body)[0], 400, body[:60])
        # The credentials of one open nothing of the other.
        mine = under_test.log_ins[FIELD]
        self.assertEqual(under_test.post(PLANT, uplink(PLANT, name(1), 901), log_in=mine)[0], 401)
        self.assertEqual(under_test.post(FIELD, uplink(PLANT, name(1), 902), path=f"/webhook/{PLANT}/devices/{name(1)}", log_in=mine)[0], 401)
        # Large ones: dead letters of its own, as long as its share has room.
        for number in range(10):
            under_test.post(FIELD, uplink(FIELD, SENSOR, number, text="y" * 1_000_000))
        # The same device ids, and many more: nobody's but its own, and no more than its share.
        answers = [under_test.post(FIELD, uplink(FIELD, name(number), 100 + number)) for number in range(1, 61)]
        self.assertEqual({json.loads(text)["error"] for status, text in answers if status != 200}, {"device_share_full"})
        metrics = under_test.metrics()
        self.assertEqual(metrics[f'causeway_application_devices{{application="{FIELD}"}}'], 20)
        self.assertGreater(metrics[f'causeway_application_devices_refused_total{{application="{FIELD}"}}'], 30)

        self.assertEqual(known(), before)
        for device in range(1, 21):  # fifteen of them are new
            post(name(device), 1000 + device)
        for device, numbers in sent.items():
            arrived = hub.wait_for(identity(device), len(numbers))
            self.assertEqual([json.loads(one["body"])["uplink"] for one in arrived], numbers)
        self.assertEqual({one["device"] for one in self.letters(FIELD)}, {SENSOR})
        self.assertEqual(self.letters(PLANT), [])
        # Also over a restart, in which devices with waiting messages go first.
        hub.add_fault(kind="withhold_credit", pattern=FIELD + "*")
        under_test.post(FIELD, uplink(FIELD, name(1), 5000))
        self.assertEqual(under_test.stop(), 0)
        under_test = self.gateway().start()
        wait_until(lambda: len(known()) == 20 and all(one["state"] == "online" for one in known()), "all of them again")
        self.assertEqual([one for one in known() if one["device"] in {name(i) for i in range(1, 6)}], before)

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
