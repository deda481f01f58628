# SPDX-License-Identifier: Apache-2.0
"""`causeway check`: every fault at once, of every stage, each at its place; no secret in what it says."""
import re
import unittest

from harness import integration_test

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

A_FAULT_OF_EVERY_STAGE = f"""\
[state]
directroy = "state"

[webhook]
listen = "nowhere"
tls_certificate = "no-certificate.pem"
tls_key = "no-key.pem"

[things_stack]
ca_file = "no-authorities.pem"

[azure.plant]
connection_string = "HostName=h;SharedAccessKeyName=device"

[azure.field]
id_scope = "0ne"
group_key = "not base64"

[azure.short]
id_scope = "0ne"
group_key = "AAAA"

[azure.basic]
connection_string_file = "HostName=h;SharedAccessKeyName=device;SharedAccessKey={KEY}"
tier = "B1"

[[application]]
id = "one"
azure = "plan"
webhook_password = "x"

[[application]]
id = "two"
azure = "basic"
webhook_password = "x"
commands = true

[[application]]
id = "three"
azure = "field"
webhook_password = "x"
transform = ".a |"

[log]
level = "loud"
"""
EXPECTED = [(2, 1, "config_unknown_key"), (5, 10, "config_invalid_value"), (6, 19, "certificate_unusable"),
            (10, 11, "certificate_unusable"), (13, 21, "connection_string_malformed"), (17, 13, "key_not_base64"),
            (21, 13, "key_length_wrong"), (24, 26, "config_invalid_value"), (29, 9, "config_invalid_value"),
            (36, 12, "config_invalid_value"), (42, 13, "transform_invalid"), (45, 9, "config_invalid_value")]


class check(integration_test):
    def write(self, text):
        self.configuration = self.directory / "c.toml"
        self.configuration.write_text(text, encoding="utf-8")
        return str(self.configuration)

    def offline(self, text):
        return self.run_causeway("check", "--offline", "-c", self.write(text))

    def test_a_file_with_a_fault_of_every_stage_names_all_of_them_at_once(self):
        ended = self.offline(A_FAULT_OF_EVERY_STAGE)
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        found, places = [], []
        for line in ended.stderr.splitlines():
            place = re.fullmatch(re.escape(str(self.configuration)) + r":(\d+):(\d+): (\w+): .+", line)
            self.assertIsNotNone(place, line)
            places.append((int(place[1]), int(place[2])))
            if place[3] != "warning":
                found.append((*places[-1], place[3]))
        self.assertEqual(found, EXPECTED, ended.stderr)
        self.assertEqual(places, sorted(places))
        self.assertIn("this is a connection string, not the name of a file", ended.stderr)
        self.assertNotIn(KEY[:10], ended.stderr)
        run = self.run_causeway("run", "-c", str(self.configuration))
        self.assertEqual((run.returncode, run.stderr), (2, ended.stderr))

    def test_a_pasted_secret_is_not_shown_where_the_file_is_no_toml(self):
        for line in (f"connection_string = HostName=h;SharedAccessKey={KEY}", f"'HostName=h;SharedAccessKey={KEY}' = ",
                     f"group_key = {KEY}", f"\"{KEY}\" = 1\n\"{KEY}\" = 2"):
            ended = self.offline("[azure.plant]\n" + line + "\n")
            self.assertEqual(ended.returncode, 2)
            self.assertIn("config_syntax", ended.stderr)
            for at in range(len(KEY) - 8):
                self.assertNotIn(KEY[at:at + 8], ended.stderr)

    def test_a_running_gateway_leaves_no_core_dump(self):
        self.emulator()
        gateway = self.gateway().start()
        limits = open(f"/proc/{gateway.pid()}/limits", encoding="utf-8").read()
        self.assertRegex(limits, r"Max core file size +[01] +[01] ")


if __name__ == "__main__":
    unittest.main()
