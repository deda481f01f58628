// SPDX-License-Identifier: Apache-2.0
// What gives a connection's devices leave to be there: one policy's token for all of them, or a token each.
// Puts them through `$cbs` in their order, the policy's first and renewals before devices that are new, and
// judges what is answered. Part of hub::connection, which carries out the verdicts. Pure; one thread.
#pragma once

#include "azure/hub_address.h"
#include "base/clock.h"
#include "base/error.h"
#include "hub/cbs.h"
#include "hub/connection_events.h"
#include "hub/connection_options.h"
#include "hub/device_session.h"
#include "hub/device_tokens.h"
#include "hub/policy_token.h"
#include "hub/token_source.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace causeway::hub {

class authorisation {
public:
  enum class ruling : std::uint8_t {
    nothing, // to be done
    begin,   // the device has leave
    again,   // the device takes its turn once more, the next one
    refuse,  // the device goes
    fail,    // the connection is of no use
  };
  struct verdict {
    ruling what = ruling::nothing;
    device_session* who = nullptr; // begin, again, refuse
    std::optional<error> why;      // refuse, fail
  };

  // All of them must live as long as this.
  authorisation(const connection_options& options, azure::hub_address address, token_source& tokens,
                cbs& links, session_table& table, connection_counters& counters, mono_time start);

  // Puts what waits: the policy's token, renewals. A device that is online must not go down because others
  // come up.
  void put_waiting(moment now);
  // ask() may be called.
  bool has_turn() const { return policy_ ? policy_->is_accepted() : cbs_.can_send(); }
  // True: the device has leave. Else its put-token is sent, and a verdict will follow.
  bool ask(device_session& who, moment now);
  // is_open: the connection has been open before.
  verdict on_reply(const cbs::reply& what, bool is_open, moment now);
  // A device's link is refused or taken away. True: as policy_token::doubts().
  bool doubts(const device_session& who, const error& why, mono_time now);
  void on_attached(const device_session& who);
  void forget(const device_session& who) { own_.forget(who); }
  // Puts every token anew.
  void renew_all(moment now);

  // Appends the devices whose own token has expired; an error: the policy's has.
  result<void> tick(mono_time now, std::vector<device_session*>& expired);
  std::optional<mono_time> deadline() const;
  // Nobody can be attached until the policy's token is accepted; and, is_pausing(), the next try of that is a
  // matter of time.
  bool needs_policy() const { return policy_ && !policy_->is_accepted(); }
  bool is_pausing() const { return policy_ && policy_->is_pausing(); }

private:
  void put_own(device_session& who, moment now);
  verdict on_device_reply(device_session& who, const cbs::reply& what, moment now);

  token_source& tokens_;
  cbs& cbs_;
  session_table& table_;
  connection_counters& counters_;
  azure::hub_address address_;
  seconds life_;
  std::optional<policy_token> policy_;
  device_tokens own_;
};

} // namespace causeway::hub
