# SPDX-License-Identifier: Apache-2.0
"""What code that is free of I/O and time does not call, although the standard library's headers that it may include offer it. By names: a
list, not a proof, of what somebody would write without a thought."""
import functools
import re

from cpp_text import names_only, without_comments

OWN = r"(?<![\w.>:])(?:std\s*::\s*|::\s*)?"  # no member, and nobody else's namespace
CALLS = [
    ("opens files", re.compile(OWN + r"(?:fopen|freopen|fdopen|tmpfile|popen)\s*\(|\bstd\s*::\s*(?:filesystem\b|[io]?fstream\b)")),
    ("prints or reads", re.compile(OWN + r"(?:f?printf|f?puts|putchar|perror|f?scanf|getchar)\s*\(|\bstd\s*::\s*w?(?:cout|cerr|clog|cin)\b")),
    ("asks a clock", re.compile(r"clock\s*::\s*now\b|\bstd\s*::\s*(?:time|clock|timespec_get)\s*\(|"
                                r"(?<![\w>.:])(?:::\s*)?time\s*\(\s*(?:nullptr|NULL|0|&\s*\w+)\s*\)|"
                                + OWN + r"(?:localtime(?:_r)?|mktime|gettimeofday|clock_gettime)\s*\(")),
    ("sleeps or starts a thread", re.compile(r"\bstd\s*::\s*(?:this_thread|j?thread|async)\b|" + OWN + r"(?:u|nano)?sleep\s*\(")),
    ("reads the environment", re.compile(OWN + r"(?:secure_)?(?:get|set|put)env\s*\(")),
    ("draws at random", re.compile(OWN + r"s?rand\s*\(|\bstd\s*::\s*random_device\b")),
    ("runs a program", re.compile(r"\bstd\s*::\s*system\s*\(|(?<![\w>])::\s*system\s*\(")),
]
BY_HAND = re.compile(r'\bextern\s*"C"')  # so a header is done without


@functools.lru_cache(maxsize=None)
def calls_in(text):
    """Line and what it does there."""
    code = names_only(text)
    found = [(line_at(code, one), f"{what}: {' '.join(one[0].split()).rstrip('(').strip()}") for what, pattern in CALLS for one in pattern.finditer(code)]
    code = without_comments(text)
    return found + [(line_at(code, one), 'declares by hand what a header should: extern "C"') for one in BY_HAND.finditer(code)]


def line_at(code, found):
    return code.count("\n", 0, found.start()) + 1
