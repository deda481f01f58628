// SPDX-License-Identifier: Apache-2.0
// What a device's twin asks for, and what it is told of that (azure-iot-wire.md B.8). Plain values; any
// thread.
#pragma once

#include "base/result.h"
#include "model/downlink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::model {

// Of the desired properties.
struct desired_downlink {
  // IoT Central's writable one, by the name of its command: "NAME", or "component*NAME". Empty:
  // `lorawan.downlink`.
  std::string property;
  // Of what is asked for, in canonical form: what it is compared by, and what the command's id is made of.
  // Empty: nothing is asked for.
  std::string object;
  std::int64_t version = 0; // $version
  result<downlink> what = error{errc::downlink_payload_missing};
  std::string value; // a property's, as JSON
  std::string told;  // its answer as it stands in the reported properties, JSON; empty: there is none
};

// `lorawan.downlink` of the reported properties, or a property's acknowledgement.
struct twin_answer {
  std::int64_t version = 0; // $version at which what it answers was first seen
  std::string state;        // a command's; or `seen`, `refused`: there is no command
  std::string command;      // its id; empty: none
  std::string error_name, error_text;
  std::uint16_t status = 0; // a property's: 200 as accepted, 202 while it goes on, else as a method's
  std::string value;        // likewise: what was asked for, as JSON
  friend bool operator==(const twin_answer&, const twin_answer&) = default;
};
inline constexpr std::string_view twin_seen = "seen", twin_refused = "refused";

struct twin_reading {
  // `lorawan.downlink` first, then each property that there may be, whether they ask for something or not.
  std::vector<desired_downlink> desired;
  std::string state; // what uplinks have said, as it stands there: JSON; empty for none
};

// A change of the reported properties, and what desired_downlink::told is with it.
struct twin_report {
  std::string patch; // a merge patch; empty: what was told is right
  std::string told;
};

// A change of the desired properties.
struct desired_change {
  bool names_downlink = false; // or a property, or a part of either, or that there is none any more
  std::int64_t version = 0;    // $version
};

} // namespace causeway::model
