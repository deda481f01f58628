// SPDX-License-Identifier: Apache-2.0
// The timeline for those who look at it: spans as JSON, sums by phase, rows of a waterfall. Loop's thread
// only; bounded by the ring and by `limit`.
#pragma once

#include "model/event.h"
#include "watch/waterfall.h"

#include <boost/json.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace causeway::watch {

using name_device = std::function<std::optional<model::device_key>(device_ref)>;

boost::json::object span_json(const model::span& of, const model::timeline& in, const name_device& names);
boost::json::array spans_json(const std::vector<model::span>& spans, const model::timeline& in,
                              const name_device& names);

struct span_page {
  boost::json::array spans;
  std::uint64_t next = 0;   // `after` of the page behind this one
  std::uint64_t missed = 0; // overwritten before they were asked for
  bool more = false;        // there are further spans already
};
// Spans from number `after` on that `wanted` takes. Looks at no more than most_looked_at of them: a page may
// be short, or empty, and yet `more`.
inline constexpr std::uint64_t most_looked_at = 65'536;
span_page page_of(const model::timeline& of, std::uint64_t after, std::size_t limit,
                  const std::function<bool(const model::span&)>& wanted, const name_device& names);

// By phase: how many, their seconds, p50, p99 and longest in ms (within 2 %), how many did not end well. Over
// the ring.
boost::json::object summary_json(const model::timeline& of);

// Of a device's spans those of its last way to its hub, with the phases of the connections that it used. What
// came before the device last began to queue for DPS or its hub is left out, and a first message long after
// it was online.
std::vector<model::span> last_way(std::vector<model::span> spans);
// The same, to be drawn.
waterfall_row last_session(std::vector<model::span> spans, const model::timeline& in, std::string label);
// The first ways of the first `limit` devices that the ring knows, in the order in which they began.
std::vector<waterfall_row> first_sessions(const model::timeline& of, std::size_t limit,
                                          const name_device& names);

} // namespace causeway::watch
