// SPDX-License-Identifier: Apache-2.0
// The part of organ_scene that its users need not see.
#include "core/organ_scene.h"

#include "core/appends.h"
#include "core/backlog.h"
#include "core/connecting.h"
#include "core/draft.h"
#include "core/holdings.h"
#include "core/open_time.h"
#include "core/outbox.h"
#include "core/spool_room.h"

#include <utility>

namespace causeway::core::testing {

struct organ_scene::hidden {
  hidden(organ_scene& of, const spool_limits& limits)
      : time{of.clock.now()},
        account{limits, of.rules.size()},
        here{of.rules, nullptr},
        book{of.disk},
        stored{of.disk, book, time},
        states{of.table, of.rules, of.totals, connect_pauses{}, [] { return 0.5; }} {}

  open_time time;
  outbox queue;
  body_cache bodies{1024 * 1024};
  spool_room account;
  backlog waiting{queue, bodies, account};
  holdings here;
  draft book;
  appends stored;
  connecting states;
};

organ_scene::organ_scene(std::vector<application_rules> by, const spool_limits& limits)
    : rules{std::move(by)},
      it{std::make_shared<hidden>(*this, limits)},
      time{it->time},
      waiting{it->waiting},
      here{it->here},
      book{it->book},
      stored{it->stored},
      states{it->states} {
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
  states.appear(which, in, now());
}

void organ_scene::move(device_ref which, device_event what, const error* why) {
  states.on(which, what, {now(), why});
}

void organ_scene::wait(device_ref which, spool_seq seq, std::uint32_t bytes, bool with_body) {
  auto& d = table.at(which);
  waiting.queue.push(which, d, {seq, bytes, time.ms_since_start(now()), time.since_start(now())});
  waiting.account.take(d.application, {1, bytes});
  if (with_body) waiting.bodies.keep(seq, {"id", "", "", "body", {}});
}

} // namespace causeway::core::testing
