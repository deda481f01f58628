// SPDX-License-Identifier: Apache-2.0
// What a hub sends down to a device, from the bytes of the AMQP message (azure-iot-wire.md B.6, B.7).
// Sections come in any order, and any of them may be absent. Pure functions, any thread.
#pragma once

#include "amqp/value.h"
#include "base/result.h"
#include "model/hub_command.h"

#include <string>
#include <string_view>

namespace causeway::hub {

// number is left at 0. Ids and properties that are no text become text: numbers in decimal, true and false, a
// uuid in lower case with hyphens, a timestamp as its milliseconds, binary in hex. A property whose value is
// a container is left out, a null one is empty. An expiry beyond what wall_time holds is its last moment.
// Errors: amqp_value_malformed, also of a body that is neither data nor one text or binary value; of none the
// body is empty.
result<model::c2d_message> decode_c2d(std::string_view bytes);

struct decoded_call {
  model::method_call call; // number is left at 0
  amqp::value correlation; // as it came, with its type
};
// Errors: as above, and where there is no name, or nothing to know the answer by.
result<decoded_call> decode_method_call(std::string_view bytes);

std::string encode_method_answer(const amqp::value& correlation, const model::method_answer& what);

} // namespace causeway::hub
