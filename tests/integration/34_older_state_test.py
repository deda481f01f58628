# SPDX-License-Identifier: Apache-2.0
"""A state directory of the version before opens, and nothing in it is lost: tests/data/state/README.md."""
import json
import shutil
import unittest

from harness import ROOT, integration_test, wait_until

RECORDED = sorted(one for one in (ROOT / "tests/data/state").iterdir() if one.is_dir())
ALARMS = ("spool_damaged", "messages_missing", "spool_missing", "witness_missing", "assignments_damaged", "record_corrupt")


class older_state(integration_test):
    def test_opens_and_all_that_waited_is_sent(self):
        self.assertTrue(RECORDED)
        top = self.directory
        for recorded in RECORDED:
            with self.subTest(recorded.name):
                self.directory = top / recorded.name
                self.directory.mkdir()
                self.open_one(recorded)

    def open_one(self, recorded):
        expected = json.loads((recorded / "expected.json").read_text(encoding="utf-8"))
        hub = self.emulator(devices=8, registry=True, storage_kept=1000)
        self.edit('id = "water-meters"\n', 'id = "water-meters"\nbackfill = true\n')
        state = self.directory / "emulator/gateway-state"
        state.mkdir(mode=0o700)
        for name in ("spool.db", "assignments.db", "witness"):
            if (recorded / name).exists():
                shutil.copy(recorded / name, state / name)
        checked = self.run_causeway("spool", "check", "-c", self.configuration)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn(f"{len(expected['waiting'])} messages wait", checked.stdout)
        without = f"{len(expected['waiting'])} of the messages are of a version without checksums"
        self.assertEqual(without in checked.stdout, not expected.get("sealed"), checked.stdout)
        under_test = self.gateway().start()
        waited = {(device, number) for _, device, number in expected["waiting"]}
        arrived = lambda: {(one["device"], one["uplink"]) for one in hub.messages()}
        wait_until(lambda: arrived() >= waited, "all that waited")
        self.assertEqual(arrived(), waited)
        letters = self.letters()
        self.assertEqual(len(letters), len(expected["dead_letters"]))
        again = self.run_causeway("dead-letters", "replay", str(letters[0]["id"]), "-c", self.configuration)
        self.assertEqual(again.returncode, 0, again.stderr)
        wait_until(lambda: len(arrived()) == len(waited) + 1, "the dead letter that is sent again")
        for event in ALARMS:
            self.assertEqual(under_test.log(event), [])
        self.assertEqual(under_test.stop(), 0)
        under_test.start()
        self.assertEqual(len(self.letters()), len(expected["dead_letters"]) - 1)
        for event in ALARMS:
            self.assertEqual(under_test.log(event), [])
        self.assertEqual(under_test.stop(), 0)
        self.assertEqual(self.run_causeway("spool", "check", "-c", self.configuration).returncode, 0)

    def letters(self):
        listed = self.run_causeway("dead-letters", "list", "--json", "-c", self.configuration)
        return json.loads(listed.stdout)["dead_letters"]


if __name__ == "__main__":
    unittest.main()
