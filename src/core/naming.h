// SPDX-License-Identifier: Apache-2.0
// What a device is called: its key, its identity in Azure, its model. Owned by the shard; one thread.
#pragma once

#include "core/device_table.h"
#include "core/rule_book.h"
#include "model/connect_wish.h"
#include "model/event.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

class naming {
public:
  // Both must live as long.
  naming(const rule_book& rules, const device_table& table) : rules_{rules}, table_{table} {}

  // Nothing: it is not in the table.
  std::optional<device_ref> ref_of(std::uint32_t application, const device_key& key) const {
    return table_.find(application, key.device.str());
  }
  device_key key_of(const device& d) const { return {rules_.of(d).id, device_id{std::string{d.name()}}}; }
  // By its application's template. Errors: as expand_identity.
  result<identity> wanted_of(const device& d) const {
    return expand_identity(rules_.of(d).identity_template, key_of(d), d.dev_eui());
  }
  // What its hub knows it by. Precondition: assigned.
  identity identity_of(const device& d) const;
  void set_identity(device& d, const identity& is) const;
  // Whether its identity is made of its EUI.
  bool is_by_eui(const device& d) const;
  // The identity stays what the hub knows it by, although the template may now give another.
  void set_eui(device& d, std::uint64_t eui) const;
  // Its own, or its application's.
  const std::string& model_of(const device& d) const;
  connect_wish wish_of(const device& d) const;

private:
  const rule_book& rules_;
  const device_table& table_;
};

} // namespace causeway::core
