#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants breaches of the dependency law in a copy of the tree and sees each caught; sees the tree itself clean."""
import functools
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import check_layers  # noqa: E402


@functools.lru_cache(maxsize=None)
def before():
    """What is wrong with the tree without a planted breach."""
    return frozenset(check_layers.Checker(ROOT).run())


class a_copy_of_the_tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="causeway-layers-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("src", "emulator"):
            shutil.copytree(ROOT / name, self.root / name)
        shutil.copy(ROOT / "CMakeLists.txt", self.root)
        self.before = before()

    def breaches(self, dot=None):
        return check_layers.Checker(self.root).run(dot)

    def new_breaches(self, dot=None):
        return [line for line in self.breaches(dot) if line not in self.before]

    def plant(self, path, line):
        """Puts a line in front of a file of the tree."""
        file = self.root / path
        file.write_text(line + "\n" + file.read_text(encoding="utf-8"), encoding="utf-8")

    def one_of(self, folder, pattern):
        """Some file of this folder, so that the test does not hang on a file's name."""
        files = sorted(path for path in (self.root / folder).glob(pattern) if not path.name.endswith("_test.cpp"))
        self.assertTrue(files, f"{folder} has no {pattern}")
        return files[0].relative_to(self.root).as_posix()

    def expect(self, text, dot=None):
        found = self.new_breaches(dot)
        self.assertTrue(any(text in line for line in found), f"expected '{text}' among {found}")

    def replace(self, path, old, new):
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


