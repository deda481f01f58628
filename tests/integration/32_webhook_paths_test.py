# SPDX-License-Identifier: Apache-2.0
"""Every path and field mask of the stack's documents and templates: the right device, or a 400 that says what to set; never an
identity out of a word, never a 200 for data that is not sent. And a state in which an earlier version took a word for a device."""
import json
import sqlite3
import unittest

from harness import FIELD, PLANT, ROOT, SAMPLE_DEVICE, integration_test, sample, wait_until

WEBHOOKS = ROOT / "tests/data/webhooks"
PAYLOADS = ("frm_payload", "decoded_payload", "normalized_payload")


def rows(name):
    lines = (WEBHOOKS / name).read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if not line.startswith("#")]


def whole(n):
    """Sample up-03, received at second n, by an application of the test's."""
    event = json.loads(sample("up-03"))
    time = f"2026-04-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000000001Z"
    event["received_at"] = event["uplink_message"]["received_at"] = time
    event["uplink_message"].update(normalized_payload=[{"air": {"temperature": n}}], decoded_payload={"uplink": n})
    return event


def cut(value, paths):
    """What of these paths of a mask is left; a path of names that are not there leaves nothing."""
    if "" in paths or not isinstance(value, dict):
        return value
    left = {}
    for name, one in value.items():
        inside = {path[len(name) + 1:] for path in paths if path == name or path.startswith(name + ".")}
        if inside:
            left[name] = cut(one, {path.removeprefix("modulation.") for path in inside})
    return left


def masked(event, mask):
    return cut(event, {path.removeprefix("up.") for path in mask if path != "up"} | ({"uplink_message"} if "up" in mask else set()))


class webhook_paths(integration_test):
    def start(self):
        self.hub = self.emulator()
        self.gate = self.gateway().start()

    def identities(self):
        return {one["device"] for one in self.hub.messages()}

    def assert_says_what_to_set(self, answer, what):
        self.assertIn("end_device_ids", answer, what)
        self.assertIn(f"/webhook/{FIELD}/devices{{/devID}}", answer, what)

    def test_paths(self):
        self.start()
        paths = rows("paths.txt")
        self.assertGreater(len(paths), 60)
        sent = 0
        for n, (path, device, origin) in enumerate(paths):
            target = f"/webhook/{FIELD}" + path.replace('""', "")
            self.assertEqual(self.gate.post(FIELD, json.dumps(whole(2 * n)), target), (200, '{"outcome":"stored"}'), origin)
            sent += 1
            status, answer = self.gate.post(FIELD, json.dumps(masked(whole(2 * n + 1), ["up.uplink_message"])), target)
            self.assertEqual(status, 400 if device == "-" else 200, (origin, answer))
            sent += status == 200
            if status == 400 and "identifier_invalid" not in answer:
                self.assert_says_what_to_set(answer, origin)
        self.hub.wait_for(SAMPLE_DEVICE, sent)
        self.assertEqual(self.identities(), {SAMPLE_DEVICE})
        ignored = self.gate.metrics()["causeway_webhook_paths_ignored_total"]
        self.assertGreater(ignored, 50)
        self.assertEqual(len(self.gate.log("webhook_path_ignored")), 1)

    def test_masks(self):
        self.start()
        sent = []
        for n, (mask, origin) in enumerate(rows("masks.txt")):
            mask = mask.split(" ")
            body = masked(whole(3 * n), mask)
            has_kind = "uplink_message" in body
            names = "device_id" in body.get("end_device_ids", {})
            data = any(name in body.get("uplink_message", {}) for name in (*PAYLOADS, "f_port"))
            for k, path in enumerate(("/uplink", f"/devices/{SAMPLE_DEVICE}/up")):
                event = masked(whole(3 * n + k), mask)
                status, answer = self.gate.post(FIELD, json.dumps(event), f"/webhook/{FIELD}{path}")
                what = (origin, mask, path, answer)
                if not event or (not has_kind and "end_device_ids" not in event):
                    self.assertEqual(status, 400, what)
                elif not names and path == "/uplink":
                    self.assertEqual(status, 400, what)
                    self.assert_says_what_to_set(answer, what)
                elif data:
                    self.assertEqual((status, answer), (200, '{"outcome":"stored"}'), what)
                    sent.append(event["uplink_message"])
                else:
                    self.assertEqual(status, 200, what)
                    self.assertIn("control" if has_kind else "unwanted", answer, what)
        found = self.hub.wait_for(SAMPLE_DEVICE, len(sent))
        self.assertEqual(self.identities(), {SAMPLE_DEVICE})
        for content, message in zip(sent, found, strict=True):
            body = json.loads(message["body"])
            about = body.pop("lorawan")
            self.assertEqual(body, content.get("decoded_payload", {}))
            self.assertEqual(about.get("payload"), content.get("frm_payload"))
            if "decoded_payload" not in content:
                self.assertEqual(about.get("normalizedPayload"), content.get("normalized_payload"))
            for ours, theirs in (("fPort", "f_port"), ("fCnt", "f_cnt"), ("confirmed", "confirmed")):
                self.assertEqual(about.get(ours), content.get(theirs))
            self.assertEqual("fPort" in message["properties"], "f_port" in content)

    def test_a_state_in_which_a_word_is_a_device(self):
        self.start()
        self.hub.add_fault(kind="hub_hang")
        body = json.dumps(whole(1)).replace(SAMPLE_DEVICE, "uplink").replace('"dev_eui": "70B3D52DD600035A", ', "")
        self.assertEqual(self.gate.post(FIELD, body)[0], 200)  # a device of this name, as the version before had it
        self.assertEqual(self.gate.stop(), 0)
        [spool] = self.directory.rglob("spool.db")
        with sqlite3.connect(spool) as database:
            self.assertEqual(database.execute("SELECT device, dev_eui FROM device").fetchall(), [("uplink", "")])
        database.close()
        self.hub.clear_faults()
        self.gate.start()
        [told] = self.gate.wait_for_log("device_of_a_path_word")  # the log's thread may be behind /readyz
        self.assertEqual((told["device"], told["application"], told["waiting"], told["level"]), ("uplink", FIELD, "1", "warning"))
        self.assertIn("causeway devices forget", told["detail"])
        self.hub.wait_for("uplink")  # what had a 200 is delivered
        self.assertEqual(self.gate.post(FIELD, json.dumps(masked(whole(2), ["up.uplink_message"])), f"/webhook/{FIELD}/uplink")[0], 400)
        self.assertEqual(self.gate.post(FIELD, json.dumps(whole(3)), f"/webhook/{FIELD}/uplink")[0], 200)
        self.hub.wait_for(SAMPLE_DEVICE)
        self.assertEqual(len(self.hub.messages("uplink")), 1)
        wait_until(lambda: self.gate.metrics()["causeway_spool_messages"] == 0, "an empty spool")

    def test_events_in_their_wrappings(self):
        self.start()
        for name, way_out in (("event-01", "take its `data`"), ("storage-01", "take its `result`")):
            status, answer = self.gate.post(PLANT, sample(name))
            self.assertEqual(status, 400)
            self.assertIn(way_out, answer)
            file = self.directory / "sample.json"
            file.write_text(sample(name), encoding="utf-8")
            tried = self.run_causeway("try-transform", "-c", str(self.configuration), str(file))
            self.assertEqual(tried.returncode, 1)
            self.assertIn(way_out, tried.stdout + tried.stderr)


if __name__ == "__main__":
    unittest.main()
