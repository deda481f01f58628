// SPDX-License-Identifier: Apache-2.0
// Which time an application's storage must be asked for, so that nothing is missing. Pure: time is a
// parameter. One thread.
//
// All that the stack received before cursor() is with us, or was asked for. While events come in, the cursor
// follows the clock. A gap begins where they may have stopped to come and ends when they come again. The
// storage shows an event up to `delay` after the stack has received it (things-stack-wire.md G: seconds to
// minutes), so a gap is asked for at once and again when the delay is over, and the cursor moves over it only
// as far as the storage can be trusted.
#pragma once

#include "base/clock.h"

#include <optional>

namespace causeway::stack {

struct backfill_options {
  seconds delay{300};
  seconds margin{30}; // asked for in front of the cursor: clocks differ, and events were under way
};

class backfill_window {
public:
  struct question {
    wall_time after, before;
  };

  // cursor: what was kept; nothing: the first start, nothing is missing before now. Events do not come yet.
  backfill_window(backfill_options options, std::optional<wall_time> cursor, moment now);

  // They come.
  void on_live(moment now);
  // They have stopped to come: the last moment at which they certainly came.
  void on_down(wall_time since);
  // Some since then may not have been taken, which may lie before what was asked for already.
  void on_missing(wall_time since, moment now);

  // What is to be asked now; nothing: nothing, or not yet (due).
  std::optional<question> next(moment now) const;
  // When next() will have something; nothing while nothing is missing, or events do not come.
  std::optional<mono_time> due() const { return live_ && missing_ ? std::optional{due_} : std::nullopt; }
  // Of a question asked at `asked`: all that the stack received up to `until` has been taken.
  void on_progress(wall_time until, wall_time asked);
  // And all that the storage has shown for it.
  void on_complete(wall_time asked, moment now);
  // It came to nothing: asked again then.
  void on_setback(mono_time again) { due_ = again; }

  // To be kept over a restart.
  wall_time cursor(moment now) const { return is_whole() ? now.wall : cursor_; }
  // Nothing is missing that is known of.
  bool is_whole() const { return live_ && !missing_; }

private:
  backfill_options options_;
  bool live_ = false;
  // While something is missing: from gap_from_ to gap_until_, which is open while not live.
  bool missing_ = true;
  wall_time cursor_;
  wall_time gap_from_;
  wall_time gap_until_{};
  wall_time lowered_at_{}; // cursor_ was: a question from before then says nothing of it
  mono_time due_{};
};

} // namespace causeway::stack
