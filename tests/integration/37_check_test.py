# SPDX-License-Identifier: Apache-2.0
"""`causeway check`: every fault at once, of every stage, each at its place; no secret in what it says; and each endpoint,
credential and right that it tries, named when it is wrong."""
import base64
import re
import unittest

from harness import FIELD, PLANT, free_port, integration_test, uplink

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
        with open(f"/proc/{gateway.pid()}/limits", encoding="utf-8") as file:
            limits = file.read()
        self.assertRegex(limits, r"Max core file size +[01] +[01] ")

    # Online.

    def check_online(self):
        """Exit code, and the lines by subject: {"hub localhost:15671": ("good", "TLS, …")}."""
        ended = self.run_causeway("check", "-c", str(self.configuration))
        lines = {}
        for line in ended.stdout.splitlines()[1:]:
            found = re.fullmatch(r"(.+?): (good|note|BAD): (.*)", line)
            self.assertIsNotNone(found, ended.stdout)
            lines[found[1]] = (found[2], found[3])
        self.said = ended.stdout + ended.stderr
        return ended.returncode, lines

    def assert_bad(self, subject, words):
        """Exactly this line is bad, and says so."""
        code, lines = self.check_online()
        self.assertEqual(code, 1, self.said)
        self.assertEqual([one for one, (word, _) in lines.items() if word == "BAD"], [subject], self.said)
        self.assertIn(words, lines[subject][1])

    def access(self, hub, application, **what):
        hub.control("PUT", f"/access/{application}", what)

    def swap_secret(self, key, content):
        """Puts another secret into that key's file; what was there before."""
        file = re.search(rf'(?m)^{key} = "(.*)"', self.configuration.read_text(encoding="utf-8"))[1]
        with open(file, encoding="utf-8") as now:
            before = now.read()
        with open(file, "w", encoding="utf-8") as then:
            then.write(content)
        return before

    def test_what_is_well_is_tried_and_good(self):
        hub = self.emulator(registry=True)
        code, lines = self.check_online()
        self.assertEqual(code, 0, self.said)
        self.assertEqual({word for word, _ in lines.values()} - {"good", "note"}, set(), self.said)
        self.assertIn("the policy's token", lines[f"hub localhost:{hub.ports['hub']} of azure.plant"][1])
        self.assertIn("nobody was registered", lines[f"DPS localhost:{hub.ports['dps']} of azure.field"][1])
        self.assertIn("registry", lines[f"API key of {PLANT}"][1])
        self.assertEqual(lines[f"webhooks of {PLANT}"][0], "good", self.said)
        self.assertEqual(lines["clock beside The Things Stack"][0], "good", self.said)
        # With a state: an attach, and the time of an fsync; while the gateway runs, no attach.
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        hub.wait_for("meter-00001")
        running = self.check_online()[1]
        self.assertIn("a gateway runs", running[f"hub localhost:{hub.ports['hub']} of azure.plant"][1])
        self.assertEqual(gateway.stop(), 0)
        code, lines = self.check_online()
        self.assertEqual(code, 0, self.said)
        self.assertIn("the policy's token, attach of ", lines[f"hub localhost:{hub.ports['hub']} of azure.plant"][1])
        self.assertTrue(any("written and synced in" in text for _, text in lines.values()), self.said)

    def test_each_dead_endpoint_is_named(self):
        hub = self.emulator(registry=True)
        good = self.configuration.read_text(encoding="utf-8")
        dead = free_port()
        before = self.swap_secret("connection_string_file",
                                  f"HostName=nohub.invalid;SharedAccessKeyName=device;SharedAccessKey={KEY}")
        self.assert_bad("hub nohub.invalid of azure.plant", "name_unresolved")
        self.swap_secret("connection_string_file", before)
        self.configuration.write_text(good.replace(f'"localhost:{hub.ports["dps"]}"', f'"localhost:{dead}"'))
        self.assert_bad(f"DPS localhost:{dead} of azure.field", "connection_refused")
        self.configuration.write_text(good.replace(f'https://localhost:{hub.ports["stack"]}', f"https://localhost:{dead}"))
        code, lines = self.check_online()
        self.assertEqual(code, 1)
        self.assertEqual({one for one, (word, _) in lines.items() if word == "BAD"},
                         {f"API key of {PLANT}", f"API key of {FIELD}"}, self.said)

    def test_each_wrong_credential_is_named(self):
        hub = self.emulator(registry=True)
        before = self.swap_secret("connection_string_file", "")
        wrong = re.sub(r"SharedAccessKey=.*", f"SharedAccessKey={KEY}", before)
        self.swap_secret("connection_string_file", wrong)
        self.assert_bad(f"hub localhost:{hub.ports['hub']} of azure.plant", "hub_unauthorized")
        self.swap_secret("connection_string_file", before)
        before = self.swap_secret("group_key_file", KEY)
        self.assert_bad(f"DPS localhost:{hub.ports['dps']} of azure.field", "dps_unauthorized")
        self.swap_secret("group_key_file", before)
        self.edit('id_scope = "', 'id_scope = "X')
        self.assert_bad(f"DPS localhost:{hub.ports['dps']} of azure.field", "dps_")
        self.edit('id_scope = "X', 'id_scope = "')
        # The first application of the file is FIELD.
        for key, words in (("NNSXS.CUT", "registry_unauthorized"), ("NNSXS.A.B", "API key not found")):
            before = self.swap_secret("api_key_file", key)
            self.assert_bad(f"API key of {FIELD}", words)
            self.swap_secret("api_key_file", before)
        self.access(hub, FIELD, expires_at="2020-01-01T00:00:00Z")
        self.assert_bad(f"API key of {FIELD}", "expired")
        self.access(hub, FIELD, expires_at="")
        for secret in (KEY, "NNSXS.CUT"):
            self.assertNotIn(secret, self.said)

    def test_each_missing_right_is_named(self):
        hub = self.emulator(registry=True)
        rights = ["RIGHT_APPLICATION_DEVICES_READ", "RIGHT_APPLICATION_TRAFFIC_READ", "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE"]
        self.edit(f'id = "{FIELD}"\n', f'id = "{FIELD}"\nbackfill = true\ncommands = true\n')
        for right, what_for in zip(rights, ("the registry", "backfill", "downlinks")):
            self.access(hub, FIELD, rights=[one for one in rights if one != right])
            self.assert_bad(f"API key of {FIELD}", f"{right} for {what_for}")
        self.access(hub, FIELD, rights=rights)
        self.assertEqual(self.check_online()[0], 0, self.said)
        self.edit("backfill = true\n", "")
        self.access(hub, FIELD, rights=[one for one in rights if one != "RIGHT_APPLICATION_TRAFFIC_READ"])
        code, lines = self.check_online()
        word, text = lines[f"API key of {FIELD}"]
        self.assertEqual((code, word), (0, "note"), self.said)
        self.assertIn("RIGHT_APPLICATION_TRAFFIC_READ for a look for downlinks that got no answer", text)

    def test_what_the_applications_webhooks_lack_is_named(self):
        hub = self.emulator(registry=True)
        with open(re.search(rf'id = "{FIELD}"[^[]*webhook_password_file = "(.*?)"',
                            self.configuration.read_text(encoding="utf-8"))[1], encoding="utf-8") as file:
            password = file.read().strip()
        log_in = "Basic " + base64.b64encode(f"tts:{password}".encode()).decode()
        good = {"ids": {"webhook_id": "hook"}, "base_url": f"http://gateway/webhook/{FIELD}", "format": "json",
                "headers": {"Authorization": log_in}, "uplink_message": {}}
        for change, words in (({"format": "protobuf"}, "must be JSON"),
                              ({"headers": {}}, "no Authorization header"),
                              ({"headers": {"Authorization": "Basic dHRzOnh4"}}, "another user name or password"),
                              ({"uplink_message": None, "join_accept": {}}, "does not post uplink_message"),
                              ({"field_mask": {"paths": ["up.uplink_message"]}}, "without end_device_ids"),
                              ({"field_mask": {"paths": ["end_device_ids"]}}, "leaves nothing of uplink_message")):
            self.access(hub, FIELD, webhooks=[{**good, **change}])
            self.assert_bad(f"webhooks of {FIELD}", words)
            self.assertNotIn("dHRz", self.said)
            self.assertNotIn(password, self.said)
        self.access(hub, FIELD, webhooks=[])
        self.assert_bad(f"webhooks of {FIELD}", "none of the application's 0 webhook(s)")
        self.access(hub, FIELD, webhooks=[{**good, "base_url": f"http://gateway/webhook/{FIELD}/devices{{/devID}}",
                                           "field_mask": {"paths": ["up.uplink_message"]}}])
        self.assertEqual(self.check_online()[0], 0, self.said)

    def test_a_clock_that_is_off_is_named(self):
        hub = self.emulator(registry=True)
        hub.add_fault(kind="clock_skew", pattern="registry", seconds=2400)
        code, lines = self.check_online()
        word, text = lines["clock beside The Things Stack"]
        self.assertEqual((code, word), (1, "BAD"), self.said)
        self.assertRegex(text, r"clock_skew: this machine's clock is \d+ s behind")


if __name__ == "__main__":
    unittest.main()
