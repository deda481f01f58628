#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No source file over 600 lines, whatever it is written in, no main.cpp of apps/ over 100. Files over 400 are named, but pass.

    check_sizes.py [--root DIR]
"""
import argparse
import pathlib
import subprocess
import sys

TARGET, STOP, MAIN_STOP = 400, 600, 100
# What is no source: pages, tables and lists, samples, pictures, databases, and what other tools write or read.
NO_SOURCES = {".md", ".txt", ".json", ".xml", ".svg", ".png", ".db", ".sha256", ".toml", ".lock", ""}


def is_source(name):
    path = pathlib.PurePosixPath(name)
    return path.name == "CMakeLists.txt" or name.startswith(("script/", ".ci/")) or path.suffix not in NO_SOURCES


def judge(name, lines):
    """A breach, a note or nothing."""
    if not is_source(name):
        return None
    stop = MAIN_STOP - 1 if name.startswith("apps/") and name.endswith("/main.cpp") else STOP
    if lines > stop:
        return f"{name}: {lines} lines; the limit is {stop}"
    return f"note: {name}: {lines} lines; the target is {TARGET}" if lines > TARGET else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    said = [judge(name, (root / name).read_bytes().count(b"\n")) for name in filter(None, listed.split("\0")) if (root / name).is_file()]
    said = [line for line in said if line]
    for line in said:
        print(line)
    breaches = sum(not line.startswith("note: ") for line in said)
    print(f"sizes: {breaches} breaches" if breaches else "sizes: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
