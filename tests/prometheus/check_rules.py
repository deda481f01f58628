# SPDX-License-Identifier: Apache-2.0
"""The alert rules: promtool finds nothing in them and fires each one, and each has its section in docs/operations.md. What they and the dashboard
ask for by name and label is on the page (docs/metrics.md, which is made from the code)."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES, TESTS = ROOT / "packaging/prometheus/causeway.rules.yml", ROOT / "tests/prometheus/rules_test.yml"
DASHBOARD = ROOT / "packaging/grafana/causeway.json"
OF_PROMETHEUS = {"job", "instance", "le"}


def documented():
    """Labels by the name of a sample."""
    known = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| `?([\w, ]*?)`? \|", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.M):
        of = set(labels.split(", ")) - {""}
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            known[name + suffix] = of
    return known


class rules(unittest.TestCase):
    def promtool(self, *arguments):
        ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_promtool_finds_nothing(self):
        self.promtool("check", "rules", str(RULES))

    def test_each_fires(self):
        alerts = re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8"))
        self.assertGreater(len(alerts), 20)
        self.assertEqual(alerts, re.findall(r"^  - name: (\w+)\n(?:.*\n)*?        alertname: \1\n        exp_alerts:\n          - exp_labels", TESTS.read_text(encoding="utf-8"), re.M))
        self.promtool("test", "rules", str(TESTS))

    def test_each_has_its_section(self):
        headings = re.findall(r"^### (Causeway\w+)$", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.M)
        found = re.findall(r"- alert: (\w+)\n(?:.*\n)*?          runbook: docs/operations.md#(\w+)\n", RULES.read_text(encoding="utf-8"))
        self.assertEqual(found, [(name, name.lower()) for name in headings])

    def test_expressions_of_the_dashboard_can_be_read(self):
        targets = [target for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] for target in panel.get("targets", ())]
        self.assertGreater(len(targets), 20)
        expressions = [one["expr"].replace("$__rate_interval", "5m") for one in targets]
        with tempfile.TemporaryDirectory() as directory:
            as_rules = pathlib.Path(directory) / "rules.json"  # which YAML can be, too
            as_rules.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": [
                {"record": f"panel_{i}", "expr": one} for i, one in enumerate(expressions)]}]}), encoding="utf-8")
            self.promtool("check", "rules", str(as_rules))

    def test_legends_name_labels_that_are_there(self):
        known = documented()
        for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                    for name in re.findall(r"causeway_\w+", target["expr"]):
                        self.assertIn(label, known[name], target)

    def test_names_and_labels_are_on_the_page(self):
        known = documented()
        self.assertGreater(len(known), 100)
        looked_at = 0
        for path in (RULES, TESTS, DASHBOARD):
            text = path.read_text(encoding="utf-8").replace('\\"', '"')
            for name, labels in re.findall(r"\b(causeway_\w+)(?:\{([^}]*)\})?", text):
                self.assertIn(name, known, path)
                asked = set(re.findall(r'(\w+)=~?"', labels)) - OF_PROMETHEUS
                self.assertLessEqual(asked, known[name], name)
                looked_at += 1
        self.assertGreater(looked_at, 50)


if __name__ == "__main__":
    unittest.main()
