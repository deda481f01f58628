// SPDX-License-Identifier: Apache-2.0
// Who has which identity. Of two devices that claim one, the one that has it on disk keeps it, whether it is
// connected or not; else the first one has it until it is deleted or forgotten. Owned by the shard; one
// thread.
#pragma once

#include "base/ids.h"
#include "core/words.h"
#include "model/journal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace causeway::core {

struct device;
class device_table;
class naming;
class rule_book;

class claims {
public:
  // All must live as long.
  claims(const rule_book& rules, const naming& names, const device_table& table)
      : rules_{rules}, names_{names}, table_{table} {}

  // Nothing: it has it now. Else who has it already.
  std::optional<device_ref> claim(device_ref which, const identity& wanted);
  // The one of its template. False: it has it not.
  bool give_up(device_ref which);
  // So many are to come.
  void reserve(std::size_t devices) { holders_.reserve(devices); }

private:
  struct name {
    std::uint64_t hash = 0;
    std::string text;
  };
  name name_of(const device& d, const identity& wanted) const;
  std::optional<name> name_of(const device& d) const;
  std::optional<device_ref> holder_of(const name& of) const;

  const rule_book& rules_;
  const naming& names_;
  const device_table& table_;
  std::unordered_map<std::uint64_t, device_ref> holders_; // by the name's hash
};

} // namespace causeway::core
