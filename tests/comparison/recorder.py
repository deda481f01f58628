# SPDX-License-Identifier: Apache-2.0
"""A relay of TCP connections that notes when bytes went which way; what is in them it neither knows nor changes."""
import selectors
import socket
import threading
import time

QUIET = 0.25  # seconds without a byte that part one exchange from the next


class recorder:
    """with recorder(port) as way: clients connect to way.port of 127.0.0.1 and reach `port`."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ending = threading.Event()
        self._peers = {}
        self.times = []  # unix time of each connection and each piece of data, either way

    def __enter__(self):
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        for one in [self._listener, *self._peers]:
            one.close()

    def _relay(self):
        selector = selectors.DefaultSelector()
        selector.register(self._listener, selectors.EVENT_READ)
        while not self._ending.is_set():
            for key, _ in selector.select(0.05):
                if key.fileobj is self._listener:
                    near = self._listener.accept()[0]
                    far = socket.create_connection(self._target)
                    self._peers[near], self._peers[far] = far, near
                    selector.register(near, selectors.EVENT_READ)
                    selector.register(far, selectors.EVENT_READ)
                    self.times.append(time.time())
                    continue
                self._pass_on(selector, key.fileobj)

    def _pass_on(self, selector, source):
        if source not in self._peers:
            return
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        if data:
            self.times.append(time.time())
            self._peers[source].sendall(data)
            return
        for one in (source, self._peers[source]):
            selector.unregister(one)
            del self._peers[one]
            one.close()

    def exchanges(self):
        """(first byte, last byte) of each run of bytes."""
        found = []
        for when in sorted(self.times):
            if found and when - found[-1][1] < QUIET:
                found[-1][1] = when
            else:
                found.append([when, when])
        return found

    def phases(self, began, attached):
        """Seconds of each step of a registration with one poll, from the client's start to the device's attach."""
        exchanges = [one for one in self.exchanges() if one[0] < attached]
        # What DPS asks to wait is the longest of the pauses.
        pauses = [after[0] - before[1] for before, after in zip(exchanges, exchanges[1:])]
        poll = pauses.index(max(pauses)) + 1 if pauses else len(exchanges)
        begin, registered = exchanges[0][0], exchanges[poll - 1][1]
        last = exchanges[poll][1] if pauses else registered  # what follows is a connection that closes
        polling = exchanges[poll][0] if pauses else last
        return {"seconds": round(attached - began, 3),
                "phases": {"start": round(begin - began, 3),
                           "dps.register": round(registered - begin, 3),
                           "dps.wait": round(polling - registered, 3),
                           "dps.poll": round(last - polling, 3),
                           "hub": round(attached - last, 3)},
                "exchanges": [[round(when - began, 3) for when in one] for one in exchanges]}
