# SPDX-License-Identifier: Apache-2.0
"""The dashboard in headless Chromium, beside a gateway that has 100,000 devices. What the browser does is in browser.mjs."""
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from harness import FIELD, METER, PLANT, call, commands_test, uplink, wait_until  # noqa: E402

DEVICES = 100_000
TOKEN = "a-token-that-opens-the-dashboard"
BROKEN, SENSOR = "meter-00002", "sensor-00001"
BUDGET = 150 * 1024  # bytes of all files, with gzip


class dashboard(commands_test):
    def test_every_page_with_100000_devices(self):
        self.hub = self.emulator(devices=DEVICES, hub_devices=DEVICES - 20, registry=True)
        token = self.directory / "admin-token"
        token.write_text(TOKEN, encoding="utf-8")
        token.chmod(0o600)
        self.edit("[admin]\n", f'[admin]\ntoken_file = "{token}"\n')
        self.causeway = self.gateway().start()
        files = self.files_of_the_page()

        # What the pages are to show: a command in flight, two dead letters, a device that came through DPS.
        self.hub.add_fault(kind="reject_messages", pattern=BROKEN, condition="amqp:link:message-size-exceeded", count=2)
        for number in (1, 2):
            self.assert_stored(self.causeway.post(PLANT, uplink(PLANT, BROKEN, number)))
        self.post_simulated(1)
        self.wait_for_link()
        self.send(1)
        self.wait_for_items(1)
        self.wait(lambda status: status["spool"]["dead_letters"] == 2, "two dead letters")
        self.wait(lambda status: status["devices"] == DEVICES, "all devices")

        secrets = [TOKEN, *(one.read_text(encoding="utf-8").strip() for one in (self.hub.directory / "emulator").iterdir()
                            if one.is_file() and re.search("key|password|connection-string", one.name) and one.suffix != ".db")]
        told = {
            "url": f"http://127.0.0.1:{self.causeway.admin_port}/", "token": TOKEN, "secrets": [one for one in secrets if len(one) > 7],
            "devices": DEVICES, "plant": PLANT, "field": FIELD, "meter": METER, "sensor": SENSOR, "broken": BROKEN, "last": f"meter-{DEVICES - 20:05}",
            "webhook": f"http://127.0.0.1:{self.causeway.webhook_port}/webhook/{PLANT}", "logIn": self.causeway.log_ins[PLANT],
            "uplink": uplink(PLANT, METER, 77), "screenshots": os.environ.get("CAUSEWAY_SCREENSHOTS", ""),
        }
        ran = subprocess.run([os.environ.get("CAUSEWAY_NODE", "node"), HERE / "browser.mjs"], input=json.dumps(told), capture_output=True, text=True,
                             timeout=400)
        print(ran.stdout, flush=True)
        self.assertEqual(ran.returncode, 0, ran.stdout[-4000:] + ran.stderr[-4000:])
        self.assertLessEqual(sum(len(gzip.compress(one.encode(), 9)) for one in files.values()), BUDGET)

    def files_of_the_page(self):
        """By path; the page and all that it names."""
        status, page = call(self.causeway.admin_port, "GET", "/")
        self.assertEqual(status, 200)
        named = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        self.assertGreaterEqual(len(named), 3, "the dashboard is not in this build: " + page)
        return {"/": page, **{path: call(self.causeway.admin_port, "GET", path)[1] for path in named}}

    def wait(self, good, what):
        wait_until(lambda: good(json.loads(call(self.causeway.admin_port, "GET", "/api/status")[1])), what, 120)


if __name__ == "__main__":
    unittest.main()
