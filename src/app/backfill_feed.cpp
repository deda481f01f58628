// SPDX-License-Identifier: Apache-2.0
#include "app/backfill_feed.h"

namespace causeway::app {

void backfill_feed::take(core::uplink event, std::function<void(core::answer)> done) {
  bridge_.on_uplink(desk_.open(std::move(done)), std::move(event), clock_.now());
}

void backfill_feed::save_cursor(const application_id& application, wall_time cursor) {
  store_.save_cursor(application, cursor);
}

} // namespace causeway::app
