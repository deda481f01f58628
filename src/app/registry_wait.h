// SPDX-License-Identifier: Apache-2.0
// How long a command waits for the registry's lists. Any one thread.
#pragma once

#include "stack/registry_client.h"

#include <map>

namespace causeway::app {

// Without a new page, for so long: of a registry that cannot be reached or read, and of one that asks to slow
// down. One that refuses is not waited for.
struct registry_patience {
  std::chrono::nanoseconds outage, throttling;
};

class registry_wait {
public:
  registry_wait(registry_patience patience, mono_time now) : patience_{patience}, started_{now} {}

  // Again and again, as time passes.
  void look(const std::map<application_id, stack::registry_totals>& all, mono_time now);
  // Whether a list may still come to its end; as of the last look.
  bool is_listing() const { return is_listing_; }
  // Those that it was not waited for any longer, and why; as of the last look.
  const std::map<application_id, error>& given_up() const { return given_up_; }

private:
  struct progress {
    std::uint64_t pages = 0; // the most that have come
    mono_time at{};
  };
  // Nothing: it may still come to its end.
  std::optional<error> why_not(const stack::registry_totals& of, std::chrono::nanoseconds without_page) const;

  registry_patience patience_;
  mono_time started_;
  std::map<application_id, progress> progress_;
  std::map<application_id, error> given_up_;
  bool is_listing_ = false;
};

} // namespace causeway::app
