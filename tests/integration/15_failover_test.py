# SPDX-License-Identifier: Apache-2.0
"""A hub goes, for a moment or for good, and DPS assigns its devices to another: they follow without a restart, and nothing is
lost."""
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until
from poster import poster

DEVICES = 6


class failover(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator(devices=DEVICES, layout="dps", hubs=2, registry=True)
        self.under_test = self.gateway().start()
        wait_until(lambda: self.hub.ledger()["attached"] == DEVICES, "all devices online")

    def post(self, number):
        for i in range(1, DEVICES + 1):
            device = f"sensor-{i:05}"
            self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, device, number)))

    def assert_all_arrive(self, number):
        for i in range(1, DEVICES + 1):
            device = f"sensor-{i:05}"
            wait_until(lambda: [one["uplink"] for one in self.hub.messages(device)] == list(range(1, number + 1)),
                       f"{number} uplinks of {device}", 60)

    def test_the_old_hub_says_that_it_is_not_there(self):
        self.post(1)
        self.assert_all_arrive(1)
        self.hub.control("POST", "/dps/reassign", {"pattern": "*", "hub": 1})
        self.hub.add_fault(kind="hub_not_found", hub=0)
        self.hub.add_fault(kind="hub_cut_connections", hub=0)
        self.post(2)
        self.assert_all_arrive(2)
        self.assertEqual(self.under_test.stop(), 0)

    def test_a_device_is_moved_and_its_old_identity_removed(self):
        registrations = self.hub.dps()["registrations"]
        self.hub.control("POST", "/dps/reassign", {"pattern": "*", "hub": 1})
        self.post(1)
        self.assert_all_arrive(1)
        self.assertLessEqual(self.hub.dps()["registrations"], registrations + DEVICES)
        # The new assignments are remembered: the next start asks DPS nothing.
        self.assertEqual(self.under_test.stop(), 0)
        before = self.hub.dps()["requests"]
        self.under_test.start()
        wait_until(lambda: self.hub.ledger()["attached"] == DEVICES, "all devices online again")
        self.assertEqual(self.hub.dps()["requests"], before)
        self.assertEqual(self.under_test.stop(), 0)


class interruptions(integration_test):
    def test_connections_closed_and_cut_while_devices_wait_for_their_turn(self):
        """A fleet on S1 is on its way for seconds; its connections are lost in the middle of it, again and again."""
        devices = 600
        hub = self.emulator(devices=devices, layout="hub", tier="S1", units=10, registry=True)  # 120 a second
        gateway = self.gateway().start()
        for kind in ("hub_cut_connections", "hub_close_connections", "hub_cut_connections"):
            before = hub.ledger()["attached"]
            wait_until(lambda: hub.ledger()["attached"] > before + 20, "some devices online")
            hub.add_fault(kind=kind)
            wait_until(lambda: hub.ledger()["attached"] == 0, "no device online")
        wait_until(lambda: hub.ledger()["attached"] == devices, "all devices online", 60)
        self.assertTrue(gateway.running())
        self.assertEqual(hub.ledger()["throttled_connects"], 0)
        self.assertEqual(gateway.stop(), 0)

    def test_connections_closed_under_load(self):
        """The hub's CLOSE may come in one read with the accept of a message whose device has the next one waiting."""
        hub = self.emulator(devices=40, layout="hub", registry=True)
        gateway = self.gateway().start()
        devices = [(PLANT, f"meter-{i:05}") for i in range(1, 41)]
        posting = poster(gateway, devices, 6000).start()
        self.addCleanup(posting.stop)
        closed = 0
        while posting.running():
            wait_until(lambda: hub.ledger()["attached"] == 40 or not posting.running(), "all devices online")
            hub.add_fault(kind="hub_close_connections")
            closed += 1
        wait_until(lambda: gateway.metrics()["causeway_spool_messages"] == 0, "an empty spool")
        ledger = hub.ledger()
        print(f"{posting.count()} uplinks, closed {closed} times, {ledger['duplicates']} came twice", flush=True)
        self.assertEqual(ledger["unique"], posting.count())
        self.assertEqual(ledger["out_of_order"], 0)
        self.assertEqual(gateway.stop(), 0)

    def test_a_stop_while_devices_wait_for_their_turn(self):
        hub = self.emulator(devices=600, layout="hub", tier="S1", registry=True)  # 100 a second
        gateway = self.gateway().start()
        wait_until(lambda: hub.ledger()["attached"] > 50, "some devices online")
        self.assertEqual(gateway.stop(), 0)

    def test_more_messages_than_the_budget_of_sends(self):
        """What waits for its turn is not refused, and comes at the hub's pace."""
        hub = self.emulator(devices=200, layout="hub", tier="S1", registry=True)  # 100 a second
        gateway = self.gateway().start()
        wait_until(lambda: hub.ledger()["attached"] == 200, "all devices online")
        posting = poster(gateway, [(PLANT, f"meter-{i:05}") for i in range(1, 201)], 600).start()
        self.addCleanup(posting.stop)
        # A thread that has begun an uplink finishes it, so a few more than 600 may get a 200.
        wait_until(lambda: not posting.running() and hub.ledger()["unique"] == posting.count(), "all uplinks", 90)
        ledger = hub.ledger()
        self.assertEqual((ledger["sends_throttled"], ledger["duplicates"], ledger["out_of_order"]), (0, 0, 0))
        self.assertEqual(gateway.stop(), 0)

    def test_a_half_open_connection_is_noticed(self):
        """The peer's machine is gone without a word: what was sent goes unanswered, and is sent again elsewhere."""
        hub = self.emulator(devices=4)
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        hub.wait_for("meter-00001")
        hub.add_fault(kind="hub_half_open")
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 2)))
        # Silence for twice the idle time-out of 30 s that the gateway has announced.
        wait_until(lambda: len(hub.messages("meter-00001")) == 2, "the second uplink", 90)
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
