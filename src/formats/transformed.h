// SPDX-License-Identifier: Apache-2.0
// What a transform has put out, as messages. Pure; any thread.
#pragma once

#include "base/result.h"
#include "formats/envelope.h"

#include <string>
#include <vector>

namespace causeway::formats {

// Each output, a JSON text, is the body of one message; the rest as make_envelope, and ".n" behind the id of
// the nth, from 1. No output, no message. Errors: format_refused for event_kind::unknown, transform_refused
// for an output null, message_too_large.
result<std::vector<core::message>> format_transformed(const core::uplink& event,
                                                      const format_context& context,
                                                      std::vector<std::string> outputs);

} // namespace causeway::formats
