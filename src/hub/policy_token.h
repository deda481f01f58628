// SPDX-License-Identifier: Apache-2.0
// The one token that stands for all devices of a connection: put at first, renewed at half its life, put anew
// when a device's refusal makes it doubtful, with the policy's other key where the hub no longer takes this
// one. Says when it is to be put; who carries it says how that went. Part of hub::connection. Pure; one
// thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/secret.h"
#include "hub/cbs.h"
#include "hub/token_source.h"
#include "hub/token_stamp.h"

#include <cstdint>
#include <optional>
#include <unordered_set>

namespace causeway::hub {

class policy_token {
public:
  // tokens must live as long as this.
  policy_token(token_source& tokens, seconds life) : tokens_{tokens}, life_{life} {}

  // It is to be put as soon as there is room.
  bool is_wanted() const { return wanted_; }
  // The token to put now; on_reply() follows. Precondition: is_wanted().
  secret make(moment now);
  // may_wait: a first token whose refusal will pass is tried again. An error: the connection is of no use;
  // clock_skew, or what the hub has said.
  result<void> on_reply(const cbs::reply& what, bool may_wait, moment now);
  // Puts it anew, unless its first is still to come.
  void renew();
  // A device is refused with it. True: this token may be to blame, and a new one is put; the device may come
  // again and waits for it. False: it is the device's own trouble, because of what was said, or because the
  // token before was refused for this device, too.
  bool doubts(device_ref device, const error& why, mono_time now);
  void on_attached(device_ref device) { doubters_.erase(device); }
  // False: it has expired.
  bool tick(mono_time now);

  // Accepted, not in doubt, not expired.
  bool is_accepted() const { return expires_.has_value(); }
  // Not accepted, and the next try is a matter of time.
  bool is_pausing() const { return !expires_ && due_; }
  std::optional<mono_time> deadline() const;

private:
  token_source& tokens_;
  seconds life_;
  bool wanted_ = true, in_flight_ = false;
  bool other_key_tried_ = false, time_corrected_ = false; // since the last token that was accepted
  std::uint32_t failures_ = 0;
  std::uint32_t key_ = 0; // that signed the last one
  token_stamp stamp_;
  std::optional<mono_time> due_, expires_;
  std::uint32_t doubts_ = 0; // of tokens that were accepted, in a row
  mono_time trusted_since_{};
  std::unordered_set<device_ref> doubters_; // devices whose refusal made it doubtful
};

} // namespace causeway::hub
