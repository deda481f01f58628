# SPDX-License-Identifier: Apache-2.0
"""Which events are one: an ABP device's by webhook, MQTT, retries and backfill, whole and cut by a field mask; and which never are."""
import json
import random
import unittest

from harness import PLANT, integration_test, uplink, wait_until
from mqtt import broker

TENANT = "acme"
USER = f"{PLANT}@{TENANT}"
KEY = "NNSXS.PLANT.KEY"
METER = "meter-00001"
TOPICS = {"uplink_message": "up", "uplink_normalized": "up/normalized", "service_data": "service/data",
          "location_solved": "location/solved", "join_accept": "join"}
GO_ZERO = "0001-01-01T00:00:00Z"


def at(n, nanoseconds=0):
    return f"2026-03-01T00:{n // 60 % 60:02}:{n % 60:02}.{nanoseconds:09}Z"


def frame(n, kind="uplink_message", **members):
    """What an ABP device has sent, received at second n: without a session."""
    event = json.loads(uplink(PLANT, METER, n))
    content = event.pop("uplink_message")
    del content["session_key_id"]
    content["received_at"] = at(n, 123)
    if kind == "uplink_normalized":
        del content["decoded_payload"]
    event.update({"received_at": at(n, 456), kind: {**content, **members}})
    return event


def said(kind, n, **content):
    """An event without radio, with the time in its envelope alone."""
    event = frame(n)
    del event["uplink_message"]
    return {**event, kind: content}


def text(value, seed):
    """In another order of members and with other white space for each seed, as the stack writes."""
    chance = random.Random(seed)
    space = lambda: chance.choice(("", "", " ", "\n", "  "))
    if isinstance(value, dict):
        members = list(value.items())
        chance.shuffle(members)
        inside = ",".join(f"{space()}{json.dumps(key)}{space()}:{space()}{text(one, chance.random())}" for key, one in members)
        return "{" + inside + space() + "}"
    if isinstance(value, list):
        return "[" + ",".join(space() + text(one, chance.random()) for one in value) + space() + "]"
    return json.dumps(value)


def again(event, seed):
    """As the Application Server hands it out a second time."""
    return {**event, "received_at": at(3000 + seed), "correlation_ids": [f"gs:uplink:AGAIN{seed}"]}


