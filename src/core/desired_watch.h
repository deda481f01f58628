// SPDX-License-Identifier: Apache-2.0
// Whether the desired properties that were read of a twin ask for a new downlink. Compared is the object
// itself, with the one kept for the device, whatever hub it was read from: $version counts every desired
// property, and begins anew with a failover or a twin made anew. Pure; any thread.
#pragma once

#include "core/words.h"
#include "model/event_key.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::core {

// The device's record of it; lives as long as the device.
struct kept_desired {
  event_key object{};       // of the canonical form; all zero: nothing was asked for
  std::int64_t version = 0; // $version at which it was read
  friend bool operator==(const kept_desired&, const kept_desired&) = default;
};

enum class desired_finding : std::uint8_t {
  nothing_new,
  asked, // a new downlink: its command's id is made of the object and this version
  seen,  // noted and said, and not sent: what a fleet brings along is old
};

struct desired_verdict {
  desired_finding what = desired_finding::nothing_new;
  kept_desired keep;
};

// kept: nothing where the device's twin has never been read. object: in canonical form, empty for none.
// send_first: of a device whose twin is read for the first time what it asks for is sent.
desired_verdict judge_desired(const std::optional<kept_desired>& kept, std::string_view object,
                              std::int64_t version, bool send_first);

} // namespace causeway::core
