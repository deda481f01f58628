#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that nothing calls: a name that headers declare as a function, and that stands nowhere else but in declarations, overrides and
definitions. Once over all files, and once over the product's alone: what only tests call has its reason in FOR_TESTS, be it a function or
a port's. By names only, so that a namesake that is called hides one; comments and strings do not count. Exit code 1 when there is one.

    check_calls.py [--root DIR]
"""
import argparse
import collections
import pathlib
import re
import sys

from check_classes import test_only
from cpp_text import names_only

NAME = re.compile(r"[A-Za-z_]\w*")
# A type, a name, its parameters, and what ends a declaration or begins a body.
DECLARED = re.compile(r"^[ \t]*(?![ \t]|(?:return|co_return|co_await|throw|else|delete|case|default|using)\b)(?:\[\[nodiscard\]\]\s+)?"
                      r"\w[\w:<>,&*\s]*?[\s&*]([a-z_]\w*)\((?:[^;{}]|\{\})*\)[^;{}()]*[;{]", re.M)
# Of a class's function, outside of it: what is indented is a call.
DEFINED = re.compile(r"^(?!\s)[^\n;{}#=()]*?\b\w+::([a-z_]\w*)\s*\(", re.M)
# For the compiler only: the reason stands beside the function.
UNCALLED = {("src/amqp/value.h", "destroy")}
# What the product offers and no product file calls.
FOR_TESTS = {
    ("src/amqp/engine.h", "remote_settle_mode"): "a hub in a test reads how the gateway opens its links",
    ("src/amqp/engine.h", "set_source_filter"): "a reader of events in a test sends the filter that the emulated endpoint reads",
    ("src/core/device_table.h", "models"): "shows that what nobody has any more is not kept",
    ("src/core/device_table.h", "name_bytes"): "shows that the names of who has left are not kept",
    ("src/hub/member_table.h", "models"): "shows that what nobody has any more is not kept",
    ("src/core/shard.h", "fence"): "not wired yet: docs/decisions/0032-shards-of-one-core.md",
    ("src/model/tenure.h", "fence"): "not wired yet: docs/decisions/0032-shards-of-one-core.md",
    ("src/core/shard.h", "take_rules"): "not wired yet: docs/decisions/0033-snapshots.md",
    ("src/hub/fleet_set.h", "drop_section"): "not wired yet: docs/decisions/0033-snapshots.md",
    ("src/core/transitions.h", "transition_rows"): "the test walks all rows and compares docs/device-states.md with them",
    ("src/dps/registration.h", "registers_sent"): "what DPS has been asked, beside what the test has seen",
    ("src/dps/registration.h", "polls_sent"): "what DPS has been asked, beside what the test has seen",
    ("src/net/stream.h", "make_stream_pair"): "the wire of tests: both ends in one process",
    ("emulator/hub/arrivals.h", "totals_of"): "conversations ask what has come of one device",
    ("emulator/hub/identity_registry.h", "set_enabled"): "conversations disable a device without its REST interface",
}
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "catch", "decltype", "alignas", "static_assert", "requires", "main"}


def find(files):
    """files: path → text. Yields path and name."""
    seen, own, declared = collections.Counter(), collections.Counter(), {}
    for path, text in files.items():
        code = names_only(text)
        here = DECLARED.findall(code)
        seen.update(NAME.findall(code))
        own.update(here + DEFINED.findall(code))
        if path.endswith(".h"):
            declared[path] = set(here)
    for path, names in sorted(declared.items()):
        for name in sorted(names - KEYWORDS):
            if (path, name) not in UNCALLED and seen[name] <= own[name]:
                yield path, name


def breaches_in(files, for_tests):
    found = list(find(files))
    tests = test_only(files)
    by_tests = [one for one in find({path: text for path, text in files.items() if path not in tests}) if one not in found]
    return ([f"{path}: nothing calls {name}()" for path, name in found]
            + [f"{path}: only tests call {name}()" for path, name in by_tests if (path, name) not in for_tests]
            + [f"{path}: {name}() is there for tests by check_calls.py, and the product calls it, or nothing does"
               for path, name in for_tests if (path, name) not in by_tests])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    files = {}
    for top in ("src", "emulator", "apps", "tests", "fuzz", "tools"):
        for path in (root / top).rglob("*"):
            if path.suffix in (".h", ".cpp") and "node_modules" not in path.parts:
                files[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    found = breaches_in(files, FOR_TESTS)
    print("\n".join(found) if found else f"calls: every function of {len(files)} files has a caller")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
