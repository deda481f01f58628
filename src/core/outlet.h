// SPDX-License-Identifier: Apache-2.0
// Where a port is plugged in: bound once, before the first event, so that the core can be made before the
// ports that answer to it. Owned by the shard, which hands each organ those that it needs; one thread.
#pragma once

#include "base/check.h"

namespace causeway::core {

template <class Port>
class outlet {
public:
  outlet() = default;
  outlet(const outlet&) = delete; // what it is handed to keeps a reference
  outlet& operator=(const outlet&) = delete;
  void bind(Port& to) { to_ = &to; }
  // Precondition: bound.
  Port* operator->() const {
    CAUSEWAY_CHECK(to_ != nullptr);
    return to_;
  }

private:
  Port* to_ = nullptr;
};

} // namespace causeway::core
