// SPDX-License-Identifier: Apache-2.0
// How many devices there are of each application, against the limit and the application's share of it. Owned
// by the shard; one thread.
#pragma once

#include "core/by_application.h"
#include "core/device_table.h"
#include "core/rule_book.h"
#include "model/door.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

class census {
public:
  // Of several applications one may have share_percent of most_devices. The table must live as long.
  census(std::uint32_t applications, const device_table& table, std::uint32_t most_devices,
         std::uint32_t share_percent);
  // So many are configured from now on.
  void divide(std::uint32_t applications);

  // What is too small for one more device of the application; nothing when there is room.
  std::optional<answer> lacks_place(std::uint32_t application) const;
  void add(std::uint32_t application) { ++devices_[application]; }
  void remove(std::uint32_t application) { --devices_[application]; }
  // An event of one device too many was refused.
  void note_refusal(std::uint32_t application) { ++refusals_[application]; }

  std::uint64_t devices_of(std::uint32_t application) const { return devices_[application]; }
  std::uint64_t refusals_of(std::uint32_t application) const { return refusals_[application]; }
  std::uint32_t most_devices() const { return most_; }

private:
  const device_table& table_;
  std::uint32_t most_;
  std::uint32_t share_percent_;
  std::uint32_t applications_ = 0;
  std::uint64_t share_ = 0;
  by_application<std::uint64_t> devices_, refusals_;
};

} // namespace causeway::core
