// SPDX-License-Identifier: Apache-2.0
#include "hub/authorisation.h"

#include "azure/names.h"
#include "base/earliest.h"
#include "hub/token_stamp.h"

#include <utility>

namespace causeway::hub {
namespace {

constexpr std::uint64_t policy_asker = 1; // device_session::context() is never that

} // namespace

authorisation::authorisation(const connection_options& options, azure::hub_address address,
                             token_source& tokens, cbs& links, session_table& table,
                             connection_counters& counters, mono_time start)
    : tokens_{tokens},
      cbs_{links},
      table_{table},
      counters_{counters},
      address_{std::move(address)},
      life_{options.token_life},
      own_{tokens, table, options.token_life, start} {
  if (options.mode == auth::policy) policy_.emplace(tokens, life_);
}

void authorisation::put_waiting(moment now) {
  if (policy_ && policy_->is_wanted() && cbs_.can_send()) {
    cbs_.put_token(policy_asker, address_.host, policy_->make(now), now.mono);
    ++counters_.put_tokens;
  }
  while (cbs_.can_send()) {
    device_session* who = own_.next_renewal();
    if (who == nullptr) break;
    put_own(*who, now);
  }
}

bool authorisation::ask(device_session& who, moment now) {
  if (policy_) return true;
  who.state = session_state::authorising;
  put_own(who, now);
  return false;
}

void authorisation::put_own(device_session& who, moment now) {
  const secret token = own_.make(who, now);
  cbs_.put_token(who.context(), azure::device_resource(address_, who.identity), token, now.mono);
  ++counters_.put_tokens;
}

authorisation::verdict authorisation::on_reply(const cbs::reply& what, bool is_open, moment now) {
  if (what.hub_time) tokens_.on_hub_time(*what.hub_time, now);
  if (what.asker == policy_asker) {
    if (what.outcome && is_open) ++counters_.renewals;
    const auto outcome = policy_->on_reply(what, is_open, now);
    return outcome ? verdict{} : verdict{ruling::fail, nullptr, outcome.fault()};
  }
  device_session* who = table_.find_context(what.asker);
  if (who == nullptr || who->state == session_state::ending) return {}; // the device has gone meanwhile
  return on_device_reply(*who, what, now);
}

authorisation::verdict authorisation::on_device_reply(device_session& who, const cbs::reply& what,
                                                      moment now) {
  const bool is_first = who.state == session_state::authorising;
  if (what.outcome) {
    own_.on_accepted(who);
    if (is_first) return {ruling::begin, &who, {}};
    ++counters_.renewals;
    return {};
  }
  if (!is_first) {
    own_.on_renewal_refused(who, what.outcome.fault(), now);
    return {};
  }
  if (own_.corrects(who, what.outcome.fault(), now)) return {ruling::again, &who, {}};
  return {ruling::refuse, &who, first_refusal(what, life_, now)};
}

bool authorisation::doubts(const device_session& who, const error& why, mono_time now) {
  return policy_ && policy_->doubts(who.device, why, now);
}

void authorisation::on_attached(const device_session& who) {
  if (policy_) policy_->on_attached(who.device);
}

void authorisation::renew_all(moment now) {
  if (policy_)
    policy_->renew();
  else
    own_.renew_all(now.mono);
}

result<void> authorisation::tick(mono_time now, std::vector<device_session*>& expired) {
  own_.take_due(now, expired);
  if (policy_ && !policy_->tick(now))
    return error{errc::hub_token_expired, "the policy's token could not be renewed"};
  return {};
}

std::optional<mono_time> authorisation::deadline() const {
  return earliest({own_.deadline(), policy_ ? policy_->deadline() : std::nullopt});
}

} // namespace causeway::hub
