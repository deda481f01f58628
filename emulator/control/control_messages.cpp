// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_messages.h"

#include "base/encoding.h"
#include "emulator/control/control_reply.h"
#include "emulator/control/control_requests.h"
#include "emulator/state/json_text.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

json::object to_json(const c2d_totals& totals) {
  return {{"sent", totals.sent},
          {"refused_full", totals.refused_full},
          {"refused_large", totals.refused_large},
          {"delivered", totals.delivered},
          {"completed", totals.completed},
          {"abandoned", totals.abandoned},
          {"rejected", totals.rejected},
          {"expired", totals.expired},
          {"delivery_count_exceeded", totals.delivery_count_exceeded},
          {"purged", totals.purged},
          {"released", totals.released},
          {"locks_expired", totals.locks_expired},
          {"locks_lost", totals.locks_lost},
          {"feedback_records", totals.feedback_records},
          {"feedback_batches", totals.feedback_batches},
          {"feedback_dropped", totals.feedback_dropped}};
}

json::object to_json(const method_totals& totals) {
  return {{"called", totals.called},
          {"delivered", totals.delivered},
          {"answered", totals.answered},
          {"not_online", totals.not_online},
          {"without_answer", totals.without_answer},
          {"too_many", totals.too_many},
          {"stray_answers", totals.stray_answers}};
}

json::object to_json(const twin_totals& totals) {
  return {{"reads", totals.reads},
          {"reports", totals.reports},
          {"refused", totals.refused},
          {"changes", totals.changes},
          {"desired_pushed", totals.desired_pushed}};
}

json::object to_json(const queued_message& message) {
  return {{"message_id", message.content.message_id},
          {"sequence", message.sequence},
          {"state", message.lock ? "locked" : "enqueued"},
          {"delivery_count", message.delivery_count},
          {"deliveries", message.deliveries},
          {"enqueued", format_rfc3339(message.enqueued)},
          {"expires", format_rfc3339(*message.content.expires)}};
}

json::object to_json(const c2d_record& record) {
  return {{"device", record.device.str()},
          {"message_id", record.message_id},
          {"sequence", record.sequence},
          {"end", to_string(record.how)},
          {"delivery_count", record.delivery_count},
          {"deliveries", record.deliveries},
          {"enqueued", format_rfc3339(record.enqueued)},
          {"ended", format_rfc3339(record.ended)}};
}

// The hub that has the identity; null: none.
hub_service* home_of(const controlled& emulator, const identity& device) {
  const auto found = std::find_if(emulator.hubs.begin(), emulator.hubs.end(),
                                  [&](hub_service* hub) { return hub->registry().find(device) != nullptr; });
  return found == emulator.hubs.end() ? nullptr : *found;
}

net::http_response send_c2d(const controlled& emulator, const std::string& body) {
  auto request = parse_c2d(body, emulator.on->now().wall);
  if (!request) return refuse(400, request.fault().detail());
  auto* hub = home_of(emulator, request->device);
  if (hub == nullptr) return refuse(404, "no such identity");
  switch (hub->desks().send(request->device, std::move(request->message), emulator.on->now())) {
  case c2d_verdict::taken:
    break;
  case c2d_verdict::full:
    return refuse(409, "50 messages wait for this device");
  case c2d_verdict::too_large:
    return refuse(413, "larger than 65536 bytes");
  }
  return reply(json::object{{"device", request->device.str()}}, 201);
}

net::http_response show_c2d(const controlled& emulator, const net::http_request& request) {
  const auto device = query_value(request, "device");
  const auto limit = std::min<std::uint64_t>(query_number(request, "limit").value_or(100), 10'000);
  json::array waiting, ended;
  for (auto* hub : emulator.hubs) {
    const auto& mail = hub->desks().state().mail;
    const auto* queue = device.empty() ? nullptr : mail.find(identity{device});
    if (queue != nullptr)
      for (const auto& message : queue->messages())
        waiting.push_back(to_json(message));
    const auto& records = mail.records();
    for (auto at = records.rbegin(); at != records.rend() && ended.size() < limit; ++at)
      if (device.empty() || at->device.str() == device) ended.push_back(to_json(*at));
  }
  return reply(json::object{{"waiting", std::move(waiting)}, {"ended", std::move(ended)}});
}

} // namespace

void downward_figures::add(hub_service& hub) {
  c2d += hub.desks().state().mail.totals();
  methods += hub.desks().state().calls.totals();
  twins += hub.desks().twin_figures();
  links += hub.totals();
}

void downward_figures::write(json::object& into) const {
  into["c2d"] = to_json(c2d);
  into["methods"] = to_json(methods);
  into["twins"] = to_json(twins);
  into["links_stolen_by_role"] = json::object{{"telemetry", links.links_stolen},
                                              {"c2d", links.c2d_links_stolen},
                                              {"methods", links.method_links_stolen},
                                              {"twin", links.twin_links_stolen}};
}

net::http_response answer_c2d_control(const controlled& emulator, const net::http_request& request) {
  if (request.method == "GET") return show_c2d(emulator, request);
  if (request.method == "POST") return send_c2d(emulator, request.body);
  if (request.method != "DELETE") return refuse(405, "GET, POST or DELETE");
  const identity device{query_value(request, "device")};
  auto* hub = home_of(emulator, device);
  if (hub == nullptr) return refuse(404, "no such identity");
  return reply(json::object{{"purged", hub->desks().purge(device, emulator.on->now())}});
}

net::http_response answer_links_control(const controlled& emulator, const net::http_request& request) {
  if (request.method != "GET") return refuse(405, "GET");
  const identity device{query_value(request, "device")};
  if (device.empty()) return refuse(400, "device is missing");
  json::array links;
  for (auto* hub : emulator.hubs)
    for (const auto& link : hub->links_of(device))
      links.push_back(json::object{{"role", to_string(link.kind)},
                                   {"to_device", link.to_device},
                                   {"hub", hub->index()},
                                   {"connection", link.connection},
                                   {"since", format_rfc3339(link.opened)},
                                   {"credit", link.credit}});
  return reply(json::object{{"links", std::move(links)}});
}

net::http_response answer_twins_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  const identity device{percent_decode(path.substr(path.rfind('/') + 1))};
  auto* hub = home_of(emulator, device);
  if (hub == nullptr) return refuse(404, "no such identity");
  const auto now = emulator.on->now();
  if (request.method == "PATCH" || request.method == "PUT") {
    const auto body = read_json(request.body);
    const auto change = body ? read_twin_change(*body, request.method == "PUT") : std::nullopt;
    if (!change) return refuse(400, "the body is not {\"tags\":{…},\"properties\":{\"desired\":{…}}}");
    if (const auto refused = hub->desks().change_twin(device, *change, now))
      return refuse(refused->status, refused->text);
  } else if (request.method != "GET") {
    return refuse(405, "GET, PATCH or PUT");
  }
  const auto& twin = hub->desks().twin_of(device, now);
  json::array reads;
  for (const auto& one : twin.readings())
    reads.push_back(json::object{{"version", one.version}, {"at", format_rfc3339(one.at)}});
  net::http_response shown;
  shown.body = json_text(json::object{{"device", device.str()},
                                      {"etag", twin.etag()},
                                      {"version", twin.version()},
                                      {"tags", twin.tags()},
                                      {"properties", twin.properties()},
                                      {"reads", std::move(reads)}});
  return shown;
}

} // namespace causeway::emulator
