# SPDX-License-Identifier: Apache-2.0
"""C++ as the checkers read it. The lines stay the same lines."""
import re

# A raw string, a string, a character (the ' of 1'000 is none), a comment of either form.
TOKEN = re.compile(r'R"([^()\\ \n]{0,16})\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z])\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*(?:.|\n)*?\*/')
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*", re.M)


def without_comments(text):
    """String literals are stepped over."""
    def blank(match):
        token = match.group(0)
        return re.sub(r"[^\n]", " ", token) if token.startswith(("//", "/*")) else token
    return TOKEN.sub(blank, text)


def names_only(text):
    """Without comments, strings, characters and #include lines."""
    return TOKEN.sub(lambda found: " " + "\n" * found[0].count("\n"), DIRECTIVE.sub("", text))
