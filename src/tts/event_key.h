// SPDX-License-Identifier: Apache-2.0
// The keys that tell a repeated event from a new one (things-stack-wire.md C.8). Pure; any thread.
#pragma once

#include "core/uplink.h"

#include <initializer_list>
#include <string_view>

namespace causeway::tts {

// The first 16 bytes of SHA-256 over these texts, each behind its length in 4 bytes, big-endian.
core::event_key make_event_key(std::initializer_list<std::string_view> parts);

// Of the uplink's kind letter, application_id, device_id, session_key_id, f_cnt in decimal, received_at.
core::event_key uplink_key(const core::uplink& event, std::string_view session_key_id);

} // namespace causeway::tts
