// SPDX-License-Identifier: Apache-2.0
#include "tts/event_key.h"

#include "base/clock.h"
#include "base/digest.h"

namespace causeway::tts {

std::optional<key_time> read_key_time(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time || text[10] != 'T' || text.back() != 'Z' || text.substr(17, 2) == "60") return std::nullopt;
  const auto whole = unix_seconds(*time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(*time - wall_time{seconds{whole}});
  if (whole == 0 && rest.count() == 0) return std::nullopt;
  return key_time{std::to_string(whole), std::to_string(rest.count())};
}

model::event_key timed_key(const model::event& event, const key_time& at,
                           std::optional<std::string_view> more) {
  const char letter = letter_of(event.kind);
  const std::string_view kind{&letter, 1};
  const auto& application = event.from.application.str();
  const auto& device = event.from.device.str();
  if (more) return model::make_event_key({kind, application, device, at.seconds, at.nanoseconds, *more});
  return model::make_event_key({kind, application, device, at.seconds, at.nanoseconds});
}

std::string digest_of(json_span value) {
  const auto digest = sha256(value.canonical());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

} // namespace causeway::tts
