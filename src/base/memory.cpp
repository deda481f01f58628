// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <cstddef>

// Of jemalloc (its manual, mallctl): there only where it is linked.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size, void* value,
                                             std::size_t value_size);

namespace causeway {

giving_back_memory::giving_back_memory() {
  if (mallctl == nullptr) return;
  // MALLCTL_ARENAS_ALL
  thread_ = std::thread{[] { mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0); }};
}

giving_back_memory::~giving_back_memory() {
  if (thread_.joinable()) thread_.join();
}

} // namespace causeway