class duplicates(integration_test):
    def begin(self, lines=""):
        """A gateway that takes the application's events by webhook and by MQTT."""
        self.hub = self.emulator(devices=4, layout="hub")
        self.broker = broker(self.directory, {USER: KEY})
        self.addCleanup(self.broker.stop)
        self.broker.start()
        key_file = self.directory / "mqtt-key"
        key_file.write_text(KEY + "\n", encoding="utf-8")
        key_file.chmod(0o600)
        self.edit("[things_stack]\n", f'[things_stack]\ntenant = "{TENANT}"\nmqtt_address = "mqtt://127.0.0.1:{self.broker.port}"\n')
        self.edit('azure = "plant"\n', f'azure = "plant"\ningress = ["webhook", "mqtt"]\nmqtt_key_file = "{key_file}"\n'
                                       f'events = ["uplink", "normalized", "service", "location", "join"]\n{lines}')
        self.gate = self.gateway().start()
        self.connect()

    def connect(self):
        wait_until(lambda: self.gate.metrics().get(f'causeway_mqtt_connected{{application="{PLANT}"}}') == 1, "MQTT is connected")
        self.stack = self.broker.publisher()

    def restart(self, kill):
        if kill:
            self.gate.kill()
        else:
            self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        self.connect()

    def post(self, body, outcome, path=None):
        self.assertEqual(self.gate.post(PLANT, body, path), (200, f'{{"outcome":"{outcome}"}}'))

    def answered(self):
        return sum(count for name, count in self.gate.metrics().items() if name.startswith("causeway_mqtt_answered_total"))

    def publish(self, event, seed=0):
        """By MQTT; when it is answered."""
        kind = next(TOPICS[member] for member in event if member in TOPICS)
        before = self.answered()
        self.stack.publish(f"v3/{USER}/devices/{METER}/{kind}", text(event, seed))
        wait_until(lambda: self.answered() == before + 1, "the message by MQTT is answered")

    def in_the_hub(self, count):
        """All of it, when there are so many and nothing waits any more."""
        wait_until(lambda: self.hub.ledger()["accepted"] >= count, f"{count} messages")
        wait_until(lambda: self.gate.metrics()["causeway_spool_messages"] == 0, "an empty spool")
        found = self.hub.messages(METER)
        self.assertEqual(len(found), count, [one["body"] for one in found])
        return found

    def letters(self):
        shown = self.run_causeway("dead-letters", "list", "-c", str(self.configuration), "--json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return shown.stdout

    def test_an_abp_device_by_two_ways_with_retries_and_restarts(self):
        self.begin()
        events = [frame(1), frame(2), frame(3, f_port=5),
                  frame(4, "uplink_normalized", normalized_payload={"uplink": 4, "air": {"temperature": 1.5, "location": "indoor"}}),
                  frame(4, "uplink_normalized", normalized_payload={"uplink": 5, "air": {"temperature": 2.5, "location": "indoor"}}),
                  said("service_data", 6, service="lora-cloud", data={"uplink": 6, "list": [1, {"b": 2, "a": "é\"\\/"}]}),
                  said("location_solved", 7, service="gnss", location={"latitude": 1.5, "longitude": 2.5}),
                  said("join_accept", 8, session_key_id="AQ==")]
        for number, event in enumerate(events):
            if number % 2 == 0:
                self.post(text(event, 1), "stored")
                self.publish(event, 2)
            else:
                self.publish(event, 2)
                self.post(text(event, 1), "duplicate")
        self.in_the_hub(len(events))  # a kill may repeat what is on its way
        for kill in (True, False):
            self.restart(kill)
            for event in events:
                self.post(text(event, 3), "duplicate")
                self.publish(event, 4)
        for seed, event in enumerate(events[:5]):  # the network server hands it over again
            self.post(text(again(event, seed), 5), "duplicate")
        found = self.in_the_hub(len(events))
        self.assertEqual(len({one["message_id"] for one in found}), len(events))
        self.assertEqual({one["message_id"][:2] for one in found}, {"u-", "n-", "s-", "l-", "j-"})

    def test_two_events_never_become_one(self):
        self.begin()
        events = []
        for _ in range(2):  # equal in everything, and nothing tells that they are one
            zero = frame(1, received_at=GO_ZERO)
            events += [zero, {**zero, "received_at": GO_ZERO}, {**frame(2), "simulated": True}, frame(3, received_at="2026-03-01T00:00:03+00:00"),
                       {**said("service_data", 4, service="x", data={"uplink": 4}), "received_at": GO_ZERO},
                       {**said("location_solved", 4, service="x", location={"latitude": 1}), "simulated": True},
                       said("join_accept", 5)]
        events += [frame(6), frame(6, received_at=at(6, 124)), frame(7, received_at=at(6, 123456789))]
        for temperature in (1.5, 1.50001):  # measurements of one frame
            events.append(frame(8, "uplink_normalized", normalized_payload={"air": {"temperature": temperature}}))
        for n in (9, 10):  # equal service data of different times
            events.append(said("service_data", n, service="x", data={"uplink": 9}))
        events.append(said("service_data", 10, service="x", data={"uplink": 10}))
        for service in ("gnss", "wifi"):
            events.append(said("location_solved", 11, service=service, location={"latitude": 1}))
        for event in events:
            self.post(json.dumps(event), "stored")
        self.assertEqual(len({one["message_id"] for one in self.in_the_hub(len(events))}), len(events))

    def masked(self, event, *members):
        """By a mask that names these members of uplink_message and no identifiers."""
        return json.dumps({"uplink_message": {name: event["uplink_message"][name] for name in members}})

    def post_masked(self, event, outcome, *members):
        self.post(self.masked(event, *members), outcome, f"/webhook/{PLANT}/devices/{METER}/up")

    def test_a_masked_webhook_beside_whole_mqtt(self):
        self.begin()
        for n in range(1, 21):
            event = frame(n)
            self.post_masked(event, "stored", "received_at", "decoded_payload")
            self.publish(event, n)
        for n in range(21, 31):
            event = frame(n)
            self.publish(event, n)
            self.post_masked(event, "duplicate", "received_at", "decoded_payload")
        for n in range(31, 41):  # a copy without any payload is no copy of the data
            event = frame(n)
            self.post_masked(event, "control", "received_at", "rx_metadata")
            self.publish(event, n)
        found = self.in_the_hub(40)
        self.assertEqual([one["uplink"] for one in found], list(range(1, 41)))
        first, last = json.loads(found[0]["body"]), json.loads(found[-1]["body"])
        for name in ("fPort", "fCnt", "confirmed", "gateways", "simulated"):
            self.assertNotIn(name, first["lorawan"])
            self.assertIn(name, last["lorawan"])
        self.assertNotIn("fPort", found[0]["properties"])
        self.assertEqual(self.gate.metrics()["causeway_uplinks_portless_total"], 30)
        self.assertEqual(len(self.gate.log("uplink_without_port")), 1)

    def test_a_masked_webhook_beside_whole_mqtt_and_a_transform_leaves_no_dead_letters(self):
        program = self.directory / "program.jq"
        program.write_text('.uplink_message | if .rx_metadata then {uplink: .decoded_payload.uplink} else error("cut") end\n', encoding="utf-8")
        self.begin(f'transform_file = "{program}"\n')
        for n in range(1, 11):  # the copy that the transform refuses comes first, twice
            event = frame(n)
            self.post_masked(event, "dead_lettered", "received_at", "f_port", "decoded_payload")
            self.post_masked(event, "dead_lettered", "received_at", "f_port", "decoded_payload")
            if n == 5:
                self.assertEqual(self.gate.metrics()["causeway_dead_letters"], 1)  # those of the others have gone
                self.restart(kill=True)
            self.publish(event, n)
        for n in range(11, 21):
            event = frame(n)
            self.publish(event, n)
            self.post_masked(event, "duplicate", "received_at", "f_port", "decoded_payload")
        self.assertEqual([one["uplink"] for one in self.in_the_hub(20)], list(range(1, 21)))
        self.assertEqual(json.loads(self.letters())["dead_letters"], [])

    def test_a_masked_webhook_beside_backfill(self):
        self.hub = self.emulator(devices=4, layout="hub", registry=True, storage_kept=1000)
        self.edit('id = "water-meters"\n', 'id = "water-meters"\nbackfill = true\n')
        self.gate = self.gateway().start()
        mask = ["end_device_ids", "up.uplink_message.received_at", "up.uplink_message.decoded_payload"]

        def simulate(outcome, uplinks=40):
            self.hub.control("POST", "/simulation", {"uplinks": uplinks, "field_mask": mask})
            wait_until(lambda: not self.hub.control("GET", "/simulation")["running"], "the simulation")
            self.assertEqual(self.hub.control("GET", "/simulation")[outcome], uplinks)

        simulate("accepted")
        wait_until(lambda: self.hub.ledger()["unique"] == 40, "the first ones")
        self.assertEqual(self.gate.stop(), 0)
        simulate("refused")
        self.gate.start()
        wait_until(lambda: self.hub.ledger()["unique"] == 80, "what was missed")
        simulate("accepted")
        wait_until(lambda: self.hub.ledger()["unique"] == 120, "all")
        self.assertEqual((self.hub.ledger()["accepted"], self.hub.ledger()["duplicates"]), (120, 0))


if __name__ == "__main__":
    unittest.main()
