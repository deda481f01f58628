# SPDX-License-Identifier: Apache-2.0
"""tools/check_docs.py refuses citations of docs/wire/ that lead nowhere, and sections that nothing cites."""
import importlib.util
import pathlib
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
spec = importlib.util.spec_from_file_location("check_docs", TOOLS / "check_docs.py")
check_docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_docs)

PAGE = """# A title that nothing cites

## B. AMQP

### B.1 Transport

```
## no heading
```

### B.2 CBS

### B.3 Sessions

## 4. Figures

### 4.1 Throttles

## What users report

### Thread 28

### Thread 29

## Scenario 1: an uplink

## What the list "fix" says
"""
ALL = "// azure-iot-wire.md B.1 to B.3\n// azure-iot-wire.md 4.1, threads 28 and 29, scenario 1 and the list \"fix\"\n"


class check_docs_test(unittest.TestCase):
    def faults(self, code, name="src/hub/cbs.h", **more):
        sources = {name: code, "src/all/all.h": ALL, **{key.replace("__", "/") + ".h": text for key, text in more.items()}}
        return list(check_docs.wire_faults(sources, {"azure-iot-wire": PAGE}))

    def test_where_all_is_cited_and_there_it_is_clean(self):
        self.assertEqual(self.faults("// (azure-iot-wire.md B.2).\n"), [])

    def test_a_page_that_is_missing_is_a_fault_with_file_and_line(self):
        self.assertEqual(self.faults("int a;\n// (real-stack-facts.md 1.2)\n"), ["src/hub/cbs.h:2: docs/wire/real-stack-facts.md is not there"])

    def test_a_section_that_is_missing_is_a_fault(self):
        for words in ("B.9", "B.22", "B.1 and B.9", "B.1, B.9", "B.1 to B.5", "C", "5", "B.1a", ", thread 30", ", scenario 2", ", the list \"fax\"",
                      " section 7", "B.1\n// and B.9", "\n// B.9"):
            found = self.faults(f"// as azure-iot-wire.md {words} says\n")
            self.assertTrue(found and all("src/hub/cbs.h:1: docs/wire/azure-iot-wire.md has no section" in one for one in found), (words, found))

    def test_a_range_names_what_lies_between(self):
        self.assertEqual(len(self.faults("// azure-iot-wire.md B.2 to B.6\n")), 3)

    def test_numbers_in_brackets_are_of_the_page_that_the_file_cites(self):
        self.assertEqual(len(self.faults("// azure-iot-wire.md B.1\nint a; // (B.2, B.9)\n")), 1)
        self.assertEqual(len(self.faults("int a; // 7 (B.9)\n", "src/all/all.cpp")), 1)
        self.assertEqual(len(self.faults("int a; // (B.2 no. 5)\n", "src/all/other.cpp")), 0)
        self.assertEqual(self.faults("int a; // (B.9)\n", "src/none/none.cpp"), [])

    def test_code_that_names_no_section_is_refused_and_prose_may(self):
        self.assertEqual(self.faults("// azure-iot-wire.md, chapter B.1\n"), ["src/hub/cbs.h:1: names no section of docs/wire/azure-iot-wire.md"])
        self.assertEqual(self.faults("See azure-iot-wire.md.\n", "docs/x.md"), [])

    def test_a_section_that_nothing_cites_is_a_fault_and_its_parent_too(self):
        pages = {"azure-iot-wire": "# T\n\n## A. Names\n\n### A.1 One\n\n### A.2 Two\n\n## E. Rest\n\n### E.1 More\n"}
        found = list(check_docs.wire_faults({"src/a.h": "// azure-iot-wire.md A.2\n"}, pages))
        self.assertEqual(found, ["docs/wire/azure-iot-wire.md:5: nothing cites 'A.1 One'", "docs/wire/azure-iot-wire.md:9: nothing cites 'E. Rest'",
                                 "docs/wire/azure-iot-wire.md:11: nothing cites 'E.1 More'"])

    def test_a_parent_that_is_cited_does_not_excuse_its_sections(self):
        pages = {"azure-iot-wire": "# T\n\n## A. Names\n\n### A.1 One\n"}
        self.assertEqual(len(list(check_docs.wire_faults({"src/a.h": "// azure-iot-wire.md A\n"}, pages))), 1)

    def test_a_page_that_nothing_cites_is_a_fault(self):
        self.assertEqual(list(check_docs.wire_faults({}, {"azure-2026": "# T\n"})), ["docs/wire/azure-2026.md:1: nothing cites this page"])

    def test_pages_are_held_to_their_own_references_which_are_no_citations(self):
        pages = {"azure-iot-wire": "# T\n\n## A.1 One\n\nAs (A.2), not (A.3).\n\n## A.2 Two\n"}
        self.assertEqual(list(check_docs.wire_faults({"src/a.h": "// azure-iot-wire.md A.1\n"}, pages)),
                         ["docs/wire/azure-iot-wire.md:5: docs/wire/azure-iot-wire.md has no section A.3", "docs/wire/azure-iot-wire.md:7: nothing cites 'A.2 Two'"])

    def test_two_sections_with_one_number_are_a_fault(self):
        pages = {"azure-iot-wire": "# T\n\n## A.1 One\n\n## A.1 Two\n"}
        self.assertEqual(len(list(check_docs.wire_faults({"src/a.h": "// azure-iot-wire.md A.1\n"}, pages))), 1)


if __name__ == "__main__":
    unittest.main()
