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
        self.edit(f'"{old}"', f'"{changed}"')

    def start_with_fault(self):
        self.under_test = self.gateway().start()
        return self.under_test

    def assert_only_these_are_kept(self, application, device, undisturbed):
        """Accepts an uplink of the device at fault, and one of another, which arrives."""
        self.assert_stored(self.under_test.post(application, uplink(application, device, 1)))
        self.assert_stored(self.under_test.post(*undisturbed))
        self.assertEqual(self.under_test.metrics()["causeway_device_parks_total"] >= 0, True)

    def assert_recovers(self, device):
        """With the configuration corrected and the gateway restarted, what was accepted arrives."""
        self.assertEqual(self.hub.messages(device), [])
        self.assertEqual(self.under_test.metrics()["causeway_spool_messages"], 1)
        self.assertEqual(self.under_test.stop(), 0)
        self.configuration.write_text(self.good_configuration, encoding="utf-8")
        self.under_test.start()
        self.assertEqual([one["uplink"] for one in self.hub.wait_for(device)], [1])
        self.assertEqual(self.under_test.stop(), 0)

    def wait_for_parked(self, count=1):
        wait_until(lambda: self.under_test.metrics()['causeway_devices{state="parked"}'] == count, f"{count} parked")

    def test_wrong_hub_key(self):
        file = self.settings["azure"]["plant"]["connection_string_file"]
        right = pathlib.Path(file).read_text(encoding="utf-8")
        self.use_file(file, re.sub(r"SharedAccessKey=\S+", "SharedAccessKey=" + OTHER_KEY, right))
        self.start_with_fault()
        self.assert_only_these_are_kept(PLANT, METER, (FIELD, uplink(FIELD, SENSOR, 1)))
        self.under_test.wait_for_log("device_detached", error="hub_unauthorized")
        self.hub.wait_for(SENSOR)
        self.wait_for_parked()
        self.assertNotIn(OTHER_KEY, self.under_test.stderr())
        self.assert_recovers(METER)

    def test_wrong_group_key(self):
        self.use_file(self.settings["azure"]["field"]["group_key_file"], OTHER_KEY)
        self.start_with_fault()
        self.assert_only_these_are_kept(FIELD, SENSOR, (PLANT, uplink(PLANT, METER, 1)))
        self.under_test.wait_for_log("dps_refused", error="dps_unauthorized", registration=SENSOR)
        self.hub.wait_for(METER)
        self.wait_for_parked()
        self.assertNotIn(OTHER_KEY, self.under_test.stderr())
        self.assert_recovers(SENSOR)

    def test_a_device_that_the_hub_does_not_know(self):
        self.start_with_fault()
        self.assert_only_these_are_kept(PLANT, "stranger", (PLANT, uplink(PLANT, METER, 1)))
        self.under_test.wait_for_log("device_detached", error="hub_device_unknown")
        self.hub.wait_for(METER)
        self.wait_for_parked()
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
        self.start_with_fault()
        self.assert_only_these_are_kept(PLANT, METER, (FIELD, uplink(FIELD, SENSOR, 1)))
        self.under_test.wait_for_log("hub_connection_lost", error="tls_untrusted")
        self.hub.wait_for(SENSOR)
        self.assertEqual(self.hub.ledger()["put_tokens"], 1)
        self.assertEqual(self.hub.ledger()["accepted"], 1)
        self.assert_recovers(METER)

    def test_untrusted_certificate_of_dps(self):
        self.trust_another_authority_in("field")
        self.start_with_fault()
        self.assert_only_these_are_kept(FIELD, SENSOR, (PLANT, uplink(PLANT, METER, 1)))
        self.under_test.wait_for_log("dps_refused", error="tls_untrusted", registration=SENSOR)
        self.hub.wait_for(METER)
        self.wait_for_parked()
        self.assertEqual(self.hub.dps()["requests"], 0)
        self.assert_recovers(SENSOR)


if __name__ == "__main__":
    unittest.main()
