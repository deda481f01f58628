#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each source file names its licence: in the first line, or in the second below a #! line."""
import pathlib
import subprocess
import sys

MARK = "SPDX-License-Identifier: Apache-2.0"
SUFFIXES = {".h", ".cpp", ".c", ".py", ".sh", ".js", ".mjs", ".ts", ".tsx", ".css", ".java"}


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    breaches = 0
    for name in filter(None, listed.split("\0")):
        path = root / name
        if not path.is_file() or path.is_symlink():
            continue
        head = path.read_bytes()[:512].decode("utf-8", "replace").splitlines()
        if path.suffix not in SUFFIXES and not (head and head[0].startswith("#!")):
            continue
        lines = head[1:2] if head and head[0].startswith("#!") else head[:1]
        if not any(MARK in line for line in lines):
            print(f"{name}: lacks '{MARK}' in its first line")
            breaches += 1
    print(f"spdx: {breaches} breaches" if breaches else "spdx: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
