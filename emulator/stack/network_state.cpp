// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/network_state.h"

#include <algorithm>

namespace causeway::emulator {

void mac_state::note(recent_uplink one) {
  if (!uplinks.empty()) uplinks.back().ids.clear();
  uplinks.push_back(std::move(one));
  if (uplinks.size() > most_uplinks) uplinks.pop_front();
}

void mac_state::note(recent_downlink one) {
  if (!downlinks.empty()) downlinks.back().ids.clear();
  downlinks.push_back(std::move(one));
  if (downlinks.size() > most_downlinks) downlinks.pop_front();
}

void mac_session::renumber() {
  auto counter = std::max<std::uint32_t>(next_down(), 1);
  for (auto& item : queue) {
    item.f_cnt = counter++;
    item.session_key_id = session_key_id;
  }
}

} // namespace causeway::emulator
