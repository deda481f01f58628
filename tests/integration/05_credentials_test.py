# SPDX-License-Identifier: Apache-2.0
"""Wrong keys and untrusted certificates: named, they disturb nobody else, and nothing is lost until they are corrected."""
import base64
import pathlib
import re
import tomllib
import unittest

from harness import FIELD, PLANT, emulator, integration_test, uplink, wait_until

METER, SENSOR = "meter-00001", "sensor-00001"
OTHER_KEY = base64.b64encode(bytes(range(64))).decode()


class credentials(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator()
        self.good_configuration = self.configuration.read_text(encoding="utf-8")
        self.settings = tomllib.loads(self.good_configuration)

    def use_file(self, old, content):
        """The configuration names another file than `old`, with this content."""
        changed = self.directory / "changed"
        changed.write_text(content, encoding="utf-8")
        changed.chmod(0o600)
        self.edit(f'"{old}"', f'"{changed}"')

    def start(self, at_fault, undisturbed):
        """Accepts an uplink of the device at fault, and one of another, which arrives."""
        self.under_test = self.gateway().start()
        for application, device in (at_fault, undisturbed):
            self.assert_stored(self.under_test.post(application, uplink(application, device, 1)))
        self.hub.wait_for(undisturbed[1])

    def assert_recovers(self, device):
        """With the configuration corrected and the gateway restarted, what was accepted arrives."""
        self.assertEqual(self.hub.messages(device), [])
        wait_until(lambda: self.under_test.metrics()["causeway_spool_messages"] == 1, "one waiting message")
        self.assertEqual(self.under_test.stop(), 0)
        self.configuration.write_text(self.good_configuration, encoding="utf-8")
        self.under_test.start()
        self.assertEqual([one["uplink"] for one in self.hub.wait_for(device)], [1])
        self.assertEqual(self.under_test.stop(), 0)

    def wait_for_parked(self, application, device, error):
        """That device, and no other."""
        self.under_test.wait_for_log("device_parked", application=application, device=device, error=error)
        self.assertEqual(len(self.under_test.log("device_parked")), 1)
        self.assertEqual(self.under_test.metrics()['causeway_devices{state="parked"}'], 1)

    def test_wrong_key_of_the_hubs_policy(self):
        file = self.settings["azure"]["plant"]["connection_string_file"]
        right = pathlib.Path(file).read_text(encoding="utf-8")
        self.use_file(file, re.sub(r"SharedAccessKey=\S+", "SharedAccessKey=" + OTHER_KEY, right))
        self.start((PLANT, METER), (FIELD, SENSOR))
        # The first token on a connection is refused with the connection: the policy concerns all its devices.
        self.under_test.wait_for_log("hub_connection_lost", error="hub_unauthorized")
        self.assertEqual(self.under_test.metrics()['causeway_devices{state="online"}'], 1)
        self.assertNotIn(OTHER_KEY, self.under_test.stderr())
        self.assert_recovers(METER)

    def test_wrong_key_of_one_device(self):
        """Its own connection string is wrong; the others on that hub go on."""
        right = self.hub.control("GET", "/devices/meter-00002")["primary_key"]
        lines = []
        for i, key in ((1, OTHER_KEY), (2, right)):
            file = self.directory / f"string-{i}"
            file.write_text(f"HostName=localhost:{self.hub.ports['hub']};DeviceId=meter-{i:05};SharedAccessKey={key}")
            file.chmod(0o600)
            lines.append(f'"meter-{i:05}" = {{ connection_string_file = "{file}" }}\n')
        string_file = self.settings["azure"]["plant"]["connection_string_file"]
        self.edit(f'connection_string_file = "{string_file}"\n', "")
        self.edit("[azure.field]", "[azure.plant.devices]\n" + "".join(lines) + "\n[azure.field]")
        self.start((PLANT, METER), (PLANT, "meter-00002"))
        self.under_test.wait_for_log("device_detached", error="hub_unauthorized", identity=METER)
        self.wait_for_parked(PLANT, METER, "hub_unauthorized")
        self.assert_recovers(METER)

    def test_wrong_group_key(self):
        self.use_file(self.settings["azure"]["field"]["group_key_file"], OTHER_KEY)
        self.start((FIELD, SENSOR), (PLANT, METER))
        self.under_test.wait_for_log("dps_refused", error="dps_unauthorized", registration=SENSOR)
        self.wait_for_parked(FIELD, SENSOR, "dps_unauthorized")
        self.assertNotIn(OTHER_KEY, self.under_test.stderr())
        self.assert_recovers(SENSOR)

    def test_a_device_that_the_hub_does_not_know(self):
        self.start((PLANT, "stranger"), (PLANT, METER))
        self.under_test.wait_for_log("device_detached", error="hub_device_unknown", identity="stranger")
        self.wait_for_parked(PLANT, "stranger", "hub_device_unknown")
        self.hub.control("PUT", "/devices/stranger", {"primary_key": OTHER_KEY})
        self.assert_recovers("stranger")

    def trust_another_authority_in(self, section):
        other = emulator(self.directory / "other")
        (self.directory / "other").mkdir()
        other.print_config()
        text = self.configuration.read_text(encoding="utf-8")
        head, tail = text.split(f"[azure.{section}]")
        tail = tail.replace(self.settings["azure"][section]["ca_file"], str(self.directory / "other/emulator/ca.pem"), 1)
        self.configuration.write_text(f"{head}[azure.{section}]{tail}", encoding="utf-8")

    def test_untrusted_certificate_of_the_hub(self):
        self.trust_another_authority_in("plant")
        self.start((PLANT, METER), (FIELD, SENSOR))
        self.under_test.wait_for_log("hub_connection_lost", error="tls_untrusted")
        self.assertEqual(self.hub.ledger()["put_tokens"], 1)
        self.assertEqual(self.hub.ledger()["accepted"], 1)
        self.assert_recovers(METER)

    def test_untrusted_certificate_of_dps(self):
        self.trust_another_authority_in("field")
        self.start((FIELD, SENSOR), (PLANT, METER))
        self.under_test.wait_for_log("dps_refused", error="tls_untrusted", registration=SENSOR)
        self.wait_for_parked(FIELD, SENSOR, "tls_untrusted")
        self.assertEqual(self.hub.dps()["requests"], 0)
        self.assert_recovers(SENSOR)


if __name__ == "__main__":
    unittest.main()
