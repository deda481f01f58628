# SPDX-License-Identifier: Apache-2.0
"""What an operator asks: plan, provision, status, devices, why, waterfall; and where the spans go."""
import http.server
import json
import signal
import sqlite3
import subprocess
import threading
import unittest
import xml.dom.minidom

from harness import BIN, FIELD, call, integration_test, wait_until

SENSOR, OTHER = "sensor-00001", "sensor-00002"


class admin(integration_test):
    def ask(self, *arguments, expect=0):
        ran = self.run_causeway(*arguments, "-c", self.configuration)
        self.assertEqual(ran.returncode, expect, ran.stderr)
        return ran

    def ask_json(self, *arguments, expect=0):
        return json.loads(self.ask(*arguments, "--json", expect=expect).stdout)

    def all_online(self, count):
        status = self.ask_json("status")
        return status["devices_by_state"]["online"] == count and status

    def test_a_provisioned_fleet_starts_without_dps(self):
        hub = self.emulator(devices=40, layout="dps", registry=True, hubs=3)
        plan = self.ask_json("plan")
        self.assertEqual((plan["devices"], plan["through_dps"], plan["from_cache"]), (40, 40, 0))
        self.assertEqual(hub.dps()["requests"], 0)
        self.assertFalse((self.directory / "emulator" / "gateway-state").exists())  # a plan leaves nothing behind

        first = self.ask_json("provision")
        self.assertEqual((first["devices"], first["assigned"], first["refused"]), (40, 40, 0))
        requests = hub.dps()["requests"]
        again = self.ask_json("provision")
        self.assertEqual((again["assigned"], again["from_cache"]), (0, 40))
        plan = self.ask_json("plan")
        self.assertEqual((plan["through_dps"], plan["from_cache"]), (0, 40))
        self.assertEqual(len(plan["hubs"]), 3)

        under_test = self.gateway().start()
        status = wait_until(lambda: self.all_online(40), "all online")
        self.assertEqual(status["seconds_to_all_online"], 0)
        self.assertEqual((status["messages"]["stored_a_second"], status["messages"]["sent_a_second"]), (0, 0))
        self.assertIn("a second stored", self.ask("status").stdout)
        self.assertEqual(len(status["hubs"]), 3)
        self.assertEqual(hub.dps()["requests"], requests)
        self.assertEqual(self.ask_json("plan")["from_cache"], 40)  # the running gateway answers
        self.assertIn("state_locked", self.ask("provision", expect=1).stderr)
        self.assertEqual(under_test.stop(), 0)
        self.assertIn("gateway_not_running", self.ask("status", expect=1).stderr)

    def test_what_is_refused_is_named(self):
        hub = self.emulator(devices=4, layout="dps", registry=True)
        hub.add_fault(kind="dps_status", pattern=SENSOR, status=401)
        summary = self.ask_json("provision", expect=1)
        self.assertEqual((summary["assigned"], summary["refused"]), (3, 1))
        self.assertEqual([(one["device"], one["error"]) for one in summary["refused_devices"]],
                         [(SENSOR, "dps_unauthorized")])
        text = self.ask("provision", expect=1).stdout
        self.assertIn("3 from the cache, 1 refused", text)
        self.assertIn(f"{FIELD}/{SENSOR}", text)

        self.gateway().start()
        wait_until(lambda: self.ask_json("devices", "why", SENSOR)["state"] == "parked", "parked")
        why = self.ask("devices", "why", SENSOR).stdout
        self.assertEqual(why.count("\n"), 1)
        self.assertIn(SENSOR, why)
        parked = self.ask_json("devices", "--state", "parked")["devices"]
        self.assertEqual([(one["device"], one["reason"]) for one in parked], [(SENSOR, "dps_unauthorized")])
        self.assertIn("not_found", self.ask("devices", "why", "nobody", expect=1).stderr)
        self.ask("devices", "waterfall", "-o", "x.svg", expect=2)

    def test_a_registry_that_is_busy_for_a_moment_is_waited_for(self):
        hub = self.emulator(devices=4, layout="dps", registry=True)
        hub.add_fault(kind="registry_status", status=503, count=1)
        self.assertEqual(self.ask_json("plan")["devices"], 4)
        hub.add_fault(kind="registry_status", status=503, count=1)
        self.assertEqual(self.ask_json("provision")["assigned"], 4)
        hub.add_fault(kind="registry_status", status=401)
        told = self.ask("provision", expect=1)  # what is new in the registry is not known
        self.assertIn("registry_unauthorized", told.stderr + told.stdout)
        self.assertIn("4 from the cache", told.stdout)
        plan = self.ask_json("plan")
        self.assertEqual((plan["from_cache"], plan["applications"][0]["source"]), (4, "cache"))

    def test_a_plan_does_not_migrate_an_older_state(self):
        self.emulator(devices=4, layout="dps", registry=True)
        self.ask("provision")
        file = self.directory / "emulator" / "gateway-state" / "spool.db"
        database = sqlite3.connect(file)
        for step_back in (
                # version 9
                "DROP TABLE command",
                # 8
                "DROP TABLE open_time", "ALTER TABLE spool DROP COLUMN open",
                *(f"ALTER TABLE device DROP COLUMN {column}" for column in ("deleted", "refused_at", "former_until", "attached")),
                # 7
                "INSERT INTO counter SELECT 'next_seq', next_seq FROM tally",
                "INSERT INTO counter SELECT 'next_device', next_device FROM tally",
                "DROP TABLE tally",
                "ALTER TABLE spool DROP COLUMN digest",
                "ALTER TABLE device DROP COLUMN digest",
                # 6
                "DROP TABLE key_ring", "DROP INDEX dead_letter_key", "ALTER TABLE dead_letter DROP COLUMN key",
                # 5
                "DROP TRIGGER dead_letter_in", "DROP TRIGGER dead_letter_out", "DROP TABLE dead_letter_sum",
                # 4, 3, 2
                "ALTER TABLE spool DROP COLUMN at", "DELETE FROM counter WHERE name = 'undated_at'", "DROP TABLE cursor",
                *(f"ALTER TABLE device DROP COLUMN {column}" for column in ("listed", "integration", "model_id"))):
            database.execute(step_back)
        database.execute("PRAGMA user_version=1")
        database.commit()
        database.close()
        before = file.read_bytes()
        told = self.ask("plan", expect=1).stderr
        self.assertIn("state_unusable", told)
        self.assertIn("causeway provision", told)
        self.assertEqual(file.read_bytes(), before)
        self.ask("provision")
        self.assertEqual(self.ask_json("plan")["from_cache"], 4)

    def test_stopping_it_keeps_what_is_done(self):
        hub = self.emulator(devices=10, layout="dps", registry=True)
        hub.add_fault(kind="dps_status", pattern=SENSOR, status=429, retry_after=3600)
        process = subprocess.Popen([BIN / "causeway", "provision", "-c", self.configuration, "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.kill)
        wait_until(lambda: hub.dps()["requests"] > 0, "the first request")
        process.send_signal(signal.SIGINT)
        summary = json.loads(process.communicate(timeout=30)[0])
        self.assertEqual(process.returncode, 1)
        self.assertEqual(summary["assigned"] + summary["unsettled"], summary["devices"])
        hub.clear_faults()
        again = self.ask_json("provision")
        self.assertEqual(again["from_cache"], summary["assigned"])
        self.assertEqual(again["from_cache"] + again["assigned"], 10)

    def test_a_devices_way_is_drawn(self):
        self.emulator(devices=3, layout="dps", registry=True, retry_after=1)
        self.gateway().start()
        wait_until(lambda: self.all_online(3), "all online")
        one, all_of_them = self.directory / "one.svg", self.directory / "all.svg"
        self.ask("devices", "waterfall", SENSOR, "-o", one)
        self.ask("devices", "waterfall", "--all", "-o", all_of_them)
        xml.dom.minidom.parse(str(one))
        xml.dom.minidom.parse(str(all_of_them))
        for phase in ("dps.register", "dps.wait", "dps.poll", "tls", "cbs", "attach"):
            self.assertIn(f"{SENSOR}: {phase},", one.read_text(encoding="utf-8"))
        device = self.ask_json("devices", "show", f"{FIELD}/{SENSOR}")
        spans = {span["phase"]: span["ms"] for span in device["spans"]}
        self.assertGreaterEqual(spans["dps.wait"], 990)
        self.assertIn("attach", self.ask("devices", "show", SENSOR).stdout)
        plain = self.ask("devices").stdout.splitlines()
        self.assertEqual([line.split("\t")[1:3] for line in plain],
                         [["DEVICE", "STATE"]] + [[f"sensor-{i:05}", "online"] for i in (1, 2, 3)])

    def test_the_api_is_for_this_machine(self):
        self.emulator(devices=1, layout="dps", registry=True)
        self.edit(f'listen = "127.0.0.1:{self.admin_port()}"', f'listen = "0.0.0.0:{self.admin_port()}"')
        self.gateway().start()
        self.assertEqual(call(self.admin_port(), "GET", "/api/status")[0], 403)
        self.assertEqual(call(self.admin_port(), "GET", "/metrics")[0], 200)
        self.assertEqual(self.ask_json("status")["ready"], True)

    def admin_port(self):
        section = self.configuration.read_text(encoding="utf-8").split("[admin]")[1]
        return int(section.split(":")[1].split('"')[0])

    def test_spans_are_handed_to_collectors(self):
        heard = {}

        class collector(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                heard.setdefault(self.path, []).append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), collector)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        self.emulator(devices=2, layout="dps", registry=True)
        key = "11111111-2222-3333-4444-555555555555"
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write(f'[telemetry]\notlp_endpoint = "{endpoint}"\n'
                       f'application_insights_connection_string = "InstrumentationKey={key};IngestionEndpoint={endpoint}/"\n')
        under_test = self.gateway().start()
        wait_until(lambda: self.all_online(2), "all online")

        def otlp():
            found = []
            for body in heard.get("/v1/traces", []):
                for resource in json.loads(body)["resourceSpans"]:
                    found += resource["scopeSpans"][0]["spans"]
            return sum(span["name"] == "attach" for span in found) == 2 and found

        spans = wait_until(otlp, "the spans of both devices, as OTLP")
        ways = {}
        for span in spans:
            names = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
            if "device.id" in names:
                ways.setdefault(names["device.id"], set()).add(span["traceId"])
        self.assertEqual({device: len(traces) for device, traces in ways.items()}, {SENSOR: 1, OTHER: 1})
        lines = wait_until(lambda: "\n".join(heard.get("/v2/track", [])).count('"name":"attach"') == 2 and
                           [json.loads(line) for body in heard["/v2/track"] for line in body.splitlines()],
                           "the same for Application Insights")
        self.assertEqual({line["iKey"] for line in lines}, {key})
        # Counted when the collector's answer has come, which is after the collector has heard them.
        wait_until(lambda: under_test.metrics()['causeway_export_spans_total{exporter="otlp"}'] >= len(spans), "all of them counted")
        self.assertNotIn(key, json.dumps(self.ask_json("status")))

    def test_a_wrong_connection_string_is_named(self):
        self.emulator(devices=1)
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write('[telemetry]\napplication_insights_connection_string = "IngestionEndpoint=https://x"\n')
        told = self.ask("check", "--offline", expect=2).stderr
        self.assertIn("telemetry.application_insights_connection_string", told)
        self.assertIn("InstrumentationKey", told)


if __name__ == "__main__":
    unittest.main()
