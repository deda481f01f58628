# SPDX-License-Identifier: Apache-2.0
"""A mosquitto of the test's own, and the little of MQTT 3.1.1 that a publisher needs. Debian's package mosquitto; no service
of the system is used."""
import pathlib
import shutil
import signal
import socket
import struct
import subprocess

from harness import PATIENCE, free_port, wait_until

STACK = "stack"  # the user that publishes everything, as The Things Stack does
STACK_PASSWORD = "stack-password"


def _program(name):
    found = shutil.which(name, path="/usr/local/sbin:/usr/sbin:/usr/bin:/bin")
    if found is None:
        raise AssertionError(f"{name} is not installed: script/bootstrap installs it (Debian's package mosquitto)")
    return found


class broker:
    """users: {name: password}. Each may read and write the topics below v3/NAME/ only; the user STACK all of them.
    certificates: a directory with server.pem and server-key.pem; then self.tls_port speaks TLS."""

    def __init__(self, directory, users, certificates=None):
        self.directory = pathlib.Path(directory) / "broker"
        self.directory.mkdir()
        self.port, self.tls_port = free_port(), free_port() if certificates else None
        self._process, self._publishers = None, []
        self._users = self.directory / "users"
        self._users.touch(mode=0o600)
        self.add_user(STACK, STACK_PASSWORD, "#")
        for name, password in users.items():
            self.add_user(name, password)
        lines = ["user root", "allow_anonymous false", f"password_file {self._users}", f"acl_file {self.directory / 'acl'}",
                 "persistence false", "max_queued_messages 0", "log_type all", "log_dest stderr",
                 f"listener {self.port} 127.0.0.1"]
        if certificates:
            lines += [f"listener {self.tls_port} 127.0.0.1", f"certfile {certificates}/server.pem",
                      f"keyfile {certificates}/server-key.pem"]
        (self.directory / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def add_user(self, user, password, topics=None):
        """Counts from the next start or reload on."""
        self.set_password(user, password)
        with open(self.directory / "acl", "a", encoding="utf-8") as acl:
            acl.write(f"user {user}\ntopic readwrite v3/{topics or user + '/#'}\n\n")

    def set_password(self, user, password):
        """Counts from the next start or reload on."""
        subprocess.run([_program("mosquitto_passwd"), "-b", self._users, user, password], check=True, capture_output=True,
                       timeout=PATIENCE)

    def start(self):
        command = [_program("mosquitto"), "-c", self.directory / "mosquitto.conf"]
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, "mosquitto")
        return self

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError("mosquitto has ended:\n" + self.log())
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True

    def log(self):
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")

    def reload(self):
        self._process.send_signal(signal.SIGHUP)

    def stop(self):
        for one in self._publishers:
            one.close()
        self._publishers.clear()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)

    def publisher(self, user=STACK, password=STACK_PASSWORD):
        made = publisher(self.port, user, password)
        self._publishers.append(made)
        return made


def _text(value):
    data = value.encode("utf-8")
    return struct.pack(">H", len(data)) + data


def _packet(first, body):
    length, size = len(body), bytearray()
    while True:
        size.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if length == 0:
            return bytes([first]) + bytes(size) + body


class publisher:
    """A connection that publishes at QoS 1, so that the broker has what publish() returned for; or one that listens."""

    def __init__(self, port, user, password):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.settimeout(PATIENCE)
        self._stream = self._socket.makefile("rb")
        self._last = 0
        body = _text("MQTT") + bytes([4, 0xC2]) + struct.pack(">H", 0) + _text("test-publisher-" + user) + _text(user) + _text(password)
        self._socket.sendall(_packet(0x10, body))
        kind, answer = self._read()
        if kind != 0x20 or answer[1] != 0:
            raise AssertionError(f"the broker refuses {user}: {kind:#x} {answer!r}")

    def _read(self):
        first, length, shift = self._stream.read(1), 0, 0
        if not first:
            raise AssertionError("the broker has closed the connection")
        while True:
            byte = self._stream.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return first[0] & 0xF0, self._stream.read(length)

    def publish_all(self, messages):
        """(topic, payload) each; in batches, so that the answers are read in time."""
        waiting = 0
        for topic, payload in messages:
            self._last = self._last % 65535 + 1
            data = payload.encode("utf-8") if isinstance(payload, str) else payload
            self._socket.sendall(_packet(0x32, _text(topic) + struct.pack(">H", self._last) + data))
            waiting += 1
            if waiting == 100:
                self._settle(waiting)
                waiting = 0
        self._settle(waiting)

    def _settle(self, count):
        for _ in range(count):
            kind, _ = self._read()
            if kind != 0x40:
                raise AssertionError(f"not a PUBACK: {kind:#x}")

    def publish(self, topic, payload):
        self.publish_all([(topic, payload)])

    def subscribe(self, topics):
        """From then on this connection is there for listen() alone."""
        self._last = self._last % 65535 + 1
        self._socket.sendall(_packet(0x82, struct.pack(">H", self._last) + _text(topics) + b"\0"))
        kind, answer = self._read()
        if kind != 0x90 or answer[2] != 0:
            raise AssertionError(f"the broker does not let listen to {topics}: {kind:#x} {answer!r}")

    def listen(self):
        """(topic, payload) of the next message."""
        kind, message = self._read()
        if kind != 0x30:
            raise AssertionError(f"not a PUBLISH: {kind:#x}")
        begin = 2 + struct.unpack(">H", message[:2])[0]
        return message[2:begin].decode("utf-8"), message[begin:].decode("utf-8")

    def close(self):
        self._stream.close()
        self._socket.close()
