# SPDX-License-Identifier: Apache-2.0
"""What changes in The Things Stack's registry while the gateway runs: devices that are made, changed, switched off, deleted and renamed
there, within their times, by the event stream or without it, and within a tenth of what the stack takes."""
import json
import time
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until

SENSOR = "sensor-00001"
POLL = 2  # seconds


class live_registry(integration_test):
    def begin(self, identity=None, **options):
        hub = self.emulator(layout="dps", registry=True, **options)
        self.edit("[things_stack]", f'[things_stack]\nregistry_poll = "{POLL}s"')
        if identity:
            self.edit(f'id = "{FIELD}"', f'id = "{FIELD}"\nidentity = "{identity}"')
        self.under_test = self.gateway().start()
        wait_until(lambda: hub.ledger()["attached"] >= 4, "devices online")
        wait_until(lambda: self.heard(1), "the event stream is open")
        return hub

    def heard(self, value):
        name = f'causeway_registry_events_heard{{application="{FIELD}"}}'
        return self.under_test.metrics().get(name) == value

    def device(self, name, application=FIELD):
        ran = self.run_causeway("devices", "show", name, "--application", application, "--json", "-c", self.configuration)
        return json.loads(ran.stdout) if ran.returncode == 0 else {"state": None}

    def put(self, hub, device, **what):
        hub.control("PUT", f"/registry/{FIELD}/{device}", what)

    def wait_for_state(self, device, state, within):
        begun = time.monotonic()
        wait_until(lambda: self.device(device)["state"] == state, f"{device} is {state}")
        self.assertLess(time.monotonic() - begun, within)

    def test_a_new_device_is_online_within_ten_seconds(self):
        hub = self.begin()
        self.put(hub, "new-1", attributes={})
        self.wait_for_state("new-1", "online", 10)
        for number in range(40):  # more than are read one by one
            self.put(hub, f"many-{number}", attributes={})
        wait_until(lambda: hub.ledger()["attached"] >= 45, "all of them")
        self.assertEqual(hub.control("GET", "/registry")["refused"], 0)

    def test_without_events_by_the_next_poll(self):
        hub = self.begin()
        hub.add_fault(kind="registry_no_events", pattern=FIELD)
        self.put(hub, "new-1", attributes={})
        self.wait_for_state("new-1", "online", 10)

    def test_a_stack_before_3_32_by_its_events(self):
        hub = self.begin()
        hub.add_fault(kind="registry_no_changes")
        self.under_test.wait_for_log("registry_shows_no_changes", application=FIELD)
        self.put(hub, "new-1", attributes={})
        self.wait_for_state("new-1", "online", 10)

    def test_switched_off_and_on_again(self):
        hub = self.begin()
        self.put(hub, SENSOR, attributes={"azureintegration": "false"})
        self.wait_for_state(SENSOR, "off", 10)
        self.assertEqual(self.under_test.post(FIELD, uplink(FIELD, SENSOR, 1)), (200, '{"outcome":"unwanted"}'))
        self.put(hub, SENSOR, attributes={})
        self.wait_for_state(SENSOR, "online", 10)
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, SENSOR, 2)))
        hub.wait_for(SENSOR, 1)

    def test_a_deleted_device_delivers_what_waits_and_is_detached(self):
        hub = self.begin()
        hub.add_fault(kind="withhold_credit", pattern=SENSOR)
        hub.add_fault(kind="hub_cut_connections")
        self.under_test.wait_for_log("hub_connection_lost")
        wait_until(lambda: hub.ledger()["attached"] >= 4, "devices online again")
        for number in range(1, 4):
            self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, SENSOR, number)))
        hub.control("DELETE", f"/registry/{FIELD}/{SENSOR}")
        self.under_test.wait_for_log("device_deleted", device=SENSOR)
        hub.clear_faults()
        self.assertEqual([json.loads(one["body"])["uplink"] for one in hub.wait_for(SENSOR, 3)], [1, 2, 3])
        wait_until(lambda: self.device(SENSOR)["state"] == "removed", "it is detached")

    def test_a_renamed_device_is_online_under_its_old_identity_within_a_minute(self):
        hub = self.begin(identity="{dev_eui}")
        old = self.device(SENSOR)
        eui = old["dev_eui"]
        hub.control("DELETE", f"/registry/{FIELD}/{SENSOR}")
        self.put(hub, "renamed-1", dev_eui=eui, attributes={})
        self.wait_for_state("renamed-1", "online", 60)
        self.assertEqual(self.device("renamed-1")["identity"], old["identity"])
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, "renamed-1", 1)))
        hub.wait_for(old["identity"], 1)

    def test_a_listing_that_suddenly_returns_nothing_removes_nobody(self):
        hub = self.begin()
        hub.add_fault(kind="registry_status", status=500)  # of look-ups too: nothing is known for sure
        hub.control("DELETE", f"/registry/{PLANT}")
        time.sleep(2 * POLL)
        self.assertEqual(hub.ledger()["attached"], 4)
        self.assertEqual(self.under_test.log("device_deleted"), [])

    def test_trackers_that_move_all_the_time_stay_within_a_tenth_of_the_limit(self):
        hub = self.begin(devices=400, registry_rate=600)
        hub.control("DELETE", "/registry")
        begun = time.monotonic()
        while time.monotonic() < begun + 8:
            hub.control("POST", f"/registry/{FIELD}?move=*")
            time.sleep(0.2)
        counted = hub.control("GET", "/registry")
        self.assertEqual(counted["refused"], 0)
        self.assertEqual(counted["lookups"], 0)  # a position is no reason to look at a device
        self.assertLessEqual(counted["changes"], 2 * 60 * (time.monotonic() - begun) / 60 + 4)
        self.put(hub, "new-1", attributes={})
        self.wait_for_state("new-1", "online", 10)


if __name__ == "__main__":
    unittest.main()
