// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: put-tokens, renewals and time-outs of hub::connection.
#include "azure/names.h"
#include "base/backoff.h"
#include "base/check.h"
#include "hub/connection.h"

#include <algorithm>
#include <limits>

namespace causeway::hub {
namespace {

constexpr std::uint64_t policy_asker = 1; // device_session::context() is never that
// What the hub may allow beyond a token's expiry (azure-iot-wire.md A.2).
constexpr seconds clock_tolerance{300};
// A token made by a time that differs by less is the same token.
constexpr seconds same_time{30};
// Tokens that are accepted and do not serve: pauses between them, and after how long the next one is the
// first again.
constexpr backoff_policy doubt_pauses{milliseconds{500}, milliseconds{60'000}, 2.0, 0.0};
constexpr seconds doubts_forgotten{20};
constexpr std::uint32_t most_doubts_by_refusals = 3;
// Devices' own tokens are put anew within this time.
constexpr seconds renewals_spread{30};

} // namespace

void connection::pump(moment now) {
  if (policy_wanted_ && cbs_.can_send()) put_policy_token(now);
  pump_renewals(now);
  pump_attaches(now);
}

// Before attaches: a device that is online must not go down because others come up.
void connection::pump_renewals(moment now) {
  while (!renewal_queue_.empty() && cbs_.can_send()) {
    device_session* who = table_.find_context(renewal_queue_.front());
    renewal_queue_.pop_front();
    if (who != nullptr && who->state != session_state::ending) put_device_token(*who, now);
  }
}

void connection::pump_attaches(moment now) {
  while (!attach_queue_.empty()) {
    device_session* who = table_.find_context(attach_queue_.front());
    if (who != nullptr) {
      // A session that is ending keeps its channel until the peer's END.
      if (channels_ >= device_channels()) return note_stall(now.mono);
      if (options_.mode == auth::policy ? !policy_expires_ : !cbs_.can_send()) return note_stall(now.mono);
      ++channels_;
      if (options_.mode == auth::policy) {
        begin_session(*who, now.mono);
      } else {
        who->state = session_state::authorising;
        put_device_token(*who, now);
      }
    }
    attach_queue_.pop_front();
    stalled_due_.reset();
  }
  stalled_due_.reset();
}

// Put-tokens that are under way have time-outs of their own, and opening has one too.
void connection::note_stall(mono_time now) {
  const bool pausing = options_.mode == auth::policy && !policy_expires_ && policy_due_;
  if (phase_ != phase::open || phase_due_ || cbs_.waiting() != 0 || pausing) {
    stalled_due_.reset();
  } else if (!stalled_due_) {
    stalled_due_ = now + options_.answer_time_out;
  }
}

void connection::put_policy_token(moment now) {
  policy_wanted_ = false;
  policy_in_flight_ = true;
  policy_sent_ = now.mono;
  policy_made_ = tokens_.time(now);
  policy_key_ = tokens_.policy_key();
  cbs_.put_token(policy_asker, address_.host, tokens_.policy_token(policy_made_ + options_.token_life),
                 now.mono);
  ++counters_.put_tokens;
}

void connection::put_device_token(device_session& who, moment now) {
  who.token_sent = now.mono;
  who.token_made = tokens_.time(now);
  const secret token = tokens_.device_token(who.device, who.identity, who.token_made + options_.token_life);
  cbs_.put_token(who.context(), azure::device_resource(address_, who.identity), token, now.mono);
  ++counters_.put_tokens;
}

void connection::begin_session(device_session& who, mono_time now) {
  // Unique for ever: link names are scoped by the container id.
  who.begin(engine_, ++last_link_, options_.client_version);
  attach_deadlines_.push(table_.places(), who, now + options_.answer_time_out);
}

void connection::on_cbs_reply(const cbs::reply& what, moment now) {
  if (what.hub_time) tokens_.on_hub_time(*what.hub_time, now);
  if (what.asker == policy_asker) return on_policy_reply(what, now);
  device_session* who = table_.find_context(what.asker);
  if (who == nullptr || who->state == session_state::ending) return; // the device has gone meanwhile
  if (who->state != session_state::authorising) return on_renewal_answer(*who, what.outcome, now);
  if (what.outcome) {
    accept_token(*who);
    return begin_session(*who, now.mono);
  }
  const bool expired = what.outcome.fault().code() == errc::hub_token_expired;
  if (expired && !who->corrected && has_learnt_the_time(who->token_made, who->token_sent, now)) {
    who->corrected = true;
    who->state = session_state::queued;
    --channels_;
    attach_queue_.push_front(who->context());
    return;
  }
  drop(*who, first_refusal(what, now));
}

bool connection::has_learnt_the_time(wall_time made, mono_time sent, moment now) const {
  const auto then = made + std::chrono::duration_cast<wall_time::duration>(now.mono - sent);
  return std::chrono::abs(tokens_.time(now) - then) > same_time;
}

bool connection::doubts_policy(const device_session& who, const error& why, mono_time now) {
  const bool expired = why.code() == errc::hub_token_expired;
  if (options_.mode != auth::policy || (!expired && why.code() != errc::hub_unauthorized)) return false;
  if (!policy_expires_) return true; // a new one is on its way
  if (now - trusted_since_ > doubts_forgotten) {
    doubts_ = 0;
    doubters_.clear();
  }
  // Refused with the token before, and with the one that was put because of that: it is the device's own. And
  // what may be devices' own does not make the others wait for long.
  if (!expired && (doubts_ >= most_doubts_by_refusals || !doubters_.insert(who.device).second)) {
    doubters_.erase(who.device);
    return false;
  }
  policy_expires_.reset();
  policy_due_.reset();
  other_key_tried_ = time_corrected_ = false;
  if (doubts_ == 0)
    policy_wanted_ = !policy_in_flight_;
  else
    policy_due_ = now + pause_after(doubt_pauses, doubts_ - 1, 0);
  ++doubts_;
  return true;
}

error connection::first_refusal(const cbs::reply& what, moment now) const {
  const error& why = what.outcome.fault();
  if (why.code() != errc::hub_token_expired) return why;
  std::string detail = "the hub finds a new token, valid for " + std::to_string(options_.token_life.count()) +
                       " s, expired already: set this machine's clock (NTP)";
  if (what.hub_time) {
    const auto behind = std::chrono::round<seconds>(*what.hub_time - now.wall);
    // A token that was made elsewhere may have expired by both clocks.
    if (behind + clock_tolerance < options_.token_life) return why;
    detail += ", which is " + std::to_string(behind.count()) + " s behind the hub's";
  }
  return error{errc::clock_skew, detail + "; " + why.detail()};
}

void connection::accept_token(device_session& who) {
  who.token_expires = who.token_sent + options_.token_life;
  who.renewing = false;
  who.renewal_failures = 0;
  wheel_.schedule(who.place, who.token_sent + renewal_age(who.device, who.token_sent, options_.token_life));
}

void connection::on_renewal_answer(device_session& who, const result<void>& outcome, moment now) {
  if (outcome) {
    ++counters_.renewals;
    return accept_token(who);
  }
  const bool at_once = outcome.fault().code() == errc::hub_token_expired &&
                       has_learnt_the_time(who.token_made, who.token_sent, now);
  const milliseconds pause = at_once ? milliseconds{0} : renewal_pause(who.device, who.renewal_failures);
  who.renewing = false;
  who.renewal_refusal = outcome.fault().code();
  if (who.renewal_failures < std::numeric_limits<std::uint8_t>::max()) ++who.renewal_failures;
  wheel_.schedule(who.place, std::min(now.mono + pause, who.token_expires));
}

void connection::on_policy_reply(const cbs::reply& what, moment now) {
  policy_in_flight_ = false;
  if (what.outcome) {
    if (phase_ == phase::open) ++counters_.renewals;
    policy_failures_ = 0;
    other_key_tried_ = time_corrected_ = false;
    if (!policy_expires_) trusted_since_ = now.mono;
    policy_expires_ = policy_sent_ + options_.token_life;
    policy_due_ = policy_sent_ + options_.token_life / 2;
    return check_open(now.mono);
  }
  const error& why = what.outcome.fault();
  if (why.code() == errc::hub_unauthorized && !std::exchange(other_key_tried_, true))
    policy_wanted_ = tokens_.next_policy_key(policy_key_);
  else if (why.code() == errc::hub_token_expired && has_learnt_the_time(policy_made_, policy_sent_, now))
    policy_wanted_ = !std::exchange(time_corrected_, true);
  if (policy_wanted_) return;
  const bool passes = why.cls() == error_class::transient || why.cls() == error_class::throttled;
  const bool may_wait = phase_ == phase::open && passes && why.code() != errc::hub_token_expired;
  if (!policy_expires_ && !may_wait) return fail(first_refusal(what, now));
  policy_due_ = now.mono + renewal_pause(device_ref{}, policy_failures_++);
}

void connection::renew_tokens(moment now) {
  if (phase_ != phase::opening && phase_ != phase::open) return;
  if (options_.mode == auth::policy) {
    if (policy_expires_) policy_wanted_ = !policy_in_flight_;
  } else {
    for (const std::uint32_t place : table_.owned()) {
      device_session& who = table_.at(place);
      const bool has_token = who.state == session_state::attaching || who.state == session_state::attached;
      if (!has_token || who.renewing) continue;
      const auto wait = spread_of(who.device) * static_cast<double>(milliseconds{renewals_spread}.count());
      wheel_.schedule(place, now.mono + milliseconds{static_cast<std::int64_t>(wait)});
    }
  }
  advance(now);
}

void connection::on_tokens_due(mono_time now) {
  std::vector<std::uint32_t> due;
  wheel_.take_due(now, due);
  for (const std::uint32_t place : due) {
    device_session& who = table_.at(place);
    if (who.token_expires <= now) {
      drop(who, error{errc::hub_token_expired,
                      "the renewal did not succeed: " + std::string{describe(who.renewal_refusal).name}});
      continue;
    }
    if (!who.renewing) {
      who.renewing = true;
      renewal_queue_.push_back(who.context());
    }
    wheel_.schedule(place, who.token_expires);
  }
}

void connection::on_policy_due(mono_time now) {
  if (policy_expires_ && *policy_expires_ <= now) {
    return fail(error{errc::hub_token_expired, "the policy's token could not be renewed"});
  }
  if (policy_due_ && *policy_due_ <= now) {
    policy_due_.reset();
    policy_wanted_ = !policy_in_flight_;
  }
}

void connection::on_answers_due(moment now) {
  std::vector<cbs::reply> answers;
  cbs_.expire(now.mono, answers);
  for (const cbs::reply& answer : answers)
    on_cbs_reply(answer, now);
  for (const deadline_list* list : {&attach_deadlines_, &send_deadlines_}) {
    while (list->front() != deadline_list::none && table_.at(list->front()).answer_due <= now.mono) {
      device_session& who = table_.at(list->front());
      const bool sending = who.sending;
      finish_send(who, error{errc::hub_answer_missing, "message"});
      drop(who, error{errc::hub_answer_missing, sending ? "message" : "attach"});
    }
  }
}

} // namespace causeway::hub