class includes(a_copy_of_the_tree):
    def test_a_quoted_include_that_points_up(self):
        self.plant(self.one_of("src/core", "*.h"), '#include "tts/messages.h"')
        self.expect("core may not include tts")

    def test_an_angle_include_that_points_up(self):
        self.plant(self.one_of("src/base", "*.cpp"), "#include <core/rules.h>")
        self.expect("base may not include core")

    def test_an_include_with_odd_spacing_and_a_continued_line(self):
        self.plant(self.one_of("src/core", "*.cpp"), "#  include \\\n  \"net/loop.h\"")
        self.expect("core may not include net")

    def test_a_relative_path(self):
        self.plant(self.one_of("src/core", "*.cpp"), '#include "../net/loop.h"')
        self.expect("is a path")

    def test_an_include_without_its_folder(self):
        self.plant(self.one_of("src/core", "*.cpp"), '#include "rules.h"')
        self.expect('is not "module/file.h"')

    def test_an_include_of_a_macro(self):
        self.plant(self.one_of("src/core", "*.cpp"), "#include SOME_HEADER")
        self.expect("include of a macro")

    def test_a_third_party_header_in_the_core(self):
        self.plant(self.one_of("src/core", "*.cpp"), "#include <boost/json.hpp>")
        self.expect("core may not include <boost/json.hpp>")

    def test_a_third_party_header_in_quotes(self):
        self.plant(self.one_of("src/core", "*.cpp"), '#include "boost/json.hpp"')
        self.expect("boost/json.hpp")

    def test_a_header_of_no_known_library(self):
        self.plant(self.one_of("src/core", "*.cpp"), "#include <lzma.h>")
        self.expect("<lzma.h> belongs to no library")

    def test_threads_and_sockets_in_a_pure_module(self):
        self.plant(self.one_of("src/hub", "*.cpp"), "#include <mutex>\n#include <sys/socket.h>")
        self.expect("hub may not include <mutex>")
        self.expect("hub may not include <sys/socket.h>")

    def test_proton_outside_amqp(self):
        self.plant(self.one_of("src/hub", "*.cpp"), "#include <proton/engine.h>")
        self.expect("hub may not include <proton/engine.h>")

    def test_the_part_of_proton_that_does_io(self):
        self.plant(self.one_of("src/amqp", "*.cpp"), "#include <proton/proactor.h>")
        self.expect("amqp may not include <proton/proactor.h> (proactor)")

    def test_proton_in_a_public_header_of_amqp(self):
        self.plant("src/amqp/engine.h", "#include <proton/engine.h>")
        self.expect("amqp may not include proton in its HEADERS")

    def test_a_header_that_another_module_keeps_to_itself(self):
        (self.root / "src" / "base" / "secret_cellar.h").write_text("", encoding="utf-8")
        self.replace("src/base/CMakeLists.txt", "SOURCES", "SOURCES secret_cellar.h")
        self.plant(self.one_of("src/core", "*.cpp"), '#include "base/secret_cellar.h"')
        self.expect('"base/secret_cellar.h" is not among the HEADERS of base')

    def test_beast_in_a_header_of_net_and_asio_ssl_outside_it(self):
        self.plant(self.one_of("src/net", "*.h"), "#include <boost/beast/http.hpp>")
        self.plant(self.one_of("src/cloud", "*.cpp"), "#include <boost/asio/ssl/context.hpp>")
        self.expect("<boost/beast/http.hpp>: net may include beast in .cpp files only")
        self.expect("cloud may not include <boost/asio/ssl/context.hpp>")

    def test_the_emulator_including_the_gateways_client_logic(self):
        for module in ("core", "formats", "tts", "dps", "hub", "stack", "cloud", "transform", "watch"):
            self.plant(self.one_of("emulator/hub", "*.cpp"), f'#include "{module}/anything.h"')
            self.expect(f"emulator_hub must never include {module}")

    def test_a_room_of_the_emulator_that_looks_up(self):
        self.plant(self.one_of("emulator/hub", "*.h"), '#include "emulator/stack/things_stack.h"')
        self.expect("emulator_hub may not include emulator_stack")

    def test_a_room_that_sees_the_other_peer(self):
        self.plant(self.one_of("src/stack", "*.cpp"), '#include "azure/names.h"')
        self.expect("stack must never include azure")
        self.plant(self.one_of("src/cloud", "*.cpp"), '#include "tts/messages.h"')
        self.expect("cloud must never include tts")

    def test_a_test_of_the_emulator_including_the_gateways_client_logic(self):
        (self.root / "emulator" / "dps" / "planted_test.cpp").write_text('#include "hub/connection.h"\n', encoding="utf-8")
        self.expect("emulator_dps must never include hub")

    def test_a_test_that_uses_a_module_no_list_names(self):
        (self.root / "src" / "base" / "planted_test.cpp").write_text('#include "net/loop.h"\n', encoding="utf-8")
        self.expect("the tests of base include net")

    def test_product_code_that_uses_a_header_of_the_tests(self):
        (self.root / "src" / "base" / "fake_disk.h").write_text("#include <gtest/gtest.h>\n", encoding="utf-8")
        self.plant("src/base/error_test.cpp", '#include "base/fake_disk.h"')
        self.assertEqual(self.new_breaches(), [])
        self.plant("src/base/error.cpp", '#include "base/fake_disk.h"')
        self.expect("base may not include <gtest/gtest.h>")

    def test_an_include_inside_a_comment_is_none(self):
        self.plant(self.one_of("src/core", "*.cpp"), '// #include "net/loop.h"\n/*\n#include "net/loop.h"\n*/')
        self.assertEqual(self.new_breaches(), [])


