# SPDX-License-Identifier: Apache-2.0
"""What `causeway check --offline` and `causeway run` say of a configuration."""
import re
import unittest

from harness import integration_test

FIVE_FAULTS = """\
[state]
directroy = "state"

[webhook]
listen = "nowhere"

[azure.plant]
connection_string_file = "secrets/not-there"

[[application]]
id = "my-app"
azure = "plan"
webhook_password = "x"

[log]
level = "loud"
"""
# line, column, name, and what the message must have
EXPECTED = [(2, 1, "config_unknown_key", "did you mean \"directory\"?"),
            (5, 10, "config_invalid_value", "nowhere"),
            (8, 26, "secret_unreadable", "secrets/not-there"),
            (12, 9, "config_invalid_value", "did you mean \"plant\"?"),
            (16, 9, "config_invalid_value", "loud")]


class configuration(integration_test):
    def write(self, text):
        self.configuration = self.directory / "c.toml"
        self.configuration.write_text(text, encoding="utf-8")
        return str(self.configuration)

    def assert_all_faults(self, ended):
        self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
        faults = [line for line in ended.stderr.splitlines() if "warning: " not in line]
        found = []
        for line in faults:
            place = re.fullmatch(re.escape(str(self.configuration)) + r":(\d+):(\d+): (\w+): (.+)", line)
            self.assertIsNotNone(place, line)
            found.append((int(place[1]), int(place[2]), place[3], place[4]))
        self.assertEqual([one[:3] for one in found], [one[:3] for one in EXPECTED], ended.stderr)
        for one, expected in zip(found, EXPECTED):
            self.assertIn(expected[3], one[3])

    def test_every_fault_is_told_at_once_with_line_and_column(self):
        file = self.write(FIVE_FAULTS)
        self.assert_all_faults(self.run_causeway("check", "--offline", "-c", file))
        self.assert_all_faults(self.run_causeway("run", "-c", file))
        self.assertEqual([one.name for one in self.directory.iterdir()], ["c.toml"])

    def test_a_warning_is_called_one_once(self):
        self.emulator()
        text = self.configuration.read_text(encoding="utf-8")
        listen = re.search(r'(?m)^listen = "127\.0\.0\.1:(\d+)"$', text)
        self.configuration.write_text(text.replace(listen[0], f'listen = "0.0.0.0:{listen[1]}"', 1), encoding="utf-8")
        ended = self.run_causeway("check", "--offline", "-c", str(self.configuration))
        warned = [line for line in ended.stderr.splitlines() if "plain HTTP" in line]
        self.assertEqual([line.count("warning: ") for line in warned], [1], ended.stderr)

    def test_the_printed_configuration_is_good(self):
        self.emulator()
        ended = self.run_causeway("check", "--offline", "-c", str(self.configuration))
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn("good", ended.stdout)

    def test_an_unknown_key_gets_the_nearest_name(self):
        self.emulator()
        self.edit("dps_endpoint =", "dps_endpiont =")
        ended = self.run_causeway("check", "--offline", "-c", str(self.configuration))
        self.assertEqual(ended.returncode, 2)
        self.assertRegex(ended.stderr, r"c\.toml:\d+:1: config_unknown_key: .*dps_endpiont.*did you mean \"dps_endpoint\"\?")

    def test_what_is_not_toml_is_told_with_its_place(self):
        ended = self.run_causeway("check", "--offline", "-c", self.write("[state]\ndirectory = \n"))
        self.assertEqual(ended.returncode, 2)
        self.assertRegex(ended.stderr, r"c\.toml:2:\d+: config_syntax: ")

    def test_a_file_that_is_not_there_is_named(self):
        ended = self.run_causeway("run", "-c", str(self.directory / "none.toml"))
        self.assertEqual(ended.returncode, 2)
        self.assertRegex(ended.stderr, r"none\.toml.*config_unreadable")

    def test_faults_of_secrets_do_not_show_them(self):
        self.emulator()
        password = "c2VjcmV0LXRoYXQtbXVzdC1ub3Qtc2hvdw=="
        bad = self.directory / "bad"
        bad.write_text(f"HostName=h.azure-devices.net;SharedAccessKeyName=x;SharedAccessKey={password}!", encoding="utf-8")
        text = self.configuration.read_text(encoding="utf-8")
        self.configuration.write_text(re.sub(r'connection_string_file = ".*"', f'connection_string_file = "{bad}"', text))
        ended = self.run_causeway("check", "--offline", "-c", str(self.configuration))
        self.assertEqual(ended.returncode, 2)
        self.assertIn("azure.plant.connection_string", ended.stderr)
        self.assertNotIn(password, ended.stderr + ended.stdout)

    def test_a_socket_path_that_run_would_refuse_is_found_by_check(self):
        self.emulator()
        text = self.configuration.read_text(encoding="utf-8")
        long = self.directory / ("d" * 120)
        text = re.sub(r'(?m)^socket = ".*"\n', "", text)  # so that it lies in the state directory
        text = re.sub(r'(?m)^directory = ".*"', f'directory = "{long}"', text)
        self.configuration.write_text(text, encoding="utf-8")
        ended = self.run_causeway("check", "--offline", "-c", str(self.configuration))
        self.assertEqual(ended.returncode, 2, ended.stderr)
        self.assertIn("config_invalid_value", ended.stderr)
        self.assertIn("admin.socket", ended.stderr)

    def test_values_cannot_write_on_the_terminal(self):
        for control in ("\x1b", "\x07", "\x9b"):
            escaped = f"\\u{ord(control):04x}"
            ended = self.run_causeway("check", "--offline", "-c", self.write(
                FIVE_FAULTS.replace('"loud"', f'"{escaped}[2J"').replace("directroy", f'"{escaped}]0;"')))
            self.assertEqual(ended.returncode, 2)
            self.assertIn("?]0;", ended.stderr)
            self.assertNotIn(control, ended.stderr)

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in ([], ["run"], ["check", "-c", "x"], ["run", "--no-such-option"]):
            self.assertEqual(self.run_causeway(*arguments).returncode, 2, arguments)


if __name__ == "__main__":
    unittest.main()
