// SPDX-License-Identifier: Apache-2.0
#include "app/backfill_feed.h"

namespace causeway::app {

void backfill_feed::take(model::event event, std::function<void(model::answer)> done) {
  shard_.on_event(desk_.open(std::move(done)), std::move(event), clock_.now());
}

void backfill_feed::save_cursor(const application_id& application, wall_time cursor) {
  store_.save_cursor(application, cursor);
}

} // namespace causeway::app
