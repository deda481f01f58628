# SPDX-License-Identifier: Apache-2.0
"""tools/check_calls.py finds functions that nothing calls, and only those."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_calls  # noqa: E402


class check_calls_test(unittest.TestCase):
    def found(self, header, source="", user=""):
        files = {"src/a/a.h": header, "src/a/a.cpp": source, "src/b/b_test.cpp": user}
        return [name for _, name in check_calls.find(files)]

    def test_a_function_with_a_definition_and_no_caller_is_found(self):
        self.assertEqual(self.found("class a {\n  int one(int of) const;\n};\n", "int a::one(int of) const {\n  return of;\n}\n"), ["one"])

    def test_a_free_function_is_found(self):
        self.assertEqual(self.found("result<int> one(int of);\n", "result<int> one(int of) {\n  return of;\n}\n"), ["one"])

    def test_one_with_its_body_in_the_header_is_found(self):
        self.assertEqual(self.found("class a {\n  bool one() const { return true; }\n};\n"), ["one"])

    def test_a_caller_anywhere_is_enough(self):
        self.assertEqual(self.found("int one(int of);\n", "int one(int of) {\n  return of;\n}\n", "auto x = one(1);\n"), [])
        self.assertEqual(self.found("int one(int of);\ninline int two() {\n  return one(2);\n}\n", "", "two();\n"), [])

    def test_a_mention_in_a_comment_or_a_string_is_no_caller(self):
        self.assertEqual(self.found("int one(int of);\n", "", '// one(1)\nauto x = "one(1)";\n'), ["one"])

    def test_a_call_that_looks_like_a_declaration_is_a_call(self):
        self.assertEqual(self.found("int one(int of);\nint two(int of) {\n  return one(of);\n}\n", "", "  two(1);\n"), [])


if __name__ == "__main__":
    unittest.main()
