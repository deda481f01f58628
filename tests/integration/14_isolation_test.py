# SPDX-License-Identifier: Apache-2.0
"""One device of 900 on a connection is disabled, deleted or gets another key: the other 899 lose no message and see no
detach, and it is parked alone, with the reason."""
import base64
import unittest

from harness import FIELD, integration_test, uplink, wait_until
from poster import poster

DEVICES = 900
VICTIMS = {"sensor-00100": ("disabled", "hub_device_disabled"),
           "sensor-00200": ("deleted", "hub_device_unknown"),
           "sensor-00300": ("wrong key", "hub_unauthorized")}


class isolation(integration_test):
    def test_one_device_of_900_has_trouble_of_its_own(self):
        hub = self.emulator(devices=DEVICES, layout="dps", registry=True)
        gateway = self.gateway().start()
        wait_until(lambda: hub.ledger()["attached"] == DEVICES, f"{DEVICES} devices online", 60)
        self.assertEqual(hub.ledger()["connections_open"], 1)
        everyone = [(FIELD, f"sensor-{i:05}") for i in range(1, DEVICES + 1)]
        others = [one for one in everyone if one[1] not in VICTIMS]
        attaches = hub.ledger()["attaches"]

        posting = poster(gateway, others, 6 * len(others)).start()
        self.addCleanup(posting.stop)
        wait_until(lambda: posting.count() >= len(others), "the first uplinks")
        # DPS has no enrolments for them either, so that nothing gives them their identities back.
        for victim in VICTIMS:
            hub.add_fault(kind="dps_status", status=404, pattern=victim)
        hub.control("PUT", "/devices/sensor-00100", {"status": "disabled"})
        hub.control("DELETE", "/devices/sensor-00200")
        other_key = base64.b64encode(bytes(range(64))).decode()
        hub.control("PUT", "/devices/sensor-00300", {"primary_key": other_key, "secondary_key": other_key})
        hub.add_fault(kind="expire_tokens", pattern="sensor-00300")
        for victim in VICTIMS:
            gateway.wait_for_log("device_parked", device=victim)
        wait_until(lambda: not posting.running(), "all uplinks", 120)
        wait_until(lambda: gateway.metrics()["causeway_spool_messages"] == 0, "an empty spool")

        ledger = hub.ledger()
        self.assertEqual(ledger["unique"], posting.count())
        self.assertEqual(ledger["duplicates"], 0)
        self.assertEqual(ledger["out_of_order"], 0)
        self.assertEqual(ledger["connections"], 1)
        self.assertEqual(ledger["attached"], DEVICES - len(VICTIMS))
        self.assertEqual(ledger["attaches"], attaches)  # nobody else had to come back
        self.assertEqual({one["device"] for one in gateway.log("device_parked")}, set(VICTIMS))
        gone = gateway.log("device_detached")
        self.assertEqual({one["identity"] for one in gone}, set(VICTIMS))
        self.assertEqual(gateway.metrics()['causeway_devices{state="parked"}'], len(VICTIMS))
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
