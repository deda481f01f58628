// SPDX-License-Identifier: Apache-2.0
// Claims-based security: the messages on the $cbs links, the hub's side (azure-iot-wire.md B.2). Pure.
#pragma once

#include "amqp/value.h"

#include <string>
#include <string_view>

namespace causeway::emulator {

inline constexpr std::string_view cbs_address = "$cbs";

struct put_token_request {
  amqp::value message_id; // of any type; the answer's correlation-id is the same
  std::string reply_to;
  std::string name; // the audience as the client calls it
  std::string token;
  std::string problem; // what makes the request malformed; empty when it is not
};

put_token_request parse_put_token(std::string_view payload);

// An encoded answer: correlation-id as given, status-code an AMQP int, status-description a string, empty
// body.
std::string make_put_token_answer(const amqp::value& correlation_id, int status,
                                  const std::string& description);

} // namespace causeway::emulator
