# SPDX-License-Identifier: Apache-2.0
"""Strangers by the thousand, each with a body of a mebibyte that never ends, against a gateway that may have 512 MiB: who has a
credential is answered within a second meanwhile, and the gateway stays below 256 MiB. On the release build only."""
import http.client
import multiprocessing
import os
import pathlib
import resource
import socket
import ssl
import threading
import time
import unittest

from harness import PATIENCE, PLANT, integration_test, uplink, wait_until

STRANGERS = 4000
PLAIN_STRANGERS = 10_000  # more than may be connected at a time
GENERATORS = 2
MEMORY = 512 << 20
RESIDENT = 256 << 20
SENDERS, RATE, SECONDS = 8, 200, 8
SLOWEST = 1.0
BODY = 1 << 20
HEAD = f"POST /webhook/{PLANT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {BODY}\r\n\r\n".encode()


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


# POST, https, a path and an authority without Huffman (RFC 7541), and a part of the body.
PATH = f"/webhook/{PLANT}".encode()
HEADERS = b"\x83\x87\x04" + bytes([len(PATH)]) + PATH + b"\x01\x01x"
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, HEADERS) + frame(0, 0, 1, b" " * 16_000) * 4


def hold_open(port, count, ca_file, protocol, connected, stop):
    """In a process of its own: so many connections that send without end; who is closed comes again."""
    context = None
    if ca_file:
        context = ssl.create_default_context(cafile=ca_file)
        context.set_alpn_protocols([protocol])
    first = HTTP2 if protocol == "h2" else HEAD
    more = b"" if protocol == "h2" else b" " * 65_536

    def open_one():
        try:
            made = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            if context:
                made = context.wrap_socket(made, server_hostname="localhost")
            made.sendall(first)
            made.setblocking(False)
        except OSError:
            return None
        with connected.get_lock():
            connected.value += 1
        return made

    open_ones = [None] * count
    while not stop.is_set():
        for i, one in enumerate(open_ones):
            if stop.is_set():
                return
            if one is None:
                open_ones[i] = open_one()
                continue
            try:
                if more:
                    one.send(more)
                elif one.recv(4096) == b"":
                    raise ConnectionResetError
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError:
                one.close()
                open_ones[i] = None
        time.sleep(0.01)


def cgroup_of_its_own():
    """A memory cgroup (v2) with the limit, or None where none can be made."""
    top = pathlib.Path("/sys/fs/cgroup")
    made = top / f"causeway-test-{os.getpid()}"
    try:
        if "memory" not in (top / "cgroup.subtree_control").read_text(encoding="ascii").split():
            return None
        made.mkdir()
        (made / "memory.max").write_text(str(MEMORY), encoding="ascii")
        return made
    except OSError:
        return None


class strangers(integration_test):
    def serve(self, tls):
        wanted = PLAIN_STRANGERS + 2000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest(f"needs {wanted} open files, {hard} are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        self.hub = self.emulator(devices=2 * SENDERS)  # half of them are of another application
        self.tls = self.serve_webhook_by_tls() if tls else None
        gateway = self.gateway()
        if group := cgroup_of_its_own():
            self.addCleanup(lambda: wait_until(lambda: group.rmdir() is None, "the cgroup's end"))
            self.addCleanup(gateway.kill)
            gateway.command = ["sh", "-c", f"echo $$ >{group}/cgroup.procs && exec \"$@\"", "sh", *gateway.command]
        else:
            # What threads and their stacks only reserve counts here, too.
            gateway.command = ["prlimit", f"--as={2 * MEMORY}", *gateway.command]
        return gateway.start()

    def post_for_a_while(self, gateway, sender, seconds, slowest):
        """One post in a while over a connection of its own, the others over one that is kept."""
        def connect():
            if self.tls is None:
                return http.client.HTTPConnection("127.0.0.1", gateway.webhook_port, timeout=PATIENCE)
            return http.client.HTTPSConnection("localhost", gateway.webhook_port, timeout=PATIENCE, context=self.tls)

        kept, number, device = connect(), 0, f"meter-{sender + 1:05}"
        begun = time.monotonic()
        while (due := begun + number * SENDERS / RATE) < begun + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            number += 1
            before = time.monotonic()
            connection = connect() if number % 20 == 0 else kept
            try:
                connection.request("POST", f"/webhook/{PLANT}", uplink(PLANT, device, number),
                                   {"Content-Type": "application/json", "Authorization": gateway.log_ins[PLANT]})
                answer = connection.getresponse()
                said = (answer.status, answer.read())
            except (OSError, http.client.HTTPException) as fault:
                said = repr(fault)
            slowest[sender] = max(slowest[sender], time.monotonic() - before)
            if said != (200, b'{"outcome":"stored"}'):
                self.refused.append((sender, number, said))
            if connection is not kept:
                connection.close()
        kept.close()
        self.posted[sender] = number

    def attack(self, count, tls, protocol):
        gateway = self.serve(tls)
        stop, connected = multiprocessing.Event(), multiprocessing.Value("l", 0)
        ca_file = str(self.directory / "emulator/ca.pem") if tls else None
        generators = [multiprocessing.Process(target=hold_open, daemon=True,
                                              args=(gateway.webhook_port, count // GENERATORS, ca_file, protocol, connected, stop))
                      for _ in range(GENERATORS)]
        for one in generators:
            one.start()
        try:
            wait_until(lambda: connected.value >= count, f"{count} strangers", 3 * PATIENCE)
            slowest, self.refused, self.posted = [0.0] * SENDERS, [], [0] * SENDERS
            senders = [threading.Thread(target=self.post_for_a_while, args=(gateway, one, SECONDS, slowest))
                       for one in range(SENDERS)]
            for one in senders:
                one.start()
            for one in senders:
                one.join()
        finally:
            stop.set()
            for one in generators:
                one.join(PATIENCE)
                one.kill()
        self.assertTrue(gateway.running(), gateway.stderr()[-3000:])
        most = self.peak(gateway)
        print(f"{self.id()}: {connected.value} strangers, {sum(self.posted)} posts, the slowest {max(slowest):.3f} s, "
              f"peak {most >> 20} MiB", flush=True)
        self.assertEqual(self.refused, [])
        self.assertLess(max(slowest), SLOWEST)
        self.assertLessEqual(most, RESIDENT)
        for sender, number in enumerate(self.posted):
            self.assertEqual([one["uplink"] for one in self.hub.wait_for(f"meter-{sender + 1:05}", number)], list(range(1, number + 1)))

    def peak(self, gateway):
        with open(f"/proc/{gateway.pid()}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) << 10

    def test_unfinished_bodies_over_http_1(self):
        self.attack(STRANGERS, tls=False, protocol="http/1.1")

    def test_unfinished_bodies_over_http_1_with_tls(self):
        self.attack(STRANGERS, tls=True, protocol="http/1.1")

    def test_unfinished_bodies_over_http_2(self):
        self.attack(STRANGERS, tls=True, protocol="h2")

    def test_more_strangers_than_there_is_room_for(self):
        self.attack(PLAIN_STRANGERS, tls=False, protocol="http/1.1")


if __name__ == "__main__":
    unittest.main()
