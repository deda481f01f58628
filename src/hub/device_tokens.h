// SPDX-License-Identifier: Apache-2.0
// The tokens that devices have of their own on a connection: made for each, renewed in place between 60 and
// 80 % of their lives, tried again while they last. Says whose turn a renewal is and whose token has expired;
// who carries tokens says how that went. Part of hub::connection. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "hub/device_session.h"
#include "hub/token_source.h"
#include "hub/token_wheel.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace causeway::hub {

class device_tokens {
public:
  // tokens and table must live as long as this.
  device_tokens(token_source& tokens, session_table& table, seconds life, mono_time start)
      : tokens_{tokens}, table_{table}, life_{life}, wheel_{start} {}

  // A first token, or the next one: put now.
  secret make(device_session& who, moment now);
  // The hub has taken it; its renewal is noted.
  void on_accepted(device_session& who);
  // True: a first token was refused for a time that is known better by now. It may be made anew, once.
  bool corrects(device_session& who, const error& why, moment now);
  // Tried again in time, at the latest when the token expires.
  void on_renewal_refused(device_session& who, const error& why, moment now);
  // Those that were made by a clock that was wrong: all within half a minute, each in its own moment.
  void renew_all(mono_time now);
  // The device goes.
  void forget(const device_session& who) { wheel_.cancel(who.place); }

  // Takes out what is due: renewals wait for next_renewal(); appended are those whose token has expired, for
  // the reason expiry().
  void take_due(mono_time now, std::vector<device_session*>& expired);
  static error expiry(const device_session& who);
  // Nullptr when none waits. make() follows.
  device_session* next_renewal();
  std::optional<mono_time> deadline() const { return wheel_.next_due(); }

private:
  token_source& tokens_;
  session_table& table_;
  seconds life_;
  token_wheel wheel_;                  // by place in the table
  std::deque<std::uint64_t> renewals_; // contexts; those of devices that have gone are skipped
};

} // namespace causeway::hub
