# SPDX-License-Identifier: Apache-2.0
"""The network path to The Things Stack is gone for a while, in the middle of pushes: none arrives late, none is lost or doubled, and what is told of each is so, by a gateway that goes on and by one that is killed meanwhile.

Runs itself again in a network and among processes of its own, which end with it however it ends."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time
import unittest

from harness import commands_test, wait_until

GONE = 20.0  # seconds without a path; the emulated stack gives up connections that are silent for 25 s, on which nothing can come late then
BRIEFLY = 4.0  # likewise: less than the 10 s within which a push has to be acknowledged, so that nothing but the end of its process ends it
LATE = 60.0  # seconds after them in which a kernel would still deliver what it has: it tries 6 s, 13 s, 26 s and 51 s after its first time

ANSWER_LOST, IN_THE_KERNEL, OF_ONE_THAT_SPOKE, OF_ONE_THAT_SPEAKS, UNCONNECTED = PUSHED = [f"meter-{number:05}" for number in range(1, 6)]  # by what becomes of their pushes
OTHERS = [f"meter-{number:05}" for number in range(6, 10)]  # of whose pushes connections are left that are kept open

OWN_NETWORK = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *([] if os.geteuid() == 0 else ["--map-current-user", "--keep-caps"])]
HOLE = "causeway-hole"
NETWORK = ["ip link set lo up", f"ip link add {HOLE} type veth peer name bottom", f"ip link set {HOLE} up", "ip link set bottom up", "tc qdisc add dev lo ingress"]


def shell(*lines):
    return ["sh", "-e", "-c", "\n".join(lines)]


def lose(way, port):
    """On the way in: what is lost on the way out a sender's kernel knows of, and tries again at once."""
    return f"tc filter add dev lo ingress protocol ip prio {port} u32 match ip protocol 6 0xff match ip {way} {port} 0xffff action mirred egress redirect dev {HOLE}"


def is_inside():
    return f"{HOLE}:" in pathlib.Path("/proc/self/net/dev").read_text(encoding="ascii")


def find_obstacle():
    """What keeps this machine from having such a network; nothing: nothing does."""
    try:
        tried = subprocess.run([*OWN_NETWORK, *shell(*NETWORK, lose("dport", 1))], capture_output=True, text=True)
    except OSError as fault:
        return str(fault)
    return tried.stderr.strip() if tried.returncode != 0 else None


OBSTACLE = None if is_inside() else find_obstacle()


class stack_path:
    """Between the gateway and the stack's port; requests and answers have a way each."""

    def __init__(self, port):
        self.port = port

    def lose_requests(self):
        subprocess.run(shell(lose("dport", self.port)), check=True)

    def lose_answers(self):
        subprocess.run(shell(lose("sport", self.port)), check=True)

    def restore(self):
        subprocess.run(shell(f"tc filter del dev lo ingress protocol ip prio {self.port}"), check=True)

    def senders(self):
        """Sockets to the stack: how many have bytes in the kernel that are not acknowledged, and how many are still connecting."""
        unacknowledged = connecting = 0
        with open("/proc/self/net/tcp", encoding="ascii") as file:
            for _, _, far_end, state, queues, *_ in map(str.split, file.readlines()[1:]):
                if int(far_end.split(":")[1], 16) != self.port:
                    continue
                connecting += state == "02"
                unacknowledged += state == "01" and int(queues.split(":")[0], 16) > 0
        return unacknowledged, connecting


def wait_for_time(at):
    wait_until(lambda: time.monotonic() >= at, "a time", at - time.monotonic() + 5)


