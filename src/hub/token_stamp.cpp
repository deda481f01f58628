// SPDX-License-Identifier: Apache-2.0
#include "hub/token_stamp.h"

#include <chrono>
#include <string>

namespace causeway::hub {
namespace {

// What the hub may allow beyond a token's expiry (azure-iot-wire.md A.2).
constexpr seconds clock_tolerance{300};
// A token made by a time that differs by less is the same token.
constexpr seconds same_time{30};

} // namespace

bool token_stamp::is_outdated(const token_source& tokens, moment now) const {
  const auto then = made + std::chrono::duration_cast<wall_time::duration>(now.mono - sent);
  return std::chrono::abs(tokens.time(now) - then) > same_time;
}

error first_refusal(const cbs::reply& refused, seconds token_life, moment now) {
  const error& why = refused.outcome.fault();
  if (why.code() != errc::hub_token_expired) return why;
  std::string detail = "the hub finds a new token, valid for " + std::to_string(token_life.count()) +
                       " s, expired already: set this machine's clock (NTP)";
  if (refused.hub_time) {
    const auto behind = std::chrono::round<seconds>(*refused.hub_time - now.wall);
    // A token that was made elsewhere may have expired by both clocks.
    if (behind + clock_tolerance < token_life) return why;
    detail += ", which is " + std::to_string(behind.count()) + " s behind the hub's";
  }
  return error{errc::clock_skew, detail + "; " + why.detail()};
}

} // namespace causeway::hub
