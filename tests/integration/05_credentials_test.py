# SPDX-License-Identifier: Apache-2.0
"""Wrong keys and untrusted certificates: named, they disturb nobody else, and nothing is lost until they are corrected."""
import base64
import pathlib
import re
import signal
import socket
import threading
import time
import tomllib
import unittest

from harness import FIELD, PATIENCE, PLANT, call, emulator, integration_test, uplink, wait_until

METER, SENSOR = "meter-00001", "sensor-00001"
OTHER_KEY = base64.b64encode(bytes(range(64))).decode()


class credentials(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator()
        self.good_configuration = self.configuration.read_text(encoding="utf-8")
        self.settings = tomllib.loads(self.good_configuration)

    def use_file(self, old, content):
        """The configuration names another file than `old`, with this content."""
        changed = self.directory / "changed"
        changed.write_text(content, encoding="utf-8")
        changed.chmod(0o600)
        self.edit(f'"{old}"', f'"{changed}"')

    def start(self, at_fault, undisturbed):
        """Accepts an uplink of the device at fault, and one of another, which arrives."""
        self.under_test = self.gateway().start()
        for application, device in (at_fault, undisturbed):
            self.assert_stored(self.under_test.post(application, uplink(application, device, 1)))
        self.hub.wait_for(undisturbed[1])

    def assert_recovers(self, device):
        """With the configuration corrected and the gateway restarted, what was accepted arrives."""
        self.assertEqual(self.hub.messages(device), [])
        wait_until(lambda: self.under_test.metrics()["causeway_spool_messages"] == 1, "one waiting message")
        self.assertEqual(self.under_test.stop(), 0)
        self.configuration.write_text(self.good_configuration, encoding="utf-8")
        self.under_test.start()
        self.assertEqual([one["uplink"] for one in self.hub.wait_for(device)], [1])
        self.assertEqual(self.under_test.stop(), 0)

    def wait_for_parked(self, application, device, error):
        """That device, and no other."""
        self.under_test.wait_for_log("device_parked", application=application, device=device, error=error)
        self.assertEqual(len(self.under_test.log("device_parked")), 1)
        self.assertEqual(self.under_test.metrics()['causeway_devices{state="parked"}'], 1)

    def test_a_webhook_password_with_umlauts_works_from_the_console_too(self):
        file = next(one for one in self.settings["application"] if one["id"] == PLANT)["webhook_password_file"]
        self.use_file(file, "Gerät-7§\n")
        gateway = self.gateway().start()
        by = lambda coding: "Basic " + base64.b64encode("tts:Gerät-7§".encode(coding)).decode()
        self.assertEqual(by("latin-1"), "Basic dHRzOkdlcuR0LTen")  # what the Console's btoa makes of it
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 1), log_in=by("latin-1")))
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 2), log_in=by("utf-8")))
        self.assertEqual(self.run_causeway("check", "--offline", "-c", str(self.configuration)).returncode, 0)
        self.assertEqual(gateway.stop(), 0)

    def test_a_header_with_a_value_is_a_credential_too(self):
        text, passwords = self.good_configuration, re.findall(r'webhook_password_file = "([^"]+)"', self.good_configuration)
        text = text.replace(f'webhook_password_file = "{passwords[0]}"',
                            f'webhook_header = "Authorization"\nwebhook_value_file = "{self.directory}/bearer"')
        text = text.replace(f'webhook_password_file = "{passwords[1]}"\n', "")
        text = text.replace("[webhook]\n", f'[webhook]\nheader = "X-Api-Key"\nvalue_file = "{self.directory}/key"\n')
        for name, content in (("bearer", "Bearer abc.def\n"), ("key", "k 1\n")):
            (self.directory / name).write_text(content, encoding="utf-8")
            (self.directory / name).chmod(0o600)
        self.configuration.write_text(text, encoding="utf-8")
        gateway = self.gateway().start()
        own = tomllib.loads(text)["application"][0]["id"]
        device = {PLANT: METER, FIELD: SENSOR}
        other = next(one for one in device if one != own)
        post = lambda application, **headers: call(gateway.webhook_port, "POST", f"/webhook/{application}",
                                                   uplink(application, device[application], 1),
                                                   {"Content-Type": "application/json", **{n.replace("_", "-"): v for n, v in headers.items()}})
        self.assertEqual(post(own, x_api_key="k 1")[0], 401)
        self.assertEqual(post(other, Authorization="Bearer abc.def")[0], 401)
        self.assertEqual(post(own)[0], 401)
        self.assert_stored(post(own, Authorization="Bearer abc.def"))
        self.assert_stored(post(other, x_api_key="k 1"))
        self.assertNotIn("abc.def", gateway.stderr())
        self.assertEqual(gateway.stop(), 0)

    def test_who_guesses_waits_and_who_knows_does_not(self):
        gateway = self.gateway().start()
        began, answers = time.monotonic(), []

        def guess():
            status = gateway.post(PLANT, uplink(PLANT, METER, 1), log_in="Basic eDp5")[0]
            answers.append((status, time.monotonic() - began))

        guessing = [threading.Thread(target=guess) for _ in range(25)]
        for one in guessing:
            one.start()
        wait_until(lambda: sum(gateway.metrics().get(f'causeway_webhook_responses_total{{status="{status}"}}', 0) for status in (401, 429)) >= 25,
                   "guesses that are judged")
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, METER, 1)))  # from the same address
        for one in guessing:
            one.join()
        self.assertEqual({status for status, _ in answers}, {401, 429})
        self.assertGreaterEqual(min(seconds for _, seconds in answers), 1.0)
        self.assertEqual(gateway.stop(), 0)

    def test_a_prober_needs_no_log_in(self):
        gateway = self.gateway().start()
        for method, path in (("GET", "/"), ("HEAD", "/"), ("GET", "/readyz"), ("HEAD", "/readyz")):
            status, body = call(gateway.webhook_port, method, path)
            self.assertEqual((status, body), (200, "ready\n" if method == "GET" else ""), f"{method} {path}")
        for method, path, expected in (("GET", "/healthz", 404), ("POST", "/", 404), ("GET", f"/webhook/{PLANT}", 405)):
            self.assertEqual(call(gateway.webhook_port, method, path)[0], expected, f"{method} {path}")
        # A request whose body is still to come keeps the gateway from its end: it drains.
        with socket.create_connection(("127.0.0.1", gateway.webhook_port), timeout=PATIENCE) as peer:
            peer.sendall(f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\nAuthorization: {gateway.log_ins[PLANT]}\r\n"
                         "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
            self.assertIn(b" 100 ", peer.recv(4096))
            gateway.signal(signal.SIGTERM)
            wait_until(lambda: call(gateway.admin_port, "GET", "/readyz")[0] == 503, "the admin listener's word")
            self.assertEqual(call(gateway.webhook_port, "GET", "/readyz"), (200, "ready\n"))
            peer.sendall(b"{}")
        self.assertEqual(gateway.wait_for_end(), 0)

    def test_wrong_key_of_the_hubs_policy(self):
        file = self.settings["azure"]["plant"]["connection_string_file"]
        right = pathlib.Path(file).read_text(encoding="utf-8")
        self.use_file(file, re.sub(r"SharedAccessKey=\S+", "SharedAccessKey=" + OTHER_KEY, right))
        self.start((PLANT, METER), (FIELD, SENSOR))
        # The first token on a connection is refused with the connection: the policy concerns all its devices.
        self.under_test.wait_for_log("hub_connection_lost", error="hub_unauthorized")
        self.assertEqual(self.under_test.metrics()['causeway_devices{state="online"}'], 1)
        self.assertNotIn(OTHER_KEY, self.under_test.stderr())
        self.assert_recovers(METER)

    def test_wrong_key_of_one_device(self):
        """Its own connection string is wrong; the others on that hub go on."""
        right = self.hub.control("GET", "/devices/meter-00002")["primary_key"]
        lines = []
        for i, key in ((1, OTHER_KEY), (2, right)):
            file = self.directory / f"string-{i}"
            file.write_text(f"HostName=localhost:{self.hub.ports['hub']};DeviceId=meter-{i:05};SharedAccessKey={key}")
            file.chmod(0o600)
            lines.append(f'"meter-{i:05}" = {{ connection_string_file = "{file}" }}\n')
        string_file = self.settings["azure"]["plant"]["connection_string_file"]
        self.edit(f'connection_string_file = "{string_file}"\n', "")
        self.edit("[azure.field]", "[azure.plant.devices]\n" + "".join(lines) + "\n[azure.field]")
        self.start((PLANT, METER), (PLANT, "meter-00002"))
        self.under_test.wait_for_log("device_detached", error="hub_unauthorized", identity=METER)
        self.wait_for_parked(PLANT, METER, "hub_unauthorized")
        self.assert_recovers(METER)

    def test_wrong_group_key(self):
        self.use_file(self.settings["azure"]["field"]["group_key_file"], OTHER_KEY)
        self.start((FIELD, SENSOR), (PLANT, METER))
        self.under_test.wait_for_log("dps_refused", error="dps_unauthorized", registration=SENSOR)
        self.wait_for_parked(FIELD, SENSOR, "dps_unauthorized")
        self.assertNotIn(OTHER_KEY, self.under_test.stderr())
        self.assert_recovers(SENSOR)

    def test_a_device_that_the_hub_does_not_know(self):
        self.start((PLANT, "stranger"), (PLANT, METER))
        self.under_test.wait_for_log("device_detached", error="hub_device_unknown", identity="stranger")
        self.wait_for_parked(PLANT, "stranger", "hub_device_unknown")
        self.hub.control("PUT", "/devices/stranger", {"primary_key": OTHER_KEY})
        self.assert_recovers("stranger")

    def trust_another_authority_in(self, section):
        other = emulator(self.directory / "other")
        (self.directory / "other").mkdir()
        other.print_config()
        text = self.configuration.read_text(encoding="utf-8")
        head, tail = text.split(f"[azure.{section}]")
        tail = tail.replace(self.settings["azure"][section]["ca_file"], str(self.directory / "other/emulator/ca.pem"), 1)
        self.configuration.write_text(f"{head}[azure.{section}]{tail}", encoding="utf-8")

    def test_untrusted_certificate_of_the_hub(self):
        self.trust_another_authority_in("plant")
        self.start((PLANT, METER), (FIELD, SENSOR))
        self.under_test.wait_for_log("hub_connection_lost", error="tls_untrusted")
        self.assertEqual(self.hub.ledger()["put_tokens"], 1)
        self.assertEqual(self.hub.ledger()["accepted"], 1)
        self.assert_recovers(METER)

    def test_untrusted_certificate_of_dps(self):
        self.trust_another_authority_in("field")
        self.start((FIELD, SENSOR), (PLANT, METER))
        # No device's own trouble: it waits, and one request at a time tries for all.
        self.under_test.wait_for_log("dps_unreachable", error="tls_untrusted")
        self.assertEqual(self.under_test.log("device_parked"), [])
        self.assertEqual(self.hub.dps()["requests"], 0)
        self.assert_recovers(SENSOR)


if __name__ == "__main__":
    unittest.main()
