#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No class over 700 lines, 40 functions or 20 data members, over all of its files: its body and what is defined outside of it. A
class inside another counts on its own, but for its lines, which the outer one has too. A struct that hides nothing is a value, and has as
many members as it has to say: one that others can only read, and that is not made of what others own. A composition root has limits of its
own (ROOTS). Tests and what only they include are not looked at. Exit code 1 when there is one too large.

    check_classes.py [--root DIR] [--list N]     the N largest of each kind as well
"""
import argparse
import pathlib
import re
import sys

from cpp_text import names_only

LIMITS = {"lines": 700, "functions": 40, "members": 20}
# A class whose members are the parts of its module, which its constructor wires to one another: each part is counted by itself, and what the
# root decides is who hears whom. Folder and class → what it is the root of, and why it is no class of rules that has grown.
ROOT_LIMITS = {"lines": 700, "functions": 45, "members": 50}
ROOTS = {
    ("src/app", "gateway::parts"): ("the gateway", "a member is a part or a thread of the program, a function passes a port's call on to the part that answers it"),
    ("src/core", "shard::organs"): ("the core", "a member is an organ, declared below those it sees"),
}
VALUE_FUNCTIONS = 10  # more, and it has rules of its own
HEAD = re.compile(r"\b(?:class|struct)\s+(?:(?:\[\[[^\]]*\]\]|alignas\s*\((?:[^()]|\([^()]*\))*\))\s*)*((?:[A-Za-z_]\w*\s*::\s*)*[A-Za-z_]\w*)\s*(?:final\s*)?(?::(?!:)[^;{}()]*)?\{")
OUTSIDE = re.compile(r"^(?!\s)[^\n;{}#]*?\b((?:[A-Za-z_]\w*::)+)(?:~?[A-Za-z_]\w*|operator[^\s(]*|operator\s*\(\s*\))\s*\(", re.M)
NO_MEMBER = re.compile(r"^\s*(?:using|typedef|friend|static_assert|enum|template|static\s+constexpr|constexpr\s+static|static\s+inline)\b")


def end_of_block(text, opening):
    """Behind the bracket that closes the one at `opening`."""
    pairs, depth = {"(": ")", "{": "}", "[": "]"}, 0
    close = pairs[text[opening]]
    for at in range(opening, len(text)):
        if text[at] == text[opening]:
            depth += 1
        elif text[at] == close:
            depth -= 1
            if depth == 0:
                return at + 1
    return len(text)


def lines_of(text):
    return sum(1 for line in text.split("\n") if line.strip())


def pieces_of(body):
    """A class's declarations, without what stands in their braces."""
    piece, at = "", 0
    while at < len(body):
        mark = body[at]
        if mark == "{":
            end = end_of_block(body, at)
            is_initialiser = re.search(r"\)\s*(?:noexcept\s*)?:[^:]", piece) and re.search(r"[\w>]\s*$", piece)
            is_function = not is_initialiser and re.search(r"\)\s*(?:const|noexcept|override|final|&|&&|\s|->\s*[\w:<>&*\s]+|:[^:].*)*$", piece, re.S)
            piece += "{}"
            at = end
            if is_function or re.match(r"\s*(?:class|struct|enum|union)\b", piece):
                yield piece
                piece = ""
            continue
        if mark == ";":
            yield piece
            piece = ""
        elif mark == ":" and re.fullmatch(r"\s*(?:public|private|protected)\s*", piece):
            piece = ""
        else:
            piece += mark
        at += 1


def without_arguments(piece):
    """Without what stands in angle brackets: a function's type there is no function."""
    before = None
    while before != piece:
        before, piece = piece, re.sub(r"<[^<>]*>", "", piece)
    return piece


def count(body):
    functions = members = 0
    for piece in pieces_of(body):
        if not piece.strip() or re.match(r"\s*(?:class|struct|union)\s+\w+[^=]*\{\}\s*$", piece) or re.match(r"\s*(?:class|struct)\s+\w+\s*$", piece):
            continue
        plain = without_arguments(piece)
        if re.search(r"=\s*(?:default|delete)\s*$", plain) or NO_MEMBER.match(plain) and "(" not in plain:
            continue
        if NO_MEMBER.match(plain) and not plain.lstrip().startswith("template") and not plain.lstrip().startswith("static"):
            continue
        head = plain.split("=")[0].split("{")[0]
        if "(" in head:
            functions += 1
        elif not plain.lstrip().startswith(("template", "static")):
            members += re.sub(r"\([^()]*\)|=[^,]*", "", plain).count(",") + 1
    return functions, members


