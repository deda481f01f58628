// SPDX-License-Identifier: Apache-2.0
// The members of a downlink, one by one, from JSON or from text (downlink_request.h). Each says the name of
// what is wrong and the way out. Pure; any thread.
#pragma once

#include "base/result.h"
#include "model/downlink.h"
#include "tts/json_span.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::tts {

// What somebody has sent, fit for an error's text.
std::string shown(std::string_view text);

// name: as the sender calls it. value: without quotation marks.
result<std::uint8_t> read_port(std::string_view name, std::string_view value);
result<bool> read_confirmed(std::string_view name, std::string_view value);
result<model::downlink_priority> read_priority(std::string_view name, std::string_view value);
result<model::queue_operation> read_queue(std::string_view name, std::string_view value);
result<std::string> read_base64_payload(std::string_view name, std::string_view value);
result<std::string> read_hex_payload(std::string_view name, std::string_view value);
// A JSON object or array, without white space between tokens.
result<std::string> read_decoded_payload(std::string_view name, const json_span& value);
result<std::string> read_class_b_c(const json_span& value);
// A number from 1 to most.
result<std::uint32_t> read_number_to(std::uint32_t most, std::string_view name, const json_span& value);

// The text of a member that must be text.
result<std::string> read_member_text(errc code, std::string_view name, const json_span& value);

} // namespace causeway::tts
