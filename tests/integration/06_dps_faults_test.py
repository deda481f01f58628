# SPDX-License-Identifier: Apache-2.0
"""DPS answers with errors: passing ones are waited out, the others park the device and say why."""
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until

SENSOR, OTHER, METER = "sensor-00001", "sensor-00002", "meter-00001"


class dps_faults(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator()
        self.under_test = self.gateway().start()

    def fault_on_sensor(self, **fault):
        """The sensor's registration meets the fault; other devices go on."""
        self.hub.add_fault(kind="dps_status", pattern=SENSOR, **fault)
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, SENSOR, 1)))
        self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, METER, 1)))
        self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, OTHER, 1)))
        self.hub.wait_for(METER)

    def assert_passes_by_itself(self, error, **fault):
        self.fault_on_sensor(**fault)
        self.under_test.wait_for_log("dps_setback", error=error, registration=SENSOR)
        self.assertEqual(self.hub.messages(SENSOR), [])
        self.hub.clear_faults()
        self.hub.wait_for(SENSOR)
        self.hub.wait_for(OTHER)
        self.assertEqual(self.under_test.log("dps_refused"), [])
        self.assertEqual(self.under_test.stop(), 0)

    def assert_parks(self, error, **fault):
        self.fault_on_sensor(**fault)
        self.hub.wait_for(OTHER)
        refused, = self.under_test.wait_for_log("dps_refused", error=error)
        self.assertEqual(refused["registration"], SENSOR)
        parked, = self.under_test.wait_for_log("device_parked", error=error)
        self.assertEqual((parked["application"], parked["device"]), (FIELD, SENSOR))
        self.assertEqual(self.under_test.metrics()['causeway_devices{state="parked"}'], 1)
        # One request was enough, and what was accepted is kept.
        self.assertEqual(self.hub.dps()["answers"][str(fault["status"])], 1)
        wait_until(lambda: self.under_test.metrics()["causeway_spool_messages"] == 1, "one waiting message")
        self.hub.clear_faults()
        self.assertEqual(self.under_test.stop(), 0)
        self.under_test.start()
        self.hub.wait_for(SENSOR)
        self.assertEqual(self.under_test.stop(), 0)

    def test_429_is_waited_out(self):
        self.assert_passes_by_itself("dps_throttled", status=429, retry_after=1)

    def test_500_is_waited_out(self):
        self.assert_passes_by_itself("dps_busy", status=500)

    def test_401_parks_the_device(self):
        self.assert_parks("dps_unauthorized", status=401)

    def test_404_parks_the_device(self):
        self.assert_parks("dps_enrolment_unknown", status=404)


if __name__ == "__main__":
    unittest.main()
