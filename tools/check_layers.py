#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges the tree by src/LAYERS: #include lines of both kinds, what a pure file reaches by them, the lists in each module's
CMakeLists.txt, CMake's own link graph (with --configure or --graph), and the tables of folders. Prints one line a breach; exit
code 1 when there is one.

    check_layers.py [--root DIR] [--configure | --graph FILE.dot]
"""
import argparse
import functools
import pathlib
import re
import subprocess
import sys
import tempfile

from cpp_text import without_comments
from pure_calls import calls_in

STANDARD = set("""
algorithm any array bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath compare
complex concepts cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution
forward_list format functional initializer_list iomanip ios iosfwd iostream istream iterator limits list locale map memory
memory_resource new numbers numeric optional ostream queue ranges ratio regex scoped_allocator set source_location span
sstream stack stdexcept streambuf string string_view strstream syncstream system_error tuple type_traits typeindex typeinfo
unordered_map unordered_set utility valarray variant vector version
""".split())
SOURCES = {".h", ".cpp", ".def"}
OTHERS = {"CMakeLists.txt", "README.md", "LAYERS"}  # beside the sources: no other file of these folders is read by a checker
INCLUDE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*include(?:_next)?[ \t]*(.*)$")
FIRST_COMMENT = re.compile(r"(?:[ \t]*(?://[^\n]*)?\n)*")
CALLS_ITSELF_PURE = re.compile(r"\bPure\b|\bpure function")
DIGRAPH = re.compile(r"^[ \t]*%:", re.M)
SYSTEM_LIBRARIES = ("threads", "system", "files", "random", "coroutines")  # open to every test
BUILD_TARGETS = {"causeway_warnings", "causeway_sanitizers"}


class Module:
    def __init__(self, name, fields):
        self.name = name
        self.folder = (fields.get("in") or ["src/" + name])[0]
        self.prefix = self.folder.removeprefix("src/") + "/"  # of its headers in #include lines
        self.target = "causeway_" + (fields.get("target") or [name])[0]
        self.uses = set(fields.get("uses", ()))
        self.through = set(fields.get("through", ()))
        self.libraries = set(fields.get("libraries", ()))
        self.inner = set(fields.get("inner", ()))
        self.sealed = set(fields.get("sealed", ()))
        self.all_libraries = self.libraries | self.inner | self.sealed
        self.never = set(fields.get("never", ()))
        self.is_pure = "pure" in fields


class Law:
    def __init__(self, text):
        self.modules = {}  # in the order of the file
        self.headers = []  # (prefix, library)
        self.targets = {}  # CMake target -> libraries
        self.libraries = set()
        self.pure_libraries = set()
        self.pure_files = []  # (module, the file's name without its end)
        self.faults = []
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            if words[0] == "pure":
                self.record_pure(words[1:], number)
                continue
            allowed = {"library": {"include", "link", "pure"}, "module": {"in", "target", "uses", "through", "libraries", "inner", "sealed", "never", "pure"}}.get(words[0])
            if allowed is None or len(words) < 2:
                self.faults.append(f"src/LAYERS:{number}: neither a library, a module nor files that are pure")
                continue
            fields, current = {}, None
            for word in words[2:]:
                if word in allowed:
                    current = fields.setdefault(word, [])
                elif current is None:
                    self.faults.append(f"src/LAYERS:{number}: '{word}' stands before any of {', '.join(sorted(allowed))}")
                else:
                    current.append(word)
            self.record(words[0], words[1], fields, number)

    def record(self, kind, name, fields, number):
        if kind == "library":
            self.libraries.add(name)
            if "pure" in fields:
                self.pure_libraries.add(name)
            self.headers += [(prefix, name) for prefix in fields.get("include", ())]
            for target in fields.get("link", ()):
                self.targets.setdefault(target, set()).add(name)
            return
        module = Module(name, fields)
        for used in sorted((module.uses | module.through) - set(self.modules) - (module.through & self.libraries)):
            self.faults.append(f"src/LAYERS:{number}: {name} uses {used}, which does not stand above it")
        for library in sorted(module.all_libraries - self.libraries):
            self.faults.append(f"src/LAYERS:{number}: {name} names the library {library}, which is not declared")
        for library in sorted(module.all_libraries & self.libraries - self.pure_libraries) if module.is_pure else ():
            self.faults.append(f"src/LAYERS:{number}: {name} is pure and names {library}, which is not")
        self.modules[name] = module

    def record_pure(self, words, number):
        module = self.modules.get(words[0]) if words else None
        if module is None:
            self.faults.append(f"src/LAYERS:{number}: files of no module that stands above are pure")
        for name in words[1:] if module else ():
            if (module, name) in self.pure_files or module.is_pure:
                self.faults.append(f"src/LAYERS:{number}: {name} of {module.name} is pure twice")
            self.pure_files.append((module, name))

    def module_of(self, target):
        """The module that this CMake target builds, or None."""
        return next((module for module in self.modules.values() if module.target == target), None)

    def owner_of(self, header):
        """The module that this header belongs to by its folder, or None."""
        found = [module for module in self.modules.values() if header.startswith(module.prefix)]
        return max(found, key=lambda module: len(module.prefix), default=None)

    @functools.lru_cache(maxsize=None)
    def libraries_of(self, header):
        """The libraries with the longest prefix of this header; empty when none has one."""
        found, longest = set(), 0
        for prefix, library in self.headers:
            if header == prefix or (prefix.endswith("/") and header.startswith(prefix)):
                if len(prefix) > longest:
                    found, longest = set(), len(prefix)
                if len(prefix) == longest:
                    found.add(library)
        return found


# ---------------------------------------------------------------- #include

@functools.lru_cache(maxsize=None)
def includes_in(text):
    found = ((number, INCLUDE.match(line)) for number, line in enumerate(without_comments(text).splitlines(), 1))
    return [(number, match.group(1).strip()) for number, match in found if match]


def sources_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in SOURCES)


class Checker:
    def __init__(self, root):
        self.root = root
        self.law = Law((root / "src" / "LAYERS").read_text(encoding="utf-8"))
        self.breaches = list(self.law.faults)
        self.calls = {}
        self.test_headers = set()
        self.texts = {}
        self.includes = {}  # path -> its include lines
        self.used = {}  # module -> modules and libraries that its files include, tests aside

    def breach(self, where, text):
        self.breaches.append(f"{where}: {text}")

    def includes_of(self, path):
        if path not in self.includes:
            self.includes[path] = includes_in(self.text_of(path).replace("\\\n", ""))
        return self.includes[path]

    def text_of(self, path):
        if path not in self.texts:
            self.texts[path] = path.read_text(encoding="utf-8", errors="replace")
        return self.texts[path]

    def listed(self, module, kind):
        return set(self.calls.get(module.name, {}).get(kind, ()))

    def is_test(self, module, path):
        return self.is_test_file(module, path) or path in self.test_headers

    def is_test_file(self, module, path):
        """By its name, and by its list: what is built into the product is no test."""
        return path.stem.endswith("_test") and path.relative_to(self.root / module.folder).as_posix() not in self.listed(module, "SOURCES")

    def is_inner(self, module, path):
        """A header that other modules do not see."""
        return path.suffix == ".h" and path.relative_to(self.root / module.folder).as_posix() not in self.listed(module, "HEADERS")

    def find_test_headers(self):
        """The headers that are in no HEADERS and that, by whatever way, only tests include."""
        includers = {}
        sources = [(module, path) for module in self.law.modules.values() for path in sources_of(self.root / module.folder)]
        for module, path in sources:
            for _, what in self.includes_of(path):
                includers.setdefault(what.strip('"<>'), []).append((module, path))
        candidates = {}
        for module, path in sources:
            name = path.relative_to(self.root / module.folder).as_posix()
            if self.is_inner(module, path) and name not in self.listed(module, "SOURCES"):
                candidates[path] = includers.get(module.prefix + name, [])
        self.unused_headers = [path for path, used_by in candidates.items() if not used_by]
        self.test_headers = {path for path, used_by in candidates.items() if used_by}
        while True:
            wrong = {path for path in self.test_headers
                     if not all(self.is_test(*user) for user in candidates[path])}
            if not wrong:
                return
            self.test_headers -= wrong

    def check_includes(self):
        self.find_test_headers()
        for module in self.law.modules.values():
            for path in sources_of(self.root / module.folder):
                for number, what in self.includes_of(path):
                    self.check_include(module, path, f"{path.relative_to(self.root)}:{number}", what)
                if DIGRAPH.search(self.text_of(path)):
                    self.breach(path.relative_to(self.root), "has a directive that begins with %:")

    def check_include(self, module, path, where, what):
        quoted = re.fullmatch(r'"([^"]+)".*', what)
        angled = re.fullmatch(r"<([^>]+)>.*", what)
        if not quoted and not angled:
            return self.breach(where, f"include of a macro: {what}")
        header = (quoted or angled).group(1)
        if ".." in header.split("/") or header.startswith(("/", "./")):
            return self.breach(where, f'"{header}" is a path; write "module/file.h"')
        owner = self.law.owner_of(header)
        if owner and not self.law.libraries_of(header):
            self.note_use(module, path, owner.name)
            return self.check_module_include(module, path, where, header, owner)
        if quoted:
            return self.breach(where, f'"{header}" is not "module/file.h" of a module in src/LAYERS')
        return self.check_library_include(module, path, where, header)

    def check_pure_files(self):
        for module, name in self.law.pure_files:
            paths = [self.root / module.folder / (name + suffix) for suffix in sorted(SOURCES)]
            paths = [path for path in paths if path in self.includes]
            if not paths:
                self.breach("src/LAYERS", f"{name} of {module.name} is to be pure, and there is no such file")
            for path in paths:
                self.check_pure_calls(path)
                for number, what in self.includes[path]:
                    header = what.strip('"<>')
                    for found, libraries in self.impure(header):
                        way = "" if found == header else f", which it reaches by {header}"
                        self.breach(f"{path.relative_to(self.root)}:{number}", f"is pure and may not include <{found}> ({libraries}){way}")

    def check_pure_modules(self):
        for module in self.law.modules.values():
            for path in sources_of(self.root / module.folder):
                if self.is_test(module, path):
                    continue
                if module.is_pure:
                    self.check_pure_calls(path)
                elif (module, path.stem) not in self.law.pure_files and CALLS_ITSELF_PURE.search(FIRST_COMMENT.match(self.text_of(path))[0]):
                    self.breach(path.relative_to(self.root), "calls itself pure, and stands in no pure row of src/LAYERS")

    def check_pure_calls(self, path):
        for number, what in calls_in(self.text_of(path)):
            self.breach(f"{path.relative_to(self.root)}:{number}", f"is pure and {what}")

    def impure(self, header):
        """What no pure file may reach and this header does: (header, its libraries)."""
        found, seen, waiting = [], set(), [header]
        while waiting:
            header = waiting.pop()
            if header in seen:
                continue
            seen.add(header)
            libraries = self.law.libraries_of(header)
            owner = self.law.owner_of(header)
            if owner and not libraries:
                path = self.root / owner.folder / header.removeprefix(owner.prefix)
                waiting += [what.strip('"<>') for _, what in self.includes.get(path, ())]
            elif libraries and not libraries & self.law.pure_libraries:
                found.append((header, ", ".join(sorted(libraries))))
        return sorted(found)

    def note_use(self, module, path, what):
        if not self.is_test(module, path):
            self.used.setdefault(module.name, set()).add(what)

    def check_grants(self):
        """A grant that nobody uses opens a way that nobody has thought about."""
        for module in self.law.modules.values():
            used = self.used.get(module.name, set())
            for kind, granted in (("include", module.uses), ("include", module.all_libraries)):
                for what in sorted(granted - used):
                    self.breach("src/LAYERS", f"{module.name} may {kind} {what}, and none of its files does")
            inherited = self.inherited_by(module)
            for what in sorted(module.through - inherited):
                self.breach("src/LAYERS", f"{what} does not come along with what {module.name} uses")

    def inherited_by(self, module):
        """The modules and libraries that come along with what it links, to any depth."""
        seen, waiting = set(), list(self.listed(module, "MODULES"))
        while waiting:
            used = waiting.pop()
            if used not in seen:
                seen.add(used)
                lists = self.calls.get(used, {})
                waiting += lists.get("MODULES", ())
                for target in lists.get("PUBLIC", ()):
                    seen |= self.law.targets.get(target, set())
        return seen

    def check_module_include(self, module, path, where, header, owner):
        used, name = owner.name, header.removeprefix(owner.prefix)
        if used == module.name:
            return
        if used in module.never:
            return self.breach(where, f"{module.name} must never include {used}")
        other = self.root / owner.folder / name
        if name.endswith(".h") and other.exists() and used in self.calls and self.is_inner(owner, other):
            if not (self.is_test(module, path) and self.is_test(owner, other)):
                self.breach(where, f'"{header}" is not among the HEADERS of {used}')
        if used in module.uses:
            return
        if self.is_test(module, path):
            if other in self.test_headers:
                return
            if used not in self.listed(module, "TEST_MODULES"):
                self.breach(where, f"the tests of {module.name} include {used}, which TEST_MODULES does not name")
            return
        self.breach(where, f"{module.name} may not include {used}")

    def check_library_include(self, module, path, where, header):
        if header in STANDARD:
            return
        libraries = self.law.libraries_of(header)
        if not libraries:
            return self.breach(where, f"<{header}> belongs to no library in src/LAYERS")
        for library in libraries & module.all_libraries:
            self.note_use(module, path, library)
        if libraries & module.libraries:
            return
        if libraries & (module.sealed | module.inner):
            if path.suffix != ".cpp" and not libraries & module.inner:
                self.breach(where, f"<{header}>: {module.name} may include {sorted(libraries & module.sealed)[0]} in .cpp files only")
            elif path.suffix != ".cpp" and not self.is_inner(module, path):
                self.breach(where, f"<{header}>: {module.name} may not include {sorted(libraries & module.inner)[0]} in its HEADERS")
            return
        if self.is_test(module, path) and libraries & {"gtest", *SYSTEM_LIBRARIES}:
            return
        self.breach(where, f"{module.name} may not include <{header}> ({', '.join(sorted(libraries))})")

    # ------------------------------------------------------------ CMake

    def read_calls(self):
        for module in self.law.modules.values():
            path = self.root / module.folder / "CMakeLists.txt"
            if not path.exists():
                continue
            text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
            where = path.relative_to(self.root)
            for name, body in re.findall(r"\bcauseway_module\s*\(\s*(\S+)([^)]*)\)", text):
                lists, current = {}, None
                for word in body.split():
                    if re.fullmatch(r"SOURCES|HEADERS|MODULES|PUBLIC|PRIVATE|TESTS|TEST_MODULES|DIRECTORY", word):
                        current = lists.setdefault(word, [])
                    elif current is not None:
                        current.append(word)
                if f"causeway_{name}" != module.target:
                    self.breach(where, f"declares the module {name}; src/LAYERS expects {module.target.removeprefix('causeway_')}")
                self.calls[module.name] = lists
            for command in re.findall(r"\b(link_libraries|include_directories|target_include_directories|link_directories|"
                                      r"target_link_directories|add_subdirectory)\s*\(", text):
                self.breach(where, f"{command}() goes around causeway_module()")
            for body in re.findall(r"\btarget_link_libraries\s*\(([^)]*)\)", text):
                self.check_loose_link(module, where, body.split())

    def check_loose_link(self, module, where, words):
        """A target_link_libraries() in a module's own CMakeLists.txt: legal for its tests, judged like PRIVATE for itself."""
        targets = [word for word in words[1:] if word not in ("PUBLIC", "PRIVATE", "INTERFACE")]
        if words and words[0] == module.target:
            for target in targets:
                self.check_link(module, where, target, "PUBLIC" if "PUBLIC" in words else "PRIVATE")

    def check_calls(self):
        for name, lists in self.calls.items():
            module = self.law.modules[name]
            where = pathlib.PurePosixPath(module.folder) / "CMakeLists.txt"
            for used in lists.get("MODULES", ()):
                self.check_link(module, where, f"causeway_{used}", "PUBLIC")
            for kind in ("PUBLIC", "PRIVATE"):
                for target in lists.get(kind, ()):
                    self.check_link(module, where, target, kind)
            for used in lists.get("TEST_MODULES", ()):
                if used in module.never:
                    self.breach(where, f"the tests of {name} must never link {used}")
            self.check_inherited(module, where)

    def check_inherited(self, module, where):
        """What the modules it links bring with them, to any depth."""
        seen, waiting = set(), [(used, used) for used in self.calls[module.name].get("MODULES", ())]
        while waiting:
            used, via = waiting.pop()
            if used in seen:
                continue
            seen.add(used)
            lists = self.calls.get(used, {})
            if used not in module.uses | module.through and used != via and used in self.law.modules:
                self.breach(where, f"{module.name} may not link {used}, which comes by way of {via}")
            for target in lists.get("PUBLIC", ()):
                libraries = self.law.targets.get(target, set())
                if libraries and not libraries & (module.all_libraries | module.through | {"threads"}):
                    self.breach(where, f"{module.name} may not link {target}, which comes by way of {used}")
            waiting += [(deeper, via) for deeper in lists.get("MODULES", ())]

    def check_link(self, module, where, target, kind):
        if target in BUILD_TARGETS or target == module.target:
            return
        if target.startswith("causeway_"):
            other = self.law.module_of(target)
            used = other.name if other else target
            if used not in module.uses:
                self.breach(where, f"{module.name} may not link {used}")
            return
        libraries = self.law.targets.get(target)
        if libraries is None:
            return self.breach(where, f"{module.name} links {target}, which belongs to no library in src/LAYERS")
        if libraries & module.libraries or libraries == {"threads"}:
            return
        if libraries & (module.sealed | module.inner):
            if kind != "PRIVATE":
                self.breach(where, f"{module.name} may link {target} PRIVATE only")
            return
        self.breach(where, f"{module.name} may not link {target}")

    def check_graph(self, dot):
        """CMake's own view (--graphviz): whatever file the link was written in."""
        labels = dict(re.findall(r'"(node\d+)" \[ label = "([^"\\]+)', dot))
        edges = re.findall(r'"(node\d+)" -> "(node\d+)"(?: \[ style = (\w+) \])?', dot)
        kinds = {"": "PUBLIC", "solid": "PUBLIC", "dashed": "INTERFACE", "dotted": "PRIVATE"}
        if not edges:
            self.breach("link graph", "is empty")
        for source, target, style in edges:
            name = labels.get(target, "")
            owner, used = self.law.module_of(labels.get(source, "")), self.law.module_of(name)
            tests = self.law.module_of("causeway_" + labels.get(source, "").removesuffix("_test"))
            if owner and (used or name in self.law.targets or name.startswith("causeway_")):
                self.check_link(owner, "link graph", name, kinds.get(style, "PUBLIC"))
            elif tests and used and used.name in tests.never:
                self.breach("link graph", f"the tests of {tests.name} must never link {used.name}")

    # ------------------------------------------------------------ tables of folders

    def check_folders(self):
        law = {name for name, module in self.law.modules.items() if module.folder.startswith("src/")}
        source = self.root / "src"
        folders = {path.name for path in source.iterdir() if path.is_dir()}
        self.compare("src/", folders, law)
        readme = (source / "README.md").read_text(encoding="utf-8")
        self.compare("src/README.md", set(re.findall(r"^\| `([a-z_]+)/` \|", readme, re.M)), law)
        build = (self.root / "CMakeLists.txt").read_text(encoding="utf-8")
        listed = re.search(r"set\(CAUSEWAY_MODULES\s+([a-z_\s]+?)\s*\)", build)
        order = listed.group(1).split() if listed else []
        self.compare("CMakeLists.txt", set(order), law)
        place = {name: index for index, name in enumerate(order)}
        for name in order:
            for used in self.law.modules[name].uses if name in self.law.modules else ():
                if place.get(used, -1) > place[name]:
                    self.breach("CMakeLists.txt", f"CAUSEWAY_MODULES has {name} before {used}")
        for module in self.law.modules.values():
            if (self.root / module.folder).is_dir() and not (self.root / module.folder / "CMakeLists.txt").exists():
                self.breach(module.folder, "has no CMakeLists.txt")
            elif (self.root / module.folder).is_dir() and module.name not in self.calls:
                self.breach(f"{module.folder}/CMakeLists.txt", "does not call causeway_module()")
        self.check_listed_files()

    def check_names_of_files(self):
        for top in ("src", "emulator", "apps"):
            for path in sorted((self.root / top).rglob("*")):
                if path.is_file() and path.suffix not in SOURCES and path.name not in OTHERS:
                    self.breach(path.relative_to(self.root), f"has a name that no checker reads; sources end with {', '.join(sorted(SOURCES))}")

    def check_listed_files(self):
        """Every file of a module is built, tested or included: nobody checks what is none of it."""
        for name, lists in self.calls.items():
            folder = self.root / self.law.modules[name].folder
            listed = {word for words in lists.values() for word in words}
            for path in sources_of(folder):
                if path.suffix == ".cpp" and path.relative_to(folder).as_posix() not in listed:
                    self.breach(path.relative_to(self.root), "is named in no list of its CMakeLists.txt")
                elif path.stem.endswith("_test") and not self.is_test_file(self.law.modules[name], path):
                    self.breach(path.relative_to(self.root), "is built into the product under a test's name")
        for path in self.unused_headers:
            self.breach(path.relative_to(self.root), "is in no HEADERS, and no file includes it")

    def compare(self, where, found, law):
        for name in sorted(law - found):
            self.breach(where, f"lacks {name}, which src/LAYERS has")
        for name in sorted(found - law):
            self.breach(where, f"has {name}, which src/LAYERS lacks")

    def run(self, dot=None):
        self.read_calls()
        self.check_includes()
        self.check_pure_files()
        self.check_pure_modules()
        self.check_grants()
        self.check_calls()
        self.check_folders()
        self.check_names_of_files()
        if dot is not None:
            self.check_graph(dot)
        return self.breaches


def configure_graph(root):
    """Configures the tree in a temporary folder, with programs and tests, and returns CMake's link graph."""
    with tempfile.TemporaryDirectory(prefix="causeway-graph-") as folder:
        dot = pathlib.Path(folder) / "links.dot"
        command = ["cmake", "-S", str(root), "-B", f"{folder}/build", "-G", "Ninja", f"--graphviz={dot}"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit(f"check_layers: cmake could not configure {root}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return dot.read_text(encoding="utf-8")


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=here)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--configure", action="store_true", help="run cmake and judge its link graph too")
    source.add_argument("--graph", type=pathlib.Path, help="a file written by cmake --graphviz")
    options = parser.parse_args()
    dot = None
    if options.configure:
        dot = configure_graph(options.root)
    elif options.graph:
        dot = options.graph.read_text(encoding="utf-8")
    breaches = list(dict.fromkeys(Checker(options.root).run(dot)))
    for line in breaches:
        print(line)
    print(f"layers: {len(breaches)} breaches" if breaches else "layers: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
