# SPDX-License-Identifier: Apache-2.0
"""A planned restart under load: clients that repeat nothing lose nothing that they got a 200 for, whether the hub is well or silent; with
the listening socket kept by who starts it, as systemd does, nothing is refused either.

CAUSEWAY_RESTART_RATE     posts a second
CAUSEWAY_RESTART_DEVICES  how many the state holds, all online; by the registry
"""
import collections
import os
import signal
import time
import unittest

from harness import PATIENCE, PLANT, integration_test, wait_until
from one_shot_clients import one_shot_clients
from socket_unit import socket_unit

RATE = float(os.environ.get("CAUSEWAY_RESTART_RATE", "300"))
FLEET = int(os.environ.get("CAUSEWAY_RESTART_DEVICES", "0"))
DEVICES = [f"meter-{i:05}" for i in range(1, 13)]


class restart_test(integration_test):
    def restart(self, socket_activated, hub_is_silent, rate=RATE):
        """What became of the posts by kind, and how long nobody answered."""
        hub = self.emulator(devices=max(FLEET, 2 * len(DEVICES)), registry=FLEET > 0)
        self.serve_webhook_by_tls()
        made = self.socket_unit() if socket_activated else self.gateway()
        made.start()
        if FLEET:
            wait_until(lambda: made.metrics()['causeway_devices{state="online"}'] == FLEET, "all are online", 10 * PATIENCE)
        clients = one_shot_clients(made, self.directory / "emulator" / "ca.pem", PLANT, DEVICES, rate).start()
        self.addCleanup(clients.kill)
        more = lambda before, n: all(now >= was + n for now, was in zip(clients.counts, before))
        wait_until(lambda: more((0, 0, 0), 50), "answers of each kind")
        if hub_is_silent:
            hub.signal(signal.SIGSTOP)
            self.addCleanup(lambda: hub.running() and hub.signal(signal.SIGCONT))
            before = list(clients.counts)
            wait_until(lambda: more(before, 20), "answers while the hub is silent")
        self.assertEqual(made.stop(), 0)
        ended = time.monotonic()
        made.start()
        hub.signal(signal.SIGCONT)
        before = list(clients.counts)
        wait_until(lambda: more(before, 50), "answers of each kind by the new process")
        posts = clients.stop()
        self.promised = {(one.device, one.number) for kind in posts.values() for one in kind if one.outcome == 200}
        answered = sorted(one.at for kind in posts.values() for one in kind if one.outcome == 200)
        silence = next(at for at in answered if at > ended) - max(at for at in answered if at < ended)
        outcomes = {kind: dict(collections.Counter(one.outcome for one in all_of)) for kind, all_of in posts.items()}
        print(f"socket_activated={socket_activated} hub_is_silent={hub_is_silent}: {outcomes}, nobody answered for {silence:.3f} s", flush=True)

        def missing():
            return self.promised - {(one["device"], one["uplink"]) for one in hub.messages()}

        wait_until(lambda: not missing(), "what got a 200 in the hub")
        self.assertEqual(made.stop(), 0)
        return posts, outcomes, silence

    def socket_unit(self):
        made = socket_unit(self.directory, self.configuration)
        for end in (made.close, made.kill, lambda: self._tell(made)):
            self.addCleanup(end)
        return made

    def assert_nothing_broken(self, outcomes, allowed=(200,)):
        for kind, counts in outcomes.items():
            self.assertEqual(set(counts) - set(allowed), set(), f"{kind}: {counts}")


class planned_restart(restart_test):
    def test_with_a_socket_unit_nothing_is_refused_or_lost(self):
        _, outcomes, _ = self.restart(socket_activated=True, hub_is_silent=False)
        self.assert_nothing_broken(outcomes)

    def test_with_a_socket_unit_and_a_silent_hub_nothing_is_refused_or_lost(self):
        _, outcomes, _ = self.restart(socket_activated=True, hub_is_silent=True)
        self.assert_nothing_broken(outcomes)

    def test_without_one_nothing_is_lost_and_no_request_is_broken(self):
        _, outcomes, _ = self.restart(socket_activated=False, hub_is_silent=False)
        self.assert_nothing_broken(outcomes, allowed=(200, "refused"))

    def test_without_one_and_with_a_silent_hub_nothing_is_lost_and_no_request_is_broken(self):
        _, outcomes, _ = self.restart(socket_activated=False, hub_is_silent=True)
        self.assert_nothing_broken(outcomes, allowed=(200, "refused"))


if __name__ == "__main__":
    unittest.main()