@unittest.skipIf(OBSTACLE, f"no network of its own: {OBSTACLE}")
@unittest.skipUnless(is_inside() or OBSTACLE, "only as a program: it takes itself into a network of its own")
class network_path(commands_test):
    def begin_with_kept_connections(self):
        self.begin(devices=18)
        self.path = stack_path(self.hub.ports["stack"])
        for device in PUSHED + OTHERS:
            self.wait_for_link(device)
        # Nothing but an answer or a look tells that an item is queued.
        self.hub.control("PUT", "/downlinks/switches", {"events": {"kinds": ["downlink_queued"], "drop_every": 1}, "pushes": [{"count": len(OTHERS), "delay_ms": 3000}]})
        for device in OTHERS:
            self.send(device, device=device)
        self.wait_for_items(len(OTHERS))
        self.assertEqual([self.states(device) for device in OTHERS], [[]] * len(OTHERS), "one was answered before the others came: they share a connection")
        wait_until(lambda: all(self.states(device) == ["queued"] for device in OTHERS), "the answers")

    def lose_path(self):
        """When it is gone; each push is where it is meant to be."""
        self.speak(device=OF_ONE_THAT_SPOKE)
        self.hub.wait_for(OF_ONE_THAT_SPOKE)
        self.path.lose_answers()
        self.send(ANSWER_LOST, device=ANSWER_LOST)
        wait_until(lambda: self.items_of(ANSWER_LOST) == 1, "the item whose answer is lost")
        self.path.lose_requests()
        gone = time.monotonic()
        for device in (IN_THE_KERNEL, OF_ONE_THAT_SPOKE, OF_ONE_THAT_SPEAKS):
            self.send(device, device=device)
        wait_until(lambda: self.path.senders() == (4, 0), "four pushes in the kernel", 5)
        self.send(UNCONNECTED, device=UNCONNECTED)
        wait_until(lambda: self.path.senders() == (4, 1), "one that has no connection", 5)
        self.speak(device=OF_ONE_THAT_SPEAKS)
        return gone

    def restore_path(self, at):
        wait_for_time(at)
        self.assertEqual([self.items_of(device) for device in PUSHED], [1, 0, 0, 0, 0])
        self.path.restore()
        restored = time.monotonic()
        wait_until(lambda: all(self.states(device) for device in PUSHED), "a report of each", 15)
        wait_for_time(restored + LATE)

    def states(self, device):
        return [one["state"] for one in self.reports(device)]

    def items_of(self, device):
        return sum(one["device"] == device for one in self.items())

    def assert_told_as_it_is(self):
        requests = self.hub.control("GET", "/downlinks")["pushes"]
        self.assertEqual(requests, len(OTHERS) + 4, "pushes that reached the stack, also such as left nothing behind there")
        told = {device: (self.items_of(device), self.states(device)) for device in PUSHED}
        self.assertEqual(told, {ANSWER_LOST: (1, ["queued"]), IN_THE_KERNEL: (1, ["queued"]), OF_ONE_THAT_SPOKE: (1, ["queued"]), OF_ONE_THAT_SPEAKS: (0, ["in_doubt"]), UNCONNECTED: (1, ["queued"])})

    def kill_without_a_path(self, seconds):
        self.begin_with_kept_connections()
        gone = self.lose_path()
        self.causeway.kill()
        self.causeway.start()
        self.restore_path(gone + seconds)
        self.assert_told_as_it_is()

    def test_a_gateway_that_goes_on(self):
        self.begin_with_kept_connections()
        self.restore_path(self.lose_path() + GONE)
        self.assert_told_as_it_is()
        self.assertEqual({one["device"] for one in self.causeway.log("downlink_unanswered")}, {ANSWER_LOST, IN_THE_KERNEL, OF_ONE_THAT_SPOKE, OF_ONE_THAT_SPEAKS})

    def test_a_gateway_that_is_killed_meanwhile(self):
        self.kill_without_a_path(GONE)

    def test_a_gateway_that_is_killed_in_a_brief_loss(self):
        self.kill_without_a_path(BRIEFLY)


class side_by_side(unittest.TestSuite):
    """For tests that do nothing but wait most of the time."""

    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda test: test(result), self))
        return result


def load_tests(_loader, found, _pattern):
    return side_by_side(test for of_class in found for test in of_class)


if __name__ == "__main__":
    if not is_inside() and not OBSTACLE:
        os.execvp(OWN_NETWORK[0], [*OWN_NETWORK, *shell(*NETWORK, 'exec "$@"'), "sh", sys.executable, "-B", *sys.argv])
    unittest.main()
