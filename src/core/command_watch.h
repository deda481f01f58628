// SPDX-License-Identifier: Apache-2.0
// Who follows the commands that it has had made: twins. Called from inside commands' calls. One thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "core/words.h"
#include "model/command.h"

namespace causeway::core {

class command_watch {
public:
  virtual ~command_watch() = default;
  // The answer to commands::order: it is durable, or it never came to be.
  virtual void on_ordered(const command& what, const result<void>& outcome, moment now) = 0;
  // It stands elsewhere.
  virtual void on_moved(const command& what, moment now) = 0;
};

} // namespace causeway::core
