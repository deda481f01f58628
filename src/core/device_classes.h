// SPDX-License-Identifier: Apache-2.0
// Which devices are of class A, of those that have commands waiting behind a confirmed one: such a device's
// queue keeps its order by itself, so nothing needs to wait here; of class B and C a later one would take the
// confirmed one's place (real-stack-facts.md 2.3). Who says it is the network server's record. Owned by
// commands; one thread.
#pragma once

#include "base/clock.h"
#include "core/outlet.h"
#include "core/words.h"
#include "model/downlinks.h"

#include <cstddef>
#include <map>
#include <optional>
#include <unordered_map>

namespace causeway::core {

class device_classes {
public:
  // A device may change its class: what a record says counts for so long.
  static constexpr seconds counts_for{600};
  // Further devices wait as if they were not of class A, until they are asked for again.
  static constexpr std::size_t most_reads = 4;
  static constexpr std::size_t most_known = 100'000;

  // to must live as long.
  explicit device_classes(const outlet<model::downlinks>& to) : to_{to} {}

  // As far as is known now.
  bool is_class_a(device_ref device, mono_time now) const;
  // The record is read, unless it is being read, or what it said counts still.
  void ask(device_ref device, const device_key& key, mono_time now);

  struct answer {
    device_ref device{};
    bool class_a = false; // false also where the record could not be read
  };
  // Nothing: none of ours.
  std::optional<answer> on_record_read(const command_id& which, const record_reading& what, mono_time now);

private:
  struct finding {
    bool class_a = false;
    mono_time until{};
  };

  const outlet<model::downlinks>& to_;
  std::unordered_map<device_ref, finding> known_;
  std::map<command_id, device_ref> reading_; // by the id of the read
};

} // namespace causeway::core