class pure_files(a_copy_of_the_tree):
    def test_whatever_waits_keeps_threads_or_does_io(self):
        impure = ("thread", "mutex", "atomic", "sys/socket.h", "unistd.h", "fstream", "filesystem", "random", "coroutine", "boost/asio/awaitable.hpp",
                  "boost/asio/io_context.hpp", "boost/beast/http.hpp", "curl/curl.h", "openssl/ssl.h", "openssl/evp.h", "sqlite3.h",
                  "MQTTAsync.h", "spdlog/spdlog.h")
        for header in impure:
            self.plant("src/net/http2_session.cpp", f"#include <{header}>")
        self.plant("src/store/seal.h", "#include <mutex>")
        found = self.new_breaches()
        self.assertIn("src/store/seal.h:1: is pure and may not include <mutex> (threads)", found)
        for header in impure:
            self.assertTrue(any(f"is pure and may not include <{header}>" in line for line in found), header)

    def test_what_comes_by_way_of_other_headers_however_far_away(self):
        self.plant("src/stack/backfill_window.cpp", '#include "net/loop.h"')
        self.plant("src/net/tls.h", "#include <thread>")
        self.plant("src/azure/sas_token.h", "#include <random>")
        self.expect("is pure and may not include <boost/asio/any_io_executor.hpp> (tasks), which it reaches by net/loop.h")
        self.expect("is pure and may not include <thread> (threads), which it reaches by net/tls.h")
        self.expect("is pure and may not include <random> (random), which it reaches by dps/enrolment.h")

    def test_headers_that_include_one_another_end(self):
        self.plant("src/azure/names.h", '#include "azure/sas_token.h"')
        self.plant("src/azure/sas_token.h", '#include "azure/names.h"')
        self.assertEqual(self.new_breaches(), [])

    def test_what_computes_may_be_included(self):
        self.plant("src/watch/waterfall.cpp", "#include <boost/json.hpp>")
        self.plant("src/net/http_reader.cpp", "#include <boost/beast/http/basic_parser.hpp>")
        # a test of a pure file is a test as any other
        self.plant("src/stack/log_in_book_test.cpp", "#include <thread>")
        self.assertEqual(self.new_breaches(), [])

    def test_a_header_that_calls_itself_pure_stands_in_a_row(self):
        self.replace("src/LAYERS", "pure watch      command_page ", "pure watch      ")
        self.plant("src/stack/webhook.h", "// Rules of something. Pure; any thread.")
        self.plant("emulator/dps/dps_listener.h", "// SPDX\n// A pure function of what comes in.\n")
        for path in ("src/watch/command_page.h", "src/stack/webhook.h", "emulator/dps/dps_listener.h"):
            self.expect(f"{path}: calls itself pure, and stands in no pure row")
        before = len(self.new_breaches())
        self.plant("src/core/census.h", "// Pure.")  # of a pure module
        self.plant("src/net/loop.h", "// Not for pure modules.")
        self.plant("src/net/tls.h", "#pragma once\n// Pure.")  # no longer of the file
        self.assertEqual(len(self.new_breaches()), before)

    def test_a_file_that_is_not_there_or_stands_twice(self):
        self.replace("src/LAYERS", "pure cloud      azure_section", "pure cloud      azure_sectoin\npure store seal\npure nowhere seal")
        self.expect("azure_sectoin of cloud is to be pure, and there is no such file")
        self.expect("seal of store is pure twice")
        self.expect("files of no module that stands above are pure")


class what_is_free_of_io_and_time(a_copy_of_the_tree):
    CALLS = {
        "opens files": ('auto* f = std::fopen("/tmp/x", "w");', "auto* f = popen(of, how);", "std::ofstream out{of};", "std::filesystem::remove(of);"),
        "prints or reads": ("std::cout << 1;", 'std::printf("x");', "::puts(of);"),
        "asks a clock": ("auto t = std::chrono::system_clock::now();", "auto t = steady_clock :: now();", "auto t = std::time(nullptr);", "auto t = ::time(0);",
                         "time(&of);", "gettimeofday(&of, nullptr);"),
        "sleeps or starts a thread": ("std::this_thread::sleep_for(of);", "std::jthread t{of};", "usleep(1);"),
        "reads the environment": ('auto* x = std::getenv("X");', 'getenv("X");'),
        "draws at random": ("int x = rand();", "std::random_device dice;"),
        "runs a program": ('std::system("x");',),
        "declares by hand": ('extern "C" int socket(int, int, int);', 'extern  "C" { int socket(int, int, int); }'),
    }

    def test_calls_nothing_that_does_it(self):
        for what, lines in self.CALLS.items():
            for line in lines:
                self.assertTrue(any(found.startswith(what) for _, found in check_layers.calls_in(line)), line)

    def test_is_told_from_its_namesakes(self):
        for line in ("auto t = now_.time(now);", "wall_time time(moment now) const;", "clocks_->time(service_, now);", "wall_time service_clocks::time(const std::string& of) {",
                     "// std::cout, time(nullptr)", 'say("std::fopen(");', "brand(1); to.puts(of); book::remove(of);", "extern const table<int> rows;", "core::system_clock of{now};"):
            self.assertEqual(list(check_layers.calls_in(line)), [], line)

    def test_is_whole_modules_and_single_files_and_not_their_tests(self):
        self.plant(self.one_of("src/core", "*.cpp"), "#include <cstdlib>\nint sneak() { return std::rand(); }")
        self.plant(self.one_of("emulator/state", "*.h"), "inline auto sneak() { return std::chrono::steady_clock::now(); }")
        self.plant("src/stack/backfill_window.cpp", "#include <cstdio>\nauto* sneak = std::fopen(0, 0);")
        self.expect(":2: is pure and draws at random: std::rand")
        self.expect(":1: is pure and asks a clock: clock::now")
        self.expect("src/stack/backfill_window.cpp:2: is pure and opens files: std::fopen")
        before = len(self.new_breaches())
        self.plant("src/core/census_test.cpp", "int sneak() { return std::rand(); }")
        self.plant("src/net/loop.cpp", "int sneak() { return std::rand(); }")
        self.assertEqual(len(self.new_breaches()), before)

    def test_uses_no_library_that_is_not(self):
        self.replace("src/LAYERS", "module azure    uses base", "module azure    uses base  libraries sqlite")
        self.replace("src/LAYERS", "pure store      seal", "pure core census\npure store      seal")
        self.expect("azure is pure and names sqlite, which is not")
        self.expect("census of core is pure twice")


