#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that nothing calls: a name that a header declares as a function, and that stands nowhere else but in its definition, be it
in a product file or a test. By names only, so that a namesake hides one; comments and strings do not count. Exit code 1 when there
is one.

    check_calls.py [--root DIR]
"""
import argparse
import collections
import pathlib
import re
import sys

from cpp_text import names_only

NAME = re.compile(r"[A-Za-z_]\w*")
# A type, a name, its parameters, and what ends a declaration or begins a body.
DECLARED = re.compile(r"^[ \t]*(?![ \t]|(?:return|co_return|co_await|throw|else|delete|case|using)\b)(?:\[\[nodiscard\]\]\s+)?"
                      r"\w[\w:<>,&*\s]*?[\s&*]([a-z_]\w*)\([^;{}]*\)[^;{}()]*[;{]", re.M)
# For the compiler only: the reason stands beside the function.
UNCALLED = {("src/amqp/value.h", "destroy")}
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "catch", "decltype", "alignas", "static_assert", "requires", "main"}


def find(files):
    """files: path → text. Yields path and name."""
    code = {path: names_only(text) for path, text in files.items()}
    seen = collections.Counter()
    defined = collections.Counter()
    for path, text in code.items():
        seen.update(NAME.findall(text))
        if path.endswith(".cpp"):
            defined.update(re.findall(r"\w::([a-z_]\w*)\s*\(", text))
            defined.update(set(DECLARED.findall(text)))
    for path, text in sorted(code.items()):
        if not path.endswith(".h"):
            continue
        declared = collections.Counter(DECLARED.findall(text))
        for name, times in sorted(declared.items()):
            if name not in KEYWORDS and (path, name) not in UNCALLED and seen[name] <= times + min(defined[name], times):
                yield path, name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    files = {}
    for top in ("src", "emulator", "apps", "tests", "fuzz", "tools"):
        for path in (root / top).rglob("*"):
            if path.suffix in (".h", ".cpp") and "node_modules" not in path.parts:
                files[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    found = [f"{path}: nothing calls {name}()" for path, name in find(files)]
    print("\n".join(found) if found else f"calls: every function of {len(files)} files has a caller")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
