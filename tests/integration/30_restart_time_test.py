# SPDX-License-Identifier: Apache-2.0
"""How long nobody answers over a planned restart under load: 0.3 s at most between the old process's last answer and the new one's first,
with a socket unit and without, the hub well or silent."""
import importlib
import os
import unittest

restart = importlib.import_module("29_planned_restart_test")
RATE = float(os.environ.get("CAUSEWAY_RESTART_RATE", "1000"))
LONGEST = 0.3  # seconds


class restart_time(restart.restart_test):
    def check(self, socket_activated, hub_is_silent):
        _, outcomes, silence = self.restart(socket_activated, hub_is_silent, RATE)
        self.assert_nothing_broken(outcomes, (200,) if socket_activated else (200, "refused"))
        self.assertLessEqual(silence, LONGEST)

    def test_with_a_socket_unit(self):
        self.check(socket_activated=True, hub_is_silent=False)

    def test_with_a_socket_unit_and_a_silent_hub(self):
        self.check(socket_activated=True, hub_is_silent=True)

    def test_without_one(self):
        self.check(socket_activated=False, hub_is_silent=False)

    def test_without_one_and_with_a_silent_hub(self):
        self.check(socket_activated=False, hub_is_silent=True)


if __name__ == "__main__":
    unittest.main()
