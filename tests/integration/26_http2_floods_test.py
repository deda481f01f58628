# SPDX-License-Identifier: Apache-2.0
"""Who floods the webhook by HTTP/2 holds up nobody, and the memory stays bounded. On the release build only: a sanitizer keeps what
is freed."""
import itertools
import threading
import time
import unittest

from harness import PATIENCE, PLANT, uplink
from http2_client import h2, http2_client, http2_test

DEVICE = "meter-00001"


class http2_floods(http2_test):
    def flood(self, attack, connections=8):
        """attack(client) in threads of its own, again and again on new connections, while uplinks are posted."""
        gateway = self.serve()
        good = self.client()
        path = f"/webhook/{PLANT}"
        self.assertEqual(good.post(path, self.headers, uplink(PLANT, DEVICE, 1))[0], 200)
        before, stop, rounds = gateway.resident(), threading.Event(), []

        def run():
            while not stop.is_set():
                rounds.append(1)
                try:
                    one = http2_client(gateway.webhook_port, self.both)
                except OSError:
                    continue
                try:
                    attack(one, stop)
                except (OSError, h2.exceptions.ProtocolError):
                    pass
                one.close()

        threads = [threading.Thread(target=run, daemon=True) for _ in range(connections)]
        for thread in threads:
            thread.start()
        worst = 0.0
        for number in range(2, 42):
            begun = time.monotonic()
            self.assertEqual(good.post(path, self.headers, uplink(PLANT, DEVICE, number))[0], 200)
            worst = max(worst, time.monotonic() - begun)
            time.sleep(0.05)
        grown = gateway.resident() - before
        print(f"{self.id()}: {len(rounds)} rounds, {grown >> 20} MiB more, the slowest answer {worst:.3f} s", flush=True)
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertLess(grown, 200 << 20)
        self.assertEqual([one["uplink"] for one in self.hub.wait_for(DEVICE, 41)], list(range(1, 42)))

    def test_rapid_resets_hold_up_nobody(self):
        def attack(one, stop):
            path = f"/webhook/{PLANT}"
            while not stop.is_set():
                for _ in range(200):
                    one.codec.reset_stream(one.begin(path, {}), h2.errors.ErrorCodes.CANCEL)
                one.flush()

        self.flood(attack, connections=2)

    def test_bodies_that_never_end_are_bounded_over_all_connections(self):
        def attack(one, stop):
            while one.codec.remote_settings.get(h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS) != 1024:
                one.read()
            path, part = f"/webhook/{PLANT}", b"x" * 16_000
            for _ in range(1024):
                stream = one.begin(path, {})
                if one.codec.local_flow_control_window(stream) >= len(part):
                    one.codec.send_data(stream, part)
            one.flush()
            stop.wait(1)

        self.flood(attack, connections=24)

    def test_fields_of_a_byte_each_are_refused_to_those_who_send_them(self):
        fields = b"\xbe" * 450  # each the newest of HPACK's table, a: b (RFC 7541 sections 2.3.3 and 6.1)

        def attack(one, stop):
            begin = b"\x83\x87\x84\x01\x01x"  # POST, https, / and x for authority
            block = begin + b"\x40\x01a\x01b" + fields  # with a: b into the table
            frames = b""
            for stream in range(1, 2048, 2):
                frames += len(block).to_bytes(3, "big") + b"\x01\x04" + stream.to_bytes(4, "big") + block  # no END_STREAM
                block = begin + fields
            one.socket.sendall(frames)
            stop.wait(0.1)

        self.flood(attack, connections=4)
        # Each is turned away at its header, of which nothing is kept.
        self.assertGreater(self.under_test.metrics()['causeway_webhook_refused_total{error="not_found"}'], 0)

    def test_frames_that_ask_for_nothing_end_their_connection(self):
        def frame(kind, stream, payload=b""):
            return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + stream.to_bytes(4, "big") + payload

        # RFC 9113 section 6: DATA without an end, PRIORITY, WINDOW_UPDATE; and a kind that nobody knows.
        kinds = itertools.cycle([lambda stream: frame(0, stream), lambda stream: frame(2, stream, b"\0\0\0\0\x10"),
                                 lambda _: frame(8, 0, b"\0\0\0\x01"), lambda _: frame(0xEE, 0)])

        def attack(one, stop):
            stream = one.begin(f"/webhook/{PLANT}", self.headers)
            one.flush()
            frames = next(kinds)(stream) * 1000
            while not stop.is_set():
                one.socket.sendall(frames)

        self.flood(attack, connections=4)
        self.assertGreaterEqual(self.under_test.metrics()['causeway_webhook_connections_ended_total{reason="flood"}'], 4)

    def test_who_reads_no_answer_holds_up_nobody(self):
        def attack(one, stop):
            one.codec.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
            while not stop.is_set():
                for _ in range(200):
                    one.begin("/nowhere", {}, end=True)
                one.flush()
                one.read()

        self.flood(attack)


if __name__ == "__main__":
    unittest.main()
