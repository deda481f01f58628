// SPDX-License-Identifier: Apache-2.0
// What a client's ATTACH asks for: which kind of link, of which device or
// service (azure-iot-wire.md B.4, D.2). Whether it may have it is another question. Pure functions, any
// thread.
#pragma once

#include "amqp/engine.h"
#include "azure/limits.h"
#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

enum class link_kind : std::uint8_t {
  cbs_request,
  cbs_answer,
  telemetry,
  c2d,
  method,
  twin,
  service_send,       // messages for devices (D.2)
  feedback,           // on these, to services
  file_notifications, // likewise; there are none
  refused,            // waits to be refused, or is
};
// Such a link belongs to no device, and wants the right ServiceConnect.
constexpr bool is_of_services(link_kind kind) {
  return kind == link_kind::service_send || kind == link_kind::feedback ||
         kind == link_kind::file_notifications;
}
// As the control API calls it: "telemetry", "c2d", "methods", "twin", …
std::string_view to_string(link_kind kind);
std::optional<link_kind> find_device_link_kind(std::string_view word);

struct link_claim {
  link_kind kind = link_kind::refused;
  identity device;         // empty: `$cbs`, a service's, or none that can be read
  amqp::condition refusal; // of kind refused
};

// to_client: the hub's messages go out on it, so that its address is the source. tier: absent: everything is
// allowed.
link_claim read_claim(bool to_client, const std::string& source, const std::string& target,
                      std::optional<azure::tier> tier);

} // namespace causeway::emulator
