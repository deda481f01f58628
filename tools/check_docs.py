#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/ that are made from the code say what the code says; links between pages lead to something.

    check_docs.py DOCGEN [--write]      DOCGEN: the program docgen of a build; --write makes the pages anew
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def generated(docgen, write):
    drifted = 0
    for page in subprocess.run([docgen, "--list"], check=True, capture_output=True, text=True).stdout.split():
        text = subprocess.run([docgen, page], check=True, capture_output=True, text=True).stdout
        path = ROOT / "docs" / f"{page}.md"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if write:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{page}.md")
        else:
            print(f"docs/{page}.md differs from what the code says; script/docs makes it anew")
            drifted += 1
    return drifted


def dead_links():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--", "*.md"], check=True, capture_output=True, text=True).stdout
    dead = 0
    for name in filter(None, listed.split("\0")):
        page = ROOT / name
        if not page.exists() or name.startswith("tests/data/"):
            continue
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                print(f"{name}: links to {target}, which is not there")
                dead += 1
    return dead


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    faults = generated(sys.argv[1], "--write" in sys.argv[2:]) + dead_links()
    print(f"docs: {faults} faults" if faults else "docs: clean")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
