// SPDX-License-Identifier: Apache-2.0
// Looks for a command's item: the stack's queue first, then the network server's record. The other order
// misses items that are scheduled between the two (real-stack-facts.md 2.1). Pure; one thread.
#pragma once

#include "base/clock.h"
#include "core/words.h"
#include "model/downlinks.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

enum class item_place : std::uint8_t {
  queue,
  pending,   // it has been sent, or is about to be, and waits for its ack
  scheduled, // the last that was sent, or is about to be
  nowhere,
};

// What a look has come to.
struct sighting {
  item_place where = item_place::nowhere;
  // Both reads have shown what there is: nowhere is nowhere. Otherwise absence proves nothing.
  bool whole = false;
  mono_time asked{}; // when the first of them was sent
  record_reading record{};
  // Both reads say that there is no such device: the item is nowhere, and where it was before nothing tells.
  bool without_device = false;
};

// Of the two reads the one to be sent.
enum class read_errand : std::uint8_t { none, queue, record };

// Gives the errands of looks and reads what they bring. A look of which a read has failed is taken again
// after a growing pause.
class downlink_look {
public:
  downlink_look(command_id of, mono_time first) : of_{std::move(of)}, due_{first} {}

  // One read at a time, each answered by on_queue or on_record.
  read_errand next(mono_time now);
  // When next() is worth asking; nothing while a read is under way, and when no look is wanted.
  std::optional<mono_time> deadline() const { return due_; }
  // Behind a read that has failed: how many looks have failed in a row, where that is to be told: after about
  // seven minutes, and each hour. Further commands of the device wait meanwhile.
  std::optional<std::uint32_t> failures_to_tell() const;
  // A further look.
  void again(mono_time at) { due_ = at; }

  // Nothing: the look goes on, or is taken again.
  std::optional<sighting> on_queue(const queue_reading& reading, mono_time now);
  std::optional<sighting> on_record(record_reading reading, mono_time now);

private:
  void take_again(mono_time now);

  command_id of_;
  read_errand under_way_ = read_errand::none;
  read_errand following_ = read_errand::queue;
  std::optional<mono_time> due_; // when the following is to be sent
  mono_time asked_{};            // when the queue's was
  read_end queue_end_ = read_end::failed;
  std::uint32_t failures_ = 0; // of looks, in a row
};

} // namespace causeway::core
