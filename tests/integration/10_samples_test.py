# SPDX-License-Identifier: Apache-2.0
"""Every sample uplink, posted as it is: what is answered, and what the hub then has."""
import json
import pathlib
import tomllib
import unittest

from harness import FIELD, integration_test, sample, wait_until

ARRIVE = ["up-01", "up-02", "up-03", "up-09", *[f"up-{i}" for i in range(11, 18)]]  # up-01 without its port
# Two were made from up-16 and have its device and its time, which are what an uplink is known by.
NOT_SENT = {"up-10": "control", "up-18": "duplicate", "up-19": "duplicate"}
FRAGMENTS = {"up-04": "stored", "up-05": "stored", "up-06": "stored", "up-07": "stored", "up-08": "unwanted"}


class samples(integration_test):
    def test_each_has_its_outcome(self):
        hub = self.emulator()
        events = {name: json.loads(sample(name)) for name in [*ARRIVE, *NOT_SENT, *FRAGMENTS]}
        ids = {name: event["end_device_ids"] for name, event in events.items() if "end_device_ids" in event}
        applications = {one["application_ids"]["application_id"] for one in ids.values()}
        password = pathlib.Path(next(one["webhook_password_file"] for one in tomllib.loads(self.configuration.read_text())["application"]
                                     if one["id"] == FIELD))
        with self.configuration.open("a") as out:
            for one in sorted(applications - {FIELD}):
                out.write(f'\n[[application]]\nid = "{one}"\nazure = "field"\nwebhook_password_file = "{password}"\n'
                          'identity = "{application_id}.{device_id}"\n')
        gateway = self.gateway().start()

        expected = {}  # by identity: the events that arrive, in their order
        for name in [*ARRIVE, *NOT_SENT]:
            application = ids[name]["application_ids"]["application_id"]
            outcome = NOT_SENT.get(name, "stored")
            with self.subTest(name):
                self.assertEqual(gateway.post(application, sample(name)), (200, f'{{"outcome":"{outcome}"}}'))
            if outcome == "stored":
                identity = ids[name]["device_id"] if application == FIELD else f"{application}.{ids[name]['device_id']}"
                expected.setdefault(identity, []).append(events[name])
        for name, outcome in FRAGMENTS.items():
            with self.subTest(name):
                status, answer = gateway.post("app1", sample(name))
                self.assertEqual((status, json.loads(answer)["error"]), (400, "identifiers_missing"))
                envelope = {"end_device_ids": {"device_id": name, "application_ids": {"application_id": "app1"}}, **events[name]}
                self.assertEqual(gateway.post("app1", json.dumps(envelope)), (200, f'{{"outcome":"{outcome}"}}'))
            if outcome == "stored":
                expected[f"app1.{name}"] = [events[name]]
        self.assert_stored(gateway.post("app1", sample("up-04"), path="/webhook/app1/devices/by-path/up"))
        expected["app1.by-path"] = [events["up-04"]]

        for identity, sent in expected.items():
            with self.subTest(identity):
                arrived = hub.wait_for(identity, len(sent))
                for event, message in zip(sent, arrived, strict=True):
                    uplink, body = event["uplink_message"], json.loads(message["body"])
                    lorawan = body.pop("lorawan")
                    self.assertEqual(body, uplink.get("decoded_payload", {}))
                    self.assertEqual((lorawan.get("fPort"), lorawan.get("payload")), (uplink.get("f_port"), uplink.get("frm_payload")))
                    # A mask may have left it out of these.
                    unknown = None if identity.rsplit(".")[-1] in (*FRAGMENTS, "by-path") or "received_at" not in uplink else 0
                    self.assertEqual(lorawan.get("fCnt"), uplink.get("f_cnt", unknown))
                    self.assertEqual(message["content_type"], "application/json")
                    self.assertTrue(message["properties"])
        total = sum(map(len, expected.values()))
        self.assertEqual(len(hub.messages()), total)
        self.assertEqual(gateway.metrics()['causeway_events_answered_total{answer="control"}'], 1)
        self.assertEqual(gateway.metrics()['causeway_events_answered_total{answer="unwanted"}'], 1)
        wait_until(lambda: gateway.metrics()["causeway_spool_messages"] == 0, "an empty spool")
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
