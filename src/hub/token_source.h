// SPDX-License-Identifier: Apache-2.0
// Who makes the tokens that a connection puts, and knows by which clock and with which key. Owned by its
// user's owner; called on the connection's thread, from inside its calls.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"

#include <cstdint>

namespace causeway::hub {

class token_source {
public:
  virtual ~token_source() = default;
  // A SAS token for this device, valid until expiry.
  virtual secret device_token(device_ref device, const identity& name, wall_time expiry) = 0;
  // A SAS token of a shared access policy for the whole hub.
  virtual secret policy_token(wall_time expiry) = 0;
  // The time that tokens are made by: this machine's, or the hub's where that is known to be another.
  virtual wall_time time(moment now) const { return now.wall; }
  // The hub has told its time, with a refusal or when it took a link away.
  virtual void on_hub_time(wall_time /*theirs*/, moment /*now*/) {}
  // Which of the policy's keys policy_token() signs with.
  virtual std::uint32_t policy_key() const { return 0; }
  // The hub refuses what this key has signed (at opening or later: keys are replaced while the gateway runs).
  // policy_token() signs with the other one from now on, if another connection has not brought that about
  // already. False when there is no other.
  virtual bool next_policy_key(std::uint32_t /*refused*/) { return false; }
};

} // namespace causeway::hub
