# SPDX-License-Identifier: Apache-2.0
"""The registry of The Things Stack says which devices there are: paging, attributes, a cached list, and a registry that lies."""
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until


class registry(integration_test):
    def start(self, **options):
        self.hub = self.emulator(registry=True, **options)
        self.under_test = self.gateway()

    def describe(self, device, **attributes):
        self.hub.control("PUT", f"/registry/{FIELD}/{device}", {"attributes": attributes})

    def attached(self, count):
        wait_until(lambda: self.hub.ledger()["attached"] == count, f"{count} devices online")

    def stored(self, device, number):
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, device, number)))

    def test_attributes_decide(self):
        """Scenario 9 of the earlier connectors, with an unreadable switch taken as absent."""
        self.start(devices=5, layout="dps")
        self.describe("sensor-00002", azureintegration="false")
        self.describe("sensor-00003", azureintegration="TRUE", dtdlmodelid="dtmi:x:own;2")
        self.describe("sensor-00004", azureintegration="maybe")
        self.describe("sensor-00005", dtdlmodelid="dtmi:x:d5;1")
        self.edit(f'[[application]]\nid = "{FIELD}"\n', f'[[application]]\nid = "{FIELD}"\nmodel_id = "dtmi:x:app;1"\n')
        self.under_test.start()
        self.attached(4)
        models = {f"sensor-0000{i}": self.hub.dps(f"sensor-0000{i}").get("model_id") for i in (1, 3, 4, 5)}
        self.assertEqual(models, {"sensor-00001": "dtmi:x:app;1", "sensor-00003": "dtmi:x:own;2",
                                  "sensor-00004": "dtmi:x:app;1", "sensor-00005": "dtmi:x:d5;1"})
        # Switched off: it never gets an identity, and what it sends is answered well and not kept.
        self.assertEqual(self.hub.dps("sensor-00002")["registrations"], 0)
        self.assertEqual(self.under_test.post(FIELD, uplink(FIELD, "sensor-00002", 1)), (200, '{"outcome":"unwanted"}'))
        self.stored("sensor-00003", 1)
        self.hub.wait_for("sensor-00003")
        self.assertEqual(self.under_test.stop(), 0)

    def test_uplinks_wait_for_the_registrys_word_and_a_cached_list_is_enough(self):
        self.start(devices=6, layout="dps")
        refused = self.hub.add_fault(kind="registry_status", status=503)["id"]
        self.under_test.start()
        self.stored("sensor-00001", 1)
        self.under_test.wait_for_log("registry_unavailable")
        self.assertEqual(self.hub.dps()["registrations"], 0)
        self.hub.control("DELETE", f"/faults?id={refused}")
        self.attached(6)
        self.hub.wait_for("sensor-00001")
        self.assertEqual(self.under_test.stop(), 0)

        # Without the registry, everything that is known comes online, with no word to DPS.
        self.hub.add_fault(kind="registry_status", status=503)
        before = self.hub.dps()["requests"]
        self.under_test.start()
        self.attached(6)
        self.assertEqual(self.hub.dps()["requests"], before)
        self.stored("sensor-00002", 2)
        self.hub.wait_for("sensor-00002")
        self.assertEqual(self.under_test.stop(), 0)

    def test_what_changed_counts_at_the_next_start(self):
        self.start(devices=3, layout="dps")
        self.under_test.start()
        self.attached(3)
        self.assertEqual(self.under_test.stop(), 0)
        self.describe("sensor-00002", azureintegration="false")
        self.describe("sensor-00009")
        self.under_test.start()
        wait_until(lambda: self.hub.dps("sensor-00009")["registrations"] == 1, "the new device")
        self.attached(3)  # without sensor-00002, with sensor-00009
        self.stored("sensor-00009", 1)
        self.hub.wait_for("sensor-00009")
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_device_that_is_in_no_listing_is_looked_up(self):
        self.start(devices=2, layout="dps")
        self.under_test.start()
        self.attached(2)
        self.describe("sensor-00007")
        self.stored("sensor-00007", 1)
        self.hub.wait_for("sensor-00007")
        self.stored("sensor-00008", 1)
        self.under_test.wait_for_log("device_parked", device="sensor-00008", error="device_unlisted")
        self.assertEqual(self.hub.dps("sensor-00008")["registrations"], 0)
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_registry_that_lies(self):
        # A listing ends with the registry's count, however many pages there seem to be.
        for fault in ("registry_endless_pages", "registry_duplicates", "registry_long_attributes"):
            with self.subTest(fault):
                self.setUp()
                self.start(devices=6, layout="dps")
                self.hub.add_fault(kind=fault)
                self.under_test.start()
                self.under_test.wait_for_log("registry_listed")
                self.attached(6)
                lists = self.hub.control("GET", "/registry")["lists"]
                self.assertLess(lists, 20)
                self.assertEqual(self.under_test.stop(), 0)
                self.hub.kill()

    def test_a_refused_key_is_named(self):
        self.start(devices=2, layout="dps")
        file = self.directory / "wrong-key"
        file.write_text("NNSXS.WRONG.KEY")
        file.chmod(0o600)
        self.edit(f'api_key_file = "{self.directory}/emulator/api-key-{FIELD}"', f'api_key_file = "{file}"')
        self.under_test.start()
        self.under_test.wait_for_log("registry_unavailable", error="registry_unauthorized")
        self.assertNotIn("NNSXS.WRONG", self.under_test.stderr())
        self.stored("sensor-00001", 1)  # waits in the spool
        self.assertEqual(self.under_test.stop(), 0)


if __name__ == "__main__":
    unittest.main()