def is_value(head, name, body):
    """A struct without secrets, whose functions only read it, and whose constructors keep nothing of others."""
    if not head.startswith("struct") or re.search(r"\b(?:private|protected)\s*:", body):
        return False
    functions = 0
    for piece in pieces_of(body):
        plain = without_arguments(piece).split("=")[0].split("{")[0].strip()
        if "(" not in plain or NO_MEMBER.match(plain) or re.search(r"=\s*(?:default|delete)\s*$", piece):
            continue
        functions += 1
        is_constructor = re.match(r"(?:explicit\s+|constexpr\s+)*" + name.split("::")[-1] + r"\s*\(", plain)
        if is_constructor and re.search(r"(?<!&)&(?!&)", re.sub(r"\bconst\s+[\w:]+\s*&", "", plain)):
            return False
        if not is_constructor and "operator" not in plain and not re.match(r"static\b", plain) and not re.search(r"\)[\s\w]*\bconst\b", plain):
            return False
    return functions <= VALUE_FUNCTIONS


def classes_in(text, outer=""):
    at = 0
    while True:
        found = HEAD.search(text, at)
        if not found:
            return
        opening = found.end() - 1
        end = end_of_block(text, opening)
        before = text[:found.start()].rstrip()
        if not before.endswith(("enum", "friend")):
            name = outer + re.sub(r"\s", "", found[1])
            body = text[opening + 1:end - 1]
            yield name, body, lines_of(text[found.start():end]), is_value(found[0], name, body)
            yield from classes_in(body, name + "::")
        at = end


def definitions_in(text):
    """Of functions outside of their class: the class, and the lines."""
    for found in OUTSIDE.finditer(text):
        at = end_of_block(text, found.end() - 1)
        while at < len(text) and text[at] not in ";{":
            if text[at] == "(":
                at = end_of_block(text, at)
            # a member's initialiser, name{…}
            elif re.match(r"[\w>\]]\s*\{", text[at:at + 64]) and re.search(r"[:,]\s*[\w:<>]*$", text[found.end():at + 1]):
                at = end_of_block(text, text.index("{", at))
            else:
                at += 1
        if at < len(text) and text[at] == "{":
            yield found[1].removesuffix("::"), lines_of(text[found.start():end_of_block(text, at)])


def measure(files):
    """files: path → text. Gives (folder, class) → figures."""
    sizes = {}
    for path, text in files.items():
        folder = path.rsplit("/", 1)[0]
        for name, body, lines, says_only in classes_in(names_only(text)):
            functions, members = count(body)
            if says_only:
                members = 0
            entry = sizes.setdefault((folder, name), {"lines": 0, "functions": 0, "members": 0})
            entry["lines"] += lines
            entry["functions"] += functions
            entry["members"] += members
    for path, text in files.items():
        folder = path.rsplit("/", 1)[0]
        for name, lines in definitions_in(names_only(text)):
            parts = name.split("::")
            for start in range(len(parts)):
                own = next(((folder, "::".join(parts[start:end])) for end in range(len(parts), start, -1)
                            if (folder, "::".join(parts[start:end])) in sizes), None)
                if own:
                    for end in range(1, own[1].count("::") + 2):
                        outer = (folder, "::".join(own[1].split("::")[:end]))
                        if outer in sizes:
                            sizes[outer]["lines"] += lines
                    break
    return sizes


def test_only(files):
    """Tests, and headers that, by whatever way, only tests include."""
    users = {}
    for path, text in files.items():
        for included in re.findall(r'^#include "([^"]+)"', text, re.M):
            for root in ("src/", "", "tests/"):
                if root + included in files:
                    users.setdefault(root + included, set()).add(path)
    out = {path for path in files if path.endswith("_test.cpp") or path.startswith(("tests/", "fuzz/"))}
    while True:
        more = {path for path in files if path.endswith(".h") and path not in out and users.get(path) and users[path] <= out}
        if not more:
            return out
        out |= more


def breaches_in(sizes):
    found = []
    for (folder, name), figures in sorted(sizes.items()):
        for kind, limit in (ROOT_LIMITS if (folder, name) in ROOTS else LIMITS).items():
            if figures[kind] > limit:
                found.append(f"{folder}: {name} has {figures[kind]} {kind}; the limit is {limit}")
    return found


def needs_allowance(figures):
    return figures is not None and any(figures[kind] > limit for kind, limit in LIMITS.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--list", type=int, default=0)
    asked = parser.parse_args()
    files = {}
    for top in ("src", "emulator", "apps"):
        for path in (asked.root / top).rglob("*"):
            if path.suffix in (".h", ".cpp"):
                files[path.relative_to(asked.root).as_posix()] = path.read_text(encoding="utf-8")
    tests = test_only(files)
    sizes = measure({path: text for path, text in files.items() if path not in tests})
    breaches = breaches_in(sizes) + [f"{folder}: {name} is the root of {what} in check_classes.py, and there is no such class, or it needs no allowance"
                                     for (folder, name), (what, _) in ROOTS.items() if not needs_allowance(sizes.get((folder, name)))]
    for kind in LIMITS if asked.list else ():
        largest = sorted(sizes.items(), key=lambda one: -one[1][kind])[:asked.list]
        print(f"{kind}: " + ", ".join(f"{name} {figures[kind]}" for (_, name), figures in largest))
    print("\n".join(breaches) if breaches else f"classes: {len(sizes)} within their limits")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
