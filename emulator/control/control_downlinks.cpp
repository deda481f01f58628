// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_downlinks.h"

#include "base/encoding.h"
#include "emulator/control/control_reply.h"
#include "emulator/control/downlink_requests.h"
#include "emulator/stack/network_record.h"
#include "emulator/stack/stack_time.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::string_view nothing_here = "there is nothing at this path for this method";
constexpr std::size_t usual_limit = 1'000, most_of_page = 100'000;

json::object show_totals(const controlled& emulator) {
  const auto& service = emulator.downlinks->service();
  const auto& totals = emulator.downlinks->totals();
  json::object refused;
  for (const auto& [status, count] : totals.refused)
    refused[std::to_string(status)] = count;
  json::object shown{{"pushes", totals.pushes},        {"replaces", totals.replaces},
                     {"lists", totals.lists},          {"records", totals.records},
                     {"refused", std::move(refused)},  {"accepted", service.book().accepted()},
                     {"devices", service.devices()},   {"waiting", service.waiting()},
                     {"starved", service.is_starved()}};
  if (emulator.courier != nullptr) {
    const auto& events = emulator.courier->totals();
    shown["events"] = json::object{{"posted", events.posted},
                                   {"refused", events.refused},
                                   {"pool_full", events.pool_full},
                                   {"published", events.published},
                                   {"lost", events.lost}};
  }
  return shown;
}

json::object show_booked(const booked_item& item) {
  json::array transmissions;
  for (const auto& one : item.transmissions)
    transmissions.push_back(json::object{
        {"session_key_id", one.session_key_id}, {"f_cnt", one.f_cnt}, {"at", format_stack_time(one.at)}});
  json::array told;
  for (const auto& kind : item.told)
    told.emplace_back(kind);
  json::array heard;
  for (const auto& one : item.heard)
    heard.push_back(json::object{{"kind", one.kind}, {"f_cnt", one.f_cnt}});
  json::object shown{{"number", item.number},       {"application", item.application},
                     {"device", item.device},       {"correlation_ids", format_ids(item.correlation_ids)},
                     {"confirmed", item.confirmed}, {"accepted", format_stack_time(item.accepted)},
                     {"queued", item.queued},       {"transmissions", std::move(transmissions)},
                     {"told", std::move(told)},     {"heard", std::move(heard)}};
  if (!item.frm_payload.empty()) shown["frm_payload"] = item.frm_payload;
  const auto end = to_string(item.end);
  shown["end"] = json::string(end.data(), end.size());
  if (item.end != downlink_end::none) shown["ended"] = format_stack_time(item.ended);
  if (!item.detail.empty()) shown["detail"] = item.detail;
  return shown;
}

net::http_response show_book(const controlled& emulator, const net::http_request& request) {
  auto& book = emulator.downlinks->service().book();
  if (request.method == "DELETE") {
    book.clear();
  } else if (request.method != "GET") {
    return refuse(405, "GET or DELETE");
  }
  const auto id = query_value(request, "id");
  const auto limit =
      std::min<std::uint64_t>(query_number(request, "limit").value_or(usual_limit), most_of_page);
  const auto found =
      id.empty() ? book.list(query_number(request, "after").value_or(0), limit) : book.find(id);
  json::array items;
  for (const auto* item : found)
    items.push_back(show_booked(*item));
  return reply(json::object{{"accepted", book.accepted()}, {"items", std::move(items)}});
}

net::http_response change_switches(const controlled& emulator, const net::http_request& request) {
  auto& switches = emulator.downlinks->service().switches();
  if (request.method == "DELETE") {
    switches = {};
  } else if (request.method == "PUT") {
    auto made = parse_downlink_switches(request.body, switches, emulator.on->now().mono);
    if (!made) return refuse(400, made.fault().detail());
    switches = std::move(*made);
  } else {
    return refuse(405, "PUT or DELETE");
  }
  return reply(json::object{{"pushes", switches.pushes.size()}});
}

