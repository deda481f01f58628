// SPDX-License-Identifier: Apache-2.0
// What a client's ATTACH asks for: which kind of link, of which device (azure-iot-wire.md B.3). Whether the
// device may have it is another question. Pure functions, any thread.
#pragma once

#include "amqp/engine.h"
#include "azure/limits.h"
#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <string>

namespace causeway::emulator {

enum class link_kind : std::uint8_t {
  cbs_request,
  cbs_answer,
  telemetry,
  c2d,
  method,
  refused, // waits to be refused, or is
};

struct link_claim {
  link_kind kind = link_kind::refused;
  identity device;         // empty: `$cbs`, or none that can be read
  amqp::condition refusal; // of kind refused; empty: a link that this hub has not got
};

// to_client: the hub's messages go out on it, so that its address is the source. tier: absent: everything is
// allowed.
link_claim read_claim(bool to_client, const std::string& source, const std::string& target,
                      std::optional<azure::tier> tier);

} // namespace causeway::emulator
