// SPDX-License-Identifier: Apache-2.0
#include "tts/event_key.h"

#include "base/digest.h"

#include <algorithm>
#include <string>

namespace causeway::tts {

core::event_key make_event_key(std::initializer_list<std::string_view> parts) {
  std::string text;
  text.reserve(256);
  for (const auto part : parts) {
    for (int shift = 24; shift >= 0; shift -= 8)
      text += static_cast<char>(part.size() >> shift & 0xff);
    text += part;
  }
  const auto digest = sha256(text);
  core::event_key key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

core::event_key uplink_key(const core::uplink& event, std::string_view session_key_id) {
  const char letter = letter_of(event.kind);
  return make_event_key({{&letter, 1},
                         event.from.application.str(),
                         event.from.device.str(),
                         session_key_id,
                         std::to_string(event.f_cnt),
                         event.received_at});
}

} // namespace causeway::tts
