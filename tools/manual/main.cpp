// SPDX-License-Identifier: Apache-2.0
// manual FOLDER DATE: writes manual pages and completions of both programs into it, each from the program's
// own definition of its command line.
#include "causeway/command_line.h"
#include "manual/manual_page.h"
#include "manual/pages.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

namespace fs = std::filesystem;
using namespace causeway;

// What a manual page has behind its options, and no definition of a command line says.
constexpr const char* more_of_causeway = R"(.SH EXIT STATUS
.TP
0
Done.
.TP
1
It could not be done; what and why is on stderr.
.TP
2
Wrong usage, or the configuration cannot be used; every fault is on stderr.
.SH FILES
.TP
.I /etc/causeway/causeway.toml
The configuration of the service.
.TP
.I /var/lib/causeway
Its state: messages that wait, devices and where they belong.
.TP
.I /usr/share/doc/causeway/examples
Configurations to begin with.
.SH ENVIRONMENT
.TP
.B CREDENTIALS_DIRECTORY
Where files are that the configuration names by it, as systemd gives them to a unit with
.BR LoadCredential= .
.TP
.B NOTIFY_SOCKET\fR, \fBWATCHDOG_USEC\fR, \fBLISTEN_FDS
As in
.BR sd_notify (3)
and
.BR sd_listen_fds (3).
.SH SEE ALSO
.BR causeway\-emulator (1),
.BR systemctl (1)
)";
constexpr const char* more_of_emulator = R"(.SH EXIT STATUS
.TP
0
Ended as asked.
.TP
1
It could not start.
.TP
2
Wrong usage.
.SH SEE ALSO
.BR causeway (1)
)";

void write(const fs::path& file, const std::string& text) {
  std::ofstream out{file, std::ios::binary};
  out << text;
  if (!out.flush()) throw std::runtime_error{"cannot write " + file.string()};
}

void write_all(const fs::path& folder, const CLI::App& program, const manual::page_facts& with) {
  const auto& name = program.get_name();
  write(folder / (name + ".1"), manual::manual_page(program, with));
  write(folder / (name + ".bash"), manual::bash_completion(program));
  write(folder / ("_" + name), manual::zsh_completion(program));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "manual FOLDER DATE\n";
    return 2;
  }
  const fs::path folder{argv[1]};
  const std::string version{CAUSEWAY_VERSION}, date{argv[2]};
  try {
    fs::create_directories(folder);
    show_command_line([&](const CLI::App& one) {
      write_all(folder, one, {version, date, more_of_causeway});
    });
    manual::show_emulator([&](const CLI::App& one) {
      write_all(folder, one, {version, date, more_of_emulator});
    });
  } catch (const std::exception& fault) {
    std::cerr << "manual: " << fault.what() << '\n';
    return 1;
  }
}
