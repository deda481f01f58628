// SPDX-License-Identifier: Apache-2.0
// The part of organ_scene that its users need not see.
#include "core/organ_scene.h"

#include "core/connecting.h"
#include "core/draft.h"

#include <utility>

namespace causeway::core::testing {

organ_scene::organ_scene(std::vector<application_rules> by, const spool_limits& limits)
    : rules{std::move(by)},
      waiting{{}, body_cache{1024 * 1024}, spool_room{limits, rules.size()}},
      change_under_way{std::make_shared<draft>(disk)},
      book{*change_under_way},
      states{std::make_shared<connecting>(table, rules, totals, connect_pauses{}, [] { return 0.5; })} {
  ports.formats_later = true;
  ports.fingerprints["dps"] = "f1";
  disk.bind(ports);
  hub.bind(ports);
  finder.bind(ports);
  stack.bind(ports);
  format.bind(ports);
  answered.bind(ports);
}

calls organ_scene::take() {
  book.commit();
  return ports.take();
}

void organ_scene::appear(device_ref which, device_state in) {
  states->appear(which, in, now());
}

void organ_scene::move(device_ref which, device_event what, const error* why) {
  states->on(which, what, {now(), why});
}

} // namespace causeway::core::testing
