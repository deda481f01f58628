#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No source file over 600 lines, no main.cpp of apps/ over 100. Files over 400 are named, but pass."""
import pathlib
import subprocess
import sys

TARGET, STOP, MAIN_STOP = 400, 600, 100
SUFFIXES = {".h", ".cpp", ".c", ".def", ".py", ".sh", ".js", ".mjs", ".cmake", ".sql"}


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    breaches = 0
    for name in filter(None, listed.split("\0")):
        path = root / name
        if not path.is_file() or not (path.suffix in SUFFIXES or path.name == "CMakeLists.txt"
                                      or name.startswith(("script/", ".ci/"))):
            continue
        lines = path.read_bytes().count(b"\n")
        stop = MAIN_STOP - 1 if name.startswith("apps/") and path.name == "main.cpp" else STOP
        if lines > stop:
            print(f"{name}: {lines} lines; the limit is {stop}")
            breaches += 1
        elif lines > TARGET:
            print(f"note: {name}: {lines} lines; the target is {TARGET}")
    print(f"sizes: {breaches} breaches" if breaches else "sizes: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
