// SPDX-License-Identifier: Apache-2.0
// `causeway commands`: what Azure has asked devices to be sent, and what became of it, by the running
// gateway's admin socket.
#pragma once

#include "causeway/admin_client.h"

#include <string>

namespace causeway {

struct commands_options {
  admin_address where;
  std::string application, device, state; // empty: any; of list
  std::string id;                         // of show and cancel
  std::string to_clear;                   // DEVICE, or APPLICATION/DEVICE
  bool yes = false;                       // of clear: do it
  bool json = false;
};

// 0: done. 1: no gateway answers, there is no such command, or its push has begun. 2: the configuration
// cannot be used.
int verb_commands_list(const commands_options& options);
int verb_commands_show(const commands_options& options);
int verb_commands_cancel(const commands_options& options);
// 1 also where it is not known whether the queue is empty; 2 also without `yes`.
int verb_commands_clear(const commands_options& options);

} // namespace causeway
