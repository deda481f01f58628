// SPDX-License-Identifier: Apache-2.0
// The event as The Things Stack sent it. Pure; any thread.
#pragma once

#include "base/result.h"
#include "formats/envelope.h"

#include <vector>

namespace causeway::formats {

// One message: the body is the event as received, byte for byte, the rest as make_envelope. Errors:
// format_refused for event_kind::unknown, message_too_large.
result<std::vector<model::message>> format_things_stack(const model::event& event,
                                                        const format_context& context);

} // namespace causeway::formats
