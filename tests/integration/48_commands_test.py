# SPDX-License-Identifier: Apache-2.0
"""What a service in Azure sends becomes one downlink, and what becomes of that comes back: messages and methods, through a stop, a kill and a stack that does not answer."""
import json
import unittest

from harness import METER as DEVICE, PLANT, SAMPLES, commands_test, wait_until


class commands(commands_test):
    def test_a_message_becomes_one_downlink_and_each_step_comes_back(self):
        self.begin()
        self.send(1)
        self.wait_for_items(1)
        wait_until(lambda: self.ends() == ["Success"], "the message's end")
        self.wait_for_states("queued")
        self.speak()
        self.wait_for_states("queued", "sent")
        report = self.reports()[-1]
        self.assertEqual((report["source"], report["messageId"], report["port"], report["confirmed"]), ("c2d", "m1", 10, False))
        self.assertEqual(len(self.items()), 1)

    def test_a_confirmed_one_goes_on_to_its_ack(self):
        self.begin()
        self.send(1, Confirmed="true")
        self.wait_for_states("queued")
        self.speak()
        self.wait_for_states("queued", "sent")
        self.speak(ack=True)
        self.wait_for_states("queued", "sent", "acknowledged")

    def test_what_is_wrong_with_a_message_is_rejected_by_name(self):
        self.begin()
        self.send(1, Port="224")
        wait_until(lambda: self.ends() == ["Rejected"], "the message's end")
        self.causeway.wait_for_log("command_refused", error="downlink_port_invalid", message_id="m1")
        self.assertEqual(self.items(), [])

    def test_a_refusal_of_the_stack_is_reported_with_its_name(self):
        self.begin()
        self.hub.control("PUT", f"/downlinks/devices/{PLANT}/{DEVICE}", {"joined": False})
        self.send(1)
        self.wait_for_states("failed")
        self.assertEqual(self.reports()[0]["error"]["name"], "pkg/applicationserver:no_device_session")

    def test_a_kill_in_the_middle_of_a_push_doubles_and_loses_nothing(self):
        self.begin()
        for number in range(1, 6):
            self.send(number)
        self.wait_for_items(1)
        self.causeway.kill()
        self.causeway.start()
        self.wait_for_items(5)
        wait_until(lambda: len(self.reports()) >= 5, "a report of each", 60)
        self.assertEqual(len({json.dumps(one["correlation_ids"]) for one in self.items()}), 5)
        wait_until(lambda: self.ends() == ["Success"] * 5, "the messages' ends", 90)

    def test_a_stop_waits_for_what_it_has_pushed(self):
        self.begin()
        self.send(1)
        self.wait_for_items(1)
        self.causeway.stop()
        self.causeway.start()
        self.wait_for_states("queued")
        self.assertEqual(len(self.items()), 1)

    def test_events_of_what_it_does_not_know_are_taken_and_disturb_nothing(self):
        self.begin()
        for name in ("real-down-ack", "real-down-failed-max-retries", "real-down-sent-class-a"):
            event = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
            event["end_device_ids"]["application_ids"]["application_id"] = PLANT
            for device in (DEVICE, "nobody"):
                event["end_device_ids"]["device_id"] = device
                for ours in ([], ["causeway:" + "0" * 32]):  # somebody else's, and one that the ledger has not
                    ids = [one for one in event["correlation_ids"] if not one.startswith("causeway:")] + ours
                    text = json.dumps({**event, "correlation_ids": ids})
                    self.assertEqual(self.causeway.post(PLANT, text)[0], 200, text)
        self.send(1)
        self.wait_for_states("queued")
        figures = self.causeway.metrics()
        self.assertEqual((figures["causeway_command_reports_total"], figures["causeway_command_items_strange_total"]), (1, 0))

    def test_the_figures_say_what_became_of_them(self):
        self.begin()
        self.send(1)
        self.wait_for_states("queued")
        figures = self.causeway.metrics()
        self.assertEqual(figures['causeway_commands_received_total{source="c2d"}'], 1)
        self.assertEqual(figures['causeway_commands{state="queued"}'], 1)
        self.assertEqual(figures["causeway_downlink_pushes_total"], 1)


if __name__ == "__main__":
    unittest.main()
