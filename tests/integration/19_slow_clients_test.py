# SPDX-License-Identifier: Apache-2.0
"""Thousands of connections that do nothing, one byte a second, nonsense, or half a TLS handshake: those who post uplinks meanwhile
are answered, and the memory stays bounded."""
import http.client
import resource
import socket
import threading
import time
import unittest

from harness import PLANT, PATIENCE, integration_test, uplink, wait_until
from http2_client import http2_client

CONNECTIONS = 3000  # of each kind of silence
HTTP2_CONNECTIONS = 1000
BYTES_EACH = 48 * 1024  # at most, of the gateway's memory for a connection that is silent
HTTP2_BYTES_EACH = 64 * 1024  # with nghttp2\'s buffers and tables
HALF_HELLO = bytes.fromhex("16030100c4010000c003")  # the begin of a TLS ClientHello
UPLINKS = 200
DEVICE = "meter-00001"


class slow_clients(integration_test):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 3 * CONNECTIONS + 1000
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise unittest.SkipTest(f"needs {wanted} open files, {hard} are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

    def serve(self, tls):
        hub = self.emulator(devices=2)
        self.tls = self.serve_webhook_by_tls() if tls else None
        return hub, self.gateway().start()

    def open(self, gateway, secure=True):
        plain = socket.create_connection(("127.0.0.1", gateway.webhook_port), timeout=PATIENCE)
        self.addCleanup(plain.close)
        if self.tls is None or not secure:
            return plain
        made = self.tls.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(made.close)
        return made

    def post_uplinks(self, gateway, first):
        """Posts uplinks over one connection and over new ones in turn; all are stored."""
        kept = self.connect(gateway)
        for number in range(first, first + UPLINKS):
            connection = kept if number % 10 else self.connect(gateway)
            connection.request("POST", f"/webhook/{PLANT}", uplink(PLANT, DEVICE, number),
                               {"Content-Type": "application/json", "Authorization": gateway.log_ins[PLANT]})
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b'{"outcome":"stored"}'))
            if connection is not kept:
                connection.close()
        kept.close()

    def connect(self, gateway):
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", gateway.webhook_port, timeout=PATIENCE)
        return http.client.HTTPSConnection("localhost", gateway.webhook_port, timeout=PATIENCE, context=self.tls)

    def bounded(self, gateway, before, count, what, most=BYTES_EACH):
        grown = (gateway.resident() - before) / count
        print(f"{what}: {grown / 1024:.1f} KiB each", flush=True)
        self.assertLess(grown, most, what)

    def silence(self, tls):
        hub, gateway = self.serve(tls)
        self.post_uplinks(gateway, 1)
        before = gateway.resident()
        idle = [self.open(gateway) for _ in range(CONNECTIONS)]
        self.post_uplinks(gateway, 1 + UPLINKS)
        self.bounded(gateway, before, CONNECTIONS, "idle, TLS" if tls else "idle")

        # One byte a second, which is no end within the time of a header.
        request = f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\n".encode()
        stop = threading.Event()

        def drip():
            for byte in request:
                for connection in idle:
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        pass
                if stop.wait(1):
                    return

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        self.post_uplinks(gateway, 1 + 2 * UPLINKS)
        self.bounded(gateway, before, CONNECTIONS, "one byte a second")
        stop.set()
        dripping.join()
        wait_until(lambda: len(hub.messages(DEVICE)) == 3 * UPLINKS, "all uplinks in the hub")

    def test_silent_connections_cost_little_and_hold_up_nobody(self):
        self.silence(tls=False)

    def test_silent_tls_connections_cost_little_and_hold_up_nobody(self):
        self.silence(tls=True)

    def test_http2_connections_that_have_become_silent_cost_little_and_hold_up_nobody(self):
        hub, gateway = self.serve(tls=True)
        self.tls.set_alpn_protocols(["h2"])
        headers = {"Content-Type": "application/json", "Authorization": gateway.log_ins[PLANT]}

        def post(client, number):
            said = client.post(f"/webhook/{PLANT}", headers, uplink(PLANT, DEVICE, number))
            self.assertEqual(said[::2], (200, '{"outcome":"stored"}'))

        first = http2_client(gateway.webhook_port, self.tls)
        self.addCleanup(first.close)
        for number in range(1, 1 + UPLINKS):
            post(first, number)
        before = gateway.resident()
        for number in range(HTTP2_CONNECTIONS):
            one = http2_client(gateway.webhook_port, self.tls)
            self.addCleanup(one.close)
            post(one, 1 + UPLINKS + number)
        for number in range(UPLINKS):
            post(first, 1 + UPLINKS + HTTP2_CONNECTIONS + number)
        self.bounded(gateway, before, HTTP2_CONNECTIONS, "idle, HTTP/2", HTTP2_BYTES_EACH)
        wait_until(lambda: len(hub.messages(DEVICE)) == 2 * UPLINKS + HTTP2_CONNECTIONS, "all uplinks in the hub")

    def test_tls_handshakes_that_never_end_hold_up_nobody(self):
        hub, gateway = self.serve(tls=True)
        self.post_uplinks(gateway, 1)
        before = gateway.resident()
        for i in range(CONNECTIONS):
            connection = self.open(gateway, secure=False)
            if i % 2 == 0:
                connection.send(HALF_HELLO)
        self.post_uplinks(gateway, 1 + UPLINKS)
        self.bounded(gateway, before, CONNECTIONS, "half a handshake")
        wait_until(lambda: len(hub.messages(DEVICE)) == 2 * UPLINKS, "all uplinks in the hub")

    def test_nonsense_is_refused_and_holds_up_nobody(self):
        hub, gateway = self.serve(tls=False)
        before = gateway.resident()
        path = f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
        log_in = f"Authorization: {gateway.log_ins[PLANT]}\r\n".encode()
        nonsense = [
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, 400),  # TLS at a plain port
            (path + b"X: " + b"a" * 100_000, 431),
            (path + b"".join(b"X-%d: y\r\n" % i for i in range(10_000)), 431),
            (path + log_in + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            (path + log_in + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400),
            (path + log_in + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 100_000, 431),
            (path + log_in + b"Content-Length: 99999999999\r\n\r\n", 413),
            (path + b"Content-Length: 99999999999\r\n\r\n", 401),  # a stranger's body is not looked at
            (path + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (path + b"Content-Length: -1\r\n\r\n", 400),
        ]
        for _ in range(20):
            for bytes_, status in nonsense:
                connection = self.open(gateway)
                try:
                    connection.sendall(bytes_)
                except OSError:
                    pass  # refused before the end
                answer = connection.recv(100)
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), (bytes_[:80], answer))
                connection.close()
        self.post_uplinks(gateway, 1)
        self.bounded(gateway, before, 20 * len(nonsense), "nonsense")
        wait_until(lambda: len(hub.messages(DEVICE)) == UPLINKS, "all uplinks in the hub")

    def test_more_connections_than_are_allowed_make_room_for_those_that_post(self):
        _, gateway = self.serve(tls=False)
        allowed = 4_096
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < allowed + 2000:
            self.skipTest(f"needs {allowed + 2000} open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed + 2000, hard))
        for _ in range(allowed):
            self.open(gateway)
        time.sleep(6)  # longer than a connection is left alone
        self.post_uplinks(gateway, 1)


if __name__ == "__main__":
    unittest.main()
