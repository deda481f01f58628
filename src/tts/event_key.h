// SPDX-License-Identifier: Apache-2.0
// What the de-duplication keys are made of (docs/decisions/0017-de-duplication-keys.md). Pure; any thread.
#pragma once

#include "model/event_key.h"
#include "tts/json_span.h"

#include <optional>
#include <string>
#include <string_view>

namespace causeway::tts {

// The moment of an event, of "2025-01-01T00:00:00Z" and "…00.000Z" the same.
struct key_time {
  std::string seconds;     // since 1970, in decimal
  std::string nanoseconds; // in decimal
};

// Nothing for what does not tell two events apart: none, one that is not written with T, Z and 0 to 9 digits
// of a second, a leap second, 1970-01-01T00:00:00Z (an empty timestamp).
std::optional<key_time> read_key_time(std::string_view text);

// Of the kind's letter, application_id, device_id, the seconds and the nanoseconds of `at`, and, where there
// is one, `more`.
model::event_key timed_key(const model::event& event, const key_time& at,
                           std::optional<std::string_view> more = {});

// SHA-256 over the canonical form, its 32 bytes.
std::string digest_of(json_span value);

} // namespace causeway::tts
