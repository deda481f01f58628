// SPDX-License-Identifier: Apache-2.0
// What a device's twin asks for, and what it is told of that (azure-iot-wire.md B.8). Plain values; any
// thread.
#pragma once

#include "base/result.h"
#include "model/downlink.h"

#include <cstdint>
#include <optional>
#include <string>

namespace causeway::model {

// Of the desired properties.
struct desired_downlink {
  // Of what is asked for, in canonical form: what it is compared by, and what the command's id is made of.
  // Empty: nothing is asked for.
  std::string object;
  std::int64_t version = 0; // $version
  result<downlink> what = error{errc::downlink_payload_missing};
};

// `lorawan.downlink` of the reported properties.
struct twin_answer {
  std::int64_t version = 0; // $version at which what it answers was first seen
  std::string state;        // a command's; or `seen`, `refused`: there is no command
  std::string command;      // its id; empty: none
  std::string error_name, error_text;
  friend bool operator==(const twin_answer&, const twin_answer&) = default;
};
inline constexpr std::string_view twin_seen = "seen", twin_refused = "refused";

struct twin_reading {
  desired_downlink desired;
  std::optional<twin_answer> told; // as it stands there
  std::string state;               // what uplinks have said, as it stands there: JSON; empty for none
};

// A change of the desired properties.
struct desired_change {
  bool names_downlink = false; // or a part of it, or that there is none any more
  std::int64_t version = 0;    // $version
};

} // namespace causeway::model
