# SPDX-License-Identifier: Apache-2.0
"""Bad input over the wire: each is refused by name, and the next good uplink is stored and arrives."""
import http.client
import json
import socket
import unittest

from harness import FIELD, PATIENCE, PLANT, basic, integration_test, sample, uplink

DEVICE = "meter-00001"


class bad_input(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator()
        self.under_test = self.gateway().start()
        self.good = 0

    def send_good(self):
        self.good += 1
        self.assert_stored(self.under_test.post(PLANT, uplink(PLANT, DEVICE, self.good)))

    def refused(self, answered, status, error):
        self.assertEqual(answered[0], status, answered)
        self.assertEqual(json.loads(answered[1])["error"], error)
        counted = self.under_test.metrics().get(f'causeway_webhook_refused_total{{error="{error}"}}', 0)
        self.assertGreaterEqual(counted, 1)
        self.send_good()

    def raw(self, data, end_output=False):
        """What the webhook says to these bytes before it closes the connection, or resets it."""
        said = b""
        with socket.create_connection(("127.0.0.1", self.under_test.webhook_port), timeout=PATIENCE) as peer:
            try:
                peer.sendall(data)
                if end_output:
                    peer.shutdown(socket.SHUT_WR)
                while part := peer.recv(65536):
                    said += part
            except ConnectionError:
                pass
        return said

    def tearDown(self):
        messages = self.hub.wait_for(DEVICE, self.good)
        self.assertEqual([one["uplink"] for one in messages], list(range(1, self.good + 1)))
        self.assertEqual(len(self.hub.messages()), self.good)
        self.assertEqual(self.under_test.stop(), 0)
        super().tearDown()

    def test_bodies(self):
        post = self.under_test.post
        self.refused(post(PLANT, "{"), 400, "json_malformed")
        self.refused(post(PLANT, ""), 400, "json_malformed")
        self.refused(post(PLANT, "[" * 100_000), 400, "json_malformed")
        self.refused(post(PLANT, '"' + "\xff\xfe"), 400, "json_malformed")
        self.refused(post(PLANT, "[]"), 400, "event_unrecognised")
        self.refused(post(PLANT, "{}"), 400, "event_unrecognised")
        self.refused(post(PLANT, sample("up-04")), 400, "identifiers_missing")
        self.refused(post(PLANT, uplink(FIELD, DEVICE, 1)), 400, "identifiers_mismatch")
        self.refused(post(PLANT, uplink(PLANT, "Not an id", 1)), 400, "identifier_invalid")

    def test_log_ins(self):
        post, event = self.under_test.post, uplink(PLANT, DEVICE, 999)
        self.refused(post(PLANT, event, log_in=basic("tts", "wrong")), 401, "unauthorized")
        self.refused(post(PLANT, event, log_in=self.under_test.log_ins[FIELD]), 401, "unauthorized")
        self.refused(post(PLANT, event, log_in="Basic %%%"), 401, "unauthorized")
        self.refused(post(PLANT, event, log_in="Bearer x"), 401, "unauthorized")
        self.refused(post(PLANT, event, path="/webhook/nobody", log_in=basic("tts", "wrong")), 401, "unauthorized")
        self.refused(post(PLANT, event, path="/webhook/nobody"), 404, "application_unknown")

    def test_requests(self):
        post, event = self.under_test.post, uplink(PLANT, DEVICE, 999)
        self.refused(post(PLANT, event, content_type="application/octet-stream"), 415, "media_type_unsupported")
        self.refused(post(PLANT, event, content_type=""), 415, "media_type_unsupported")
        self.refused(post(PLANT, event, path="/elsewhere"), 404, "not_found")

    def test_a_body_of_two_mebibytes(self):
        self.refused(self.under_test.post(PLANT, "x" * (2 << 20)), 413, "body_too_large")

    def test_a_body_of_two_mebibytes_in_chunks(self):
        head = (f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\nAuthorization: {self.under_test.log_ins[PLANT]}\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        said = self.raw(head.encode() + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 32 + b"0\r\n\r\n")
        self.assertIn(b" 413 ", said.split(b"\r\n")[0])
        self.send_good()

    def test_what_is_not_http(self):
        for data in (b"\x00\x01\x02\x03\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
                     b"GARBAGE\r\n\r\n", b"AMQP\x00\x01\x00\x00\r\n\r\n",
                     b"POST /webhook/water-meters HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                     b"POST /webhook/water-meters HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"):
            with self.subTest(data=data[:40]):
                said = self.raw(data, end_output=True)
                self.assertTrue(said == b"" or said.startswith(b"HTTP/1.1 400"), said[:200])
                self.send_good()

    def test_a_request_that_is_cut_off(self):
        head = (f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\nAuthorization: {self.under_test.log_ins[PLANT]}\r\n"
                "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        self.assertNotIn(b" 200 ", self.raw(head.encode() + b"{" * 10, end_output=True))
        self.send_good()

    def test_one_connection_goes_on_after_a_refusal(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.under_test.webhook_port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json", "Authorization": self.under_test.log_ins[PLANT]}
        connection.request("POST", f"/webhook/{PLANT}", "{", headers)
        answer = connection.getresponse()
        answer.read()
        self.assertEqual((answer.status, answer.will_close), (400, False))
        self.good += 1
        connection.request("POST", f"/webhook/{PLANT}", uplink(PLANT, DEVICE, self.good), headers)
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()


if __name__ == "__main__":
    unittest.main()
