# SPDX-License-Identifier: Apache-2.0
"""Where events come in by MQTT alone, a command's steps do, too: its sender hears of each."""
import unittest

from harness import PLANT, commands_test, wait_until
from mqtt import STACK_PASSWORD, broker


class commands_by_mqtt(commands_test):
    def begin_by_mqtt(self):
        stack = broker(self.directory, {})
        self.addCleanup(stack.stop)
        self.hub = self.emulator(registry=True, mqtt_broker=f"127.0.0.1:{stack.port}", mqtt_password=STACK_PASSWORD)
        key = (self.hub.directory / f"emulator/api-key-{PLANT}").read_text(encoding="utf-8").strip()
        stack.add_user(f"{PLANT}@emulated", key)
        stack.start()
        self.hub.wait_for_log("mqtt_publisher_connected")  # what it has to say before is lost
        text = self.configuration.read_text(encoding="utf-8")
        self.configuration.write_text(text.replace('ingress = ["webhook", "mqtt"]', 'ingress = ["mqtt"]\nsettle = "acknowledged"'), encoding="utf-8")
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"by": "mqtt"})
        self.causeway = self.gateway().start()
        self.wait_for_link()
        wait_until(lambda: self.causeway.metrics().get(f'causeway_mqtt_connected{{application="{PLANT}"}}') == 1, "the broker")

    def test_each_step_comes_to_who_has_sent_a_message_and_its_ack_completes_it(self):
        self.begin_by_mqtt()
        self.send(1, Confirmed="true")
        self.wait_for_states("queued")
        self.speak()
        self.wait_for_states("queued", "sent")
        self.assertEqual(self.ends(), [])
        self.speak(ack=True)
        self.wait_for_states("queued", "sent", "acknowledged")
        wait_until(lambda: self.ends() == ["Success"], "the message's end")
        events = self.hub.control("GET", "/downlinks")["events"]
        self.assertEqual((events["posted"], events["lost"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
