// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <chrono>
#include <cstddef>
#include <system_error>

// Of jemalloc (its manual, mallctl): there only where it is linked.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size, void* value,
                                             std::size_t value_size);

namespace causeway {

giving_back_memory::giving_back_memory() {
  if (mallctl == nullptr) return;
  try {
    done_ = std::async(std::launch::async, [] {
      mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0); // MALLCTL_ARENAS_ALL
    });
  } catch (const std::system_error&) { // no thread to be had: the kernel takes it at the end
  }
}

bool giving_back_memory::is_done() const {
  return !done_.valid() || done_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

} // namespace causeway
