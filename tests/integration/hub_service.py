# SPDX-License-Identifier: Apache-2.0
"""A service of an operator's at the emulated hub, which calls methods as SDKs do: by REST, with the owner's connection string."""
import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
import urllib.parse


class hub_service:
    def __init__(self, directory, port):
        """directory: the emulator's; port: its --service-port."""
        text = (directory / "service-connection-string-0").read_text(encoding="utf-8").strip()
        parts = dict(one.split("=", 1) for one in text.split(";"))
        self._port = port
        self._trusts = ssl.create_default_context(cafile=directory / "ca.pem")
        host, ends = parts["HostName"].split(":")[0], int(time.time()) + 3600
        signed = hmac.new(base64.b64decode(parts["SharedAccessKey"]), f"{host}\n{ends}".encode(), hashlib.sha256).digest()
        signature = urllib.parse.quote(base64.b64encode(signed), safe="")
        self._token = f"SharedAccessSignature sr={host}&sig={signature}&se={ends}&skn={parts['SharedAccessKeyName']}"

    def ask(self, device, payload, name="downlink", patience=60):
        """The hub's own answer: (HTTP status, body)."""
        line = http.client.HTTPSConnection("localhost", self._port, timeout=patience + 10, context=self._trusts)
        try:
            body = {"methodName": name, "payload": payload, "responseTimeoutInSeconds": patience}
            line.request("POST", f"/twins/{device}/methods?api-version=2021-04-12", json.dumps(body), {"Authorization": self._token})
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def call(self, device, payload, name="downlink", patience=60):
        """What the device has answered: (status, payload)."""
        status, answer = self.ask(device, payload, name, patience)
        if status != 200:
            raise AssertionError(f"the hub answers the call of {name}: {status} {answer}")
        return answer["status"], answer["payload"]
