# SPDX-License-Identifier: Apache-2.0
"""causeway demo: the whole way in one command."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unittest

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's python3-pyte is, whichever python3 runs this
import pyte

from harness import BIN, PATIENCE, integration_test, wait_until


class terminal:
    """A window of that size, with `causeway demo` as its session's leader."""

    def __init__(self, columns, rows, *arguments):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execv(BIN / "causeway", ["causeway", "demo", *arguments])
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.ended = None

    def read(self, until):
        """Feeds the screen until that holds, or all is read."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if not ready:
                if time.monotonic() > deadline:
                    raise AssertionError("waited in vain; the screen:\n" + "\n".join(self.screen.display))
                continue
            try:
                some = os.read(self.master, 65536)
            except OSError:  # EIO: nobody has the other side open
                return
            if not some:
                return
            self.seen += some
            self.stream.feed(some)

    def descendants(self):
        """Of the demo, itself included, as long as they run."""
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, state, parent = re.match(r"(\d+) \(.*\) (\S) (\d+)", stat.read_text()).groups()
            except OSError:
                continue
            if state != "Z":
                parents[int(pid)] = int(parent)
        found = {self.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found & parents.keys()

    def end(self):
        if self.ended is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


class demo(integration_test):
    def test_prints_one_json_object_and_loses_nothing(self):
        ended = self.run_causeway("demo", "--devices", "50", "--uplinks", "1000", "--exit", "--json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(len(ended.stdout.splitlines()), 1, ended.stdout)
        shown = json.loads(ended.stdout)
        self.assertEqual(list(shown), ["devices", "online", "uplinks_sent", "uplinks_accepted", "uplinks_delivered", "uplinks_lost",
                                       "duplicates", "out_of_order", "dps_registrations", "seconds_to_all_online"])
        self.assertGreater(shown.pop("seconds_to_all_online"), 0)
        self.assertEqual(shown, {"devices": 50, "online": 50, "uplinks_sent": 1000, "uplinks_accepted": 1000,
                                 "uplinks_delivered": 1000, "uplinks_lost": 0, "duplicates": 0, "out_of_order": 0,
                                 "dps_registrations": 25})
        self.assertNotIn("level=error", ended.stderr)

    def test_refuses_to_wait_for_an_end_that_never_comes(self):
        ended = self.run_causeway("demo", "--exit", "--uplinks", "0")
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertIn("--uplinks", ended.stderr)

    def test_the_view_stands_still_in_windows_of_any_width(self):
        for columns, rows in (80, 24), (100, 30), (60, 20):
            with self.subTest(columns=columns):
                shown = terminal(columns, rows, "--devices", "6", "--rate", "20")
                self.addCleanup(shown.end)
                # A picture for each tenth of a second; by the twelfth one line too few on the way up shows.
                shown.read(lambda: len(re.findall(rb"\x1b\[\d+A", shown.seen)) >= 12 and b"6 online of 6" in shown.seen)
                lines = [line.rstrip() for line in shown.screen.display]
                for label in "webhook   http", "metrics", "ledger", "Ctrl-C", "devices   [", "provisioning", "uplinks", "latency", "Azure":
                    self.assertEqual(sum(label in line for line in lines), 1, (label, lines))
                first = next(at for at, line in enumerate(lines) if "devices   [" in line)
                self.assertEqual([line[:10].strip() for line in lines[first:first + 7]],
                                 ["devices", "", "uplinks", "", "latency", "", "Azure"], lines)
                self.assertTrue(all(re.fullmatch(r"  (  |\S).*", line) for line in lines if line), lines)
                os.kill(shown.pid, signal.SIGINT)
                shown.read(lambda: False)
                _, status = os.waitpid(shown.pid, 0)
                shown.ended = os.waitstatus_to_exitcode(status)
                self.assertEqual(shown.ended, 0)
                text = re.sub(r"\s+", " ", shown.seen.decode())
                counts = re.search(r"(\d+) uplinks sent, (\d+) accepted, (\d+) delivered, 0 lost", text)
                self.assertIsNotNone(counts, text[-400:])
                self.assertEqual(len(set(counts.groups())), 1, counts.group())

    def test_closing_its_terminal_ends_it_and_its_emulator(self):
        shown = terminal(80, 24, "--devices", "4")
        shown.read(lambda: b"4 online of 4" in shown.seen)
        family = shown.descendants()
        self.assertGreaterEqual(len(family), 2)
        os.close(shown.master)
        try:
            wait_until(lambda: os.waitpid(shown.pid, os.WNOHANG)[0] == shown.pid, "the demo's end")
        finally:
            alive = [pid for pid in family if pathlib.Path(f"/proc/{pid}/exe").exists()]
            if shown.pid in alive:
                os.kill(shown.pid, signal.SIGKILL)
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}/exe").exists() for pid in family), "the end of all that it started")


if __name__ == "__main__":
    unittest.main()
