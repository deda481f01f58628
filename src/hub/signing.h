// SPDX-License-Identifier: Apache-2.0
// Who signs for a hub's devices: keys may be others while connections are open, and a connection's next token
// is made with those. Owned by the fleet; one thread.
#pragma once

#include "hub/fleet_ports.h"

#include <memory>
#include <utility>
#include <vector>

namespace causeway::hub {

class current_tokens final : public token_source {
public:
  explicit current_tokens(std::unique_ptr<token_source> by) : now_{std::move(by)} {}
  void replace(std::unique_ptr<token_source> by) {
    now_ = std::move(by);
    first_key_ += most_keys;
  }

  secret device_token(device_ref device, const identity& name, wall_time expiry) override {
    return now_->device_token(device, name, expiry);
  }
  secret policy_token(wall_time expiry) override { return now_->policy_token(expiry); }
  wall_time time(moment now) const override { return now_->time(now); }
  void on_hub_time(wall_time theirs, moment now) override { now_->on_hub_time(theirs, now); }
  std::uint32_t policy_key() const override { return first_key_ + now_->policy_key(); }
  // A key of those before is refused: the present ones are others.
  bool next_policy_key(std::uint32_t refused) override {
    return refused < first_key_ || now_->next_policy_key(refused - first_key_);
  }

private:
  static constexpr std::uint32_t most_keys = 256; // of one source
  std::unique_ptr<token_source> now_;
  std::uint32_t first_key_ = 0; // no number means a key of one source and one of another
};

class signing {
public:
  explicit signing(hub_keys keys) { add(std::move(keys)); }

  // True: devices sign otherwise than before; what is open goes on as it began.
  bool take(hub_keys keys) {
    const bool is_otherwise = keys.mode != mode();
    if (is_otherwise)
      add(std::move(keys));
    else
      all_.back()->tokens.replace(std::move(keys.tokens));
    return is_otherwise;
  }
  auth mode() const { return all_.back()->mode; }
  token_source& tokens() { return all_.back()->tokens; }
  // Nothing is open any more.
  void forget_former() { all_.erase(all_.begin(), all_.end() - 1); }

private:
  struct way {
    current_tokens tokens;
    auth mode;
  };
  void add(hub_keys keys) {
    all_.push_back(std::make_unique<way>(way{current_tokens{std::move(keys.tokens)}, keys.mode}));
  }

  std::vector<std::unique_ptr<way>> all_; // the last; those before while connections may still use them
};

} // namespace causeway::hub
