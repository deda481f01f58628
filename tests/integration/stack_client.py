# SPDX-License-Identifier: Apache-2.0
"""Somebody else who pushes downlinks to the emulated stack, with the application's key."""
import http.client
import json
import ssl
import time

from harness import PATIENCE, PLANT, wait_until

ITEM = {"f_port": 1, "frm_payload": "AQ=="}


class stack_client:
    def __init__(self, hub):
        self._hub = hub
        self._trusts = ssl.create_default_context(cafile=hub.directory / "emulator/ca.pem")
        self._key = (hub.directory / f"emulator/api-key-{PLANT}").read_text(encoding="utf-8").strip()

    def begin_push(self, device, items):
        """The connection; its answer is still to be read."""
        line = http.client.HTTPSConnection("localhost", self._hub.ports["stack"], timeout=PATIENCE, context=self._trusts)
        line.request("POST", f"/api/v3/as/applications/{PLANT}/devices/{device}/down/push", json.dumps({"downlinks": items}), {"Authorization": "Bearer " + self._key})
        return line

    def push(self, device, items):
        """The status."""
        line = self.begin_push(device, items)
        try:
            return line.getresponse().status
        finally:
            line.close()

    def lock(self, devices, seconds):
        """A push to each of them, whose client leaves when the stack has it in hand and has stored nothing: the device is locked for so long from its begin on."""
        pushes = lambda: self._hub.control("GET", "/downlinks")["pushes"]
        before = pushes()
        self._hub.control("PUT", "/downlinks/switches", {"push_ms": 5000, "lock_seconds": seconds})  # in hand from 2 s on, stored after 3.25 s
        lines = [self.begin_push(device, [ITEM]) for device in devices]
        wait_until(lambda: pushes() == before + len(devices), "the pushes")
        in_hand = time.monotonic() + 2.2
        wait_until(lambda: time.monotonic() > in_hand, "the last one is in hand")
        for line in lines:
            line.close()
        self._hub.control("PUT", "/downlinks/switches", {"push_ms": 12})
