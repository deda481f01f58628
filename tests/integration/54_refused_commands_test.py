# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a command, with its device or with the key: each sender in Azure is told what, the log has a line of it, and nothing stands in the stack's queue."""
import base64
import json
import unittest

from harness import FIELD, METER, PLANT, commands_test, uplink, wait_until
from stack_client import stack_client

STRANGER, OTHER = "meter-00002", "meter-00003"  # STRANGER has never joined
BYTES = {"f_port": 10, "frm_payload": "AQ=="}
FIELDS = {"f_port": 10, "decoded_payload": {"on": True}}
LONG = base64.b64encode(bytes(243)).decode()  # no data rate carries more than 242
PAST = {**BYTES, "class_b_c": {"absolute_time": "2020-01-01T00:00:00Z"}}
SENDS = ["RIGHT_APPLICATION_DEVICES_READ", "RIGHT_APPLICATION_TRAFFIC_READ"]  # but not TRAFFIC_DOWN_WRITE
SERVER, NETWORK, IDENTITY = "pkg/applicationserver:", "pkg/networkserver:", "pkg/identityserver:"


class refused_commands(commands_test):
    def begin_with(self, settle="stored"):
        self.begin(f'twin = true\nsettle = "{settle}"\n', devices=8)
        self.put_device(STRANGER, joined=False)

    def put_device(self, device, **what):
        self.hub.control("PUT", f"/downlinks/devices/{PLANT}/{device}", what)

    def switch(self, **what):
        self.hub.control("PUT", "/downlinks/switches", what)

    def allow(self, **what):
        self.hub.control("PUT", f"/access/{PLANT}", what)

    def fill_queue(self, device):
        """The 10,000 that fit, by somebody else."""
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"by": "none"})
        self.assertEqual(stack_client(self.hub).push(device, [BYTES] * 10_000), 200)
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"by": "webhook"})

    def ours(self):
        """The items that the gateway has pushed."""
        items = self.hub.control("GET", "/downlinks/book?after=0&limit=100000")["items"]
        return [one for one in items if any(each.startswith("causeway:") for each in one["correlation_ids"])]

    def end_of(self, number, device):
        ended = self.hub.control("GET", f"/c2d?device={device}&limit=1000")["ended"]
        return next((one["end"] for one in ended if one["message_id"] == f"m{number}"), None)

    def told_of(self, device, **of):
        """The reports that have these members."""
        return [one for one in self.reports(device) if all(one.get(name) == value for name, value in of.items())]

    def wait_for_end(self, number, device, end):
        wait_until(lambda: self.end_of(number, device), f"the end of m{number}")
        self.assertEqual(self.end_of(number, device), end)

    def assert_c2d_fails(self, number, device, name, end, fields=False):
        body = json.dumps({"on": True}) if fields else "AQ=="
        self.send_body(number, body, {"Port": "10"}, device)
        wait_until(lambda: self.told_of(device, messageId=f"m{number}"), f"a report of m{number}: {name}")
        told, = self.told_of(device, messageId=f"m{number}")
        self.assertEqual((told["state"], told["source"], told.get("error", {}).get("name")), ("failed", "c2d", name))
        self.wait_for_end(number, device, end)

    def assert_method_fails(self, device, payload, status, name):
        before = len(self.told_of(device, source="method"))
        answered, said = self.service.call(device, payload)
        self.assertEqual((answered, said["error"]), (status, "downlink_refused"), said)
        self.assertIn(name, said["text"])
        wait_until(lambda: len(self.told_of(device, source="method")) == before + 1, f"a report of the method: {name}")
        told = self.told_of(device, source="method")[-1]
        self.assertEqual((told["state"], told.get("error", {}).get("name")), ("failed", name))

    def twin_of(self, device):
        return self.hub.control("GET", f"/twins/{device}")["properties"]["reported"].get("lorawan", {}).get("downlink", {})

    def desire(self, device, desired):
        self.hub.control("PATCH", f"/twins/{device}", {"properties": {"desired": desired}})

    def assert_twin_fails(self, device, desired, name):
        before = len(self.told_of(device, source="twin"))
        self.desire(device, desired)
        wait_until(lambda: len(self.told_of(device, source="twin")) == before + 1, f"a report of the twin: {name}")
        told = self.told_of(device, source="twin")[-1]
        self.assertEqual((told["state"], told.get("error", {}).get("name")), ("failed", name))
        wait_until(lambda: self.twin_of(device).get("command") == told["command"] and self.twin_of(device)["state"] == "failed", f"the twin: {name}")

    def wait_for_twin(self, device):
        wait_until(lambda: any(one["role"] == "twin" for one in self.links(device)), f"the twin's link of {device}")
        wait_until(lambda: self.hub.ledger()["twins"]["reads"] > 0, "a read of a twin")

    def last_line(self, count):
        """Of so many that tell of a command that was refused."""
        return wait_until(lambda: len(lines := self.causeway.log("command_refused")) >= count and lines, f"{count} line(s) of refusals")[-1]

    def walk(self, settle, end):
        """Each refusal of a stack that a push with a good key can meet, by each way that leads to it."""
        self.begin_with(settle)
        self.assert_c2d_fails(1, STRANGER, SERVER + "no_device_session", end)
        self.assert_method_fails(STRANGER, BYTES, 409, SERVER + "no_device_session")
        self.assert_twin_fails(STRANGER, {"lorawan": {"downlink": BYTES}}, SERVER + "no_device_session")

        self.assert_twin_fails(METER, {"decodedPayload": {"on": True}}, SERVER + "no_f_port")
        self.assert_twin_fails(METER, {"decodedPayload": None, "lorawan": {"downlink": PAST}}, NETWORK + "downlink_expired")
        self.assert_method_fails(METER, PAST, 502, NETWORK + "downlink_expired")
        self.switch(formatters={METER: "error", OTHER: "long"})
        self.assert_c2d_fails(2, METER, "pkg/messageprocessors/javascript:output_errors", end, fields=True)
        self.assert_method_fails(METER, FIELDS, 502, "pkg/messageprocessors/javascript:output_errors")
        self.assert_c2d_fails(3, OTHER, "pkg/errors:validation", end, fields=True)
        self.assert_method_fails(OTHER, FIELDS, 502, "pkg/errors:validation")

        self.fill_queue(OTHER)
        self.assert_c2d_fails(4, OTHER, NETWORK + "downlink_queue_capacity", end)
        self.assert_method_fails(OTHER, BYTES, 429, NETWORK + "downlink_queue_capacity")

        self.allow(rights=SENDS)
        self.assert_c2d_fails(5, METER, "pkg/auth/rights:insufficient_application_rights", end)
        self.assert_method_fails(METER, BYTES, 502, "pkg/auth/rights:insufficient_application_rights")
        self.allow(expires_at="2020-01-01T00:00:00Z")
        self.assert_c2d_fails(6, METER, IDENTITY + "api_key_expired", end)
        self.assert_method_fails(METER, BYTES, 502, IDENTITY + "api_key_expired")
        self.assertEqual(self.ours(), [])

    def test_each_refusal_of_the_stack_is_told_by_each_way_and_a_message_is_completed_before(self):
        self.walk("stored", "Success")

    def test_a_message_that_is_held_until_its_ack_is_rejected_at_each_refusal(self):
        self.walk("acknowledged", "Rejected")

    def test_a_key_that_is_none_refuses_each_command_by_its_name(self):
        self.begin_with()
        file = self.hub.directory / f"emulator/api-key-{PLANT}"
        good = file.read_text(encoding="utf-8").strip()
        others = (self.hub.directory / f"emulator/api-key-{FIELD}").read_text(encoding="utf-8").strip()
        keys = [("NNSXS.NOBODY.ABC", IDENTITY + "api_key_not_found"), (good + "X", IDENTITY + "invalid_authorization"),
                ("nonsense", "pkg/auth:token"), (others, "pkg/auth/rights:no_application_rights")]
        for number, (key, name) in enumerate(keys, 1):
            with self.subTest(name):
                self.causeway.kill()
                file.write_text(key + "\n", encoding="utf-8")
                self.causeway.start()
                wait_until(lambda: {"c2d", "methods"} <= {one["role"] for one in self.links()}, "links for commands")
                self.assert_c2d_fails(number, METER, name, "Success")
                self.assert_method_fails(METER, BYTES, 502, name)
        self.assertEqual(self.ours(), [])

    def test_each_invalid_property_alone_is_rejected_with_a_line_that_names_it(self):
        self.begin_with()
        bad = [({}, "AQ==", "downlink_port_invalid"), ({"Port": "0"}, "AQ==", "downlink_port_invalid"), ({"Port": "224"}, "AQ==", "downlink_port_invalid"),
               ({"Port": "abc"}, "AQ==", "downlink_port_invalid"), ({"Port": "10", "Confirmed": "yes"}, "AQ==", "downlink_confirmed_invalid"),
               ({"Port": "10", "Priority": "7"}, "AQ==", "downlink_priority_invalid"), ({"Port": "10", "Queue": "insert"}, "AQ==", "downlink_queue_invalid"),
               ({"Port": "10"}, "no base64!", "downlink_payload_invalid"), ({"Port": "10"}, '{"on":', "downlink_payload_invalid"),
               ({"Port": "10"}, "", "downlink_payload_missing"), ({"Port": "10"}, LONG, "downlink_payload_too_long"),
               ({"method-name": "Nobody"}, "@", "method_unknown")]
        for number, (properties, body, error) in enumerate(bad, 1):
            with self.subTest(properties=properties, body=body):
                self.send_body(number, body, properties)
                self.wait_for_end(number, METER, "Rejected")
                line, = self.causeway.wait_for_log("command_refused", message_id=f"m{number}")
                self.assertEqual((line["error"], line["source"], line["application"], line["device"]), (error, "c2d", PLANT, METER))
                self.assertNotEqual(line["detail"], "")
        self.assertEqual(len(self.causeway.log("command_refused")), len(bad))
        self.assertEqual(self.causeway.metrics()['causeway_commands_refused_total{source="c2d"}'], len(bad))
        self.assertEqual(self.hub.control("GET", "/downlinks")["pushes"], 0)
        self.assertEqual(self.reports(), [])
        self.send(99, Port="223", confirmed="TRUE", PRIORITY="belownormal", Queue="REPLACE")  # and what is right is taken
        wait_until(lambda: self.told_of(METER, messageId="m99", state="queued"), "the good one")
        self.assertEqual(self.hub.control("GET", "/downlinks")["replaces"], 1)

    def test_a_call_that_cannot_be_read_is_answered_with_what_is_wrong(self):
        self.begin_with()
        bad = [("downlink", {**BYTES, "f_port": 224}, 400, "downlink_port_invalid"), ("downlink", {"frm_payload": "AQ=="}, 400, "downlink_port_invalid"),
               ("downlink", {"f_port": 10}, 400, "downlink_payload_missing"), ("downlink", {**BYTES, "frm_payload": LONG}, 400, "downlink_payload_too_long"),
               ("downlink", {**BYTES, "frm_payload": "?"}, 400, "downlink_payload_invalid"), ("downlink", {**BYTES, "confirmed": "yes"}, 400, "downlink_confirmed_invalid"),
               ("downlink", {**BYTES, "max_attempts": 33}, 400, "downlink_member_invalid"), ("downlink", {**BYTES, "colour": 1}, 400, "downlink_member_invalid"),
               ("downlink", "open", 400, "downlink_payload_invalid"), ("downlink", None, 400, "downlink_payload_invalid"),
               ("downlink", {**BYTES, "id": "x" * (128 * 1024 - 80)}, 400, "downlink_member_invalid"),  # the most that a hub takes: a transfer of several frames
               ("nobody", {}, 404, "method_unknown")]
        for number, (name, payload, status, error) in enumerate(bad, 1):
            with self.subTest(name=name, error=error, number=number):
                answered, said = self.service.call(METER, payload, name)
                self.assertEqual((answered, said["error"]), (status, error), said["text"][:200])
                self.assertLess(len(said["text"]), 1000)
                line = self.last_line(number)
                self.assertEqual((line["error"], line["source"], line["method"], line["device"]), (error, "method", name, METER))
        self.assertEqual(len(self.causeway.log("command_refused")), len(bad))
        status, answer = self.service.ask(METER, {"id": "x" * 128 * 1024})
        self.assertEqual(status, 413, answer)  # the hub's own limit: nobody asks the gateway
        self.assertEqual(self.hub.control("GET", "/downlinks")["pushes"], 0)
        self.assertEqual(self.service.call(METER, BYTES)[0], 200)

    def test_nonsense_in_a_twin_is_refused_in_its_reported_properties_and_harms_nobody(self):
        self.begin_with()
        self.wait_for_twin(METER)
        bad = [({"lorawan": {"downlink": "open"}}, "downlink_member_invalid"), ({"lorawan": {"downlink": {**BYTES, "f_port": 0}}}, "downlink_port_invalid"),
               ({"lorawan": {"downlink": {**BYTES, "frm_payload": LONG}}}, "downlink_payload_too_long"),
               ({"lorawan": {"downlink": [1, {"a": [None]}]}}, "downlink_member_invalid"),
               ({"rawDownlink": {"fPort": 10, "framePayload": "zz"}}, "downlink_payload_invalid"), ({"rawDownlink": 7}, "downlink_member_invalid"),
               ({"lorawan": {"downlink": BYTES}, "rawDownlink": {"fPort": 10, "framePayload": "01"}}, "twin_ambiguous")]
        for number, (desired, error) in enumerate(bad, 1):
            with self.subTest(error=error, number=number):
                twin = self.hub.control("PUT", f"/twins/{METER}", {"properties": {"desired": desired}})
                version = twin["properties"]["desired"]["$version"]
                wait_until(lambda: self.twin_of(METER).get("version") == version, f"what is told of version {version}")
                told = self.twin_of(METER)
                self.assertEqual((told["state"], told.get("error", {}).get("name")), ("refused", error))
                line = self.last_line(number)
                self.assertEqual((line["error"], line["source"], line["device"]), (error, "twin", METER))
        self.assertEqual(len(self.causeway.log("command_refused")), len(bad))
        self.assertEqual(self.hub.control("GET", "/downlinks")["pushes"], 0)
        self.desire(METER, {"rawDownlink": None})
        wait_until(lambda: self.twin_of(METER).get("state") == "queued", "a good one")
        self.assertEqual(len(self.ours()), 1)

    def test_a_device_that_is_disabled_in_the_hub_goes_on_at_the_stack_and_is_told_when_it_is_enabled(self):
        self.begin_with()
        self.switch(pushes=[{"pattern": METER, "count": 1, "delay_ms": 1500, "event": "none"}])
        self.send(1)
        self.wait_for_items(1)
        self.hub.control("PUT", f"/devices/{METER}", {"status": "disabled"})
        wait_until(lambda: not self.links(), "its links are gone")
        self.send(2)
        status, answer = self.service.ask(METER, BYTES)
        self.assertEqual(status, 404)  # the hub says it: nobody asks the gateway
        self.assertIn("404103", answer["Message"])
        self.send(3, device=OTHER)
        wait_until(lambda: self.told_of(OTHER, state="queued"), "another device's command")
        self.causeway.wait_for_log("device_parked", device=METER, error="hub_device_disabled")
        wait_until(lambda: self.causeway.metrics()['causeway_commands{state="queued"}'] == 2, "the answer to the first push")
        self.assertEqual([one["message_id"] for one in self.hub.control("GET", f"/c2d?device={METER}")["waiting"]], ["m2"])
        self.assertEqual((len(self.ours()), self.reports()), (2, []))
        self.hub.control("PUT", f"/devices/{METER}", {"status": "enabled"})
        self.causeway.stop()
        self.causeway.start()  # which tries it at once, not in a minute
        self.wait_for_states("queued", "queued")
        self.assertEqual((len(self.ours()), len(self.causeway.log("device_parked"))), (3, 1))

    def test_a_device_that_the_stack_has_deleted_or_does_not_know_is_refused_by_name_and_others_go_on(self):
        self.begin_with()
        self.hub.control("DELETE", f"/registry/{PLANT}/{OTHER}")
        self.assert_c2d_fails(1, OTHER, SERVER + "device_not_found", "Success")
        self.assert_method_fails(OTHER, BYTES, 502, SERVER + "device_not_found")
        self.assert_twin_fails(OTHER, {"lorawan": {"downlink": BYTES}}, SERVER + "device_not_found")
        self.hub.control("PUT", "/devices/stranger", {})  # and an identity of which the gateway has never heard
        self.send(2, device="stranger")
        self.assertIn("404103", self.service.ask("stranger", BYTES)[1]["Message"])
        self.assert_stored(self.causeway.post(PLANT, uplink(PLANT, "stranger", 1)))
        self.causeway.wait_for_log("device_parked", device="stranger", error="device_unlisted")
        self.assertEqual([one["state"] for one in self.hub.control("GET", "/c2d?device=stranger")["waiting"]], ["enqueued"])
        self.assertEqual(self.ours(), [])
        self.assertEqual(self.service.call(METER, BYTES)[0], 200)


if __name__ == "__main__":
    unittest.main()
