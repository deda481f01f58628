// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/feedback.h"

#include "base/encoding.h"

#include <algorithm>
#include <iterator>

namespace causeway::emulator {

bool wants_feedback(ack_mode asked, message_end how) {
  switch (asked) {
  case ack_mode::none:
    return false;
  case ack_mode::full:
    return true;
  case ack_mode::positive:
    return how == message_end::completed;
  case ack_mode::negative:
    return how != message_end::completed;
  }
  return false;
}

std::string feedback_json(const std::vector<feedback_record>& records) {
  std::string body = "[";
  const auto add = [&](std::string_view before, const std::string& text) {
    body += before;
    body += text;
  };
  for (const auto& record : records) {
    const auto word = json_quoted(to_string(record.how));
    add(body.size() > 1 ? ",{\"originalMessageId\":" : "{\"originalMessageId\":",
        json_quoted(record.message_id));
    add(",\"description\":", word);
    add(",\"deviceGenerationId\":", json_quoted(record.generation));
    add(",\"deviceId\":", json_quoted(record.device));
    add(",\"enqueuedTimeUtc\":", json_quoted(format_rfc3339(record.at)));
    add(",\"statusCode\":", word);
    body += '}';
  }
  return body + "]";
}

void feedback_batches::add(feedback_record record, mono_time now) {
  if (records_.empty()) since_ = now;
  records_.push_back(std::move(record));
}

std::optional<std::string> feedback_batches::take(mono_time now) {
  if (records_.empty() || (records_.size() < most_records && now < since_ + longest_wait))
    return std::nullopt;
  const auto end = records_.begin() + static_cast<std::ptrdiff_t>(std::min(most_records, records_.size()));
  const std::vector<feedback_record> batch{std::make_move_iterator(records_.begin()),
                                           std::make_move_iterator(end)};
  records_.erase(records_.begin(), end);
  return feedback_json(batch);
}

std::optional<mono_time> feedback_batches::next_due() const {
  if (records_.empty()) return std::nullopt;
  return records_.size() >= most_records ? since_ : since_ + longest_wait;
}

} // namespace causeway::emulator
