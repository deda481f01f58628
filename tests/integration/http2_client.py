# SPDX-License-Identifier: Apache-2.0
"""A client by HTTP/2 that is not ours: Python's h2, over Python's TLS. h2 takes nothing that comes behind a GOAWAY, and of bytes with
a frame that it does not take it tells nothing at all, so it is given one frame at a time."""
import socket
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's python3-h2 is, whichever python3 runs this
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from harness import PATIENCE, PLANT, integration_test


class http2_client:
    """One connection. Answers: by stream, (status, headers, body), or the error code with which it was reset."""

    def __init__(self, port, context):
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.codec = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.answers, self.resets, self.ended, self.goodbye = {}, {}, False, None
        self._parts, self._unread = {}, b""
        self.codec.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.codec.data_to_send())

    def begin(self, path, headers, method="POST", end=False):
        stream = self.codec.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
        self.codec.send_headers(stream, fields + [(name.lower(), value) for name, value in headers.items()], end_stream=end)
        return stream

    def request(self, path, headers, body, method="POST"):
        """Sends all of it, as far as the windows allow."""
        body = body.encode()
        stream = self.begin(path, headers, method, end=not body)
        while body and stream not in self.answers and stream not in self.resets:
            size = min(len(body), self.codec.local_flow_control_window(stream), self.codec.max_outbound_frame_size)
            if size == 0:
                self.flush()
                self.read()
                continue
            self.codec.send_data(stream, body[:size], end_stream=size == len(body))
            body = body[size:]
        self.flush()
        return stream

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            self.ended = True
            return
        self._unread += data
        for event in (event for frame in self._frames() for event in self.codec.receive_data(frame)):
            if isinstance(event, h2.events.ResponseReceived):
                headers = dict(event.headers)
                self._parts[event.stream_id] = (int(headers[":status"]), headers, [])
            elif isinstance(event, h2.events.DataReceived):
                self._parts[event.stream_id][2].append(event.data)
                self.codec.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                status, headers, body = self._parts.pop(event.stream_id)
                self.answers[event.stream_id] = (status, headers, b"".join(body).decode())
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goodbye = event
        self.flush()

    def _frames(self):
        """Those that are whole, up to a GOAWAY (RFC 9113 section 4.1)."""
        while self.goodbye is None and len(self._unread) >= 9:
            end = 9 + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < end:
                return
            frame, self._unread = self._unread[:end], self._unread[end:]
            yield frame

    def answer(self, stream):
        while stream not in self.answers and stream not in self.resets and not self.ended and self.goodbye is None:
            self.read()
        return self.answers.get(stream)

    def post(self, path, headers, body, method="POST"):
        return self.answer(self.request(path, headers, body, method))

    def close(self):
        self.socket.close()


class http2_test(integration_test):
    def serve(self, tls=True, extra="", devices=4):
        self.hub = self.emulator(devices=devices)
        self.configuration.write_text(self.configuration.read_text(encoding="utf-8") + extra, encoding="utf-8")
        self.ca = self.directory / "emulator" / "ca.pem"
        if tls:
            self.both = self.serve_webhook_by_tls()
            self.both.set_alpn_protocols(["h2", "http/1.1"])
        self.under_test = self.gateway().start()
        self.headers = {"Content-Type": "application/json", "Authorization": self.under_test.log_ins[PLANT]}
        return self.under_test

    def client(self):
        made = http2_client(self.under_test.webhook_port, self.both)
        self.addCleanup(made.close)
        self.assertEqual(made.socket.selected_alpn_protocol(), "h2")
        return made
