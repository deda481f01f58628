#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A change of a private member of an organ compiles fewer than 15 files anew, tests among them: a header of src/core that hides something
is reached by fewer, along #include lines, but for what all organs share (SHARED). Exit code 1 when one is reached by more.

    check_organs.py [--root DIR] [--list]     how many reach each as well
"""
import argparse
import pathlib
import re
import sys

from cpp_text import names_only, without_comments

FOLDER = "src/core/"
LIMIT = 15
TOPS = ("src", "apps", "emulator", "tests", "fuzz", "tools")
# What is asked in passing wherever a device, a rule or a port is: each file that does so sees it, and a call instead would be felt.
SHARED = {
    "by_application.h": "a template",
    "outlet.h": "a template",
    "command_track.h": "a value, in each command",
    "device.h": "a value, in each place of the table",
    "device_table.h": "the devices, looked up for each event",
    "naming.h": "the name of one, likewise",
    "rule_book.h": "the rules, likewise",
    "recording_ports.h": "the ports of all tests",
    "shard.h": "the core from outside: what it hides is one pointer",
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)


def dependants(files):
    """files: path → text. Header → the .cpp files that reach it."""
    def found(name, path):
        beside = path.rsplit("/", 1)[0] + "/" + name
        return next((one for one in ("src/" + name, name, "apps/" + name, "tests/" + name, beside) if one in files), None)

    included = {path: {found(name, path) for name in INCLUDE.findall(without_comments(text))} - {None} for path, text in files.items()}
    out = {}
    for path in files:
        if not path.endswith(".cpp"):
            continue
        seen, open_ones = set(), [path]
        while open_ones:
            for one in included[open_ones.pop()] - seen:
                seen.add(one)
                open_ones.append(one)
        for one in seen:
            out.setdefault(one, set()).add(path)
    return out


def organs_in(files):
    """Header → how many .cpp files reach it, of each that hides something."""
    users = dependants(files)
    return {path: len(users.get(path, ())) for path, text in files.items()
            if path.startswith(FOLDER) and path.endswith(".h") and re.search(r"\bprivate\s*:", names_only(text))}


def breaches_in(organs):
    found = []
    for path, count in sorted(organs.items()):
        if count >= LIMIT and path.removeprefix(FOLDER) not in SHARED:
            found.append(f"{path}: {count} files reach it; the limit is {LIMIT - 1}. Name what is held by reference, and include it where it is used")
    found += [f"{FOLDER}{name}: stands in SHARED of check_organs.py, and needs no allowance" for name in SHARED if organs.get(FOLDER + name, 0) < LIMIT]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    files = {path.relative_to(asked.root).as_posix(): path.read_text(encoding="utf-8")
             for top in TOPS for path in (asked.root / top).rglob("*") if path.suffix in (".h", ".cpp")}
    organs = organs_in(files)
    for path, count in sorted(organs.items(), key=lambda one: -one[1]) if asked.list else ():
        print(f"{count:4} {path}")
    breaches = breaches_in(organs)
    print("\n".join(breaches) if breaches else f"organs: each of {len(organs) - len(SHARED)} is reached by fewer than {LIMIT} files")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
