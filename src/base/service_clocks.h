// SPDX-License-Identifier: Apache-2.0
// What the services' clocks say, beside this machine's. Tokens live by the clock of the service that judges
// them: where that is known to differ, they are made by its time, so that a machine whose clock is wrong
// works all the same; and the difference is told by name before it hurts. A service's time is kept against
// the monotonic clock, so that setting this machine's clock changes nothing about it. Pure; one thread.
#pragma once

#include "base/clock.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway {

class service_clocks {
public:
  // Whose time serves for whom: a hub's or DPS's for every other of Azure's that has not told its own; The
  // Things Stack's for them as well, up to a day.
  enum class owner : std::uint8_t { azure, things_stack };

  // A service has told its time. service: as the operator knows it, "contoso.azure-devices.net", "DPS of
  // azure.field".
  void on_time(const std::string& service, owner whose, wall_time theirs, moment now);
  // The same by the Date of an answer's headers; nothing when there is none.
  void on_answer(const std::string& service, owner whose,
                 const std::vector<std::pair<std::string, std::string>>& headers, moment now);

  // The time to make a token by that this service will judge. Its own where it has told it; else the latest
  // of what others have told, where that is ahead (a token that lives longer does no harm).
  wall_time time(const std::string& service, moment now) const;

  // To be called often. True when the wall time has jumped against the monotonic one: somebody has set the
  // clock, or the machine has slept. All that was known is forgotten then.
  bool observe(moment now);
  // True once after each event from which on tokens are made by another time than before.
  bool take_change() { return std::exchange(changed_, false); }

  struct reading {
    std::string service;
    std::chrono::nanoseconds ahead{0}; // of this machine's clock
  };
  // Of all that have told their time.
  std::vector<reading> readings(moment now) const;

private:
  enum class level : std::uint8_t { right, off, harmful };
  struct known {
    owner whose{};
    std::chrono::nanoseconds offset{0}; // their wall time - monotonic time
    level told = level::right;
  };
  static std::chrono::nanoseconds ahead_of(const known& service, moment now);
  void tell(const std::string& service, known& of, moment now);

  std::map<std::string, known> services_;
  std::optional<std::chrono::nanoseconds> own_; // wall time - monotonic time, when observe() was called last
  bool changed_ = false;
};

} // namespace causeway
