# SPDX-License-Identifier: Apache-2.0
"""`causeway support`: all that a bug report needs in one file for its owner alone, which says what is in it, and no secret in any piece of it."""
import json
import re
import tarfile
import unittest

from harness import FIELD, integration_test, uplink

SECRET = "hunter2planted"  # by its shape no secret
KEY = "cGxhbnRlZEtleU9mTm9ib2R5cGxhbnRlZEtleU9mTm9i"
EVERY_SECRET = f"""\
pasted = "{SECRET}"
[state]
directory = "state" # {SECRET}
[webhook]
listen = "127.0.0.1:1"
username = "tts"
password = "{SECRET}"
value = "{SECRET}"
pasword_file = "{SECRET}"
[azure.plant]
connection_string = "HostName=h;SharedAccessKeyName=device;SharedAccessKey={KEY}"
secondary_connection_string_file = "{SECRET}"
[azure.plant.devices]
"meter-17" = {{ connection_string_env = "{SECRET}" }}
[azure.field]
id_scope = "0ne"
group_key = "{KEY}"
[azure.field.devices]
"meter-18" = {{ key = "{KEY}" }}
[[application]]
id = "one"
azure = "field"
webhook_password = "{SECRET}"
webhook_value = "{SECRET}"
api_key = "NNSXS.{SECRET}"
mqtt_key = "{SECRET}"
webhook_password_file = "there.key"
[application.command.open]
port = 10
payload = {{ code = "{SECRET}" }}
[telemetry]
application_insights_connection_string = "InstrumentationKey={SECRET}"
[admin]
socket = "nobody.sock"
[vault]
token = "{SECRET}"
"""
PLANTED = (SECRET, KEY[:12], "in the file of a key")


class support(integration_test):
    def bundle(self, *arguments):
        """The pieces by name, of a run that goes well."""
        self.file = self.directory / "report.tar.gz"
        ran = self.run_causeway("support", *arguments, "-o", self.file)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        with tarfile.open(self.file) as archive:
            members = archive.getmembers()
            pieces = {one.name.split("/", 1)[1]: archive.extractfile(one).read().decode("utf-8") for one in members}
            self.assertEqual({one.name.split("/")[0] for one in members}, {members[0].name.split("/")[0]})
            self.assertTrue(all(one.mode == 0o600 for one in members))
        said = pieces["CONTENTS.txt"]
        self.assertIn(said, ran.stdout)
        # Each piece has its line, and no other line says that it is there.
        there = re.findall(r"^(\S+\.(?:txt|json)) +(?=\S)(?!MISSING)", said, re.MULTILINE)
        self.assertEqual(sorted(there), sorted(set(pieces) - {"CONTENTS.txt"}))
        self.missing = re.findall(r"^(\S+) +MISSING", said, re.MULTILINE)
        return pieces

    def test_a_running_gateway_gives_all_pieces(self):
        hub = self.emulator()
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(FIELD, uplink(FIELD, "one-device", 1)))
        hub.wait_for("one-device")
        pieces = self.bundle("-c", self.configuration)
        self.assertEqual(self.missing, [])
        self.assertTrue(json.loads(pieces["status.json"])["ready"])
        self.assertIn("devices", json.loads(pieces["parked.json"]))
        self.assertIn("causeway_messages_", pieces["metrics.txt"])
        self.assertIn("event=gateway_started", pieces["log.txt"])
        self.assertIn("[azure.", pieces["configuration.txt"])
        self.assertIn("no fault", pieces["check.txt"])
        for words in ("kernel: Linux", "memory: ", "limit of open files", "file system type", "spool.db"):
            self.assertIn(words, pieces["system.txt"])
        # Nor the emulator's own secrets, which the running gateway holds.
        whole = "".join(pieces.values())
        looked = 0
        for name in re.findall(r'_file = "([^"]+)"', self.configuration.read_text(encoding="utf-8")):
            with open(self.directory / name, encoding="utf-8") as file:
                for value in re.findall(r"[^=;\s]{12,}", file.read()):
                    if value not in ("SharedAccessKeyName", "SharedAccessKey"):
                        looked += "localhost" not in value
                        self.assertFalse(value in whole and "localhost" not in value, name)
        self.assertGreater(looked, 0)

    def test_no_secret_of_any_field_is_in_it_and_without_a_gateway_it_says_what_is_missing(self):
        (self.directory / "there.key").write_text("in the file of a key", encoding="utf-8")
        configuration = self.directory / "c.toml"
        configuration.write_text(EVERY_SECRET, encoding="utf-8")
        log = self.directory / "old.log"
        log.write_text(f"event=older detail=\"SharedAccessKey={KEY}\"\n" + "event=line\n" * 999, encoding="utf-8")
        pieces = self.bundle("-c", configuration, "--log", log)
        for name, text in pieces.items():
            for planted in PLANTED:
                self.assertNotIn(planted, text, name)
        self.assertEqual(self.missing, ["status.json", "plan.json", "parked.json", "metrics.txt"])
        self.assertIn("nobody.sock", pieces["CONTENTS.txt"])
        self.assertIn("the gateway does not answer", pieces["CONTENTS.txt"])
        self.assertIn("config_unknown_key", pieces["check.txt"])
        self.assertIn('webhook_password_file = "there.key"', pieces["configuration.txt"])
        self.assertTrue(pieces["log.txt"].startswith("event=older"))
        self.assertEqual(pieces["log.txt"].count("\n"), 1000)

    def test_a_file_that_is_no_toml_is_not_in_it(self):
        configuration = self.directory / "c.toml"
        configuration.write_text(f"[webhook]\npassword = {SECRET}\n", encoding="utf-8")
        pieces = self.bundle("-c", configuration)
        self.assertNotIn(SECRET, "".join(pieces.values()))
        self.assertIn("config_syntax", pieces["check.txt"])
        self.assertIn("configuration.txt", self.missing)

    def test_by_the_socket_alone(self):
        self.emulator()
        self.gateway().start()
        socket = next(self.directory.rglob("admin.sock"))
        pieces = self.bundle("--socket", socket)
        self.assertIn("event=gateway_started", pieces["log.txt"])
        self.assertEqual(self.missing, ["configuration.txt"])

    def test_what_is_there_is_not_written_over(self):
        there = self.directory / "there.tar.gz"
        there.write_text("mine", encoding="utf-8")
        ran = self.run_causeway("support", "--socket", "nobody", "-o", there)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("File exists", ran.stderr)
        self.assertEqual(there.read_text(encoding="utf-8"), "mine")


if __name__ == "__main__":
    unittest.main()
