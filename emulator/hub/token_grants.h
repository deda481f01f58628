// SPDX-License-Identifier: Apache-2.0
// What the tokens that one connection has put open, and until when (azure-iot-wire.md B.2). Times are the
// hub's own. Pure. One thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace causeway::emulator {

// The real hub's figure.
inline constexpr std::size_t max_tokens = 1000;

// What a token's signer may do; a device's own key opens devices.
struct token_rights {
  bool devices = true;   // DeviceConnect
  bool services = false; // ServiceConnect
  bool registry_read = false, registry_write = false;
};

class token_grants {
public:
  // path: "/devices/dev-1", "/devices", or "" for the whole hub. Replaces what the path had. True: it runs
  // out before all others.
  bool grant(const std::string& path, wall_time expires, token_rights rights = {});
  bool opens(const identity& device, wall_time now) const;
  // The links of services.
  bool opens_services(wall_time now) const;
  bool has_own(const identity& device) const;
  void forget(const identity& device);
  void forget_all();

  struct lapse {
    std::vector<identity> devices; // whose own token has run out
    bool shared = false;           // and one that may have been anybody's
  };
  // Forgets what has run out.
  lapse take_expired(wall_time now);
  std::optional<wall_time> next_expiry() const;

  // Different paths are counted over the connection's life, max_tokens of them.
  bool has_room_for(const std::string& path) const;
  void count(const std::string& path) { counted_.insert(path); }

private:
  struct entry {
    wall_time expires{};
    token_rights rights;
  };
  std::unordered_map<std::string, entry> granted_;       // by path
  std::set<std::pair<wall_time, std::string>> expiries_; // of granted_, soonest first
  std::unordered_set<std::string> counted_;
};

} // namespace causeway::emulator
