# SPDX-License-Identifier: Apache-2.0
"""Commands through kills at random moments, cut connections and a stack that answers badly: none is lost, none is sent twice, and what is said of each is so, by the emulated stack's own book."""
import json
import subprocess
import unittest

from harness import BIN, integration_test

COMMAND = ["crash", "--commands", "200", "--command-devices", "60", "--kills", "10", "--stops", "2", "--mqtt-devices", "4", "--cuts", "10", "--seconds", "20", "--devices", "40", "--rate", "50", "--patience", "30", "--json"]


class crash_commands(integration_test):
    def test_none_is_lost_or_doubled_and_what_is_said_of_each_is_so(self):
        done = subprocess.run([BIN / "causeway-bench", *COMMAND], capture_output=True, text=True, timeout=240)
        self.assertTrue(done.stdout, done.stderr)
        found = json.loads(done.stdout)
        kept = {name: found[name] for name in ("commands_lost", "downlinks_doubled", "final_state_mismatches", "doubt_unfounded", "reports_missing", "uplinks_lost", "out_of_order")}
        self.assertEqual(kept, dict.fromkeys(kept, 0), f"seed {found['seed']}\n{done.stderr}")
        self.assertGreater(found["commands"], 150)
        self.assertGreater(min(found["commands_c2d"], found["commands_methods"], found["commands_twins"]), 30)
        self.assertEqual((found["kills"], found["stops"], found["hub_cuts"], found["stack_faults"]), (10, 2, 10, 10))
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
