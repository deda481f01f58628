# SPDX-License-Identifier: Apache-2.0
"""The emulated stack's downlink side over its sockets: pushes, events at a webhook, clients that leave, connections closed without a byte, MQTT, a stack that is restarted."""
import http.client
import http.server
import json
import pathlib
import socket
import ssl
import threading
import time
import unittest

from harness import PLANT, integration_test, wait_until
from mqtt import STACK_PASSWORD, broker

DEVICE, OTHER = "meter-00001", "meter-00002"


class receiver(http.server.ThreadingHTTPServer):
    """A webhook that notes what is posted, and when."""
    daemon_threads = True

    def __init__(self):
        self.events = []
        self.answers = threading.Event()
        self.answers.set()
        outer = self

        class handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.answers.wait()
                kind = next(name for name in event if name.startswith(("downlink_", "uplink_", "join_")))
                outer.events.append((time.monotonic(), kind, event["end_device_ids"]["device_id"], json.dumps(event)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def kinds(self, text=""):
        return [kind for _, kind, _, event in self.events if text in event]

    def time_of(self, kind, text=""):
        return next(at for at, each, _, event in self.events if each == kind and text in event)


class stack_downlinks(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = None

    def begin(self, **options):
        self.hub = self.emulator(**options)
        self.webhook = receiver()
        self.addCleanup(self.webhook.shutdown)
        self.key = pathlib.Path(self.hub.directory, "emulator", f"api-key-{PLANT}").read_text(encoding="utf-8").strip()
        self.tls = ssl.create_default_context(cafile=str(pathlib.Path(self.hub.directory, "emulator", "ca.pem")))
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"url": f"http://127.0.0.1:{self.webhook.server_port}/"})

    def request(self, method, path, body=None):
        text = "" if body is None else json.dumps(body)
        return (f"{method} /api/v3/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
                f"Content-Length: {len(text)}\r\n\r\n{text}").encode()

    def open(self):
        return self.tls.wrap_socket(socket.create_connection(("127.0.0.1", self.hub.ports["stack"]), 30), server_hostname="localhost")

    def ask(self, method, path, body=None):
        with self.open() as line:
            line.sendall(self.request(method, path, body))
            answer = http.client.HTTPResponse(line)
            answer.begin()
            return answer.status, answer.read().decode()

    def down(self, device):
        return f"as/applications/{PLANT}/devices/{device}/down"

    def push(self, device, name, **more):
        item = {"f_port": 10, "frm_payload": "AQ==", "correlation_ids": [name], **more}
        return self.down(device) + "/push", {"downlinks": [item]}

    def say(self, what, device, **more):
        self.hub.control("POST", f"/downlinks/{what}", {"application": PLANT, "device": device, **more})

    def wait_for(self, kind, text):
        wait_until(lambda: kind in self.webhook.kinds(text), f"{kind} of {text}")

    def cut(self, device, name):
        """A push whose client leaves when the stack has begun and stored nothing yet; the device is locked for 8 s from its begin, which is returned."""
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 4000, "lock_seconds": 8})
        begun = time.monotonic()
        with self.open() as line:
            line.sendall(self.request("POST", *self.push(device, name)))
            time.sleep(2.1)
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 12})
        return begun

    def booked(self, name):
        return self.hub.control("GET", f"/downlinks/book?id={name}")["items"]

    def test_pushes_under_way_are_cut_off_when_it_is_asked_for(self):
        self.begin()
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 1000, "lock_seconds": 3})
        with self.open() as line:
            begun = time.monotonic()
            line.sendall(self.request("POST", *self.push(DEVICE, "my:cut")))
            time.sleep(0.9)
            self.hub.control("POST", "/downlinks/cut")
            self.assertEqual(line.recv(100), b"")
        self.assertEqual(len(self.booked("my:cut")), 1)
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 12})
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:next"))[0], 200)
        self.assertGreater(time.monotonic() - begun, 2.9)  # the lock of the one that was cut off

    def test_the_book_says_what_the_webhook_has_taken(self):
        self.begin()
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:heard"))[0], 200)
        wait_until(lambda: [one["kind"] for one in self.booked("my:heard")[0]["heard"]] == ["downlink_queued"], "what was heard")

    def test_an_item_from_its_push_to_its_ack(self):
        self.begin()
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:1", confirmed=True)), (200, "{}"))
        self.wait_for("downlink_queued", "my:1")
        self.assertIn("my:1", self.ask("GET", self.down(DEVICE))[1])
        self.say("uplink", DEVICE)
        self.wait_for("downlink_sent", "my:1")
        mask = "field_mask=mac_state.pending_application_downlink,mac_state.recent_uplinks"
        status, record = self.ask("GET", f"ns/applications/{PLANT}/devices/{DEVICE}?{mask}")
        self.assertEqual(status, 200)
        self.assertIn("my:1", json.dumps(json.loads(record)["mac_state"]["pending_application_downlink"]))
        self.assertEqual(self.ask("GET", self.down(DEVICE)), (200, "{}"))
        self.say("uplink", DEVICE, ack=True)
        self.wait_for("downlink_ack", "my:1")
        wait_until(lambda: self.webhook.kinds("uplink_message").count("uplink_message") == 2, "both uplinks")
        self.assertEqual([item["end"] for item in self.booked("my:1")], ["acknowledged"])

    def test_a_client_that_leaves_in_the_middle_locks_its_device_and_one_that_waits_is_dropped(self):
        self.begin()
        begun = self.cut(DEVICE, "my:cut")
        waiting = self.open()
        waiting.sendall(self.request("POST", *self.push(DEVICE, "my:gone")))
        wait_until(lambda: self.hub.control("GET", "/downlinks")["waiting"] == 1, "a push that waits")
        waiting.close()
        wait_until(lambda: self.hub.control("GET", "/downlinks")["waiting"] == 0, "its end")
        self.assertEqual(self.ask("POST", *self.push(OTHER, "my:other")), (200, "{}"))
        self.assertLess(time.monotonic(), begun + 8)
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:next")), (200, "{}"))
        self.assertGreater(time.monotonic(), begun + 8)
        self.assertEqual(self.booked("my:cut") + self.booked("my:gone"), [])
        self.assertEqual(len(self.booked("my:next")), 1)

    def test_a_connection_is_closed_without_a_byte_with_the_item_queued(self):
        self.begin()
        self.hub.control("PUT", "/downlinks/switches", {"pushes": [{"pattern": DEVICE, "hang_up": True, "queued": True}]})
        with self.open() as line:
            line.sendall(self.request("POST", *self.push(DEVICE, "my:1")))
            self.assertEqual(line.recv(1000), b"")
        self.assertIn("my:1", self.ask("GET", self.down(DEVICE))[1])

    def test_the_uplinks_of_a_simulation_open_windows_and_wait_for_a_locked_device(self):
        self.begin()
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:1")), (200, "{}"))
        self.cut(OTHER, "my:cut")
        self.hub.control("POST", "/simulation", {
            "uplinks": 2, "applications": [{"id": PLANT, "devices": [DEVICE, OTHER], "webhook": f"http://127.0.0.1:{self.webhook.server_port}/"}]})
        self.wait_for("downlink_sent", "my:1")
        wait_until(lambda: self.webhook.kinds("uplink_message").count("uplink_message") == 2, "both uplinks")
        wait_until(lambda: not self.hub.control("GET", "/simulation")["running"], "the simulation's end")
        uplinks = {device: at for at, kind, device, _ in self.webhook.events if kind == "uplink_message"}
        self.assertGreater(uplinks[OTHER] - uplinks[DEVICE], 1)
        self.assertEqual(self.hub.control("GET", "/simulation")["accepted"], 2)

    def test_the_gateway_takes_the_events(self):
        self.begin()
        url = f"http://127.0.0.1:{self.hub.ports['webhook']}/webhook/{PLANT}"
        gateway = self.gateway().start()
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"url": url, "headers": {"Authorization": gateway.log_ins[PLANT]}})
        self.ask("POST", *self.push(DEVICE, "my:1"))
        self.say("uplink", DEVICE)
        self.hub.wait_for(DEVICE)  # the uplink at the hub
        wait_until(lambda: self.hub.control("GET", "/downlinks")["events"]["posted"] == 3, "queued, uplink and sent")
        self.assertEqual(self.hub.control("GET", "/downlinks")["events"]["refused"], 0)

    def begin_with_broker(self):
        stack = broker(self.directory, {})
        self.addCleanup(stack.stop)
        stack.start()
        self.begin(mqtt_broker=f"127.0.0.1:{stack.port}", mqtt_password=STACK_PASSWORD)
        self.hub.wait_for_log("mqtt_publisher_connected")  # what it has to say before is lost
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"by": "both"})
        return stack

    def test_an_event_is_the_same_by_both_ways_to_the_nanosecond(self):
        listener = self.begin_with_broker().publisher()
        listener.subscribe("v3/+/devices/+/down/+")
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:1", confirmed=True)), (200, "{}"))
        self.say("uplink", DEVICE)
        self.wait_for("downlink_sent", "my:1")
        self.say("uplink", DEVICE, ack=True)
        self.wait_for("downlink_ack", "my:1")
        by_webhook = {kind: json.loads(event) for _, kind, _, event in self.webhook.events}
        times = []
        for kind in ("queued", "sent", "ack"):
            topic, text = listener.listen()
            self.assertEqual(topic, f"v3/{PLANT}@emulated/devices/{DEVICE}/down/{kind}")
            self.assertEqual(json.loads(text), by_webhook[f"downlink_{kind}"])
            times.append(json.loads(text)["received_at"])
        self.assertTrue(any(len(each) > len("2026-01-01T00:00:00.000000Z") for each in times), times)  # so it is nanoseconds that are compared

    def test_a_burst_that_finds_the_webhooks_pool_full_is_lost_to_it_and_not_to_mqtt(self):
        self.begin_with_broker()
        self.hub.control("PUT", "/downlinks/switches", {"webhook_pool": 5})
        self.webhook.answers.clear()
        path, body = self.push(DEVICE, "my:burst")
        self.assertEqual(self.ask("POST", path, {"downlinks": body["downlinks"] * 60}), (200, "{}"))
        events = wait_until(lambda: (shown := self.hub.control("GET", "/downlinks")["events"])["published"] == 60 and shown, "all of them by MQTT")
        self.webhook.answers.set()
        self.assertGreaterEqual(events["pool_full"], 60 - 16 - 5)  # 16 are posted at a time
        self.assertEqual(events["lost"], 0)
        posted = 60 - events["pool_full"]
        wait_until(lambda: self.hub.control("GET", "/downlinks")["events"]["posted"] == posted, "the rest of them by the webhook")
        self.assertEqual(self.webhook.kinds(), ["downlink_queued"] * posted)

    def test_a_stack_that_is_killed_answers_nobody_until_it_is_there_again(self):
        self.begin()
        self.assertEqual(self.ask("POST", *self.push(DEVICE, "my:1")), (200, "{}"))
        self.hub.control("PUT", "/downlinks/switches", {"push_ms": 20000})
        with self.open() as line:
            line.sendall(self.request("POST", *self.push(OTHER, "my:cut")))
            wait_until(lambda: self.hub.control("GET", "/downlinks")["pushes"] == 2, "a push under way")
            self.hub.control("POST", "/downlinks/restart", {"by": "kill", "seconds": 600})
            self.assertEqual(line.recv(100), b"")
        with self.open() as line:
            line.sendall(self.request("GET", self.down(DEVICE)))
            self.assertEqual(line.recv(100), b"")
        self.hub.control("POST", "/downlinks/restart", {"seconds": 0})
        self.assertIn("my:1", self.ask("GET", self.down(DEVICE))[1])
        self.assertEqual(self.booked("my:cut"), [])

    def test_by_mqtt_a_push_gets_no_answer_and_events_come_by_the_broker(self):
        stack = broker(self.directory, {})
        self.addCleanup(stack.stop)
        stack.start()
        self.begin(mqtt_broker=f"127.0.0.1:{stack.port}", mqtt_password=STACK_PASSWORD)
        self.hub.control("PUT", f"/downlinks/events/{PLANT}", {"by": "both"})
        topic = f"v3/{PLANT}@emulated/devices/{DEVICE}/down/push"
        client = stack.publisher()

        def pushed():
            client.publish(topic, json.dumps({"downlinks": [{"f_port": 1, "frm_payload": "AQ==", "correlation_ids": ["my:1"]}]}))
            return self.booked("my:1")
        wait_until(pushed, "a push by MQTT")
        client.publish(topic, "{")
        self.wait_for("downlink_queued", "my:1")
        wait_until(lambda: self.hub.control("GET", "/downlinks")["events"]["published"] > 0, "an event by MQTT")


if __name__ == "__main__":
    unittest.main()
