// SPDX-License-Identifier: Apache-2.0
// `causeway dead-letters`: what could not be delivered, by the running gateway's admin socket.
#pragma once

#include "causeway/admin_client.h"

#include <cstdint>
#include <vector>

namespace causeway {

struct dead_letters_options {
  admin_address where;
  std::string application, device, reason; // empty: any; of list, and of replay and drop with all
  std::vector<std::uint64_t> ids;          // of show, replay and drop
  bool all = false;                        // replay and drop: every one there is that the filters take
  bool json = false;
};

// 0: done. 1: no gateway answers, there is no such dead letter, or not all could be replayed or dropped. 2:
// the configuration cannot be used, or neither ids nor --all are given.
int verb_dead_letters_list(const dead_letters_options& options);
int verb_dead_letters_show(const dead_letters_options& options);
int verb_dead_letters_replay(const dead_letters_options& options);
int verb_dead_letters_drop(const dead_letters_options& options);

} // namespace causeway
