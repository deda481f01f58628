// SPDX-License-Identifier: Apache-2.0
// What the process's allocator can be asked for.
#pragma once

#include <thread>

namespace causeway {

// As long as it lives a thread of its own gives what is free back to the kernel: about 0.1 s for a gigabyte,
// for which the destructor waits. Where another allocator than jemalloc is linked nothing happens.
class giving_back_memory {
public:
  giving_back_memory();
  ~giving_back_memory();
  giving_back_memory(const giving_back_memory&) = delete;
  giving_back_memory& operator=(const giving_back_memory&) = delete;

private:
  std::thread thread_;
};

} // namespace causeway
