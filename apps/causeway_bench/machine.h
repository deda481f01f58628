// SPDX-License-Identifier: Apache-2.0
// What the kernel tells about a process and a file system.
#pragma once

#include <cstdint>
#include <string>

namespace causeway::bench {

// User and system time that the process has used so far, in seconds; its threads included.
double cpu_seconds_of(int pid);
// Resident memory in bytes.
std::uint64_t resident_bytes_of(int pid);
// "ext4", "xfs", "tmpfs", …: the type of the file system that holds the path, from the kernel's mount table.
std::string file_system_of(const std::string& path);

struct machine_facts {
  std::string cpu;
  std::uint32_t cores = 0;
  std::uint64_t memory_bytes = 0;
};
machine_facts facts_of_machine();

} // namespace causeway::bench
