// SPDX-License-Identifier: Apache-2.0
#include "app/registry_wait.h"

namespace causeway::app {

std::optional<error> registry_wait::why_not(const stack::registry_totals& of,
                                            std::chrono::nanoseconds without_page) const {
  const bool throttled = of.last_error ? of.last_error->cls() == error_class::throttled : of.throttled != 0;
  if (throttled) {
    if (without_page < patience_.throttling) return std::nullopt;
    const auto passed = std::chrono::duration_cast<seconds>(without_page).count();
    return error{errc::registry_throttled, "no page in " + std::to_string(passed) + " s"};
  }
  if (!of.last_error) return std::nullopt; // the first answer, which has a time limit of its own
  if (of.last_error->cls() == error_class::transient && without_page < patience_.outage) return std::nullopt;
  return of.last_error;
}

void registry_wait::look(const std::map<application_id, stack::registry_totals>& all, mono_time now) {
  is_listing_ = false;
  given_up_.clear();
  for (const auto& [application, totals] : all) {
    if (totals.complete) continue;
    auto& so_far = progress_.try_emplace(application, progress{0, started_}).first->second;
    // A list that begins anew brings nothing until it is beyond where it was.
    if (totals.pages > so_far.pages) so_far = {totals.pages, now};
    if (auto why = why_not(totals, now - so_far.at))
      given_up_.emplace(application, std::move(*why));
    else
      is_listing_ = true;
  }
}

} // namespace causeway::app
