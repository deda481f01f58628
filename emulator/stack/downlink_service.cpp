// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_service.h"

#include "emulator/stack/stack_time.h"
#include "emulator/stack/uplink_body.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view own_prefix = "as:downlink";
constexpr std::uint32_t default_attempts = 8;
constexpr auto requeued_after = 30ms;
// Between an uplink's transmission and its event; pass_uplink is called with the latter.
constexpr auto heard_before = 240ms;

// What the Application Server tells items apart by. Within one call such ids are in no order.
std::string_view own_id(const downlink_item& item) {
  for (const auto& id : item.correlation_ids)
    if (id.starts_with(own_prefix)) return id;
  return {};
}

stack_fault make_device_not_found(const std::string& application, const std::string& device) {
  return {404,
          5,
          "pkg/applicationserver",
          "device_not_found",
          "device `{device_uid}` not found",
          {{"device_uid", application + "." + device}}};
}

} // namespace

downlink_service::downlink_service(std::string seed, registration creation_of)
    : ids_{std::move(seed)},
      events_{steps_, ids_, book_, switches_.events},
      pushes_{steps_, switches_, *this},
      creation_of_{std::move(creation_of)},
      context_{steps_, ids_, book_,
               [this](const std::string& application, const std::string& device, network_report what) {
                 on_report(application, device, std::move(what));
               }} {}

registry_response downlink_service::fail(const stack_fault& what) {
  return make_stack_error(what, ids_.make_error_id());
}

// ------------------------------------------------------------ devices

std::shared_ptr<network_device> downlink_service::find(const std::string& application,
                                                       const std::string& device) const {
  const auto found = devices_.find(device_key(application, device));
  return found == devices_.end() ? nullptr : found->second;
}

std::shared_ptr<network_device> downlink_service::obtain(const std::string& application,
                                                         const std::string& device, moment now,
                                                         const device_change& first) {
  if (auto known = find(application, device)) return known;
  const auto created = creation_of_(application, device);
  if (!created) return nullptr;
  network_settings settings;
  settings.abp = first.abp.value_or(false);
  device_names names{application, device, make_dev_eui(application, device),
                     settings.abp ? "0000000000000000" : std::string{simulated_join_eui}};
  auto made = std::make_shared<network_device>(std::move(names), settings, first.joined.value_or(true),
                                               context_, *created, now);
  devices_.emplace(device_key(application, device), made);
  return made;
}

const network_device* downlink_service::device(const std::string& application, const std::string& device,
                                               moment now) {
  return obtain(application, device, now).get();
}

bool downlink_service::change(const std::string& application, const std::string& device,
                              const device_change& what, moment now) {
  const auto found = obtain(application, device, now, what);
  if (!found) return false;
  auto settings = found->settings();
  settings.class_c = what.class_c.value_or(settings.class_c);
  settings.acknowledges = what.acknowledges.value_or(settings.acknowledges);
  settings.gateway = what.gateway.value_or(settings.gateway);
  settings.tx_result = what.tx_result.value_or(settings.tx_result);
  settings.gateways = what.gateways.value_or(settings.gateways);
  settings.longest = what.longest.value_or(settings.longest);
  settings.class_c_timeout = what.class_c_timeout.value_or(settings.class_c_timeout);
  settings.hesitates_every = what.hesitates_every.value_or(settings.hesitates_every);
  found->change(std::move(settings), now);
  return true;
}

void downlink_service::remove(const std::string& application, const std::string& device, moment now) {
  std::erase_if(devices_, [&](const auto& one) {
    const auto& names = one.second->names();
    if (names.application != application || (!device.empty() && names.device != device)) return false;
    one.second->remove(now);
    held_.erase(one.first);
    return true;
  });
}

bool downlink_service::hear(const std::string& application, const std::string& device, heard_uplink up,
                            moment now) {
  const auto found = obtain(application, device, now);
  if (found && !is_down(now.mono)) found->hear(std::move(up), now);
  return found != nullptr;
}

bool downlink_service::join(const std::string& application, const std::string& device, moment now) {
  const auto found = obtain(application, device, now);
  if (found && !is_down(now.mono)) found->join(now);
  return found != nullptr;
}

void downlink_service::restart(bool killed, milliseconds down, moment now) {
  advance(now);
  ++context_.restarts;
  for (const auto& [key, reports] : held_)
    for (const auto& one : reports)
      lose(one.what, now.wall);
  held_.clear();
  pushes_.interrupt(killed, now);
  events_.forget();
  const moment up{now.mono + down, now.wall + down};
  for (const auto& [key, device] : devices_)
    device->resume(up);
  up_at_ = up.mono;
}

void downlink_service::advance(moment now) {
  if (is_down(now.mono)) return;
  if (const auto up = std::exchange(up_at_, std::nullopt)) steps_.postpone(*up);
  steps_.advance(now);
}

