# SPDX-License-Identifier: Apache-2.0
"""What a service in Azure sends becomes one downlink, and what becomes of that comes back: messages and methods, through a stop, a kill and a stack that does not answer."""
import base64
import json
import unittest

from harness import PLANT, integration_test, uplink, wait_until

DEVICE = "meter-00001"


def in_base64(text):
    return base64.b64encode(text.encode()).decode()


class commands(integration_test):
    def begin(self, **options):
        self.hub = self.emulator(registry=True, **options)
        self.causeway = self.gateway().start()
        self.assert_stored(self.causeway.post(PLANT, uplink(PLANT, DEVICE, 1)))
        self.hub.wait_for(DEVICE)
        wait_until(lambda: any(one["role"] == "c2d" and one["credit"] > 0 for one in self.links()), "a link for commands with credit")

    def links(self):
        return self.hub.control("GET", f"/links?device={DEVICE}")["links"]

    def send(self, number, text="open", **properties):
        self.hub.control("POST", "/c2d", {"device": DEVICE, "body": in_base64(text), "message_id": f"m{number}", "ack": "full",
                                          "properties": {"Port": "10", **properties}})

    def speak(self, **how):
        self.hub.control("POST", "/downlinks/uplink", {"application": PLANT, "device": DEVICE, **how})

    def items(self):
        return self.hub.control("GET", "/downlinks/book?after=0&limit=1000")["items"]

    def wait_for_items(self, count):
        return wait_until(lambda: len(found := self.items()) >= count and found, f"{count} item(s) of the stack's")

    def ends(self):
        return [one["end"] for one in self.hub.control("GET", f"/c2d?device={DEVICE}&limit=100")["ended"]]

    def reports(self):
        found = []
        for message in self.hub.messages(DEVICE):
            body = json.loads(message["body"]) if isinstance(message["body"], str) else message["body"]
            if "downlink" in body:
                found.append(body["downlink"])
        return found

    def wait_for_states(self, *states):
        wait_until(lambda: [one["state"] for one in self.reports()] == list(states), f"the reports {states}", 30)

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

    def test_an_operator_lists_looks_and_calls_off(self):
        self.begin()
        self.send(1, Confirmed="true")
        self.wait_for_states("queued")
        self.send(2)  # waits for the end of the first
        wait_until(lambda: len(self.ends()) == 2, "both messages' ends")
        socket = ["--socket", self.hub.directory / "emulator" / "admin.sock"]
        ask = lambda *arguments: self.run_causeway("commands", *arguments, "--json", *socket)
        listed = json.loads(ask("list").stdout)["commands"]
        self.assertEqual([(one["message_id"], one["state"]) for one in listed], [("m1", "queued"), ("m2", "stored")])
        first, second = (one["command"] for one in listed)
        self.assertTrue(json.loads(ask("show", first).stdout)["item"].startswith("as:downlink:"))
        self.assertIn("command_pushed", ask("cancel", first).stderr)
        self.assertEqual(ask("cancel", second).returncode, 0)
        self.assertEqual(json.loads(ask("list", "--state", "cancelled").stdout)["commands"][0]["command"], second)
        self.speak()
        self.speak(ack=True)
        self.wait_for_states("queued", "cancelled", "sent", "acknowledged")
        self.assertEqual(len(self.items()), 1)
        self.causeway.wait_for_log("audit", what="commands.cancel")

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
