# SPDX-License-Identifier: Apache-2.0
"""What systemd is told (sd_notify(3)): that the gateway serves, that its loop turns, that it stops. The test plays NOTIFY_SOCKET.

A loop that hangs is made by ptrace: the main thread, which runs the loop, is halted, and no other. (SIGSTOP would halt all of the process: that
is a machine that hangs.)"""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

from harness import PLANT, call, gateway, integration_test, uplink, wait_until

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}: {os.strerror(ctypes.get_errno())}")


class halted_loop:
    """While it is entered, the gateway's main thread does not run; the others do."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        ptrace(PTRACE_SEIZE, self.pid)
        ptrace(PTRACE_INTERRUPT, self.pid)
        os.waitpid(self.pid, WALL)
        return self

    def __exit__(self, *_):
        try:
            ptrace(PTRACE_DETACH, self.pid)
        except ProcessLookupError:
            pass  # killed meanwhile

    def states(self):
        """The states of its threads, the main one's first."""
        state = lambda task: next(line for line in (task / "status").read_text(encoding="utf-8").splitlines() if line.startswith("State:"))[7]
        tasks = sorted(pathlib.Path(f"/proc/{self.pid}/task").iterdir(), key=lambda task: int(task.name) != self.pid)
        return [state(task) for task in tasks]


class supervised_gateway(gateway):
    """Started as a unit with Type=notify and WatchdogSec= starts it."""

    def __init__(self, directory, configuration, watchdog=None, abstract=False):
        super().__init__(directory, configuration)
        name = f"\0causeway-test-{os.getpid()}-{id(self)}" if abstract else str(directory / "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(name)
        self.notify.setblocking(False)
        self.environment = {**os.environ, "NOTIFY_SOCKET": name.replace("\0", "@")}
        if watchdog is not None:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        self.told = []  # (time, variable, value)

    def spawn(self, out, err):
        return subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self.environment)

    def listen(self):
        while True:
            try:
                said = self.notify.recv(4096).decode("utf-8")
            except BlockingIOError:
                return self.told
            self.told += [(time.monotonic(), *line.split("=", 1)) for line in said.split("\n")]

    def has_said(self, variable, since=0):
        """How often, from that time on."""
        return sum(at >= since and name == variable for at, name, _ in self.listen())

    def status(self):
        return next((value for _, name, value in reversed(self.listen()) if name == "STATUS"), None)


class supervisor(integration_test):
    def supervised(self, **options):
        made = supervised_gateway(self.directory, self.configuration, **options)
        for end in (made.notify.close, made.kill, lambda: self._tell(made)):
            self.addCleanup(end)
        return made

    def test_is_ready_when_its_ports_are_open_and_says_when_it_stops(self):
        hub = self.emulator()
        made = self.supervised(abstract=True)
        super(gateway, made).start()  # not waited for: READY is to be true at once
        made._read_configuration()
        wait_until(lambda: made.has_said("READY"), "READY=1")
        self.assertEqual(call(made.admin_port, "GET", "/readyz")[0], 200)
        self.assert_stored(made.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        self.assertIn("devices online", made.status())
        hub.wait_for("meter-00001")
        self.assertEqual(made.has_said("WATCHDOG"), 0, "nobody asked for it")
        self.assertEqual(made.has_said("STOPPING"), 0)
        made.signal(signal.SIGTERM)
        wait_until(lambda: made.has_said("STOPPING"), "STOPPING=1")
        self.assertEqual(made.wait_for_end(), 0)
        self.assertEqual(made.has_said("READY"), 1)

    def test_a_start_that_is_refused_is_never_ready(self):
        self.emulator()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            text = self.configuration.read_text(encoding="utf-8").split("[webhook]\n", 1)
            listen = next(line for line in text[1].splitlines() if line.startswith("listen"))
            self.edit(listen, f'listen = "127.0.0.1:{taken.getsockname()[1]}"')
            made = self.supervised(watchdog=0.2)
            super(gateway, made).start()
            wait_until(lambda: not made.running(), "its end")
        self.assertEqual(made.listen(), [])

    def test_a_loop_that_hangs_feeds_the_watchdog_no_more(self):
        watchdog = 1.0
        self.emulator()
        made = self.supervised(watchdog=watchdog)
        made.start()
        wait_until(lambda: made.has_said("WATCHDOG") >= 3, "the watchdog is fed")
        fed = [at for at, name, _ in made.listen() if name == "WATCHDOG"]
        made.listen()
        with halted_loop(made.pid()) as loop:
            made.listen()  # what was under way
            began = time.monotonic()
            time.sleep(2 * watchdog)
            states = loop.states()
            self.assertEqual(states[0], "t")
            self.assertNotIn("t", states[1:])
            self.assertGreater(len(states), 1, "the store's thread runs on")
            self.assertEqual(made.has_said("WATCHDOG", began), 0, f"fed while the loop hung; before: {fed}")
        ended = time.monotonic()
        wait_until(lambda: made.has_said("WATCHDOG", ended) >= 2, "it is fed again")
        self.assertEqual(made.stop(), 0)

    def test_the_signal_that_systemds_watchdog_sends_ends_it_and_it_starts_again(self):
        hub = self.emulator()
        made = self.supervised(watchdog=5)
        made.start()
        self.assert_stored(made.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        with halted_loop(made.pid()):
            made.signal(signal.SIGABRT)
        wait_until(lambda: not made.running(), "its end")
        made.start()
        hub.wait_for("meter-00001")
        self.assertEqual(made.stop(), 0)


if __name__ == "__main__":
    unittest.main()
