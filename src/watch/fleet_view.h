// SPDX-License-Identifier: Apache-2.0
// What the admin API shows of the running gateway, implemented by app (and by tests). Loop's thread only.
#pragma once

#include "core/device_status.h"
#include "core/timeline.h"
#include "watch/plan.h"
#include "watch/snapshot.h"

#include <optional>
#include <string>
#include <vector>

namespace causeway::watch {

class fleet_view {
public:
  virtual ~fleet_view() = default;
  virtual moment now() const = 0;
  virtual snapshot figures() const = 0;
  // Nothing: it can accept and spool safely.
  virtual std::optional<std::string> why_not_ready() const = 0;
  // As core::bridge::list.
  virtual core::device_page list(std::optional<device_ref> after, std::size_t limit,
                                 std::optional<core::device_state> state) const = 0;
  virtual std::optional<core::device_status> device(const core::device_key& key) const = 0;
  // Nothing for a ref that no device has.
  virtual std::optional<core::device_key> key_of(device_ref ref) const = 0;
  // As configured.
  virtual std::vector<application_id> applications() const = 0;
  virtual const core::timeline& timeline() const = 0;
  // For the next start, were it now.
  virtual plan_input plan() const = 0;
};

} // namespace causeway::watch
