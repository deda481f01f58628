# SPDX-License-Identifier: Apache-2.0
"""/metrics as scrapers ask for it: Prometheus' text, OpenMetrics read by its own parser, gzip."""
import gzip
import subprocess
import sys
import unittest
import urllib.request

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's python3-prometheus-client is, whichever python3 runs this
from prometheus_client.openmetrics import parser as open_metrics
from prometheus_client import parser as prometheus_text

from harness import integration_test

PROMETHEUS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def samples_of(families):
    # of bounds only the number: OpenMetrics writes 1.0 for 1
    return {(one.name, tuple(sorted((name, float(text) if name == "le" else text) for name, text in one.labels.items())))
            for family in families for one in family.samples}


class metrics_page(integration_test):
    def scrape(self, gateway, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{gateway.admin_port}/metrics",
                                         headers={name.replace("_", "-"): text for name, text in headers.items()})
        with urllib.request.urlopen(request) as answer:
            return answer.headers, answer.read()

    def test_as_scrapers_ask_for_it(self):
        self.emulator(devices=2)
        gateway = self.gateway().start()
        headers, plain = self.scrape(gateway)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertIsNone(headers["Content-Encoding"])
        families = list(prometheus_text.text_string_to_metric_families(plain.decode()))
        self.assertGreater(len(families), 60)

        headers, packed = self.scrape(gateway, Accept=PROMETHEUS, Accept_Encoding="gzip")
        self.assertEqual(headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(headers["Vary"], "Accept, Accept-Encoding")
        whole = gzip.decompress(packed)
        self.assertLess(len(packed), len(whole) / 4)
        opened = list(open_metrics.text_string_to_metric_families(whole.decode()))  # strict: raises
        self.assertEqual(samples_of(opened), samples_of(families))

        ran = subprocess.run(["promtool", "check", "metrics"], input=plain, capture_output=True)  # of Debian's prometheus
        self.assertEqual((ran.returncode, ran.stdout + ran.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
