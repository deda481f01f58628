# SPDX-License-Identifier: Apache-2.0
"""tools/check_sizes.py sees every kind of source, and only sources."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import check_sizes  # noqa: E402


class check_sizes_test(unittest.TestCase):
    def test_a_source_over_the_limit_is_a_breach_whatever_it_is_written_in(self):
        for suffix in ("h", "cpp", "hh", "hpp", "cxx", "cc", "ipp", "inc", "inl", "def", "c", "py", "sh", "js", "mjs", "ts", "java", "cs", "go", "rs", "jq", "cmake", "sql"):
            self.assertIn("601 lines; the limit is 600", check_sizes.judge(f"src/a/a.{suffix}", 601) or "", suffix)
            self.assertIsNone(check_sizes.judge(f"src/a/a.{suffix}", 400), suffix)

    def test_so_is_a_script_or_a_build_file_without_a_suffix(self):
        for name in ("script/test", ".ci/run", "src/a/CMakeLists.txt"):
            self.assertIn("the limit is 600", check_sizes.judge(name, 601) or "", name)

    def test_between_the_target_and_the_limit_it_is_named(self):
        self.assertEqual(check_sizes.judge("src/a/a.cpp", 600), "note: src/a/a.cpp: 600 lines; the target is 400")

    def test_a_main_has_a_limit_of_its_own(self):
        self.assertIsNone(check_sizes.judge("apps/a/main.cpp", 99))
        self.assertIn("the limit is 99", check_sizes.judge("apps/a/main.cpp", 100))
        self.assertIsNone(check_sizes.judge("tools/docgen/main.cpp", 100))

    def test_pages_samples_and_licences_are_no_sources(self):
        for name in ("docs/a.md", "tests/data/a.json", "tests/data/a.txt", "LICENSE", "docs/a.svg"):
            self.assertIsNone(check_sizes.judge(name, 5000), name)

    def test_what_is_not_yet_in_git_is_seen_and_what_git_ignores_is_not(self):
        with tempfile.TemporaryDirectory(prefix="causeway-sizes-") as folder:
            root = pathlib.Path(folder)
            subprocess.run(["git", "init", "-q", folder], check=True)
            (root / ".gitignore").write_text("made/\n")
            (root / "made").mkdir()
            for name in ("Sneak.java", "made/made.cpp"):
                (root / name).write_text("x\n" * 700)
            done = subprocess.run([sys.executable, TOOLS / "check_sizes.py", "--root", folder], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, "Sneak.java: 700 lines; the limit is 600\nsizes: 1 breaches\n"))


if __name__ == "__main__":
    unittest.main()
