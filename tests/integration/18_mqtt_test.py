# SPDX-License-Identifier: Apache-2.0
"""Events by MQTT, through a real mosquitto with users and an access-control list."""
import json
import unittest

from harness import FIELD, PLANT, integration_test, uplink, wait_until
from mqtt import STACK_PASSWORD, broker

TENANT = "acme"
USER = f"{PLANT}@{TENANT}"
KEY = "NNSXS.PLANT.KEY"
OTHER = f"other-app@{TENANT}"
METER, SECOND = "meter-00001", "meter-00002"


def topic(device, user=USER, kind="up"):
    return f"v3/{user}/devices/{device}/{kind}"


class mqtt(integration_test):
    def begin(self, tls=False, key=KEY, extra="", **options):
        """An emulator, a broker, and a configuration by which the application takes webhooks and MQTT."""
        self.hub = self.emulator(**{"devices": 4, "layout": "hub", **options})
        certificates = self.directory / "emulator"
        self.broker = broker(self.directory, {USER: KEY, OTHER: "other-key"}, certificates if tls else None)
        self.addCleanup(self.broker.stop)
        self.broker.start()
        address = f"mqtts://localhost:{self.broker.tls_port}" if tls else f"mqtt://127.0.0.1:{self.broker.port}"
        key_file = self.directory / "mqtt-key"
        key_file.write_text(key + "\n", encoding="utf-8")
        key_file.chmod(0o600)
        self.edit("[things_stack]\n", f'[things_stack]\ntenant = "{TENANT}"\nmqtt_address = "{address}"\n')
        self.edit('azure = "plant"\n', f'azure = "plant"\ningress = ["webhook", "mqtt"]\nmqtt_key_file = "{key_file}"\n')
        if extra:
            self.configuration.write_text(self.configuration.read_text(encoding="utf-8") + extra, encoding="utf-8")
        self.under_test = self.gateway().start()

    def connected(self):
        return self.figure("connected") == 1

    def figure(self, name, **labels):
        """causeway_mqtt_NAME of the application."""
        words = "".join(f',{key}="{value}"' for key, value in labels.items())
        return self.under_test.metrics().get(f'causeway_mqtt_{name}{{application="{PLANT}"{words}}}', 0)

    def status(self):
        shown = self.run_causeway("status", "-c", str(self.configuration))
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return shown.stdout

    def arrived(self, device=METER):
        return [one["uplink"] for one in self.hub.messages(device)]

    def test_the_same_uplink_by_webhook_by_mqtt_and_by_webhook_again_is_in_the_hub_once(self):
        self.begin(tls=True)
        wait_until(self.connected, "MQTT over TLS")
        stack = self.broker.publisher()
        first = uplink(PLANT, METER, 1)
        again = json.loads(first)
        again["received_at"] = "2026-01-02T00:00:00Z"  # the Application Server's clock, at the repetition
        self.assert_stored(self.under_test.post(PLANT, first))
        stack.publish(topic(METER), json.dumps(again))
        wait_until(lambda: self.figure("answered_total", answer="duplicate") == 1, "the copy by MQTT is a duplicate")
        self.assertEqual(self.under_test.post(PLANT, first), (200, '{"outcome":"duplicate"}'))

        second = uplink(PLANT, METER, 2)
        stack.publish(topic(METER), second)  # and the other way round
        wait_until(lambda: self.figure("answered_total", answer="stored") == 1, "by MQTT first")
        self.assertEqual(self.under_test.post(PLANT, second), (200, '{"outcome":"duplicate"}'))
        self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, METER, 3)))
        self.hub.wait_for(METER, 3)
        self.assertEqual(self.arrived(), [1, 2, 3])
        self.assertEqual(self.hub.ledger()["duplicates"], 0)
        self.assertEqual(self.under_test.stop(), 0)
        self.assertRegex(self.broker.log(), rf"Client causeway-{PLANT}-[0-9a-f]+ disconnected\.")  # it said goodbye

    def test_a_wrong_key_is_named_and_the_gateway_goes_on(self):
        self.begin(key="NNSXS.WRONG")
        refusal = self.under_test.wait_for_log("mqtt_connect_refused")[0]
        self.assertEqual(refusal["error"], "mqtt_unauthorized")
        self.assertIn("CONNACK 5", refusal["detail"])
        self.assertNotIn("NNSXS", self.under_test.stderr())
        told = self.status()
        self.assertIn("not connected", told)
        self.assertIn("CONNACK 5", told)
        checked = self.run_causeway("check", "-c", str(self.configuration))
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f"mqtt {PLANT}: BAD: mqtt_unauthorized", checked.stdout)
        self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, METER, 1)))
        self.hub.wait_for(METER)

        self.broker.set_password(USER, "NNSXS.WRONG")  # as if the key had been made meanwhile
        self.broker.reload()
        wait_until(self.connected, "connected without a restart")
        self.assertGreater(self.figure("connects_refused_total"), 0)
        self.assertIn("connected for", self.status())
        checked = self.run_causeway("check", "-c", str(self.configuration))
        self.assertEqual((checked.returncode, checked.stderr), (1, ""))  # the registry, not the broker, knows no such key
        self.assertIn(f"MQTT key of {PLANT}: BAD: registry_unauthorized", checked.stdout)
        self.assertIn(f"mqtt {PLANT}: good: CONNACK 0, subscribed", checked.stdout)

    def test_a_broker_that_comes_back_is_connected_and_subscribed_to_again(self):
        self.begin()
        wait_until(self.connected, "connected")
        self.broker.publisher().publish(topic(METER), uplink(PLANT, METER, 1))
        self.hub.wait_for(METER)
        self.broker.stop()
        self.under_test.wait_for_log("mqtt_connection_lost", application=PLANT)
        self.assertIn("not connected", self.status())
        self.broker.start()
        wait_until(self.connected, "connected again")
        self.assertEqual(self.figure("connects_total"), 2)
        self.assertGreater(self.figure("away_seconds_total"), 0)
        self.assertEqual(len(self.under_test.log("mqtt_connected")), 2)
        self.broker.publisher().publish(topic(METER), uplink(PLANT, METER, 2))
        self.hub.wait_for(METER, 2)

    def test_what_is_no_event_of_the_application_is_refused_and_disturbs_nothing(self):
        self.begin()
        wait_until(self.connected, "connected")
        # The access-control list: another application's user may not write here, nor does its topic come to us.
        self.broker.publisher(OTHER, "other-key").publish(topic(METER), uplink(PLANT, METER, 66))
        stack = self.broker.publisher()
        stack.publish_all([(topic(METER, OTHER), uplink("other-app", METER, 1)),
                           (topic(METER), uplink("other-app", METER, 1)),
                           (topic(METER), uplink(PLANT, SECOND, 1)),
                           (topic("Not_An_Id"), uplink(PLANT, METER, 1)),
                           (topic(METER), "{broken"),
                           (topic(METER), b"\xff\xfe\x00"),
                           (topic(METER), ""),
                           (topic(METER), " " * 300 * 1024 + uplink(PLANT, METER, 1)),
                           (topic(METER, kind="down/push"), '{"downlinks":[]}'),
                           (topic(METER), uplink(PLANT, METER, 2))])
        self.hub.wait_for(METER)
        self.assertEqual(self.arrived(), [2])
        for error, count in (("identifiers_mismatch", 2), ("topic_unexpected", 1), ("json_malformed", 3), ("body_too_large", 1)):
            self.assertEqual(self.figure("refused_total", error=error), count, error)
        self.assertEqual(self.figure("messages_total"), 8)  # neither the foreign topic nor down/push is subscribed to
        self.assertIn("7 refused", self.status())
        self.assertEqual(self.hub.ledger()["accepted"], 1)

    def test_a_burst_comes_through_whole(self):
        self.begin()
        wait_until(self.connected, "connected")
        count, devices = 5_000, [f"meter-{number:05}" for number in range(1, 5)]
        self.broker.publisher().publish_all(
            (topic(devices[number % 4]), uplink(PLANT, devices[number % 4], number)) for number in range(1, count + 1))
        wait_until(lambda: self.hub.ledger()["accepted"] >= count, f"{count} messages in the hub", 60)
        ledger = self.hub.ledger()
        self.assertEqual((ledger["accepted"], ledger["duplicates"], ledger["out_of_order"]), (count, 0, 0))
        self.assertEqual(self.figure("answered_total", answer="stored"), count)
        self.assertIn(f"{count} messages, 0 waiting", self.status())

    def test_what_the_spool_has_no_room_for_waits_for_it(self):
        self.begin(extra="\n[spool]\nmax_messages = 10\n")
        wait_until(self.connected, "connected")
        self.hub.add_fault(kind="hub_hang")
        self.broker.publisher().publish_all((topic(METER), uplink(PLANT, METER, number)) for number in range(1, 31))
        wait_until(lambda: self.figure("answered_total", answer="full") > 0, "the spool is full")
        self.assertEqual(self.under_test.post(PLANT, uplink(PLANT, SECOND, 1))[0], 503)
        self.hub.clear_faults()
        self.hub.wait_for(METER, 30)
        self.assertEqual(self.arrived(), list(range(1, 31)))
        self.assertNotIn("lost", self.status())

    def test_an_application_that_has_its_share_of_the_spool_waits_alone_and_loses_nothing(self):
        self.begin(layout="mixed", extra="\n[spool]\nmax_messages = 20\napplication_share = 50\n")
        wait_until(self.connected, "connected")
        self.hub.add_fault(kind="withhold_credit", pattern=METER)
        self.broker.publisher().publish_all((topic(METER), uplink(PLANT, METER, number)) for number in range(1, 31))
        wait_until(lambda: self.figure("answered_total", answer="share_full") > 0, "the application has its share")
        for number in range(1, 31):
            self.assert_stored(self.under_test.post(FIELD, uplink(FIELD, "sensor-00001", number)))
            self.hub.wait_for("sensor-00001", number)
        metrics = self.under_test.metrics()
        self.assertEqual(metrics[f'causeway_spool_application_messages{{application="{PLANT}"}}'], 10)
        self.assertEqual((self.figure("waiting"), self.figure("answered_total", answer="full")), (20, 0))
        self.assertEqual(self.arrived(), [])
        self.hub.clear_faults()
        self.hub.wait_for(METER, 30)
        self.assertEqual(self.arrived(), list(range(1, 31)))
        self.assertEqual(self.figure("waiting"), 0)
        self.assertNotIn("lost", self.status())

    def test_simulated_devices_send_by_both_inputs_in_disorder(self):
        self.broker = broker(self.directory, {})
        self.addCleanup(self.broker.stop)
        self.broker.start()
        self.hub = self.emulator(devices=8, layout="hub", mqtt_broker=f"127.0.0.1:{self.broker.port}", mqtt_password=STACK_PASSWORD)
        key = (self.directory / f"emulator/api-key-{PLANT}").read_text(encoding="utf-8").strip()
        self.broker.add_user(f"{PLANT}@emulated", key)
        self.broker.reload()
        self.under_test = self.gateway().start()
        wait_until(self.connected, "connected")
        simulation = self.hub.control("POST", "/simulation", {
            "uplinks": 400, "rate": 400, "burst": 20, "mqtt_share": 0.5, "duplicate_every": 5, "swap_every": 7, "rejoin_every": 10})
        self.assertEqual((simulation["devices"], simulation["mqtt"]["devices"]), (4, 4))

        def over():
            shown = self.hub.control("GET", "/simulation")
            by_mqtt = shown["mqtt"]
            return not shown["running"] and shown["lost"] == 0 and by_mqtt["missing"] == 0 and shown

        shown = wait_until(over, "all uplinks in the hub")
        self.assertEqual((shown["sent"], shown["delivered"], shown["mqtt"]["published"], shown["mqtt"]["delivered"]), (200, 200, 200, 200))
        self.assertEqual((shown["duplicates"], shown["mqtt"]["duplicates"]), (0, 0))
        self.assertGreater(shown["mqtt"]["out_of_order"], 0)  # the order is the one in which they came
        self.assertGreater(self.figure("answered_total", answer="duplicate"), 20)
        self.assertEqual(self.hub.ledger()["accepted"], 400)

        sent = self.hub.control("POST", "/simulation/event",
                                {"application": PLANT, "device": METER, "by": "both", "event": json.loads(uplink(PLANT, METER, 5_000))})
        self.assertEqual((sent["mqtt"], sent["webhook"]), (True, 200))
        wait_until(lambda: self.hub.ledger()["accepted"] == 401, "the event is there")
        wait_until(lambda: self.figure("messages_total") >= 221 and self.figure("waiting") == 0, "both copies are answered")
        self.assertEqual(self.hub.ledger()["accepted"], 401)


if __name__ == "__main__":
    unittest.main()
