# SPDX-License-Identifier: Apache-2.0
"""tools/check_words.py refuses what it is there for, and nothing else."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_words  # noqa: E402

TABLE = """## Vocabulary

| Word | Means | Its names stand in |
|---|---|---|
| device | a device | |
| command | what the hub sends | `src/core/` `read_command_line` |
| upstream | no name | `/` |

## Next
"""


class check_words_test(unittest.TestCase):
    def faults(self, path, code):
        return list(check_words.faults_of(path, code, check_words.rows(TABLE)))

    def test_a_name_with_the_word_elsewhere_is_a_fault(self):
        for name in ("command", "commands_", "most_commands", "COMMAND", "commanded"):
            self.assertEqual(len(self.faults("src/store/writer.h", f"int {name};\n")), 1, name)

    def test_at_its_place_it_is_none(self):
        self.assertEqual(self.faults("src/core/device.h", "int command;\n"), [])

    def test_a_compound_of_the_row_may_stand_anywhere(self):
        self.assertEqual(self.faults("apps/causeway/main.cpp", "read_command_line();\n"), [])

    def test_a_word_without_a_place_is_refused_everywhere(self):
        self.assertEqual(len(self.faults("src/core/device.h", "class upstream;\n")), 1)

    def test_a_row_without_places_asks_nothing(self):
        self.assertEqual(self.faults("src/store/writer.h", "int device;\n"), [])

    def test_parts_of_other_words_are_left_alone(self):
        self.assertEqual(self.faults("src/store/writer.h", "int subcommand, commander;\n"), [])

    def test_comments_strings_and_includes_are_left_alone(self):
        code = '#include "core/command.h"\n// command\n/* command\n */\nauto a = "command \\" command";\nauto b = R"x(command)x";\nint c = 1\'000;\nchar d = \'"\';\n'
        self.assertEqual(self.faults("src/store/writer.h", code), [])

    def test_the_line_is_named(self):
        self.assertIn("writer.h:3: upstream", self.faults("src/store/writer.h", "/* a\n b */\nint upstream;\n")[0])


if __name__ == "__main__":
    unittest.main()
