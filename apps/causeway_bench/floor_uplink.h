// SPDX-License-Identifier: Apache-2.0
// From a posted uplink to the bytes that go to the hub, in one pass of Boost.JSON over the event: the same
// message that the gateway makes in its format `flat`. Of what The Things Stack may send it knows what the
// load generator sends, and refuses the rest. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::bench {

struct floor_uplink {
  std::string_view application, device; // in the event
  std::uint64_t key = 0;                // what a repeated event is known by
  std::string encoded;                  // an AMQP message
};

// Nothing: no whole LoRa uplink of a device with an EUI.
std::optional<floor_uplink> read_floor_uplink(std::string_view event);

} // namespace causeway::bench
