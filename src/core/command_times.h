// SPDX-License-Identifier: Apache-2.0
// How long commands take, leg by leg: counted for the histograms, and noted in the timeline. A command of
// before the start has no times. Owned by commands; one thread.
#pragma once

#include "core/command_entry.h"
#include "core/words.h"
#include "model/command_totals.h"
#include "model/timeline.h"

#include <optional>

namespace causeway::core {

class command_times {
public:
  // All must live as long. spans: nothing: none are noted.
  command_times(model::command_totals& totals, model::timeline* spans) : totals_{totals}, spans_{spans} {}

  // It is durable.
  void on_stored(command_entry& one, std::optional<device_ref> device, mono_time now);
  // Its turn has come.
  void on_push(command_entry& one, device_ref device, mono_time now);
  // It is in another stage than before.
  void on_moved(command_entry& one, command_stage from, std::optional<device_ref> device, mono_time now);

private:
  void reach(command_entry& one, command_leg which, mono_time now);
  // The phase that has gone on since the last one.
  void note(command_entry& one, model::phase what, std::optional<device_ref> device,
            std::optional<errc> fault, mono_time now);

  model::command_totals& totals_;
  model::timeline* spans_;
};

} // namespace causeway::core
