// SPDX-License-Identifier: Apache-2.0
#include "hub/device_tokens.h"

#include <algorithm>
#include <limits>
#include <string>

namespace causeway::hub {
namespace {

constexpr seconds renewals_spread{30};

} // namespace

secret device_tokens::make(device_session& who, moment now) {
  who.token.stamp = {tokens_.time(now), now.mono};
  return tokens_.device_token(who.device, who.identity, who.token.stamp.made + life_);
}

void device_tokens::on_accepted(device_session& who) {
  const mono_time sent = who.token.stamp.sent;
  who.token.expires = sent + life_;
  who.token.renewing = false;
  who.token.failures = 0;
  wheel_.schedule(who.place, sent + renewal_age(who.device, sent, life_));
}

bool device_tokens::corrects(device_session& who, const error& why, moment now) {
  if (why.code() != errc::hub_token_expired || who.token.corrected) return false;
  who.token.corrected = who.token.stamp.is_outdated(tokens_, now);
  return who.token.corrected;
}

void device_tokens::on_renewal_refused(device_session& who, const error& why, moment now) {
  const bool at_once = why.code() == errc::hub_token_expired && who.token.stamp.is_outdated(tokens_, now);
  const milliseconds pause = at_once ? milliseconds{0} : renewal_pause(who.device, who.token.failures);
  who.token.renewing = false;
  who.token.refusal = why.code();
  if (who.token.failures < std::numeric_limits<std::uint8_t>::max()) ++who.token.failures;
  wheel_.schedule(who.place, std::min(now.mono + pause, who.token.expires));
}

void device_tokens::renew_all(mono_time now) {
  for (const std::uint32_t place : table_.owned()) {
    const device_session& who = table_.at(place);
    const bool has_token = who.state == session_state::attaching || who.state == session_state::attached;
    if (!has_token || who.token.renewing) continue;
    const auto wait = spread_of(who.device) * static_cast<double>(milliseconds{renewals_spread}.count());
    wheel_.schedule(place, now + milliseconds{static_cast<std::int64_t>(wait)});
  }
}

void device_tokens::take_due(mono_time now, std::vector<device_session*>& expired) {
  std::vector<std::uint32_t> due;
  wheel_.take_due(now, due);
  for (const std::uint32_t place : due) {
    device_session& who = table_.at(place);
    if (who.token.expires <= now) {
      expired.push_back(&who);
      continue;
    }
    if (!who.token.renewing) {
      who.token.renewing = true;
      renewals_.push_back(who.context());
    }
    wheel_.schedule(place, who.token.expires);
  }
}

error device_tokens::expiry(const device_session& who) {
  return error{errc::hub_token_expired,
               "the renewal did not succeed: " + std::string{describe(who.token.refusal).name}};
}

device_session* device_tokens::next_renewal() {
  while (!renewals_.empty()) {
    device_session* who = table_.find_context(renewals_.front());
    renewals_.pop_front();
    if (who != nullptr && who->state != session_state::ending) return who;
  }
  return nullptr;
}

} // namespace causeway::hub
