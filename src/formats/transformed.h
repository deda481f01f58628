// SPDX-License-Identifier: Apache-2.0
// What a transform has put out, as messages. Pure; any thread.
#pragma once

#include "base/result.h"
#include "formats/envelope.h"

#include <cstdint>
#include <string>
#include <vector>

namespace causeway::formats {

// What an output is.
enum class transform_output : std::uint8_t {
  body,     // the message's body
  envelope, // {"properties":{…},"body":…}: the body, and properties beside those of make_envelope or instead
            // of them, so that a reading can have a creation time of its own
};

// Each output, a JSON text without white space between tokens, is one message; what it does not say is as in
// make_envelope, and ".n" stands behind the id of the nth, from 1. No output, no message. A property of an
// envelope is text, a number, true or false (sent as text), or null (not sent); printable ASCII, as IoT Hub
// wants it. Of the names that begin with `iothub-`, which are IoT Hub's own, only iothub-creation-time-utc
// may be set: to a time of RFC 3339, which is sent in UTC. Errors: format_refused for event_kind::unknown,
// transform_refused for an output null or an envelope that is none, message_too_large.
result<std::vector<model::message>> format_transformed(const model::event& event,
                                                       const format_context& context,
                                                       std::vector<std::string> outputs,
                                                       transform_output as = transform_output::body);

} // namespace causeway::formats
