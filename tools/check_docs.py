#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/ that are made from the code say what the code says; docs/operations.md lists each log event, with its
levels; links between pages lead to something; what headers cite of docs/wire/ is there, and nothing else is.

    check_docs.py DOCGEN [--write]      DOCGEN: the program docgen of a build; --write makes the pages anew
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Pages of docs/wire/, there or not.
PAPERS = ("acceptance-scenarios", "azure-2026", "azure-iot-wire", "engineering-measurements", "limits-and-lessons", "real-stack-facts", "things-stack-wire")
PAPER = re.compile(rf"\b({'|'.join(PAPERS)})\b(?:\.md)?")
NUMBER = r"(?:[A-Z](?:\.\d+\w*)?|\d+\w*(?:\.\d+\w*)?)(?!\w)"
ITEM = r"(?:\s+(?:[a-z]|no\.\s\d+)(?=[):,;]))?"  # of a section: "D.3 b", "D.3 no. 5"
# What follows a page's name: "A.4, B.4, A.5", "A.1 to A.3", ", users' threads 28 and 29", ", scenario 1 and the list \"fix\"".
STEP = re.compile(rf"\s*(,?)\s*(?:(and|to)\s+)?(?:(?:users'\s+)?(section|thread|scenario|the\s+list)s?\s+)?(?:({NUMBER}){ITEM}|(\"[^\"\n]+\"))")
# "(B.5)", "(E.1, E.5)": of the page that this file, its .h or .cpp, or all its folder cites.
BARE = re.compile(rf"\(([A-Z]\.\d+(?:(?:,\s*|\s+(?:and|to)\s+)[A-Z]\.\d+)*){ITEM}\)")
LEADER = re.compile(r"^([ \t]*)(//+|#+)", re.M)


def generated(docgen, write):
    drifted = 0
    for page in subprocess.run([docgen, "--list"], check=True, capture_output=True, text=True).stdout.split():
        text = subprocess.run([docgen, page], check=True, capture_output=True, text=True).stdout
        path = ROOT / "docs" / f"{page}.md"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if write:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{page}.md")
        else:
            print(f"docs/{page}.md differs from what the code says; script/docs makes it anew")
            drifted += 1
    return drifted


