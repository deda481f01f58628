// SPDX-License-Identifier: Apache-2.0
#include "core/silence_inquiry.h"

namespace causeway::core {

std::optional<silence_finding> silence_inquiry::on_queue(const queue_reading& reading, mono_time now) {
  const auto seen = looks_.on_queue(reading, now);
  return seen ? judge(*seen, now) : std::nullopt;
}

std::optional<silence_finding> silence_inquiry::on_record(record_reading reading, mono_time now) {
  const auto seen = looks_.on_record(std::move(reading), now);
  return seen ? judge(*seen, now) : std::nullopt;
}

// What was scheduled last and is not pending has left the stack: of it there is a word, or none.
std::optional<silence_finding> silence_inquiry::judge(const sighting& seen, mono_time now) {
  if (seen.where == item_place::queue) return silence_finding::stands;
  if (seen.where == item_place::pending) return silence_finding::pending;
  if (!seen.whole && !seen.without_device) return silence_finding::cannot_tell;
  if (missed_) return silence_finding::nowhere;
  missed_ = true;
  looks_.again(now + between_looks);
  return std::nullopt;
}

} // namespace causeway::core
