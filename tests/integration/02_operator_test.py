# SPDX-License-Identifier: Apache-2.0
"""As an operator would: emulator and gateway started by hand, an uplink posted, health and metrics looked at, a restart."""
import json
import pathlib
import tomllib
import unittest

from harness import FIELD, PLANT, SAMPLE_DEVICE, call, integration_test, parse_metrics, sample


def later_uplink():
    event = json.loads(sample("up-03"))
    event["uplink_message"]["f_cnt"] = 15
    event["received_at"] = event["uplink_message"]["received_at"] = "2025-04-16T12:04:13.995136483Z"
    return json.dumps(event)


class operator(integration_test):
    def test_printed_configuration_names_files_that_exist_and_is_the_same_each_time(self):
        emulator = self.emulator()
        self.assertEqual(emulator.print_config(), self.configuration.read_text(encoding="utf-8"))
        settings = tomllib.loads(self.configuration.read_text(encoding="utf-8"))
        self.assertEqual({one["id"] for one in settings["application"]}, {FIELD, PLANT})
        named = []
        for table in [*settings["azure"].values(), *settings["application"]]:
            named += [value for key, value in table.items() if key.endswith("_file")]
        self.assertEqual(len(named), 6)
        for file in named:
            self.assertTrue(pathlib.Path(file).is_file(), file)

    def test_an_uplink_through_dps_arrives_and_a_restart_needs_no_dps(self):
        emulator = self.emulator(retry_after=1)
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(FIELD, sample("up-03")))
        message, = emulator.wait_for(SAMPLE_DEVICE)
        body = json.loads(message["body"])
        lorawan = body.pop("lorawan")
        self.assertEqual(body, json.loads(sample("up-03"))["uplink_message"]["decoded_payload"])
        self.assertEqual((lorawan["deviceId"], lorawan["applicationId"], lorawan["fCnt"], lorawan["fPort"], lorawan["payload"]),
                         (SAMPLE_DEVICE, FIELD, 14, 2, "sQAAEAHlANcB"))
        self.assertEqual((message["content_type"], message["content_encoding"]), ("application/json", "utf-8"))
        self.assertTrue(message["message_id"])
        self.assertTrue(message["properties"])
        self.assertEqual(emulator.dps(SAMPLE_DEVICE)["registrations"], 1)
        self.assertGreaterEqual(emulator.dps(SAMPLE_DEVICE)["polls"], 1)

        # The stack's own retry of a webhook is not sent twice.
        self.assertEqual(gateway.post(FIELD, sample("up-03")), (200, '{"outcome":"duplicate"}'))

        self.assertEqual(gateway.stop(), 0)
        asked = emulator.dps()["requests"]
        gateway.start()
        self.assertEqual(gateway.post(FIELD, sample("up-03")), (200, '{"outcome":"duplicate"}'))
        self.assert_stored(gateway.post(FIELD, later_uplink()))
        messages = emulator.wait_for(SAMPLE_DEVICE, 2)
        self.assertEqual([json.loads(one["body"])["lorawan"]["fCnt"] for one in messages], [14, 15])
        self.assertEqual(emulator.dps()["requests"], asked)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(len(emulator.messages()), 2)
        self.assertEqual(gateway.stdout(), "")

    def test_health_and_metrics_answer(self):
        emulator = self.emulator()
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(FIELD, sample("up-03")))
        emulator.wait_for(SAMPLE_DEVICE)
        self.assertEqual(call(gateway.admin_port, "GET", "/healthz")[0], 200)
        self.assertEqual(call(gateway.admin_port, "GET", "/readyz")[0], 200)
        self.assertEqual(call(gateway.admin_port, "GET", "/elsewhere")[0], 404)
        self.assertEqual(call(gateway.admin_port, "POST", "/metrics", "")[0], 405)
        samples, types = parse_metrics(call(gateway.admin_port, "GET", "/metrics")[1])
        self.assertTrue(all(name.startswith("causeway_") for name in types), types)
        self.assertEqual({types[name] for name in types}, {"counter", "gauge", "histogram"})
        self.assertTrue(all(name.endswith("_total") == (kind == "counter") for name, kind in types.items()), types)
        self.assertEqual(samples['causeway_events_received_total{kind="uplink"}'], 1)
        self.assertEqual(samples['causeway_webhook_responses_total{status="200"}'], 1)
        self.assertEqual(samples['causeway_devices{state="online"}'], 1)


if __name__ == "__main__":
    unittest.main()
