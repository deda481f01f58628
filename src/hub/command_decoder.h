// SPDX-License-Identifier: Apache-2.0
// What a hub sends down to a device, from the bytes of the AMQP message (azure-iot-wire.md B.6, B.7, B.8),
// and what goes back.
// Sections come in any order, and any of them may be absent. Pure functions, any thread.
#pragma once

#include "amqp/value.h"
#include "base/result.h"
#include "hub/command_news.h"
#include "model/hub_command.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

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

struct twin_answer {
  std::string request; // as encode_twin_request was told; empty: its correlation-id is no text
  std::int64_t status = 0;
  std::string body;
};
struct twin_push {
  std::string patch; // not empty; whether it is JSON is for who reads it
};
// What comes on a twin's link. Errors: as above; an answer without a status; what is neither an answer nor a
// change of the desired properties, and such a change without a body.
result<std::variant<twin_answer, twin_push>> decode_twin(std::string_view bytes);

// patch: of a report alone.
std::string encode_twin_request(twin_request what, std::string_view request, std::string_view patch);

std::string encode_method_answer(const amqp::value& correlation, const model::method_answer& what);

} // namespace causeway::hub
