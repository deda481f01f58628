#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One word a thing: reads the vocabulary table of CONTRIBUTING.md and refuses a name in C++ that has a word of it outside the places
of its row. A row without places may stand anywhere. Comments and strings are not looked at. Exit code 1 when there is a fault.

    check_words.py [--root DIR]
"""
import argparse
import fnmatch
import pathlib
import re
import sys

from cpp_text import names_only

ROW = re.compile(r"^\| ([a-z ]+) \| (.+?) \| (.*?) ?\|$")
NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def rows(text):
    """word → (places, compounds that may stand anywhere); only rows that name places."""
    section = text.split("## Vocabulary", 1)[1].split("\n## ", 1)[0]
    found = {}
    for line in section.splitlines():
        row = ROW.match(line)
        if not row or row[1] == "Word" or not row[3]:
            continue
        marked = re.findall(r"`([^`]+)`", row[3])
        found[row[1]] = ([one for one in marked if "/" in one], {one for one in marked if "/" not in one})
    return found


def names_of(code):
    for number, line in enumerate(names_only(code).splitlines(), 1):
        for name in NAME.findall(line):
            yield number, name


def faults_of(path, code, vocabulary):
    for number, name in names_of(code):
        parts = [part for part in re.split("_+", name.lower()) if part]
        for word, (places, compounds) in vocabulary.items():
            if not {word, word + "s", word + "d", word + "ed"} & set(parts) or name.strip("_") in compounds:
                continue
            if not any(fnmatch.fnmatch(path, place + "*") for place in places):
                where = ", ".join(places) or "nowhere"
                yield f"{path}:{number}: {name}: '{word}' may stand in {where} (CONTRIBUTING.md, Vocabulary)"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    vocabulary = rows((root / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    if not vocabulary:
        print("CONTRIBUTING.md: no row of its vocabulary names places")
        return 1
    faults = []
    for top in ("src", "emulator", "apps"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix in (".h", ".cpp"):
                path = file.relative_to(root).as_posix()
                faults += faults_of(path, file.read_text(encoding="utf-8"), vocabulary)
    print("\n".join(dict.fromkeys(faults)) if faults else f"words: {len(vocabulary)} rows, each at its place")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
