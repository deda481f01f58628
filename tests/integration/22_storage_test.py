# SPDX-License-Identifier: Apache-2.0
"""The Storage Integration: after an outage of the gateway itself everything that the stack received meanwhile is in the hub, once."""
import unittest

from harness import call, integration_test, wait_until

UPLINKS = 60


class storage(integration_test):
    def simulate(self, uplinks):
        self.hub.control("POST", "/simulation", {"uplinks": uplinks})
        wait_until(lambda: not self.hub.control("GET", "/simulation")["running"], "the simulation")
        return self.hub.control("GET", "/simulation")

    def start_with_backfill(self, **options):
        self.hub = self.emulator(devices=4, layout="hub", registry=True, **options)
        self.edit('id = "water-meters"\n', 'id = "water-meters"\nbackfill = true\n')
        return self.gateway().start()

    def test_what_was_missed_is_filled_in(self):
        gateway = self.start_with_backfill(storage_kept=1000)
        self.assertEqual(self.simulate(UPLINKS)["accepted"], UPLINKS)
        wait_until(lambda: self.hub.ledger()["unique"] == UPLINKS, "the first ones")
        self.assertEqual(gateway.stop(), 0)

        missed = self.simulate(UPLINKS)
        self.assertEqual(missed["refused"], UPLINKS, "the stack tries once, and nobody was there")
        gateway.start()
        wait_until(lambda: self.hub.ledger()["unique"] == 2 * UPLINKS, "what was missed")
        self.assertEqual(self.simulate(UPLINKS)["accepted"], UPLINKS)
        wait_until(lambda: self.hub.ledger()["unique"] == 3 * UPLINKS, "what came by itself")
        seen = self.hub.ledger()
        self.assertEqual((seen["accepted"], seen["duplicates"]), (3 * UPLINKS, 0), "the storage shows the first ones too: not again")
        markers = {(one["device"], one["uplink"]) for one in self.hub.messages()}
        self.assertEqual(len(markers), 3 * UPLINKS)
        self.assertGreaterEqual(self.hub.control("GET", "/storage")["requests"], 1)

    def test_a_failing_storage_is_asked_again(self):
        gateway = self.start_with_backfill(storage_kept=1000)
        self.assertEqual(self.simulate(4)["accepted"], 4)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(self.simulate(4)["refused"], 4)
        self.hub.add_fault(kind="storage_status", status=503, count=2)
        gateway.start()
        wait_until(lambda: self.hub.ledger()["unique"] == 8, "what was missed")
        self.assertEqual(self.hub.control("GET", "/storage")["answers"]["503"], 2)

    def test_a_stack_without_it_costs_nothing(self):
        gateway = self.start_with_backfill()
        self.assertEqual(self.simulate(4)["accepted"], 4)
        wait_until(lambda: self.hub.ledger()["unique"] == 4, "uplinks")
        self.assertEqual(call(gateway.admin_port, "GET", "/readyz")[0], 200)
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
