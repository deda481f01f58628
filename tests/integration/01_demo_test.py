# SPDX-License-Identifier: Apache-2.0
"""causeway demo: the whole way in one command."""
import json
import unittest

from harness import integration_test


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


if __name__ == "__main__":
    unittest.main()