uplink_passage downlink_service::pass_uplink(const std::string& application, const std::string& device,
                                             const std::string& session_key_id, std::uint32_t f_cnt,
                                             moment now) {
  if (is_down(now.mono)) return {true, {}};
  if (devices_.empty()) return {};
  if (const auto found = find(application, device)) {
    heard_uplink up;
    up.f_cnt = f_cnt;
    up.session_key_id = session_key_id;
    up.told_elsewhere = true;
    up.received_at = now.wall;
    found->hear(std::move(up), {now.mono - heard_before, now.wall - heard_before});
  }
  if (pushes_.is_starved()) return {true, {}};
  return {false, pushes_.free_at(device_key(application, device), now.mono)};
}

// ------------------------------------------------------------ pushes

std::uint64_t downlink_service::begin_push(push_order order, moment now) {
  const std::string method = order.replaces ? "Replace" : "Push";
  const auto call = ids_.make("rpc:/ttn.lorawan.v3.AppAs/DownlinkQueue" + method, now.wall);
  for (auto& item : order.items) {
    std::vector<std::string> own{ids_.make(own_prefix, now.wall)};
    if (order.route == downlink_route::rest) own.push_back(call);
    item.correlation_ids = joined_ids(std::move(item.correlation_ids), own);
  }
  return pushes_.begin(std::move(order), now);
}

void downlink_service::push_by_mqtt(const std::string& application, const std::string& device, bool replaces,
                                    std::string_view body, moment now) {
  auto asked = parse_downlinks(body, downlink_route::mqtt);
  if (asked.fault || !asked.bare.empty()) return;
  begin_push({application, device, downlink_route::mqtt, replaces, std::move(asked.items)}, now);
}

// The downlink formatter of the device. With none an empty frame is sent, and nobody says so.
std::optional<downlink_refusal> downlink_service::encode(push_order& order) const {
  const auto found = switches_.formatters.find(order.device);
  const std::string formatter = found == switches_.formatters.end() ? "none" : found->second;
  for (auto& item : order.items) {
    if (!item.frm_payload.empty() || formatter == "none") continue;
    if (formatter == "error")
      return downlink_refusal{
          {409, 10, "pkg/messageprocessors/javascript", "output_errors", "{errors}", {{"errors", "no"}}},
          false};
    if (formatter == "script")
      return downlink_refusal{
          {409, 10, "pkg/scripting/javascript", "script", "{message}", {{"message", "ReferenceError"}}},
          false};
    if (formatter == "long") {
      auto fault = invalid_field("frm_payload", "value length must be at most 255 bytes");
      return downlink_refusal{std::move(fault), true};
    }
    item.frm_payload = "AQ==";
    item.size = 1;
  }
  return std::nullopt;
}

std::optional<downlink_refusal> downlink_service::store(push_order& order, moment now) {
  const auto found = obtain(order.application, order.device, now);
  if (!found) return downlink_refusal{make_device_not_found(order.application, order.device), false};
  if (order.items.empty() && !order.replaces) return std::nullopt;
  if (!found->has_session())
    return downlink_refusal{{400,
                             9,
                             "pkg/applicationserver",
                             "no_device_session",
                             "no device session; check device activation",
                             {}},
                            true};
  if (auto refused = find_unfit(order.items)) return refused;
  if (auto refused = encode(order)) return refused;
  if (auto refused = find_unschedulable(order.items, now.wall)) return refused;
  const auto room = order.replaces ? mac_session::most_items : found->room();
  if (order.items.size() > room)
    return downlink_refusal{
        {429, 8, "pkg/networkserver", "downlink_queue_capacity", "downlink queue capacity exceeded", {}},
        true};
  for (auto& item : order.items)
    book_.accept(item, order.application, order.device, now.wall);
  if (order.replaces)
    found->replace(order.items, now);
  else
    found->push(order.items, now);
  return std::nullopt;
}

void downlink_service::tell(const push_order& order, const stack_fault* refusal, wall_time received_at,
                            moment now) {
  const auto found = obtain(order.application, order.device, now);
  if (!found) return;
  std::vector<const downlink_item*> items;
  items.reserve(order.items.size());
  for (const auto& item : order.items)
    items.push_back(&item);
  if (switches_.events.shuffle)
    std::sort(items.begin(), items.end(),
              [](const auto* a, const auto* b) { return own_id(*a) < own_id(*b); });
  for (const auto* item : items) {
    downlink_news news;
    news.kind = refusal == nullptr ? "downlink_queued" : "downlink_failed";
    news.view = item_view::asked;
    news.fault = refusal;
    news.received_at = received_at;
    events_.tell(found->names(), *item, news, now);
  }
}

void downlink_service::on_unlocked(const std::string& key, moment now) {
  const auto waiting = held_.extract(key);
  const auto found = devices_.find(key);
  if (waiting.empty() || found == devices_.end()) return;
  for (const auto& one : waiting.mapped())
    process(*found->second, one.what, {now.mono, one.at.wall});
}