def log_events():
    """docs/operations.md has a row "| `event` | level | … |" for each log line of the gateway, and no other."""
    written, faults = {}, 0
    for path in [*(ROOT / "src").rglob("*.cpp"), *(ROOT / "apps" / "causeway").rglob("*.cpp")]:
        if not path.stem.endswith("_test"):
            for level, event in re.findall(r'\blog::(debug|info|warning|error)\(\s*"(\w+)"', path.read_text(encoding="utf-8")):
                written.setdefault(event, set()).add(level)
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("\n## Logs\n")[2].partition("\n## ")[0]
    listed = {event: set(levels.split(", ")) for event, levels in re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", section, re.M)}
    for event in sorted(written.keys() | listed.keys()):
        if written.get(event) != listed.get(event):
            print(f"docs/operations.md: log event {event}: the code has level {', '.join(sorted(written.get(event, {'none'})))}, "
                  f"the page {', '.join(sorted(listed.get(event, {'none'})))}")
            faults += 1
    return faults


def dead_links():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--", "*.md"], check=True, capture_output=True, text=True).stdout
    dead = 0
    for name in filter(None, listed.split("\0")):
        page = ROOT / name
        if not page.exists() or name.startswith("tests/data/"):
            continue
        prose = re.sub(r"```.*?```|`[^`\n]*`(?!\])", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                print(f"{name}: links to {target}, which is not there")
                dead += 1
    return dead


def between(first, last):
    """"B.1", "B.3" → "B.2", "B.3"; of what is no range the last alone."""
    (head, _, low), (tail, _, high) = first.rpartition("."), last.rpartition(".")
    if head != tail or not (low.isdigit() and high.isdigit()):
        return [last]
    return [f"{head}.{number}" if head else str(number) for number in range(int(low) + 1, int(high))] + [last]


def sections_at(text, at):
    """The sections that a citation names from `at` on: "B.5", "thread 28", "\"fix\""."""
    found, word, last = [], "", ""
    while step := STEP.match(text, at):
        comma, joint, noun, number, quoted = step.groups()
        if found and not (comma or joint):
            break
        if noun:
            word = noun + " " if noun in ("thread", "scenario") else ""
        if quoted:
            found.append(quoted)
        else:
            found += [word + one for one in (between(last, number) if joint == "to" else [number])]
        last, at = number or "", step.end()
    return found


def citations_of(text, home=None):
    """(line, page, section or None). home: the page of numbers in brackets where the file names none."""
    named = list(PAPER.finditer(text))
    cited = [(one.start(), one[1], section) for one in named for section in sections_at(text, one.end()) or [None]]
    for one in BARE.finditer(text):
        before = [page[1] for page in named if page.start() < one.start()] or [page[1] for page in named[:1]] or [home]
        cited += [(one.start(), before[-1], section) for section in sections_at(one[1], 0) if before[-1]]
    return [(text.count("\n", 0, at) + 1, page, section) for at, page, section in sorted(cited, key=lambda one: one[0])]


def homes_of(sources):
    """File → the one page that its namesakes (.h, .cpp, _test) cite, or else its folder; None when there are several."""
    near = {}
    for name, text in sources.items():
        for place in (re.sub(r"(_test)?\.\w+$", "", name), name.rpartition("/")[0] + "/"):
            near.setdefault(place, set()).update(PAPER.findall(text))
    for name in sources:
        pages = [near[place] for place in (re.sub(r"(_test)?\.\w+$", "", name), name.rpartition("/")[0] + "/")]
        yield name, next((next(iter(one)) for one in pages if len(one) == 1), None)


def headings_of(text):
    """(line, depth, heading, section or "") without the title."""
    code = False
    for line, heading in enumerate(text.splitlines(), 1):
        code ^= heading.startswith("```")
        found = None if code else re.match(r"(##+) (.+)", heading)
        if found:
            section = re.match(rf"{NUMBER}|(?:Thread|Scenario) \d+\b", found[2])
            yield line, len(found[1]), found[2], (section[0].replace("Thread", "thread").replace("Scenario", "scenario") if section else "")


def answers(section, heading, number):
    """Whether a heading is the section that a citation names."""
    return section.lower() in heading.lower() if section.startswith('"') else section == number


def wire_faults(sources, pages):
    """sources: file → text, of all that may cite; pages: name without .md → text. Each citation leads to a section, each section is cited or
    stands over one that is."""
    headings, cited = {page: list(headings_of(text)) for page, text in pages.items()}, {page: set() for page in pages}
    sources = {name: text if name.endswith(".md") else LEADER.sub(lambda one: one[1] + " " * len(one[2]), text) for name, text in sources.items()}
    homes = dict(homes_of(sources))
    own = {f"docs/wire/{page}.md": text for page, text in pages.items()}  # what pages cite must be there, but is no reason to be there
    for name, text in sorted((sources | own).items()):
        for line, page, section in citations_of(text, homes.get(name, pathlib.PurePath(name).stem)):
            if page not in pages:
                yield f"{name}:{line}: docs/wire/{page}.md is not there"
            elif section and not any(answers(section, heading, number) for _, _, heading, number in headings[page]):
                yield f"{name}:{line}: docs/wire/{page}.md has no section {section}"
            elif not section and not name.endswith(".md"):
                yield f"{name}:{line}: names no section of docs/wire/{page}.md"
            elif name not in own:
                cited[page].add(section)
    for page, sections in sorted(cited.items()):
        if not sections:
            yield f"docs/wire/{page}.md:1: nothing cites this page"
        parents, seen = [], {}
        rows = [[*row, any(answers(section, row[2], row[3]) for section in sections - {None})] for row in headings[page]]
        for row in rows:
            line, depth, _, number, is_cited = row
            if number and seen.setdefault(number, line) != line:
                yield f"docs/wire/{page}.md:{line}: section {number} stands in line {seen[number]} too"
            parents = [one for one in parents if one[1] < depth]
            if is_cited:
                for one in parents:
                    one[4] = True
            parents.append(row)
        for line, _, heading, _, is_cited in rows:
            if not is_cited:
                yield f"docs/wire/{page}.md:{line}: nothing cites '{heading}'"


def wire():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    sources, pages = {}, {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.suffix not in (".h", ".cpp", ".c", ".def", ".py", ".sh", ".mjs", ".cmake", ".md"):
            continue
        if path.parent == ROOT / "docs" / "wire":
            pages[path.stem] = path.read_text(encoding="utf-8")
        elif name not in ("tools/check_docs.py", "tests/layers/check_docs_test.py", "docs/sources.md") and not name.startswith("tests/data/"):
            sources[name] = path.read_text(encoding="utf-8")
    faults = list(wire_faults(sources, pages))
    print("\n".join(faults), end="\n" if faults else "")
    return len(faults)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    faults = generated(sys.argv[1], "--write" in sys.argv[2:]) + log_events() + dead_links() + wire()
    print(f"docs: {faults} faults" if faults else "docs: clean")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
