# SPDX-License-Identifier: Apache-2.0
"""tools/check_organs.py counts who would be compiled anew."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_organs  # noqa: E402

HIDES = "class a {\npublic:\n  int x() const;\n\nprivate:\n  int x_;\n};\n"


class check_organs_test(unittest.TestCase):
    def breaches(self, files):
        shared = {check_organs.FOLDER + name: check_organs.LIMIT for name in check_organs.SHARED}
        return check_organs.breaches_in(shared | check_organs.organs_in(files))

    def seen_by(self, most, header=HIDES, by='#include "core/b.h"\n'):
        users = {f"{folder}/u{i}{end}.cpp": by for i in range(most) for folder, end in [("src/core", "") if i % 2 else ("tests/core", "_test")]}
        return {"src/core/a.h": header, "src/core/b.h": '#include "core/a.h"\n'} | users

    def test_the_fifteenth_file_that_reaches_it_by_whatever_way_is_a_breach(self):
        self.assertEqual(self.breaches(self.seen_by(14)), [])
        found = self.breaches(self.seen_by(15))
        self.assertEqual([one.split(":")[0] for one in found], ["src/core/a.h"])
        self.assertIn("15 files reach it; the limit is 14", found[0])

    def test_who_names_it_only_or_has_it_in_a_remark_does_not_reach_it(self):
        self.assertEqual(self.breaches(self.seen_by(15, by="class a;\n")), [])
        self.assertEqual(self.breaches(self.seen_by(15, by='// #include "core/a.h"\n')), [])

    def test_what_hides_nothing_may_be_seen_by_all(self):
        self.assertEqual(self.breaches(self.seen_by(15, "struct a {\n  int x; // nothing private: all may see it\n};\n")), [])

    def test_an_allowance_that_is_not_needed_is_a_breach(self):
        found = check_organs.breaches_in({})
        self.assertEqual(len(found), len(check_organs.SHARED))
        self.assertIn("needs no allowance", found[0])


if __name__ == "__main__":
    unittest.main()
