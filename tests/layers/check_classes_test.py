# SPDX-License-Identifier: Apache-2.0
"""tools/check_classes.py counts a class over all of its files."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_classes  # noqa: E402


class check_classes_test(unittest.TestCase):
    def sizes(self, header, *sources):
        files = {"src/a/a.h": header} | {f"src/a/a{i}.cpp": text for i, text in enumerate(sources)}
        return check_classes.measure(files)[("src/a", "a")]

    def test_functions_and_members_are_told_apart(self):
        size = self.sizes("""class a final : public b {
public:
  explicit a(int of) : x_{of} {}
  ~a() override;
  a(const a&) = delete;
  int one() const { return x_; }
  result<std::map<int, int>> two(std::function<int(int)> how = {});
  static int three();
  enum class colour { red, blue };
  using text = std::string;
  struct inner {
    int of = 0;
    int four() const;
  };

private:
  int x_ = 0, y_{1};
  std::function<double(int)> random_{};
  std::map<int, std::vector<int>> map_; // a remark (with brackets)
  static constexpr int most = 3;
};
""")
        self.assertEqual((size["functions"], size["members"]), (5, 4))

    def test_the_lines_of_all_files_count(self):
        body = "void a::one(int of) {\n  if (of) {\n    two();\n  }\n}\n"
        alone = self.sizes("class a {\n  void one(int of);\n  void two();\n  int x_;\n};\n")
        both = self.sizes("class a {\n  void one(int of);\n  void two();\n  int x_;\n};\n", body, "a::a(int of) : x_{of}, y_(2) {\n}\n\nint free() {\n  return 1;\n}\n")
        self.assertEqual(both["lines"], alone["lines"] + 5 + 2)

    def test_what_an_inner_class_defines_is_the_outer_ones_too(self):
        size = self.sizes("class a {\n  class b {\n    void one();\n  };\n};\n", "void a::b::one() {\n}\n")
        self.assertEqual(size["lines"], 7)

    def test_a_value_may_have_as_many_members_as_it_has_to_say(self):
        fields = "".join(f"  int x{i};\n" for i in range(30))
        self.assertEqual(self.sizes("struct a {\n" + fields + "};\n")["members"], 0)
        self.assertEqual(self.sizes("class a {\n" + fields + "};\n")["members"], 30)
        self.assertEqual(self.sizes("struct a {\nprivate:\n" + fields + "};\n")["members"], 30)

    def test_a_struct_that_changes_itself_or_is_made_of_what_others_own_is_no_value(self):
        fields = "".join(f"  int x{i};\n" for i in range(30))
        for more in ("  bool one() const;\n", "  a(int of, const std::string& from);\n", "  static a none();\n", "  bool operator==(const a&) const = default;\n"):
            self.assertEqual(self.sizes("struct a {\n" + more + fields + "};\n")["members"], 0, more)
        for more in ("  void one();\n", "  a(b& of, int by);\n", "  explicit a(b& of) : of_{of} {}\n"):
            self.assertEqual(self.sizes("struct a {\n" + more + fields + "};\n")["members"], 30, more)

    def test_a_head_with_its_outer_class_or_an_attribute_is_counted(self):
        many = "".join(f"  void f{i}();\n" for i in range(41))
        for head in ("class b::a", "struct b::c::a final : d", "class alignas(64) a", "class [[nodiscard]] a", "class alignas(sizeof(int)) [[deprecated(\"x\")]] a"):
            found = check_classes.breaches_in(check_classes.measure({"src/a/a.h": head + " {\n" + many + "};\n"}))
            self.assertEqual(len(found), 1, head)

    def test_a_composition_root_has_limits_of_its_own(self):
        at, name = next(iter(check_classes.ROOTS))
        for functions, members, breaches in ((45, 50, 0), (46, 50, 1), (45, 51, 1)):
            body = "".join(f"  void f{i}();\n" for i in range(functions)) + "".join(f"  b x{i};\n" for i in range(members))
            found = check_classes.breaches_in(check_classes.measure({f"{at}/a.h": f"struct {name} {{\n{body}}};\n"}))
            self.assertEqual(len(found), breaches, found)
            elsewhere = check_classes.breaches_in(check_classes.measure({"src/a/a.h": f"struct {name} {{\n{body}}};\n"}))
            self.assertEqual(len(elsewhere), 2, "a namesake elsewhere is none")

    def test_an_allowance_that_no_class_needs_is_a_breach(self):
        self.assertFalse(check_classes.needs_allowance(None))
        self.assertFalse(check_classes.needs_allowance({"lines": 9, "functions": 40, "members": 20}))
        self.assertTrue(check_classes.needs_allowance({"lines": 9, "functions": 40, "members": 21}))

    def test_each_limit_has_a_breach(self):
        many = "".join(f"  void f{i}();\n" for i in range(41)) + "".join(f"  int x{i}_;\n" for i in range(21))
        long = "void a::f1() {\n" + "  f2();\n" * 700 + "}\n"
        found = check_classes.breaches_in(check_classes.measure({"src/a/a.h": "class a {\n" + many + "};\n", "src/a/a.cpp": long}))
        self.assertEqual(len(found), 3, found)


if __name__ == "__main__":
    unittest.main()
