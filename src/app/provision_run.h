// SPDX-License-Identifier: Apache-2.0
// Registers a whole fleet at DPS ahead of time and caches where each device lives, so that the next start
// asks DPS nothing. The same shard, registry, DPS client and store as a gateway's, with no hub: no device is
// attached and no message is sent. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "net/loop.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace causeway::app {

struct provision_progress {
  std::uint64_t devices = 0;                            // to have an assignment
  std::uint64_t from_cache = 0;                         // of these, had one at the start
  std::uint64_t assigned = 0;                           // of these, have got one now
  std::uint64_t refused = 0;                            // of these, parked
  std::uint64_t unsettled = 0;                          // of these, under way, or to be tried again
  double limit_per_minute = 0;                          // over all DPS
  double held_seconds = 0;                              // a DPS asks for a pause
  bool listing = false;                                 // the registry is still being read: there may be more
  std::map<std::string, std::string> registry_faults{}; // by application
  bool done = false;

  std::uint64_t decided() const { return from_cache + assigned + refused; }
};

struct refused_device {
  std::string application, device, error, detail;
};

class provision_run {
public:
  // Errors: as gateway::start. from must live as long.
  static result<std::unique_ptr<provision_run>> start(net::loop& on, const config::configuration& from);
  ~provision_run();

  provision_progress progress() const;
  // At most `limit` of them.
  std::vector<refused_device> refused(std::size_t limit) const;
  // Ends it, whether done or not; what has been assigned is kept. Errors: store_unavailable.
  net::task<result<void>> stop();

private:
  struct parts;
  explicit provision_run(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace causeway::app
