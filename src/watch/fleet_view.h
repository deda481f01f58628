// SPDX-License-Identifier: Apache-2.0
// What the admin API shows of the running gateway, implemented by app (and by tests). Loop's thread only.
#pragma once

#include "model/command_view.h"
#include "model/device_filter.h"
#include "model/device_status.h"
#include "model/timeline.h"
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
  // As shard::list of the core.
  virtual model::device_page list(std::optional<device_ref> after, std::size_t limit,
                                  const model::device_filter& wanted) const = 0;
  virtual std::optional<model::device_status> device(const model::device_key& key) const = 0;
  // In one sentence: what it waits for, why, and when it is tried next.
  virtual std::string explain(const model::device_status& of) const = 0;
  // Nothing for a ref that no device has.
  virtual std::optional<model::device_key> key_of(device_ref ref) const = 0;
  // As configured.
  virtual std::vector<application_id> applications() const = 0;
  virtual const model::timeline& timeline() const = 0;
  // Its last commands, the newest first.
  virtual std::vector<model::command_status> commands_of(const model::device_key& key,
                                                         std::size_t most) const = 0;
  // For the next start, were it now.
  virtual plan_input plan() const = 0;
};

} // namespace causeway::watch
