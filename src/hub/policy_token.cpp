// SPDX-License-Identifier: Apache-2.0
#include "hub/policy_token.h"

#include "base/backoff.h"
#include "base/check.h"
#include "base/earliest.h"
#include "hub/token_wheel.h"

#include <utility>

namespace causeway::hub {
namespace {

// Tokens that are accepted and do not serve: pauses between them, and after how long the next one is the
// first again.
constexpr backoff_policy doubt_pauses{milliseconds{500}, milliseconds{60'000}, 2.0, 0.0};
constexpr seconds doubts_forgotten{20};
constexpr std::uint32_t most_doubts_by_refusals = 3;

} // namespace

secret policy_token::make(moment now) {
  CAUSEWAY_CHECK(wanted_);
  wanted_ = false;
  in_flight_ = true;
  stamp_ = {tokens_.time(now), now.mono};
  key_ = tokens_.policy_key();
  return tokens_.policy_token(stamp_.made + life_);
}

result<void> policy_token::on_reply(const cbs::reply& what, bool may_wait, moment now) {
  in_flight_ = false;
  if (what.outcome) {
    failures_ = 0;
    other_key_tried_ = time_corrected_ = false;
    if (!expires_) trusted_since_ = now.mono;
    expires_ = stamp_.sent + life_;
    due_ = stamp_.sent + life_ / 2;
    return {};
  }
  const error& why = what.outcome.fault();
  const bool is_late = why.code() == errc::hub_token_expired;
  if (why.code() == errc::hub_unauthorized && !std::exchange(other_key_tried_, true))
    wanted_ = tokens_.next_policy_key(key_);
  else if (is_late && stamp_.is_outdated(tokens_, now))
    wanted_ = !std::exchange(time_corrected_, true);
  if (wanted_) return {};
  const bool passes = why.cls() == error_class::transient || why.cls() == error_class::throttled;
  if (!expires_ && (!may_wait || !passes || is_late)) return first_refusal(what, life_, now);
  due_ = now.mono + renewal_pause(device_ref{}, failures_++);
  return {};
}

void policy_token::renew() {
  if (expires_) wanted_ = !in_flight_;
}

bool policy_token::doubts(device_ref device, const error& why, mono_time now) {
  const bool expired = why.code() == errc::hub_token_expired;
  if (!expired && why.code() != errc::hub_unauthorized) return false;
  if (!expires_) return true; // a new one is on its way
  if (now - trusted_since_ > doubts_forgotten) {
    doubts_ = 0;
    doubters_.clear();
  }
  // Refused with the token before, and with the one that was put because of that: it is the device's own. And
  // what may be devices' own does not make the others wait for long.
  if (!expired && (doubts_ >= most_doubts_by_refusals || !doubters_.insert(device).second)) {
    doubters_.erase(device);
    return false;
  }
  expires_.reset();
  due_.reset();
  other_key_tried_ = time_corrected_ = false;
  if (doubts_ == 0)
    wanted_ = !in_flight_;
  else
    due_ = now + pause_after(doubt_pauses, doubts_ - 1, 0);
  ++doubts_;
  return true;
}

bool policy_token::tick(mono_time now) {
  if (expires_ && *expires_ <= now) return false;
  if (due_ && *due_ <= now) {
    due_.reset();
    wanted_ = !in_flight_;
  }
  return true;
}

std::optional<mono_time> policy_token::deadline() const {
  return earliest({due_, expires_});
}

} // namespace causeway::hub