// ------------------------------------------------------------ what the network server says

void downlink_service::on_report(const std::string& application, const std::string& device,
                                 network_report what) {
  const auto key = device_key(application, device);
  const auto found = devices_.find(key);
  if (found == devices_.end()) return;
  const auto now = steps_.time();
  if (pushes_.is_starved() || what.restarts != context_.restarts) return lose(what, now.wall);
  if (pushes_.is_locked(key))
    held_[key].push_back({std::move(what), now});
  else
    process(*found->second, what, now);
}

// Nobody repeats it; a nack's item is gone with it.
void downlink_service::lose(const network_report& what, wall_time at) {
  if (what.kind == report_kind::nack) book_.end(what.item.number, downlink_end::dropped, at);
}

void downlink_service::process(network_device& of, const network_report& what, moment at) {
  switch (what.kind) {
  case report_kind::uplink:
    if (!what.told_elsewhere) tell_uplink(of, what, at);
    return;
  case report_kind::join:
    return tell_join(of, what, at);
  case report_kind::nack:
    return process_nack(of, what, at);
  case report_kind::sent:
  case report_kind::failed:
  case report_kind::ack:
    break;
  }
  downlink_news news;
  news.kind = what.kind == report_kind::sent     ? "downlink_sent"
              : what.kind == report_kind::failed ? "downlink_failed"
                                                 : "downlink_ack";
  news.view = what.kind == report_kind::ack ? item_view::whole : item_view::sent;
  news.dev_addr = what.dev_addr;
  news.item_ids = what.item_ids;
  news.outer_ids = what.outer_ids;
  news.fault = what.fault ? &*what.fault : nullptr;
  news.has_error_id = what.fault && what.fault->name == "transmission";
  news.received_at = at.wall;
  events_.tell(of.names(), what.item, news, at);
}

// The end comes before the nack of the same frame.
void downlink_service::process_nack(network_device& of, const network_report& what, moment at) {
  auto item = what.item;
  if (!item.retry) item.retry.emplace();
  const auto most = item.retry->max_attempts.value_or(default_attempts);
  const bool over = ++item.retry->attempt > most;
  downlink_news news;
  news.received_at = at.wall;
  const stack_fault why{409,
                        10,
                        "pkg/applicationserver",
                        "max_retries_reached",
                        "maximum number of retries ({max_retries}) reached",
                        {{"max_retries", std::to_string(most)}}};
  if (over) {
    book_.end(item.number, downlink_end::max_retries, at.wall);
    news.kind = "downlink_failed";
    news.fault = &why;
    events_.tell(of.names(), item, news, at);
    news.fault = nullptr;
  }
  news.kind = "downlink_nack";
  news.dev_addr = what.dev_addr;
  news.outer_ids = what.outer_ids;
  events_.tell(of.names(), item, news, at);
  if (over) return;
  steps_.at(at.mono + requeued_after, [weak = of.weak_from_this(), item = std::move(item)](moment then) {
    if (const auto self = weak.lock()) self->requeue(item, then);
  });
}

void downlink_service::tell_uplink(const network_device& of, const network_report& what, moment at) {
  const auto& names = of.names();
  simulated_uplink uplink;
  uplink.application = names.application;
  uplink.device = names.device;
  uplink.dev_eui = names.dev_eui;
  uplink.session_key_id = what.session_key_id;
  uplink.f_cnt = what.up.f_cnt;
  uplink.marker = ++uplinks_told_[device_key(names.application, names.device)];
  uplink.received_at = what.up.received_at;
  uplink.handled_at = at.wall;
  uplink.variation = what.up.f_cnt;
  uplink.dev_addr = what.dev_addr;
  uplink.confirmed = what.up.confirmed;
  events_.tell({names.application, names.device, names.dev_eui, names.join_eui, what.dev_addr,
                "uplink_message", "up", make_uplink_body(uplink)});
}

void downlink_service::tell_join(const network_device& of, const network_report& what, moment at) {
  const auto& names = of.names();
  const json::object event{
      {"end_device_ids",
       json::object{{"device_id", names.device},
                    {"application_ids", json::object{{"application_id", names.application}}},
                    {"dev_eui", names.dev_eui},
                    {"join_eui", names.join_eui},
                    {"dev_addr", what.dev_addr}}},
      {"correlation_ids", format_ids(what.outer_ids)},
      {"received_at", format_stack_time(at.wall)},
      {"join_accept", json::object{{"session_key_id", what.session_key_id},
                                   {"received_at", format_stack_time(what.up.received_at)}}}};
  events_.tell({names.application, names.device, names.dev_eui, names.join_eui, what.dev_addr, "join_accept",
                "join", json::serialize(event)});
}

} // namespace causeway::emulator
