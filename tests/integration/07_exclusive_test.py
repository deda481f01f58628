# SPDX-License-Identifier: Apache-2.0
"""What only one process can have: addresses and the state directory."""
import re
import socket
import unittest

from harness import FIELD, SAMPLE_DEVICE, call, free_port, integration_test, sample


class exclusive(integration_test):
    def setUp(self):
        super().setUp()
        self.hub = self.emulator()

    def assert_refuses_to_start(self, *words):
        ended = self.run_causeway("run", "-c", str(self.configuration))
        self.assertEqual((ended.returncode, ended.stdout), (1, ""), ended.stderr)
        for word in ("event=start_refused", *words):
            self.assertIn(word, ended.stderr)

    def test_an_address_in_use_is_named(self):
        for name in ("webhook", "admin"):
            with self.subTest(name), socket.socket() as taken:
                taken.bind(("127.0.0.1", self.hub.ports[name]))
                taken.listen()
                self.assert_refuses_to_start("address_in_use", f"127.0.0.1:{self.hub.ports[name]}", name + ".listen")

    def test_after_a_refused_start_the_state_is_free(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.hub.ports["admin"]))
            taken.listen()
            self.assert_refuses_to_start("address_in_use")
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(FIELD, sample("up-03")))
        self.assertEqual(gateway.stop(), 0)

    def test_a_locked_state_directory_is_named_and_its_owner_goes_on(self):
        first = self.gateway().start()
        text = self.configuration.read_text(encoding="utf-8")
        directory = re.search(r'directory = "(.*)"', text)[1]
        self.configuration.write_text(re.sub(r'listen = ".*"', lambda _: f'listen = "127.0.0.1:{free_port()}"', text))
        self.assert_refuses_to_start("state_locked", directory)
        self.assertEqual(call(first.admin_port, "GET", "/readyz")[0], 200)
        self.assert_stored(first.post(FIELD, sample("up-03")))
        self.hub.wait_for(SAMPLE_DEVICE)
        self.assertEqual(first.stop(), 0)


if __name__ == "__main__":
    unittest.main()
