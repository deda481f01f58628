// SPDX-License-Identifier: Apache-2.0
#include "model/event_key.h"

#include "base/digest.h"

#include <algorithm>
#include <string>

namespace causeway::model {

event_key make_event_key(std::initializer_list<std::string_view> parts) {
  std::string text;
  text.reserve(256);
  for (const auto part : parts) {
    for (int shift = 24; shift >= 0; shift -= 8)
      text += static_cast<char>(part.size() >> shift & 0xff);
    text += part;
  }
  const auto digest = sha256(text);
  event_key key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

std::uint64_t short_hash(const event_key& key) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value = value << 8 | key[i];
  return value;
}

std::uint64_t former_hash(const event& from) {
  const char letter = letter_of(from.kind);
  const auto* frame = uplink_of(from);
  return short_hash(make_event_key({{&letter, 1},
                                    from.from.application.str(),
                                    from.from.device.str(),
                                    frame == nullptr ? std::string_view{} : frame->session_key_id,
                                    std::to_string(frame == nullptr ? 0 : frame->f_cnt.value_or(0)),
                                    from.received_at}));
}

} // namespace causeway::model
