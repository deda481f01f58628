// SPDX-License-Identifier: Apache-2.0
// Which shards are here, and whether something may be begun for a device of one. Written by the shard's words
// of tenure, read by who attaches, sends and takes events. One thread.
#pragma once

#include "core/device.h"
#include "core/rule_book.h"
#include "model/tenure.h"

#include <cstdint>
#include <vector>

namespace causeway::core {

class device_table;

class holdings {
public:
  // rules must live as long, and tenure. Nothing: one machine, which has the only shard, for ever.
  holdings(const rule_book& rules, const model::tenure* by)
      : rules_{rules}, tenure_{by}, is_(by ? by->shards() : std::size_t{1}, by ? hold::none : hold::whole) {}

  // Of all shards there are, the device's.
  shard_number of(const device_key& key) const {
    return tenure_ ? model::shard_of(key.application.str(), key.device.str(), tenure_->shards())
                   : shard_number{};
  }
  shard_number of(const device& d) const {
    return tenure_ ? model::shard_of(rules_.of(d).id.str(), d.name(), tenure_->shards()) : shard_number{};
  }
  // Its devices are in the table.
  bool has(shard_number which) const { return at(which) != hold::none; }
  bool is_leaving(shard_number which) const { return at(which) == hold::leaving; }
  // The device may be attached, or send: its shard is here, is not to go, and has not been lost unheard.
  bool lets(const device& d) const {
    if (!tenure_) return true;
    const auto which = of(d);
    return at(which) == hold::whole && tenure_->holds(which);
  }

  // Those of the table, by place.
  std::vector<device_ref> devices_of(shard_number which, const device_table& table) const;

  void take(shard_number which) { at(which) = hold::whole; }
  void leave(shard_number which) { at(which) = hold::leaving; }
  void lose(shard_number which) { at(which) = hold::none; }

private:
  enum class hold : std::uint8_t { none, whole, leaving };
  hold& at(shard_number which) { return is_[static_cast<std::size_t>(which)]; }
  hold at(shard_number which) const { return is_[static_cast<std::size_t>(which)]; }

  const rule_book& rules_;
  const model::tenure* tenure_;
  std::vector<hold> is_; // by shard
};

} // namespace causeway::core
