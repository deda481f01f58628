# SPDX-License-Identifier: Apache-2.0
"""azure-iot-hub, unmodified, as operator of devices that a gateway carries: the rows of ../commands.test.mjs."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest
import urllib.request

import certifi
import uamqp
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import CloudToDeviceMethod, Twin, TwinProperties

DIRECTORY = pathlib.Path(os.environ["EMULATOR_DIRECTORY"])
HUB = int(os.environ["EMULATOR_HUB"])
OWNER = (DIRECTORY / "service-connection-string-0").read_text(encoding="utf-8").strip()
PATIENCE = 60  # seconds

# What the package lets nobody say: its AMQP half always dials the usual port, and trusts what certifi brings.
uamqp.constants.DEFAULT_AMQPS_PORT = HUB
certifi.where = lambda: str(DIRECTORY / "ca.pem")


def control(method, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{os.environ['EMULATOR_CONTROL']}{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def until(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.02)
    return found


class commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The printed configuration has one application; here it has the commands of twins and of IoT Central, too.
        path = pathlib.Path(os.environ["CAUSEWAY_CONFIGURATION"])
        text = path.read_text(encoding="utf-8")
        cls.application = re.search(r'\[\[application\]\]\nid = "([^"]+)"', text)[1]
        text = text.replace("[[application]]\n", "[[application]]\ntwin = true\n")
        path.write_text(text.replace("[admin]\n", "[application.command.valve]\nport = 12\npayload = { open = true }\n\n[admin]\n"),
                        encoding="utf-8")
        cls.gateway = subprocess.Popen([os.environ["CAUSEWAY_PROGRAM"], "run", "-c", path], stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop_gateway)
        # Each test has a device of its own, with nothing in its queue. Through DPS an identity is there once the gateway has registered it.
        until(lambda: len(control("GET", "/devices")["devices"]) == 4, "four devices")
        cls.devices = control("GET", "/devices")["devices"]

    @classmethod
    def stop_gateway(cls):
        cls.gateway.send_signal(signal.SIGTERM)
        cls.gateway.wait(PATIENCE)

    def setUp(self):
        self.messages = IoTHubRegistryManager.from_connection_string(OWNER)
        rest = OWNER.replace(f":{HUB};", f":{os.environ['EMULATOR_SERVICE']};")  # the emulator has a port of its own for REST
        self.registry = IoTHubRegistryManager.from_connection_string(rest)
        self.device = self.devices.pop()
        until(lambda: len({link["role"] for link in control("GET", f"/links?device={self.device}")["links"]}) == 4, "four links")

    def items(self):
        return [item for item in control("GET", "/downlinks/book?after=0&limit=1000")["items"] if item["device"] == self.device]

    def reports(self):
        bodies = [one["body"] for one in control("GET", f"/ledger/messages?after=0&limit=1000&device={self.device}")["messages"]]
        bodies = [json.loads(body) if isinstance(body, str) else body for body in bodies]
        return [body["downlink"] for body in bodies if "downlink" in body]

    def speak(self, **how):
        control("POST", "/downlinks/uplink", {"application": self.application, "device": self.device, **how})

    def feedback(self):
        """The package reads none itself; its own AMQP client does, with the package's log-in."""
        auth = self.messages.amqp_svc_client.amqp_client._auth
        return uamqp.ReceiveClient(f"amqps://localhost:{HUB}/messages/serviceBound/feedback", auth=uamqp.authentication.JWTTokenAuth(
            auth.audience, auth.uri, auth.get_token, token_type=auth.token_type))

    def test_a_message_with_ack_full_becomes_a_downlink_and_comes_back_as_feedback_and_reports(self):
        receiver = self.feedback()
        self.addCleanup(receiver.close)
        self.messages.send_c2d_message(self.device, "AQID", {"messageId": "open-1", "iothub-ack": "full", "Port": "10", "Confirmed": "true"})
        batches = receiver.receive_message_batch(timeout=PATIENCE * 1000)  # accepted by then
        records = [record for batch in batches for record in json.loads(b"".join(batch.get_data()))]
        self.assertEqual([(one["originalMessageId"], one["statusCode"], one["deviceId"]) for one in records], [("open-1", "Success", self.device)])
        until(lambda: len(self.reports()) == 1, "queued")
        self.speak()
        until(lambda: len(self.reports()) == 2, "sent")
        self.speak(ack=True)
        until(lambda: len(self.reports()) == 3, "acknowledged")
        self.assertEqual([(one["state"], one["messageId"], one["source"]) for one in self.reports()],
                         [(state, "open-1", "c2d") for state in ("queued", "sent", "acknowledged")])
        self.assertEqual([item["frm_payload"] for item in self.items()], ["AQID"])

    def test_a_method_is_answered_when_its_downlink_is_queued_and_a_bad_one_with_what_is_wrong(self):
        def call(payload, name="downlink"):
            asked = CloudToDeviceMethod(method_name=name, payload=payload, response_timeout_in_seconds=30, connect_timeout_in_seconds=10)
            answer = self.registry.invoke_device_method(self.device, asked)
            return answer.status, answer.payload

        first = call({"f_port": 11, "frm_payload": "AQI=", "id": "call-1"})
        self.assertEqual((first[0], first[1]["state"]), (200, "queued"))
        self.assertEqual(call({"f_port": 11, "frm_payload": "AQI=", "id": "call-1"}), (200, {"command": first[1]["command"], "state": "queued"}))
        status, told = call({"f_port": 12, "frm_payload": "AQI=", "id": "call-1"})
        self.assertEqual((status, told["error"]), (400, "command_id_taken"))
        status, told = call({"f_port": 224, "frm_payload": "AQI="})
        self.assertEqual((status, told["error"]), (400, "downlink_port_invalid"))
        self.assertEqual(call(None, "nobody")[0], 404)
        self.assertEqual(len(self.items()), 1)

    def test_what_is_desired_of_a_twin_becomes_one_downlink_and_its_outcome_stands_in_reported(self):
        def desire(downlink, **also):
            properties = TwinProperties(desired={"lorawan": {"downlink": downlink}, **also})
            self.registry.update_twin(self.device, Twin(properties=properties), "*")

        def told():
            return self.registry.get_twin(self.device).properties.reported.get("lorawan", {}).get("downlink", {})

        def until_told(state):
            until(lambda: told().get("state") == state, state)

        desire({"f_port": 13, "frm_payload": "AQI=", "confirmed": True})
        until_told("queued")
        self.assertEqual(len(self.items()), 1)
        first = told()
        desire({"f_port": 13}, color="red")  # the same value, and another property
        self.speak()
        until_told("sent")
        self.speak(ack=True)
        until_told("acknowledged")
        self.assertEqual(told(), {"version": first["version"], "state": "acknowledged", "command": first["command"]})
        self.assertEqual(len(self.items()), 1)
        desire({"f_port": 224})
        until_told("refused")
        self.assertEqual(told()["error"]["name"], "downlink_port_invalid")
        self.assertEqual(len(self.items()), 1)

    def test_a_command_of_iot_central_has_the_port_and_the_payload_that_are_configured(self):
        self.messages.send_c2d_message(self.device, "@", {"method-name": "valve"})
        until(lambda: len(self.items()) == 1, "a downlink")
        until(lambda: any(one["port"] == 12 and one["state"] == "queued" for one in self.reports()), "its report")


if __name__ == "__main__":
    unittest.main()
