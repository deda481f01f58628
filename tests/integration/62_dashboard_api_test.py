# SPDX-License-Identifier: Apache-2.0
"""What the dashboard asks, and who may ask it: headers, the token, other sites' pages, the stream, and no secret in any of it."""
import contextlib
import http.client
import json
import unittest

from harness import PATIENCE, PLANT, call, integration_test, uplink, wait_until

TOKEN = "planted-token-0123456789"
METER = "meter-00001"


class dashboard_api(integration_test):
    def begin(self, listen="127.0.0.1", token=True, **options):
        self.hub = self.emulator(devices=4, layout="hub", registry=True, **options)
        self.port = int(self.configuration.read_text(encoding="utf-8").split("[admin]")[1].split(":")[1].split('"')[0])
        if token:
            file = self.directory / "admin-token"
            file.write_text(TOKEN + "\n", encoding="utf-8")
            file.chmod(0o600)
            self.edit("[admin]\n", f'[admin]\ntoken_file = "{file}"\n')
        if listen != "127.0.0.1":
            self.edit(f'listen = "127.0.0.1:{self.port}"', f'listen = "{listen}:{self.port}"')
        self.causeway = self.gateway().start()

    def ask(self, method, path, headers=None):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read().decode("utf-8")
        finally:
            connection.close()

    def status_of(self, method, path, **headers):
        return self.ask(method, path, {key.replace("_", "-"): value for key, value in headers.items()})[0]

    def test_browsers_are_told_to_trust_nothing_else(self):
        self.begin()
        for path in ("/", "/api/status", "/api/configuration", "/metrics", "/no-such-page"):
            headers = self.ask("GET", path)[1]
            self.assertRegex(headers["content-security-policy"], "^default-src 'none'; script-src 'self'; style-src 'self';.* frame-ancestors 'none'$")
            self.assertNotIn("unsafe", headers["content-security-policy"])
            self.assertEqual((headers["x-content-type-options"], headers["referrer-policy"]), ("nosniff", "no-referrer"))
        page = self.ask("GET", "/")[2]
        self.assertNotRegex(page, r"<script>|style=|onload=|https?://")

    def test_off_this_machine_nothing_but_health_and_metrics_is_told_without_the_token(self):
        self.begin(listen="0.0.0.0")
        for path in ("/api/status", "/api/devices", "/api/configuration", "/api/live", "/api/history", "/api/access", "/api/dead-letters", "/api/commands",
                     f"/api/devices/{PLANT}/{METER}", "/api/timeline", "/api/plan", "/api/nothing"):
            self.assertEqual(self.status_of("GET", path), 401, path)
            self.assertEqual(self.status_of("GET", path, Authorization="Bearer " + TOKEN[:-1]), 401, path)
        for path in ("/healthz", "/readyz", "/metrics", "/"):
            self.assertEqual(self.status_of("GET", path), 200, path)
        good = {"Authorization": "Bearer " + TOKEN}
        self.assertEqual(json.loads(self.ask("GET", "/api/access", good)[2]), {"may_change": True, "has_token": True})
        self.assertEqual(self.status_of("GET", "/api/status", **good), 200)
        self.assertEqual(self.status_of("DELETE", "/api/dead-letters?ids=1", **good), 200)

    def test_without_a_token_others_get_nothing(self):
        self.begin(listen="0.0.0.0", token=False)
        for path in ("/", "/api/status", "/api/live"):
            self.assertEqual(self.status_of("GET", path), 403, path)
            self.assertEqual(self.status_of("GET", path, Authorization="Bearer "), 403, path)
        self.assertEqual(self.status_of("GET", "/metrics"), 200)

    def test_changes_need_the_token_and_no_other_page_can_make_them(self):
        self.begin()
        change = ("DELETE", "/api/dead-letters?ids=1")
        good = {"Authorization": "Bearer " + TOKEN}
        own = f"http://127.0.0.1:{self.port}"
        self.assertEqual(self.status_of(*change), 403)
        self.assertEqual(self.status_of(*change, Authorization="Bearer wrong-0123456789"), 401)
        self.assertEqual(self.status_of(*change, **good), 200)
        self.assertEqual(self.status_of(*change, **good, Origin=own, Sec_Fetch_Site="same-origin"), 200)
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
            self.assertEqual(self.status_of(*change, **good, Origin=origin), 403, origin)
        self.assertEqual(self.status_of(*change, **good, Sec_Fetch_Site="cross-site"), 403)
        self.assertEqual(self.status_of("GET", "/api/status", Sec_Fetch_Site="cross-site"), 403)
        for path in ("/api/dead-letters/replay?ids=1", "/api/commands/clear?device=" + METER, "/api/devices/forget?application=x&which=unlisted"):
            self.assertEqual(self.status_of("POST", path), 403, path)

    def test_a_name_that_dns_was_bent_to_gets_nothing(self):
        self.begin()
        for host in ("evil.example", f"evil.example:{self.port}", f"localhost.evil.example:{self.port}"):
            for path in ("/api/status", "/api/live", "/api/configuration"):
                self.assertEqual(self.status_of("GET", path, Host=host), 403, (host, path))
        self.assertEqual(self.status_of("GET", "/api/status", Host=f"localhost:{self.port}"), 200)

    def listen(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/live")
        return connection.getresponse()

    @staticmethod
    def next_event(stream):
        event = stream.readline()
        data = stream.readline()
        if stream.readline() != b"\n" or not event.startswith(b"event: ") or not data.startswith(b"data: "):
            raise AssertionError((event, data))
        return json.loads(data[6:])

    def test_what_happens_is_streamed(self):
        self.begin()
        stream = self.listen()
        self.assertEqual((stream.status, stream.getheader("Content-Type")), (200, "text/event-stream; charset=utf-8"))
        self.assertIn("devices_by_state", self.next_event(stream)["status"])
        self.assert_stored(self.causeway.post(PLANT, uplink(PLANT, METER, 1)))
        self.hub.wait_for(METER)
        wait_until(lambda: self.next_event(stream)["status"]["messages"]["sent"] == 1, "the message is sent, says the stream")
        wait_until(lambda: json.loads(self.ask("GET", "/api/history")[2])["points"], "a point of the history")

    def test_listeners_are_bounded_and_a_stop_ends_them(self):
        self.begin()
        all_of_them = [self.listen() for _ in range(32)]
        self.assertEqual([one.status for one in all_of_them], [200] * 32)
        self.assertEqual(self.listen().status, 503)
        self.assertEqual(self.causeway.stop(), 0)
        for one in all_of_them:
            with contextlib.suppress(http.client.IncompleteRead):  # the process may go before the last chunk
                one.read()

    def test_no_secret_is_in_any_page_stream_or_log(self):
        self.begin()
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write('[telemetry]\napplication_insights_connection_string = '
                       '"InstrumentationKey=11111111-2222-3333-4444-555555555555;IngestionEndpoint=http://127.0.0.1:9/"\n')
        self.edit("[webhook]\n", '[webhook]\npassword = "planted-webhook-password"\n')
        self.assertEqual(self.causeway.stop(), 0)
        self.causeway = self.gateway().start()
        secrets = [TOKEN, "planted-webhook-password", "11111111-2222-3333-4444-555555555555"]
        for file in (self.hub.directory / "emulator").iterdir():
            if file.is_file() and any(word in file.name for word in ("key", "password", "connection-string")):
                content = file.read_text(encoding="utf-8", errors="replace").strip()
                secrets += [content, *(part.split("=", 1)[1] for part in content.split(";") if part.startswith("SharedAccessKey="))]
        secrets = [one for one in secrets if len(one) > 7]
        self.assertGreater(len(secrets), 5)
        told = {path: self.ask("GET", path)[2] for path in
                ("/", "/api/configuration", "/api/status", "/api/devices", f"/api/devices/{PLANT}/{METER}", "/api/plan", "/api/history", "/api/access",
                 "/api/dead-letters", "/api/commands", "/api/timeline", "/metrics")}
        told["stream"] = json.dumps(self.next_event(self.listen()))
        told["log"] = self.causeway.stderr()
        for where, what in told.items():
            for secret in secrets:
                self.assertNotIn(secret, what, where)
        shown = {(section["section"], key["key"]): key for section in json.loads(told["/api/configuration"])["sections"] for key in section["keys"]}
        self.assertEqual(shown["[admin]", "token"]["by"], "file")
        self.assertEqual(shown["[webhook]", "password"], {"key": "password", "secret": True, "by": "inline", "where": None, "given": True})
        self.assertEqual(shown[f"[[application]] {PLANT}", "api_key"]["by"], "file")


if __name__ == "__main__":
    unittest.main()
