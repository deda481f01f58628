# SPDX-License-Identifier: Apache-2.0
"""`causeway top`, in a terminal: what it shows, windows of any size, and a terminal that is as it was, however it ends."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import unittest

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's python3-pyte is, whichever python3 runs this
import pyte

from harness import BIN, FIELD, integration_test, uplink, wait_until

ON, OFF = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"


class terminal:
    def __init__(self, columns, rows, *arguments, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.seen = b""
        self.master, self.slave = pty.openpty()  # our own hold on the terminal: its settings can be read after the end
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for stream in range(3):
                os.dup2(self.slave, stream)
            os.execve(BIN / "causeway", ["causeway", "top", *map(str, arguments)], {"TERM": "xterm", **environment})
        self.status = None

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.screen.resize(rows, columns)

    def read(self, seconds=0.1):
        while select.select([self.master], [], [], seconds)[0]:
            some = os.read(self.master, 65536)
            self.seen += some
            self.stream.feed(some)

    def text(self):
        self.read()
        return "\n".join(self.screen.display)

    def wait_for(self, words):
        return wait_until(lambda: words in (text := self.text()) and text, words)

    def wait_for_end(self):
        def look():
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
            return pid

        wait_until(look, "the end")
        self.read()
        return os.waitstatus_to_exitcode(self.status)

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)


class top(integration_test):
    def begin(self):
        self.hub = self.emulator()
        self.causeway = self.gateway().start()

    def open(self, columns=120, rows=30, **environment):
        made = terminal(columns, rows, "-c", self.configuration, **environment)
        self.addCleanup(made.close)
        return made

    def assert_as_before(self, window):
        self.assertEqual(window.seen.count(ON), window.seen.count(OFF))
        self.assertGreater(window.seen.count(OFF), 0)
        self.assertTrue(window.seen.endswith(OFF), window.seen[-40:])
        self.assertEqual(termios.tcgetattr(window.slave), window.before)

    def test_shows_what_changes_and_q_quits(self):
        self.begin()
        window = self.open()
        window.wait_for("latency   half -")
        for number in range(1, 400):
            self.assert_stored(self.causeway.post(FIELD, uplink(FIELD, "one-device", number)))
            if number % 50 == 0 and "latency   half up to" in window.text():
                break
        text = window.wait_for("latency   half up to")
        self.assertIn("ready; q quits", text)
        self.assertRegex(text, r"messages  +[1-9]\d*\.\d a second received")
        self.assertIn("hub       localhost", text)
        self.assertIn(b"\x1b[32m", window.seen)
        os.write(window.master, b"q")
        self.assertEqual(window.wait_for_end(), 0)
        self.assert_as_before(window)

    def test_the_terminal_is_as_it_was_after_every_signal(self):
        self.begin()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            window = self.open()
            window.wait_for("q quits")
            self.assertNotEqual(termios.tcgetattr(window.slave), window.before)
            os.kill(window.pid, number)
            self.assertEqual(window.wait_for_end(), 128 + number)
            self.assert_as_before(window)

    def test_it_steps_aside_and_comes_back(self):
        self.begin()
        window = self.open()
        window.wait_for("q quits")
        os.kill(window.pid, signal.SIGTSTP)
        pid, status = os.waitpid(window.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        window.read()
        self.assert_as_before(window)
        os.kill(window.pid, signal.SIGCONT)
        wait_until(lambda: window.text() and window.seen.count(ON) == 2, "it is back")
        os.write(window.master, b"q")
        self.assertEqual(window.wait_for_end(), 0)
        self.assert_as_before(window)

    def test_a_window_may_be_small_and_change(self):
        self.begin()
        window = self.open(30, 4, NO_COLOR="1")
        text = window.wait_for("more lines")
        self.assertTrue(text.startswith("causeway "), text)
        window.resize(100, 30)
        os.kill(window.pid, signal.SIGWINCH)
        text = window.wait_for("commands  0 wait")
        self.assertNotIn("more lines", text)
        window.resize(1, 1)
        os.kill(window.pid, signal.SIGWINCH)
        wait_until(lambda: window.text() == "…", "one character")
        self.assertNotIn(b"\x1b[3", window.seen)
        os.write(window.master, b"q")
        self.assertEqual(window.wait_for_end(), 0)

    def test_a_gateway_that_goes_is_told_and_comes_back(self):
        self.begin()
        window = self.open()
        window.wait_for("q quits")
        self.assertEqual(self.causeway.stop(), 0)
        window.wait_for("no answer, what follows is old")
        self.causeway.start()
        wait_until(lambda: "no answer" not in window.text(), "it is back")
        os.write(window.master, b"q")
        self.assertEqual(window.wait_for_end(), 0)

    def test_without_a_terminal_it_prints_a_page(self):
        self.begin()
        for arguments in ((), ("--once",)):
            ran = self.run_causeway("top", "-c", self.configuration, *arguments)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            self.assertIn("a second received", ran.stdout)
            self.assertNotIn("\x1b", ran.stdout)
        self.assertEqual(self.causeway.stop(), 0)
        ran = self.run_causeway("top", "-c", self.configuration)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("gateway_not_running", ran.stderr)


if __name__ == "__main__":
    unittest.main()
