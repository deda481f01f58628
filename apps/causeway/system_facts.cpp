// SPDX-License-Identifier: Apache-2.0
#include "causeway/system_facts.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace causeway {
namespace {

// The first line of the file that begins so.
std::string line_of(const char* file, const std::string& beginning) {
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(beginning)) return line.substr(beginning.size());
  return "unknown";
}

std::string limit_text(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
}

std::string limit_line(const char* name, decltype(RLIMIT_NOFILE) which) {
  rlimit limit{};
  if (::getrlimit(which, &limit) != 0) return {};
  return fmt::format("limit of {}: {} (hard {}), of this command; a service has its unit's\n", name,
                     limit_text(limit.rlim_cur), limit_text(limit.rlim_max));
}

std::string state_lines(const std::filesystem::path& state) {
  struct statfs on {};
  if (::statfs(state.c_str(), &on) != 0)
    return fmt::format("state directory: {}: {}\n", state.string(), std::strerror(errno));
  const auto block = static_cast<std::uint64_t>(on.f_bsize);
  std::string out =
      fmt::format("state directory: {}, file system type {:#x}, {} of {} bytes free\n", state.string(),
                  static_cast<std::uint64_t>(on.f_type), block * on.f_bavail, block * on.f_blocks);
  struct stat about {};
  if (::stat(state.c_str(), &about) == 0)
    out += fmt::format("state directory: mode {:o}, owner {}; this command runs as {}\n",
                       about.st_mode & 07777U, about.st_uid, ::geteuid());
  std::error_code bad;
  for (const auto& file : std::filesystem::directory_iterator{state, bad})
    if (file.is_regular_file(bad))
      out += fmt::format("state directory: {}: {} bytes\n", file.path().filename().string(),
                         file.file_size(bad));
  if (bad) out += fmt::format("state directory: {}\n", bad.message());
  return out;
}

} // namespace

std::string describe_system(const std::filesystem::path& state) {
  utsname kernel{};
  std::string out;
  // Not the machine's name: it is nobody's business.
  if (::uname(&kernel) == 0)
    out += fmt::format("kernel: {} {} {}\n", kernel.sysname, kernel.release, kernel.machine);
  out += "distribution: " + line_of("/etc/os-release", "PRETTY_NAME=") + "\n";
  out += fmt::format("processors: {}\n", ::sysconf(_SC_NPROCESSORS_ONLN));
  struct sysinfo memory {};
  if (::sysinfo(&memory) == 0)
    out += fmt::format("memory: {} bytes in all, {} free without caches; up for {} s\n",
                       memory.totalram * memory.mem_unit, memory.freeram * memory.mem_unit, memory.uptime);
  out += "memory of the control group: " + line_of("/sys/fs/cgroup/memory.max", "") + "\n";
  out += limit_line("open files", RLIMIT_NOFILE) + limit_line("address space", RLIMIT_AS);
  return out + (state.empty() ? std::string{} : state_lines(state));
}

} // namespace causeway
