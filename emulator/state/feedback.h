// SPDX-License-Identifier: Apache-2.0
// What a hub tells services of the ends of their messages: records, gathered into batches of 64 or of 15
// seconds (azure-iot-wire.md D.2). Pure. One thread.
#pragma once

#include "emulator/state/message_queue.h"

#include <optional>
#include <string>
#include <vector>

namespace causeway::emulator {

struct feedback_record {
  std::string message_id;
  message_end how{};
  std::string device;
  std::string generation;
  wall_time at{}; // when it ended
};

// Whether a message that asks for this is told of.
bool wants_feedback(ack_mode asked, message_end how);
// The body of a batch.
std::string feedback_json(const std::vector<feedback_record>& records);

class feedback_batches {
public:
  static constexpr std::size_t most_records = 64;
  static constexpr std::chrono::seconds longest_wait{15};

  void add(feedback_record record, mono_time now);
  // The body of the batch that is full, or has waited long enough; nothing when there is none.
  std::optional<std::string> take(mono_time now);
  std::optional<mono_time> next_due() const;

private:
  std::vector<feedback_record> records_;
  mono_time since_{};
};

} // namespace causeway::emulator
