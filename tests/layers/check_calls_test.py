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

    def test_a_default_parameter_hides_none(self):
        self.assertEqual(self.found("int one(std::function<int(int)> of = {});\n", "int one(std::function<int(int)> of) {\n  return of(1);\n}\n"), ["one"])

    def test_a_qualified_call_is_no_definition(self):
        self.assertEqual(self.found("struct a {\n  static int one(int of) { return of; }\n};\nint two();\n", "int two() {\n  return a::one(1);\n}\n", "two();\n"), [])

    PORT = "class port {\npublic:\n  virtual void one(int of) = 0;\n  virtual void two(int of) = 0;\n};\n"
    CLIENT = "class client final : public port {\n  void one(int of) override;\n  void two(int of) override { last_ = of; }\n};\n"
    DEFINED = '#include "b/client.h"\n' "void client::one(int of) {\n  last_ = of;\n}\n"

    def breaches(self, more, for_tests=()):
        return check_calls.breaches_in({"src/a/port.h": self.PORT, "src/b/client.h": self.CLIENT, "src/b/client.cpp": self.DEFINED} | more, for_tests)

    def test_a_ports_function_that_is_overridden_and_never_called_is_found(self):
        found = self.breaches({"src/c/user.cpp": "void use(port& to) {\n  to.two(1);\n}\n"})
        self.assertEqual(found, ["src/a/port.h: nothing calls one()", "src/b/client.h: nothing calls one()"])

    def test_so_is_one_that_only_tests_call_or_fake(self):
        for test in ("src/c/user_test.cpp", "tests/conversation/world.cpp", "fuzz/user.cpp"):
            found = self.breaches({"src/c/user.cpp": "void use(port& to) {\n  to.two(1);\n}\n", test: "void test(port& to) {\n  to.one(1);\n}\n"})
            self.assertEqual(found, ["src/a/port.h: only tests call one()", "src/b/client.h: only tests call one()"], test)

    def test_a_header_of_the_tests_is_no_caller_and_asks_for_none(self):
        more = {"src/c/scene.h": '#include "b/client.h"\ninline void play(port& to) {\n  to.one(1);\n}\nvoid never(int of);\n', "src/c/c_test.cpp": '#include "c/scene.h"\nint x = never(1) + play(2);\n',
                "src/c/user.cpp": "void use(port& to) {\n  to.two(1);\n}\n"}
        self.assertEqual(self.breaches(more), ["src/a/port.h: only tests call one()", "src/b/client.h: only tests call one()"])

    def test_an_allowance_counts_and_is_a_breach_where_nobody_needs_it(self):
        more = {"src/c/user.cpp": "void use(port& to) {\n  to.two(1);\n}\n", "src/c/user_test.cpp": "  to.one(1);\n"}
        allowed = {("src/a/port.h", "one"): "why", ("src/b/client.h", "one"): "why"}
        self.assertEqual(self.breaches(more, allowed), [])
        found = self.breaches({"src/c/user.cpp": "void use(port& to) {\n  to.one(1);\n  to.two(1);\n}\n"}, allowed)
        self.assertEqual(len(found), 2, found)
        self.assertIn("src/a/port.h: one() is there for tests", found[0])


if __name__ == "__main__":
    unittest.main()
