// SPDX-License-Identifier: Apache-2.0
// What the kernel tells about a process and a file system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace causeway::bench {

// User and system time that the process has used so far, in seconds; its threads included.
double cpu_seconds_of(int pid);
// Resident memory in bytes.
std::uint64_t resident_bytes_of(int pid);
// "ext4", "xfs", "tmpfs", …: the type of the file system that holds the path, from the kernel's mount table.
std::string file_system_of(const std::string& path);

// Whether an ext4 that holds the path has a journal; nothing where it is no ext4.
std::optional<bool> has_journal(const std::string& path);
// The time that the machine's cores wanted to run and did not get from its host, in seconds.
double stolen_seconds();

struct machine_facts {
  std::string cpu;
  std::uint32_t cores = 0;
  std::uint64_t memory_bytes = 0;
};
machine_facts facts_of_machine();

} // namespace causeway::bench
