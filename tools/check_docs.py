#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/ that are made from the code say what the code says; docs/operations.md lists each log event, with its
levels; links between pages lead to something.

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


def log_events():
    """docs/operations.md has a row "| `event` | level | … |" for each log line of the gateway, and no other."""
    written, faults = {}, 0
    for path in [*(ROOT / "src").rglob("*.cpp"), *(ROOT / "apps" / "causeway").rglob("*.cpp")]:
        if not path.stem.endswith("_test"):
            for level, event in re.findall(r'\blog::(debug|info|warning|error)\(\s*"(\w+)"', path.read_text(encoding="utf-8")):
                written.setdefault(event, set()).add(level)
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("\n## Logs\n")[2].partition("\n## ")[0]
    listed = {event: set(levels.split(", ")) for event, levels in re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", section, re.M)}
    for event in sorted(written.keys() | listed.keys()):
        if written.get(event) != listed.get(event):
            print(f"docs/operations.md: log event {event}: the code has level {', '.join(sorted(written.get(event, {'none'})))}, "
                  f"the page {', '.join(sorted(listed.get(event, {'none'})))}")
            faults += 1
    return faults


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
    faults = generated(sys.argv[1], "--write" in sys.argv[2:]) + log_events() + dead_links()
    print(f"docs: {faults} faults" if faults else "docs: clean")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
