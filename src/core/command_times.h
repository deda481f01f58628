// SPDX-License-Identifier: Apache-2.0
// How long commands take to each leg of their way, counted for the histograms. A command of before the start
// has no times. Owned by commands; one thread.
#pragma once

#include "core/command_entry.h"
#include "core/words.h"
#include "model/command_totals.h"

namespace causeway::core {

class command_times {
public:
  // totals must live as long.
  explicit command_times(model::command_totals& totals) : totals_{totals} {}

  // It is durable.
  void on_stored(command_entry& one, mono_time now) { reach(one, command_leg::stored, now); }
  // It is in another stage than before.
  void on_moved(command_entry& one, mono_time now);

private:
  void reach(command_entry& one, command_leg which, mono_time now);

  model::command_totals& totals_;
};

} // namespace causeway::core
