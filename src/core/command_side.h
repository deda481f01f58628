// SPDX-License-Identifier: Apache-2.0
// The core as those see it who carry commands: hubs, The Things Stack's downlink side, and the operator.
#pragma once

#include "base/clock.h"
#include "model/command_totals.h"
#include "model/command_view.h"
#include "model/downlinks.h"
#include "model/hub_link.h"

namespace causeway::core {

class ledger;

class command_side : public model::hub_command_events, public model::downlink_answers {
public:
  // No more commands are taken, and no more pushes leave.
  virtual void close(moment now) = 0;
  virtual model::command_totals totals() const = 0;
  virtual const ledger& book() const = 0;
  // Of the operator. A hub's message that is held for it is rejected.
  virtual void cancel(const model::command_id& which, model::calling_told told, moment now) = 0;
  // Likewise: empties the device's queue at the stack; what is stored stays. told: once, possibly from inside
  // this call; not later than a push takes, and the wait for its turn.
  virtual void clear(const model::device_key& of, model::clearing_told told, moment now) = 0;
};

} // namespace causeway::core
