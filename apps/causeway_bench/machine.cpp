// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/machine.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace causeway::bench {

double cpu_seconds_of(int pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(file, text);
  // The program's name stands in parentheses and may hold spaces; utime and stime are the 12th and 13th field
  // behind it.
  const auto end = text.rfind(')');
  if (end == std::string::npos) return 0;
  std::istringstream fields{text.substr(end + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t resident_bytes_of(int pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/statm"};
  std::uint64_t whole = 0, resident = 0;
  file >> whole >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

namespace {

// "8:1", as the kernel's tables name the device that holds the path; empty: there is no such path.
std::string device_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {};
  return std::to_string(major(about.st_dev)) + ":" + std::to_string(minor(about.st_dev));
}

} // namespace

std::string file_system_of(const std::string& path) {
  const auto wanted = device_of(path);
  std::ifstream mounts{"/proc/self/mountinfo"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields{line};
    std::string id, parent, device;
    fields >> id >> parent >> device;
    if (device != wanted) continue;
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    return line.substr(dash + 3, line.find(' ', dash + 3) - dash - 3);
  }
  return "unknown";
}

std::optional<bool> has_journal(const std::string& path) {
  std::error_code fault;
  const auto name = std::filesystem::read_symlink("/sys/dev/block/" + device_of(path), fault).filename();
  const std::filesystem::directory_iterator journals{"/proc/fs/jbd2", fault};
  if (fault || name.empty() || file_system_of(path) != "ext4") return std::nullopt;
  return std::any_of(begin(journals), end(journals), [&](const auto& one) { // "vda1-8": in use
    return one.path().filename().string().starts_with(name.string() + "-");
  });
}

double stolen_seconds() {
  std::ifstream file{"/proc/stat"};
  std::string name;
  file >> name; // "cpu": user, nice, system, idle, iowait, irq, softirq, steal
  double ticks = 0;
  for (int i = 0; i < 8; ++i)
    file >> ticks;
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

machine_facts facts_of_machine() {
  machine_facts facts;
  facts.cores = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  facts.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream cpus{"/proc/cpuinfo"};
  for (std::string line; std::getline(cpus, line);) {
    if (!line.starts_with("model name")) continue;
    facts.cpu = line.substr(std::min(line.size(), line.find(':') + 2));
    break;
  }
  return facts;
}

} // namespace causeway::bench
