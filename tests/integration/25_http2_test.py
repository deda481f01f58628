# SPDX-License-Identifier: Apache-2.0
"""The webhook by HTTP/2, with clients that are not ours: Python's h2 and curl. The same answers as by HTTP/1.1; what was accepted
arrives, whatever becomes of its stream or connection."""
import http.client
import json
import socket
import ssl
import subprocess
import threading
import unittest

from harness import PATIENCE, PLANT, basic, uplink, wait_until
from http2_client import h2, http2_test

DEVICE = "meter-00001"
OF_THE_ANSWER = ("content-type", "content-length", "retry-after", "allow", "www-authenticate")


class http2(http2_test):
    def by_http1(self, path, headers, body, method="POST"):
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("localhost", self.under_test.webhook_port, timeout=PATIENCE, context=context)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = (answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode())
        connection.close()
        return said

    def compare(self, path, headers, body, method="POST"):
        """Both say the same; it is given."""
        old, new = self.by_http1(path, headers, body, method), self.client().post(path, headers, body, method)
        of_interest = lambda said: (said[0], {name: said[1].get(name) for name in OF_THE_ANSWER}, said[2])
        self.assertEqual(of_interest(old), of_interest(new))
        self.assertIn("date", new[1])
        return new

    def test_answers_are_those_of_http1(self):
        self.serve()
        path, good = f"/webhook/{PLANT}", uplink(PLANT, DEVICE, 1)
        wrong = {**self.headers, "Authorization": basic("tts", "wrong")}
        cases = [
            (path, self.headers, "{", "POST", 400, "json_malformed"),
            (path, self.headers, "", "POST", 400, "json_malformed"),
            (path, wrong, good, "POST", 401, "unauthorized"),
            ("/elsewhere", self.headers, good, "POST", 404, "not_found"),
            ("/webhook/nobody", self.headers, good, "POST", 404, "application_unknown"),
            (path, self.headers, "", "GET", 405, "method_not_allowed"),
            (path, self.headers, good, "PUT", 405, "method_not_allowed"),
            (path, self.headers, "x" * (2 << 20), "POST", 413, "body_too_large"),
            (path, {**self.headers, "Content-Type": "application/octet-stream"}, good, "POST", 415, "media_type_unsupported"),
            (path, {**self.headers, "X-Long": "x" * 30_000}, good, "POST", 431, "header_too_large"),
        ]
        for place, headers, body, method, status, error in cases:
            with self.subTest(status=status, error=error):
                said = self.compare(place, headers, body, method)
                self.assertEqual((said[0], json.loads(said[2])["error"]), (status, error))
        one = self.client()
        self.assertEqual(one.post(path, self.headers, "x" * (2 << 20))[0], 413)
        self.assertEqual(one.post(path, self.headers, good)[::2], (200, '{"outcome":"stored"}'))
        self.assertEqual(one.post(path, self.headers, good, "HEAD")[::2], (405, ""))
        metrics = self.under_test.metrics()
        self.assertGreaterEqual(metrics['causeway_webhook_connections{http="2"}'], 1)
        self.hub.wait_for(DEVICE)

    def test_a_full_spool_is_503_with_retry_after(self):
        self.serve(extra="\n[spool]\nmax_messages = 3\n")
        self.hub.add_fault(kind="hub_refuse_connections")
        self.hub.add_fault(kind="hub_cut_connections")
        one, path = self.client(), f"/webhook/{PLANT}"
        statuses = [one.post(path, self.headers, uplink(PLANT, DEVICE, number))[0] for number in range(1, 5)]
        self.assertEqual((statuses[0], statuses[-1]), (200, 503))
        said = self.compare(path, self.headers, uplink(PLANT, DEVICE, 9))
        self.assertEqual((said[0], said[1]["retry-after"]), (503, "5"))

    def test_a_request_that_does_not_end_is_408_and_the_connection_goes_on(self):
        self.serve()
        one, path = self.client(), f"/webhook/{PLANT}"
        stream = one.begin(path, self.headers)
        one.codec.send_data(stream, b"{")
        one.flush()
        said = one.answer(stream)
        self.assertEqual((said[0], json.loads(said[2])["error"]), (408, "http_protocol"))
        self.assertEqual(one.post(path, self.headers, uplink(PLANT, DEVICE, 1))[0], 200)

    def test_a_burst_over_one_connection(self):
        self.serve()
        one, path, count = self.client(), f"/webhook/{PLANT}", 1000
        streams = [one.request(path, self.headers, uplink(PLANT, f"meter-0000{1 + number % 2}", 1 + number // 2)) for number in range(count)]
        self.assertEqual([one.answer(stream)[0] for stream in streams], [200] * count)
        wait_until(lambda: len(self.hub.messages()) == count, "all in the hub")
        self.assertEqual(self.under_test.metrics()['causeway_webhook_connections{http="2"}'], 1)

    def test_curl(self):
        self.serve()
        for number in range(1, 42):
            (self.directory / f"{number}.json").write_text(uplink(PLANT, DEVICE, number), encoding="utf-8")
        # One after the other over one connection, then a large body; then HTTP/1.1.
        url = f"https://localhost:{self.under_test.webhook_port}/webhook/{PLANT}"
        common = ["--silent", "--show-error", "--cacert", str(self.ca), "--write-out", "%{http_code} %{http_version} %{num_connects}\n",
                  "--output", "/dev/null", "--max-time", str(PATIENCE)]
        common += [part for name, value in self.headers.items() for part in ("--header", f"{name}: {value}")]

        def run(*arguments):
            return subprocess.run(["curl", *arguments], capture_output=True, text=True, timeout=PATIENCE * 2)

        arguments = ["--http2"]
        for number in range(1, 41):
            arguments += (["--next", "--http2"] if number > 1 else []) + common + ["--data-binary", f"@{self.directory}/{number}.json", url]
        ran = run(*arguments)
        self.assertEqual(ran.stdout.splitlines(), ["200 2 1"] + ["200 2 0"] * 39, ran.stderr)
        (self.directory / "large").write_bytes(b"x" * (8 << 20))
        self.assertEqual(run("--http2", *common, "--data-binary", f"@{self.directory}/large", url).stdout, "413 2 1\n")
        self.assertEqual(run("--http1.1", *common, "--data-binary", f"@{self.directory}/41.json", url).stdout, "200 1.1 1\n")
        self.assertEqual([one["uplink"] for one in self.hub.wait_for(DEVICE, 41)], list(range(1, 42)))

    def test_without_tls_http2_is_refused_in_words(self):
        self.serve(tls=False)
        with socket.create_connection(("127.0.0.1", self.under_test.webhook_port), timeout=PATIENCE) as peer:
            codec = h2.connection.H2Connection()
            codec.initiate_connection()
            peer.sendall(codec.data_to_send())
            said = peer.recv(65536)
        self.assertTrue(said.startswith(b"HTTP/1.1 400 "), said)
        self.assertIn(b"over TLS HTTP/2", said)
        # Who asks for an upgrade is answered by HTTP/1.1.
        url = f"http://127.0.0.1:{self.under_test.webhook_port}/webhook/{PLANT}"
        ran = subprocess.run(["curl", "--silent", "--http2", "--write-out", "%{http_code} %{http_version}", "--output", "/dev/null",
                              "--header", f"Authorization: {self.headers['Authorization']}", "--json", uplink(PLANT, DEVICE, 1), url],
                             capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(ran.stdout, "200 1.1")

    def test_what_is_reset_after_its_end_is_kept_all_the_same(self):
        self.serve()
        one = self.client()
        for number in range(1, 101):
            stream = one.request(f"/webhook/{PLANT}", self.headers, uplink(PLANT, DEVICE, number))
            one.codec.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            one.flush()
            if number % 10 == 0:
                one.close()
                one = self.client()
        arrived = [message["uplink"] for message in self.hub.messages(DEVICE)]
        # A reset may overtake the request's reading, so that not all are kept; what is kept is there once, and in order. Between two
        # connections there is none: the next one's first request may be read before the last ones of the one that was closed.
        self.assertEqual(len(arrived), len(set(arrived)))
        for ten in range(10):
            of_one = [number for number in arrived if (number - 1) // 10 == ten]
            self.assertEqual(of_one, sorted(of_one))
        last = self.client().post(f"/webhook/{PLANT}", self.headers, uplink(PLANT, DEVICE, 101))
        self.assertEqual(last[0], 200)
        wait_until(lambda: self.hub.messages(DEVICE)[-1]["uplink"] == 101, "the last one")

    def test_sigterm_under_load_answers_and_keeps_what_is_under_way(self):
        self.serve()
        accepted, goodbyes = [], []

        def post(device):
            one, number = self.client(), 0
            try:
                while True:
                    streams = {}
                    for _ in range(20):
                        number += 1
                        streams[one.request(f"/webhook/{PLANT}", self.headers, uplink(PLANT, device, number))] = number
                    for stream, sent in streams.items():
                        said = one.answer(stream)
                        if said is not None and said[0] == 200:
                            accepted.append((device, sent))
                    if one.goodbye is not None or one.ended:
                        break
            except (OSError, h2.exceptions.ProtocolError):
                pass
            goodbyes.append(one.goodbye)

        threads = [threading.Thread(target=post, args=(f"meter-0000{i}",), daemon=True) for i in (1, 2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(accepted) > 200, "some uplinks")
        self.assertEqual(self.under_test.stop(), 0)
        for thread in threads:
            thread.join(PATIENCE)
        for goodbye in goodbyes:
            self.assertIsNotNone(goodbye)
            self.assertEqual(goodbye.error_code, 0)
        arrived = {(message["device"], message["uplink"]) for message in self.hub.messages()}
        self.assertEqual(set(accepted) - arrived, set())
        self.assertEqual(self.under_test.log("gateway_stopped")[0]["waiting"], "0")


if __name__ == "__main__":
    unittest.main()
