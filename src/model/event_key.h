// SPDX-License-Identifier: Apache-2.0
// The keys that tell a repeated event from a new one (docs/decisions/0017-de-duplication-keys.md). Pure; any
// thread.
#pragma once

#include "model/event.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace causeway::model {

// The first 16 bytes of SHA-256 over these texts, each behind its length in 4 bytes, big-endian.
event_key make_event_key(std::initializer_list<std::string_view> parts);

// The first 8 bytes, big-endian, so that its hex is the start of the message-id's: what the device table and
// the store keep.
std::uint64_t short_hash(const event_key& key);

// The short hash that the versions before these keys gave an uplink: of its kind letter, application_id,
// device_id, session_key_id, f_cnt in decimal and received_at as written.
std::uint64_t former_hash(const event& from);

} // namespace causeway::model
