// SPDX-License-Identifier: Apache-2.0
// Whether anything is heard of what The Things Stack has taken. It tells each item at once: where it goes on
// answering and tells nothing, no step of any command of that application can come in. One event that is lost
// says nothing. Owned by commands; pure, one thread.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace causeway::core {

// From the answer on; it usually comes before that (real-stack-facts.md 1.1).
inline constexpr seconds queued_is_heard_within{60};

class progress_watch {
public:
  // It has taken a push of which nothing has been heard.
  void on_taken(std::uint32_t application, mono_time now);
  // A step of some command of the application's.
  void on_step(std::uint32_t application);

  // Applications that are silent from now on; each once, until something is heard.
  std::vector<std::uint32_t> take_silent(mono_time now);
  std::optional<mono_time> deadline() const;
  // Of these, with more than one push that nothing was heard of: one event may be lost.
  std::uint64_t silent() const;

private:
  struct account {
    mono_time since{}; // of the first that was taken
    std::uint64_t taken = 0;
    bool is_said = false;
  };
  std::map<std::uint32_t, account> waiting_;
};

} // namespace causeway::core
