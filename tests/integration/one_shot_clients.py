# SPDX-License-Identifier: Apache-2.0
"""Clients that post at a pace and never repeat a POST, as Go's, which is The Things Stack's: over new connections, over kept-alive
HTTP/1.1 and over HTTP/2. Each kind is a process of its own, so that they do not wait for each other's interpreter."""
import collections
import http.client
import multiprocessing
import select
import ssl
import threading
import time

from harness import PATIENCE, uplink
from http2_client import http2_client

# Of one post. outcome: the status; "refused" (no connection), "broken" (no answer on one). at: time.monotonic() of the answer.
posted = collections.namedtuple("posted", "device number outcome at")
THREADS = 4


class pace:
    """Says when the next one is due, and catches up with nothing."""

    def __init__(self, a_second):
        self.interval, self.next = 1 / a_second, time.monotonic()

    def wait(self):
        now = time.monotonic()
        self.next = max(self.next + self.interval, now)
        time.sleep(max(0, self.next - now))


def _is_closed(connection):
    return bool(select.select([connection.sock], [], [], 0)[0])  # nothing but the end can come unasked


class by_http1:
    """Posts of one thread. keep: connections are used again until their answer says otherwise."""

    def __init__(self, port, context, keep):
        self.port, self.context, self.keep, self.connection = port, context, keep, None

    def post(self, path, headers, body):
        if self.connection is not None and _is_closed(self.connection):
            self.drop()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=self.context)
                self.connection.connect()
        except ConnectionRefusedError:
            self.drop()
            return "refused"
        except OSError:
            self.drop()
            return "broken"
        try:
            self.connection.request("POST", path, body, headers)
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.drop()
            return "broken"
        if not self.keep or answer.will_close:
            self.drop()
        return answer.status

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class gentle_http2_client(http2_client):
    """Goes on reading behind a GOAWAY, which h2 does not; last: the last stream that will be answered, once that is said."""

    last = None

    def _frames(self):
        while len(self._unread) >= 9:
            end = 9 + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < end:
                return
            frame, self._unread = self._unread[:end], self._unread[end:]
            if frame[3] == 7:
                self.last = int.from_bytes(frame[9:13], "big")
            else:
                yield frame

    def is_over(self):
        return self.ended or (self.last is not None and all(stream > self.last for stream in self.waiting))

    def poll(self):
        """Reads what is there."""
        self.socket.settimeout(0)
        try:
            while not self.ended:
                self.read()
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except OSError:
            self.ended = True
        finally:
            self.socket.settimeout(PATIENCE)


def _post_by_http1(port, context, keep, application, devices, log_in, rate, stop, note):
    def work(device):
        client, number, turn = by_http1(port, context, keep), 0, pace(rate / len(devices))
        while not stop.is_set():
            turn.wait()
            number += 1
            headers = {"Content-Type": "application/json", "Authorization": log_in}
            outcome = client.post(f"/webhook/{application}", headers, uplink(application, device, number))
            note(posted(device, number, outcome, time.monotonic()))
        client.drop()

    threads = [threading.Thread(target=work, args=(device,)) for device in devices]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def _post_by_http2(port, context, application, devices, log_in, rate, stop, note):
    clients, turn, number = [], pace(rate), 0  # the last one is for new posts
    headers = {"Content-Type": "application/json", "Authorization": log_in}

    def collect():
        for one in list(clients):
            one.poll()
            now = time.monotonic()
            for stream in [stream for stream in one.waiting if stream in one.answers]:
                note(posted(*one.waiting.pop(stream), one.answers[stream][0], now))
            for stream in [stream for stream in one.waiting if stream in one.resets or one.is_over()]:
                note(posted(*one.waiting.pop(stream), "broken", now))
            if one.is_over() or (one.last is not None and not one.waiting):
                one.close()
                clients.remove(one)

    def current():
        if clients and clients[-1].last is None:
            return clients[-1]
        made = gentle_http2_client(port, context)
        made.waiting = {}
        clients.append(made)
        return made

    while not stop.is_set():
        turn.wait()
        collect()
        number += 1
        device = devices[number % len(devices)]
        try:
            one = current()
        except OSError as fault:
            note(posted(device, number, "refused" if isinstance(fault, ConnectionRefusedError) else "broken", time.monotonic()))
            continue
        try:
            one.waiting[one.request(f"/webhook/{application}", headers, uplink(application, device, number))] = device, number
        except OSError:
            one.ended = True
            note(posted(device, number, "broken", time.monotonic()))
    deadline = time.monotonic() + PATIENCE
    while clients and any(one.waiting for one in clients) and time.monotonic() < deadline:
        collect()
        time.sleep(0.005)
    for one in clients:
        one.close()


def _run(work, arguments, stop, counts, place, out):
    records, lock = [], threading.Lock()

    def note(one):
        with lock:
            records.append(one)
            if one.outcome == 200:
                counts[place] += 1

    work(*arguments, stop, note)
    out.send(records)


class one_shot_clients:
    KINDS = ("new", "kept", "http2")

    def __init__(self, gateway, ca, application, devices, rate):
        """rate: posts a second of all together, if the machine bears it. Each kind has a third of it and of the devices."""
        both, http1 = (ssl.create_default_context(cafile=ca) for _ in range(2))
        both.set_alpn_protocols(["h2", "http/1.1"])
        port, log_in = gateway.webhook_port, gateway.log_ins[application]
        share = {kind: devices[i::3][:THREADS] for i, kind in enumerate(self.KINDS)}
        common = lambda kind: (application, share[kind], log_in, rate / 3)
        works = {"new": (_post_by_http1, (port, http1, False, *common("new"))),
                 "kept": (_post_by_http1, (port, http1, True, *common("kept"))),
                 "http2": (_post_by_http2, (port, both, *common("http2")))}
        fork = multiprocessing.get_context("fork")
        self._stop, self.counts = fork.Event(), fork.Array("q", 3, lock=False)
        self._processes, self._ends = [], []
        for place, kind in enumerate(self.KINDS):
            mine, theirs = fork.Pipe(duplex=False)
            work, arguments = works[kind]
            self._processes.append(fork.Process(target=_run, args=(work, arguments, self._stop, self.counts, place, theirs), daemon=True))
            self._ends.append(mine)

    def start(self):
        for one in self._processes:
            one.start()
        return self

    def stop(self):
        """What has become of all posts, by kind."""
        self._stop.set()
        records = {kind: end.recv() for kind, end in zip(self.KINDS, self._ends)}
        for one in self._processes:
            one.join()
        return records

    def kill(self):
        for one in self._processes:
            if one.is_alive():
                one.kill()
