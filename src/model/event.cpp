// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

#include "base/check.h"

#include <utility>

namespace causeway::model {
namespace {

struct kind_words {
  std::string_view name;  // what the property `event` says
  std::string_view group; // the word in events = […]; empty: cannot be switched on
  char letter;
};

constexpr std::array<kind_words, event_kinds> words{{
    {"uplink", "uplink", 'u'},
    {"normalized", "normalized", 'n'},
    {"join", "join", 'j'},
    {"downlink_queued", "downlink", 'q'},
    {"downlink_sent", "downlink", 't'},
    {"downlink_ack", "downlink", 'a'},
    {"downlink_nack", "downlink", 'k'},
    {"downlink_failed", "downlink", 'f'},
    {"downlink_queue_invalidated", "downlink", 'i'},
    {"location", "location", 'l'},
    {"service", "service", 's'},
    {"unknown", "", '\0'},
}};

const kind_words& words_of(event_kind kind) {
  const auto at = static_cast<std::size_t>(kind);
  CAUSEWAY_CHECK(at < words.size());
  return words[at];
}

} // namespace

std::string_view to_string(event_kind kind) {
  return words_of(kind).name;
}

std::string_view event_group(event_kind kind) {
  return words_of(kind).group;
}

char letter_of(event_kind kind) {
  return words_of(kind).letter;
}

std::string_view fields_of(const event& from) {
  struct reads {
    std::string_view operator()(const std::monostate&) const { return {}; }
    std::string_view operator()(const uplink& what) const { return what.decoded_payload; }
    std::string_view operator()(const join&) const { return {}; }
    std::string_view operator()(const downlink_event&) const { return {}; }
    std::string_view operator()(const location& what) const { return what.fields; }
    std::string_view operator()(const service& what) const { return what.fields; }
  };
  return std::visit(reads{}, from.what);
}

bool is_control_frame(const event& from) {
  const auto* what = uplink_of(from);
  return what != nullptr && what->f_port == 0 && !what->has_payload;
}

} // namespace causeway::model
