# SPDX-License-Identifier: Apache-2.0
"""Devices that are switched off, deleted, claimed twice or made up: what had a 200 is delivered, or a dead letter after its time, and
nobody becomes somebody else."""
import json
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until

SENSOR = "sensor-00001"


class devices(integration_test):
    def ask(self, *arguments, expect=0):
        ran = self.run_causeway(*arguments, "-c", self.configuration)
        self.assertEqual(ran.returncode, expect, ran.stderr + ran.stdout)
        return ran

    def device(self, name):
        return json.loads(self.ask("devices", "show", name, "--json").stdout)

    def letters(self):
        pages = self.ask("dead-letters", "list", "--json").stdout.splitlines()
        return [one for page in pages for one in json.loads(page)["dead_letters"]]

    def numbers(self, hub, device, count):
        return [json.loads(one["body"])["uplink"] for one in hub.wait_for(device, count)]

    def switch(self, hub, on):
        hub.control("PUT", f"/registry/{FIELD}/{SENSOR}", {"attributes": {"azureintegration": "true" if on else "false"}})

    def with_waiting(self, grace=None, count=10):
        """A gateway stopped with messages of SENSOR that had a 200, while its hub was away."""
        hub = self.emulator(layout="dps", registry=True)
        if grace:
            self.edit(f'id = "{FIELD}"', f'id = "{FIELD}"\nremoved_grace = "{grace}"')
        hub.add_fault(kind="withhold_credit", pattern=SENSOR)
        under_test = self.gateway().start()
        wait_until(lambda: hub.ledger()["attached"] >= 1, "devices online")
        for number in range(1, count + 1):
            self.assert_stored(under_test.post(FIELD, uplink(FIELD, SENSOR, number)))
        return hub, under_test

    # A9: all ten were erased at the first listing that said so.
    def test_what_waits_for_a_device_that_is_switched_off_is_delivered_when_it_is_on_again(self):
        hub, under_test = self.with_waiting()
        under_test.kill()
        self.switch(hub, False)
        under_test = self.gateway().start()
        line = under_test.wait_for_log("device_switched_off")
        self.assertEqual(line[0]["waiting"], "10")
        self.assertEqual(self.device(SENSOR)["state"], "off")
        self.assertEqual(under_test.post(FIELD, uplink(FIELD, SENSOR, 11)), (200, '{"outcome":"unwanted"}'))
        self.assertRegex(self.ask("devices", "why", SENSOR).stdout, "10 messages wait for it, the oldest of which is a dead letter in [67] d")
        under_test.kill()
        self.switch(hub, True)
        hub.clear_faults()
        self.gateway().start()
        self.assertEqual(self.numbers(hub, SENSOR, 10), list(range(1, 11)))
        self.assertEqual(self.letters(), [])

    def test_after_removed_grace_it_is_dead_letters(self):
        hub, under_test = self.with_waiting(grace="2s", count=3)
        under_test.kill()
        self.switch(hub, False)
        under_test = self.gateway().start()
        wait_until(lambda: len(self.letters()) == 3, "three dead letters")
        self.assertEqual({one["reason"] for one in self.letters()}, {"device_switched_off"})
        self.assertEqual(under_test.metrics()["causeway_messages_grace_ended_total"], 3)
        self.assertEqual(under_test.metrics()["causeway_spool_messages"], 0)

    # C4: it stayed online for ever.
    def test_a_deleted_device_delivers_what_waits_and_is_detached(self):
        hub, under_test = self.with_waiting(count=3)
        under_test.kill()
        hub.control("DELETE", f"/registry/{FIELD}/{SENSOR}")
        under_test = self.gateway().start()
        under_test.wait_for_log("device_deleted", device=SENSOR)
        self.assertFalse(self.device(SENSOR)["listed"])
        # Cut while nothing is under way: with a message in the air it may come twice.
        under_test.wait_for_log("hub_connected")
        hub.add_fault(kind="hub_cut_connections")
        under_test.wait_for_log("hub_connection_lost")
        hub.clear_faults()
        self.assertEqual(self.numbers(hub, SENSOR, 3), [1, 2, 3])
        wait_until(lambda: self.device(SENSOR)["state"] == "removed", "it is detached")
        under_test.kill()
        self.gateway().start()
        self.assertEqual(self.device(SENSOR)["state"], "removed")

    # A11: made-up devices stayed for ever.
    def test_made_up_devices_are_forgotten_and_real_ones_stay(self):
        hub = self.emulator()
        under_test = self.gateway().start()
        self.assert_stored(under_test.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        hub.wait_for("meter-00001")
        for number in range(20):
            self.assert_stored(under_test.post(PLANT, uplink(PLANT, f"made-up-{number}", 10 + number)))
        kept = json.loads(self.ask("devices", "forget", "--application", PLANT, "--never-attached", "--json").stdout)
        self.assertEqual((kept["forgotten"], kept["left"]), (0, 20))
        self.assertIn("device_has_messages", self.ask("devices", "forget", "made-up-0", expect=1).stderr)
        self.ask("devices", "forget", "made-up-0", "--drop-messages")
        gone = json.loads(self.ask("devices", "forget", "--application", PLANT, "--never-attached", "--drop-messages", "--json").stdout)
        self.assertEqual(gone, {"forgotten": 19, "dead_letters": 19, "left": 0})
        self.assertEqual(under_test.metrics()[f'causeway_application_devices{{application="{PLANT}"}}'], 1)
        wait_until(lambda: len(self.letters()) == 20, "nothing acknowledged is erased")
        self.assertEqual({one["reason"] for one in self.letters()}, {"device_forgotten"})
        audit = under_test.log("audit", what="devices.forget")
        self.assertEqual([line.get("device") for line in audit], ["made-up-0", None])
        self.assertIn("uid=", audit[0]["who"])
        self.ask("devices", "forget", expect=2)
        self.ask("devices", "forget", "nobody", expect=1)
        self.assertEqual(under_test.stop(), 0)
        self.gateway().start()
        listed = json.loads(self.ask("devices", "--json").stdout)["devices"]
        self.assertEqual([one["device"] for one in listed], ["meter-00001"])

    # A10: a warning and exit 0, or nothing at all.
    def test_ambiguous_identities_are_refused_by_check_and_run(self):
        self.emulator()
        self.edit(f'id = "{FIELD}"', f'id = "{FIELD}"\nidentity = "{{application_id}}-{{device_id}}"')
        text = self.configuration.read_text(encoding="utf-8")
        start = text.index(f'[[application]]\nid = "{FIELD}"')
        end = text.find("\n\n[", start + 1)
        block = text[start:end if end > 0 else len(text)]
        self.configuration.write_text(text + "\n" + block.replace(f'id = "{FIELD}"', f'id = "{FIELD}-a"', 1) + "\n", encoding="utf-8")
        ran = self.ask("check", "--offline", expect=2)
        self.assertIn("{application_id}.{device_id}", ran.stdout + ran.stderr)
        self.ask("run", expect=2)


if __name__ == "__main__":
    unittest.main()