class files_that_look_like_others(a_copy_of_the_tree):
    def test_a_product_file_that_is_named_as_a_test(self):
        (self.root / "src" / "core" / "sneak_test.cpp").write_text('#include <thread>\n#include "core/sneak_room.h"\n', encoding="utf-8")
        (self.root / "src" / "core" / "sneak_room.h").write_text("#include <mutex>\n", encoding="utf-8")
        self.assertEqual(self.new_breaches(), ["src/core/sneak_test.cpp: is named in no list of its CMakeLists.txt"])
        self.replace("src/core/CMakeLists.txt", "SOURCES", "SOURCES sneak_test.cpp")
        self.expect("src/core/sneak_test.cpp:1: core may not include <thread>")
        self.expect("src/core/sneak_room.h:1: core may not include <mutex>")
        self.expect("src/core/sneak_test.cpp: is built into the product under a test's name")

    def test_a_file_whose_name_no_checker_reads(self):
        (self.root / "apps" / "causeway").mkdir(parents=True)
        names = ("src/core/sneak.inc", "emulator/hub/sneak.hh", "src/base/sneak.ipp", "src/base/sneak.hpp", "apps/causeway/sneak.cxx", "src/core/sneak")
        for name in names:
            (self.root / name).write_text("#include <thread>\n", encoding="utf-8")
        found = self.new_breaches()
        for name in names:
            self.assertTrue(any(line.startswith(f"{name}: has a name that no checker reads") for line in found), name)

    def test_a_directive_by_another_sign(self):
        self.plant("src/core/census.cpp", "%:include <thread>")
        self.plant("src/core/intake.cpp", " %:define sneak")
        self.expect("src/core/census.cpp:1: core may not include <thread>")
        self.expect("src/core/census.cpp: has a directive that begins with %:")
        self.expect("src/core/intake.cpp: has a directive that begins with %:")


class links(a_copy_of_the_tree):
    def test_a_module_list_that_points_up(self):
        self.replace("src/base/CMakeLists.txt", "SOURCES", "MODULES net SOURCES")
        self.expect("base may not link net")

    def test_a_third_party_target_that_is_not_allowed(self):
        self.replace("src/base/CMakeLists.txt", "PRIVATE", "PRIVATE Boost::json")
        self.expect("base may not link Boost::json")

    def test_a_target_of_no_known_library(self):
        self.replace("src/base/CMakeLists.txt", "PRIVATE", "PRIVATE LibLZMA::LibLZMA")
        self.expect("LibLZMA::LibLZMA, which belongs to no library")

    def test_a_sealed_library_that_is_linked_in_public(self):
        self.replace("src/base/CMakeLists.txt", "PRIVATE fmt::fmt", "PUBLIC spdlog::spdlog PRIVATE fmt::fmt")
        self.expect("base may link spdlog::spdlog PRIVATE only")

    def test_a_library_that_comes_by_way_of_another_module(self):
        self.replace("src/base/CMakeLists.txt", "PRIVATE fmt::fmt", "PUBLIC spdlog::spdlog PRIVATE fmt::fmt")
        self.expect("core may not link spdlog::spdlog, which comes by way of base")

    def test_a_link_that_goes_around_the_module_function(self):
        self.plant("src/base/CMakeLists.txt", "target_link_libraries(causeway_base PUBLIC causeway_net)\ninclude_directories(/tmp)")
        self.expect("base may not link net")
        self.expect("include_directories() goes around")

    def test_the_emulators_tests_linking_the_hub_client(self):
        file = self.root / "emulator" / "hub" / "CMakeLists.txt"
        text = file.read_text(encoding="utf-8")
        at = text.index("SOURCES")
        file.write_text(text[:at] + " TEST_MODULES hub " + text[at:], encoding="utf-8")
        self.expect("the tests of emulator_hub must never link hub")