net::http_response handle_device(const controlled& emulator, const net::http_request& request,
                                 std::string_view rest) {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return refuse(404, nothing_here);
  const auto application = percent_decode(rest.substr(0, slash));
  const auto device = percent_decode(rest.substr(slash + 1));
  auto& service = emulator.downlinks->service();
  const auto now = emulator.on->now();
  if (request.method == "PUT") {
    const auto change = parse_device_change(request.body);
    if (!change) return refuse(400, change.fault().detail());
    if (!service.change(application, device, *change, now)) return refuse(404, "no such device");
  } else if (request.method != "GET") {
    return refuse(405, "GET or PUT");
  }
  const auto* found = service.device(application, device, now);
  if (found == nullptr) return refuse(404, "no such device");
  json::array queue;
  for (const auto* item : found->queue())
    queue.push_back(format_item(*item, item_view::whole));
  auto record = format_record(*found, {"supports_join", "supports_class_c", "mac_state", "pending_mac_state",
                                       "session", "pending_session"});
  return reply(json::object{{"queue", std::move(queue)}, {"record", std::move(record)}});
}

net::http_response say(const controlled& emulator, const std::string& body, bool joins) {
  const auto what = parse_device_word(body);
  if (!what) return refuse(400, what.fault().detail());
  auto& service = emulator.downlinks->service();
  const auto now = emulator.on->now();
  const bool known = joins ? service.join(what->application, what->device, now)
                           : service.hear(what->application, what->device, what->up, now);
  if (!known) return refuse(404, "no such device");
  return reply(json::object{{"device", what->device}}, 201);
}

net::http_response restart(const controlled& emulator, const std::string& body) {
  const auto how = parse_restart(body);
  if (!how) return refuse(400, how.fault().detail());
  emulator.downlinks->service().restart(how->killed, how->down, emulator.on->now());
  if (emulator.courier != nullptr) emulator.courier->forget();
  return reply(json::object{{"down_ms", how->down.count()}}, 201);
}

net::http_response change_ways(const controlled& emulator, const std::string& application,
                               const std::string& body) {
  auto ways = parse_event_ways(body);
  if (!ways) return refuse(400, ways.fault().detail());
  if (ways->by_mqtt && emulator.publisher == nullptr)
    return refuse(400, "by mqtt needs a broker: causeway-emulator --mqtt-broker");
  if (ways->webhook) {
    if (auto set = emulator.courier->set_webhook(application, std::move(*ways->webhook), emulator.stack_url);
        !set)
      return refuse(400, set.fault().detail());
  }
  emulator.courier->set_ways(application, ways->by_webhook, ways->by_mqtt);
  return reply(json::object{{"application", application}});
}

} // namespace

net::http_response answer_downlinks_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  const bool post = request.method == "POST";
  constexpr std::string_view devices = "/downlinks/devices/", events = "/downlinks/events/";
  if (path == "/downlinks" && request.method == "GET") return reply(show_totals(emulator));
  if (path == "/downlinks/book") return show_book(emulator, request);
  if (path == "/downlinks/cut" && post) {
    emulator.downlinks->cut();
    return reply(json::object{{"cuts", emulator.downlinks->cuts()}}, 201);
  }
  if (path == "/downlinks/restart" && post) return restart(emulator, request.body);
  if (path == "/downlinks/switches") return change_switches(emulator, request);
  if (path == "/downlinks/uplink" && post) return say(emulator, request.body, false);
  if (path == "/downlinks/join" && post) return say(emulator, request.body, true);
  if (path.starts_with(devices)) return handle_device(emulator, request, path.substr(devices.size()));
  if (path.starts_with(events) && request.method == "PUT" && emulator.courier != nullptr)
    return change_ways(emulator, percent_decode(path.substr(events.size())), request.body);
  return refuse(404, nothing_here);
}

} // namespace causeway::emulator
