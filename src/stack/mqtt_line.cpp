// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_line.h"

namespace causeway::stack {
namespace {

// The library gives a connect 15 s, and does not limit the wait for SUBACK.
constexpr seconds longest_try{30};
// A connection that held this long does not make the next pause longer.
constexpr seconds steady{30};
constexpr seconds alarm_after{60};
constexpr std::uint32_t alarm_after_tries = 3;

bool waiting_may_not_mend(const error& why) {
  switch (why.code()) {
  case errc::mqtt_unauthorized:
  case errc::mqtt_refused:
  case errc::mqtt_subscription_refused:
  case errc::tls_untrusted:
    return true;
  default:
    return false;
  }
}

// Whether the server was there, and said no.
bool is_refusal(const error& why) {
  return why.code() == errc::mqtt_unauthorized || why.code() == errc::mqtt_refused ||
         why.code() == errc::mqtt_subscription_refused;
}

std::chrono::milliseconds whole(mono_time::duration span) {
  return std::chrono::duration_cast<milliseconds>(span);
}

} // namespace

std::optional<mono_time> mqtt_line::deadline() const {
  if (state_ == state::up || state_ == state::stopped) return std::nullopt;
  return next_try_;
}

bool mqtt_line::begin(mono_time now) {
  if (state_ != state::waiting || now < next_try_) return false;
  state_ = state::connecting;
  next_try_ = now + longest_try;
  ++attempt_;
  return true;
}

mqtt_line::episode mqtt_line::on_up(mono_time now) {
  const episode ended{whole(now - since_), totals_.connects == 0};
  totals_.away += ended.lasted;
  ++totals_.connects;
  totals_.fault.reset();
  totals_.connack.reset();
  state_ = state::up;
  since_ = now;
  tries_ = 0;
  called_ = false;
  return ended;
}

std::chrono::milliseconds mqtt_line::on_down(error why, std::optional<int> connack, mono_time now,
                                             double random) {
  if (state_ == state::up) {
    ++totals_.losses;
    if (now - since_ >= steady) {
      unreachable_.reset();
      refused_.reset();
    }
    since_ = now;
  } else {
    ++totals_.refusals;
    ++tries_;
  }
  auto& pauses = is_refusal(why) ? refused_ : unreachable_;
  totals_.fault = std::move(why);
  totals_.connack = connack;
  if (state_ == state::stopped) return milliseconds{0};
  state_ = state::waiting;
  const auto pause = pauses.next(random);
  next_try_ = now + pause;
  return pause;
}

bool mqtt_line::needs_attention(mono_time now) {
  if (called_ || state_ == state::up || !totals_.fault || !waiting_may_not_mend(*totals_.fault)) return false;
  if (tries_ < alarm_after_tries || now - since_ < alarm_after) return false;
  called_ = true;
  return true;
}

mqtt_line_totals mqtt_line::totals(mono_time now) const {
  auto all = totals_;
  all.connected = connected();
  all.lasts = now - since_;
  if (!all.connected) all.away += whole(now - since_);
  return all;
}

} // namespace causeway::stack
