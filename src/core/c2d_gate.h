// SPDX-License-Identifier: Apache-2.0
// Whether hubs may give cloud-to-device messages: they keep theirs safely while there is no room in the
// ledger, or the disk takes nothing. Owned by commands; one thread.
#pragma once

#include "core/command_saves.h"
#include "core/ledger.h"
#include "core/outlet.h"
#include "model/hub_link.h"

namespace causeway::core {

class c2d_gate {
public:
  // All must live as long.
  c2d_gate(const outlet<model::hub_link>& hub, const command_saves& saves, const ledger& book)
      : hub_{hub}, saves_{saves}, book_{book} {}

  // Until there is room, and a disk that takes them.
  void shut() { hub_->take_c2d(open_ = false); }
  // For good.
  void close() {
    closed_ = true;
    shut();
  }
  // To be called when either may have come.
  void look(moment now) {
    if (!open_ && !closed_ && !saves_.is_failing(now) && book_.has_room()) hub_->take_c2d(open_ = true);
  }

private:
  const outlet<model::hub_link>& hub_;
  const command_saves& saves_;
  const ledger& book_;
  bool open_ = true; // as the hubs were told
  bool closed_ = false;
};

} // namespace causeway::core
