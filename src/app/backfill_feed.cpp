// SPDX-License-Identifier: Apache-2.0
#include "app/backfill_feed.h"

namespace causeway::app {

void backfill_feed::take(core::uplink event, std::function<void(core::answer)> done) {
  bridge_.on_uplink(desk_.open(std::move(done)), std::move(event), clock_.now());
}

void backfill_feed::save_cursor(const application_id& application, wall_time cursor) {
  store_.save_cursor(application, cursor);
}

void backfill_feed::look(const ingress::webhook_totals& webhook,
                         const std::vector<application_id>& by_webhook, egress::backfill& backfill) {
  const auto found = webhook.by_status.find(503);
  const auto turned_away = found == webhook.by_status.end() ? 0 : found->second;
  const auto since = std::exchange(looked_at_, clock_.now().wall);
  if (std::exchange(turned_away_, turned_away) == turned_away) return;
  for (const auto& one : by_webhook)
    backfill.on_missing(one, since);
}

} // namespace causeway::app
