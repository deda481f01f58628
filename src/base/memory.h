// SPDX-License-Identifier: Apache-2.0
// What the process's allocator can be asked for.
#pragma once

#include <future>

namespace causeway {

// A thread of its own gives what is free back to the kernel: about 0.1 s for a gigabyte, for which the
// destructor waits. Where another allocator than jemalloc is linked nothing happens.
class giving_back_memory {
public:
  giving_back_memory();
  bool is_done() const;

private:
  std::future<void> done_;
};

} // namespace causeway