class cmakes_own_graph(a_copy_of_the_tree):
    PROJECT = """
        cmake_minimum_required(VERSION 3.25)
        project(planted LANGUAGES CXX)
        foreach(module base model core net emulator_run hub)
          file(WRITE ${CMAKE_BINARY_DIR}/${module}.cpp "")
          add_library(causeway_${module} STATIC ${CMAKE_BINARY_DIR}/${module}.cpp)
        endforeach()
        target_link_libraries(causeway_core PUBLIC causeway_base causeway_model)
        """

    def graph_of(self, extra):
        (self.root / "planted").mkdir()
        (self.root / "planted" / "CMakeLists.txt").write_text(self.PROJECT + extra, encoding="utf-8")
        dot = self.root / "planted" / "links.dot"
        subprocess.run(["cmake", "-S", self.root / "planted", "-B", self.root / "planted" / "build", "-G", "Ninja",
                        f"--graphviz={dot}"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        return dot.read_text(encoding="utf-8")

    def test_lawful_links_pass(self):
        self.assertEqual(self.new_breaches(self.graph_of("")), [])

    def test_links_that_are_written_far_from_the_modules_folder(self):
        dot = self.graph_of("target_link_libraries(causeway_core PRIVATE causeway_net)\n"
                            "target_link_libraries(causeway_emulator_run PUBLIC causeway_hub)\n")
        self.expect("core may not link net", dot)
        self.expect("emulator_run may not link hub", dot)


class grants(a_copy_of_the_tree):
    def test_a_module_that_may_be_included_and_never_is(self):
        self.replace("src/LAYERS", "module azure    uses base", "module azure    uses base config")
        self.expect("azure may include config, and none of its files does")

    def test_a_library_that_may_be_included_and_never_is(self):
        self.replace("src/LAYERS", "module azure    uses base", "module azure    uses base  libraries json")
        self.expect("azure may include json, and none of its files does")

    def test_what_is_said_to_come_along_and_does_not(self):
        self.replace("src/LAYERS", "module azure    uses base", "module azure    uses base  through config")
        self.expect("config does not come along with what azure uses")


class folders(a_copy_of_the_tree):
    def test_a_folder_that_the_law_does_not_know(self):
        (self.root / "src" / "misc").mkdir()
        self.expect("src/: has misc")

    def test_a_folder_without_its_line_in_the_readme(self):
        self.replace("src/README.md", "| `store/` |", "| store |")
        self.expect("src/README.md: lacks store")

    def test_a_file_that_no_list_names(self):
        (self.root / "src" / "base" / "stray.cpp").write_text("int stray;\n", encoding="utf-8")
        (self.root / "src" / "base" / "stray.h").write_text("", encoding="utf-8")
        self.expect("src/base/stray.cpp: is named in no list")
        self.expect("src/base/stray.h: is in no HEADERS")

    def test_a_law_that_points_up(self):
        self.replace("src/LAYERS", "module core     uses base model", "module core     uses base model net")
        self.expect("core uses net, which does not stand above it")


class the_tree_itself(unittest.TestCase):
    def test_is_clean(self):
        self.assertEqual(check_layers.Checker(ROOT).run(), [])


if __name__ == "__main__":
    unittest.main()
