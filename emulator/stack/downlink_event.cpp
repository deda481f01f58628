// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_event.h"

#include "emulator/stack/stack_time.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

bool is_every(std::uint64_t nth, std::uint64_t count) {
  return nth != 0 && count % nth == 0;
}

std::string format_event(const device_names& about, const downlink_item& item, const downlink_news& what,
                         const std::string& error_id) {
  json::object ids{{"device_id", about.device},
                   {"application_ids", json::object{{"application_id", about.application}}},
                   {"dev_eui", about.dev_eui},
                   {"join_eui", about.join_eui}};
  if (!what.dev_addr.empty()) ids["dev_addr"] = what.dev_addr;
  auto shown = format_item(item, what.view, what.item_ids);
  if (what.fault != nullptr) {
    auto fault = format_stack_fault(*what.fault, error_id);
    if (!what.has_error_id) fault.erase("correlation_id");
    shown = json::object{{"downlink", std::move(shown)}, {"error", std::move(fault)}};
  }
  auto outer = joined_ids(joined_ids(item.correlation_ids, what.item_ids), what.outer_ids);
  json::object event{{"end_device_ids", std::move(ids)},
                     {"correlation_ids", format_ids(outer)},
                     {"received_at", format_stack_time(what.received_at)}};
  event[what.kind] = std::move(shown);
  return json::serialize(event);
}

} // namespace

void downlink_events::tell(const device_names& about, const downlink_item& item, const downlink_news& what,
                           moment now) {
  stack_event event{about.application,
                    about.device,
                    about.dev_eui,
                    about.join_eui,
                    what.dev_addr,
                    std::string{what.kind},
                    "down/" + std::string{what.kind.substr(what.kind.find('_') + 1)},
                    format_event(about, item, what, ids_.make_error_id()),
                    item.number,
                    item.f_cnt};
  const bool concerned = disorder_.kinds.empty() || std::find(disorder_.kinds.begin(), disorder_.kinds.end(),
                                                              event.kind) != disorder_.kinds.end();
  if (!concerned) return leave(std::move(event));
  ++count_;
  if (is_every(disorder_.drop_every, count_)) return;
  if (is_every(disorder_.swap_every, count_) && !held_) {
    held_ = std::move(event);
    return;
  }
  if (is_every(disorder_.double_every, count_)) leave(event);
  if (disorder_.delay.count() == 0) return leave(std::move(event));
  steps_.at(now.mono + disorder_.delay, [this, event = std::move(event)](moment) { leave(event); });
}

void downlink_events::leave(stack_event event) {
  book_.tell(event.item, event.kind);
  out_.push_back(std::move(event));
  if (auto earlier = std::exchange(held_, std::nullopt)) leave(*std::move(earlier));
}

} // namespace causeway::emulator
