// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_probe.h"

#include <algorithm>
#include <optional>

namespace causeway::stack {

net::task<std::vector<result<void>>> try_mqtt(net::loop* on, mqtt_settings settings,
                                              std::vector<mqtt_application> applications,
                                              std::chrono::milliseconds patience) {
  std::vector<std::optional<result<void>>> outcomes(applications.size());
  mqtt_inbox inbox{settings.inbox, applications.size(), [] {}};
  mqtt_clients clients{settings.server, make_accounts(settings, applications), inbox};
  for (std::size_t i = 0; i < applications.size(); ++i)
    clients.connect(i, 1);
  const auto deadline = on->now().mono + patience;
  std::vector<mqtt_item> news;
  while (on->now().mono < deadline) {
    inbox.take(news, inbox.limits().messages);
    for (const auto& item : news) {
      auto& outcome = outcomes[item.connection];
      if (outcome || item.what == mqtt_event::message) continue;
      outcome = item.what == mqtt_event::subscribed
                    ? result<void>{}
                    : result<void>{error_of(item, settings, applications[item.connection].id)};
    }
    news.clear();
    if (std::all_of(outcomes.begin(), outcomes.end(), [](const auto& one) { return one.has_value(); })) break;
    const bool going_on = co_await net::sleep_for(milliseconds{10});
    if (!going_on) break;
  }
  std::vector<result<void>> all;
  for (auto& outcome : outcomes) {
    error silent{errc::mqtt_unreachable, settings.server.host + ": no answer in time"};
    all.push_back(outcome ? std::move(*outcome) : result<void>{std::move(silent)});
  }
  co_return all;
}

} // namespace causeway::stack
