# SPDX-License-Identifier: Apache-2.0
"""What was turned away is asked for again, of that application and of no other: by webhook for want of room, by MQTT while nobody listened."""
import unittest

from harness import FIELD, PATIENCE, PLANT, free_port, integration_test, wait_until

UPLINKS = 40
METERS = "meter-*"


class turned_away(integration_test):
    def simulate(self, uplinks):
        self.hub.control("POST", "/simulation", {"uplinks": uplinks})
        wait_until(lambda: not self.hub.control("GET", "/simulation")["running"], "the simulation")
        return self.hub.control("GET", "/simulation")

    def asked(self, application):
        return self.under_test.log("backfill_asked", application=application)

    def test_a_full_share_is_no_gap_of_others(self):
        self.hub = self.emulator(devices=4, registry=True, storage_kept=1000)
        for application in (PLANT, FIELD):
            self.edit(f'id = "{application}"\n', f'id = "{application}"\nbackfill = true\n')
        self.edit("[things_stack]\n", '[things_stack]\nstorage_delay = "1s"\n')
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write("\n[spool]\nmax_messages = 100\napplication_share = 5\n")
        self.hub.add_fault(kind="withhold_credit", pattern=METERS)
        self.under_test = self.gateway().start()
        for application in (PLANT, FIELD):
            self.under_test.wait_for_log("backfill_asked", application=application, whole=1)
        before = {application: len(self.asked(application)) for application in (PLANT, FIELD)}

        done = self.simulate(UPLINKS)
        self.assertGreater(done["refused_by"]["503"], 0)
        self.assertEqual(done["refused"], done["refused_by"]["503"])
        wait_until(lambda: self.under_test.log("webhook_refused", error="spool_share_full"), "a full share")
        self.hub.clear_faults()
        wait_until(lambda: self.hub.ledger()["unique"] == UPLINKS, "what was turned away, from the storage", 4 * PATIENCE)  # five at a time, ten seconds apart
        self.assertGreater(len(self.asked(PLANT)), before[PLANT])
        self.assertEqual(len(self.asked(FIELD)), before[FIELD], "nothing of this one was turned away")
        self.assertEqual(self.hub.ledger()["duplicates"], 0)
        self.assertEqual(self.under_test.stop(), 0)

    def test_an_mqtt_server_that_was_away_for_long_is_tried_within_10_s(self):
        """Of C3. The pauses are seen in the log, so that a slow machine does not matter."""
        self.hub = self.emulator(devices=2, layout="hub", registry=True)
        self.edit("[things_stack]\n", f'[things_stack]\nmqtt_address = "mqtt://127.0.0.1:{free_port()}"\n')
        self.edit('azure = "plant"\n', 'azure = "plant"\ningress = ["mqtt"]\n')
        self.under_test = self.gateway().start()
        refused = lambda: self.under_test.log("mqtt_connect_refused", error="mqtt_unreachable")
        wait_until(lambda: len(refused()) >= 6, "six tries")
        for line in refused():
            self.assertLess(int(line["next_try_ms"]), 10_000)


if __name__ == "__main__":
    unittest.main()
