// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_faults.h"

#include "emulator/control/control_reply.h"
#include "emulator/control/control_requests.h"
#include "net/task_group.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

json::object fault_json(const fault& rule) {
  json::object object{{"id", rule.id}, {"kind", to_string(rule.kind)}, {"pattern", rule.pattern}};
  if (rule.status != 0) object["status"] = rule.status;
  if (rule.retry_after) object["retry_after"] = *rule.retry_after;
  if (rule.skew.count() != 0) object["seconds"] = rule.skew.count();
  if (rule.delay.count() != 0) object["delay_ms"] = rule.delay.count();
  if (rule.hub) object["hub"] = *rule.hub;
  if (!rule.condition.empty()) object["condition"] = rule.condition;
  if (!rule.description.empty()) object["description"] = rule.description;
  if (rule.remaining) object["remaining"] = *rule.remaining;
  return object;
}

net::http_response do_at_once(const std::vector<hub_service*>& hubs, const fault_request& request,
                              moment now) {
  const auto what = *request.at_once;
  const auto& rule = request.rule;
  std::size_t open = 0;
  for (auto* hub : hubs) {
    open += hub->open_connections();
    switch (what) {
    case immediate_fault::cut_connections:
      hub->cut_all();
      break;
    case immediate_fault::close_connections:
      hub->close_all({rule.condition, rule.description});
      break;
    case immediate_fault::half_open:
      hub->freeze_all(now);
      break;
    case immediate_fault::detach_device:
      hub->detach(identity{rule.pattern}, {rule.condition, rule.description}, request.role);
      break;
    case immediate_fault::expire_tokens:
      hub->expire_tokens(rule.pattern);
      break;
    case immediate_fault::expire_locks:
      hub->desks().expire_locks(rule.pattern, now);
      break;
    }
  }
  switch (what) {
  case immediate_fault::cut_connections:
    return reply(json::object{{"connections_cut", open}});
  case immediate_fault::close_connections:
    return reply(json::object{{"connections_closed", open}});
  case immediate_fault::half_open:
    return reply(json::object{{"connections_half_open", open}});
  case immediate_fault::detach_device:
    return reply(json::object{{"detached", rule.pattern}});
  case immediate_fault::expire_tokens:
  case immediate_fault::expire_locks:
    break;
  }
  return reply(json::object{{"expired", rule.pattern}});
}

net::task<> end_fault(fault_tables* tables, std::vector<hub_service*> hubs, std::uint64_t id,
                      std::chrono::milliseconds lasts) {
  const bool awake = co_await net::sleep_for(lasts);
  if (!awake) co_return;
  tables->remove(id);
  for (auto* hub : hubs)
    hub->review_faults();
}

net::http_response add_fault(const controlled& emulator, const std::string& body) {
  const auto request = parse_fault(body);
  if (!request) return refuse(400, request.fault().detail());
  const auto& rule = request->rule;
  if (rule.hub && *rule.hub >= emulator.hubs.size()) return refuse(404, "there is no hub of this number");
  auto hubs = emulator.hubs;
  if (rule.hub) hubs = {emulator.hubs[*rule.hub]};
  if (request->at_once) return do_at_once(hubs, *request, emulator.on->now());
  const auto id = emulator.faults->add(rule);
  if (id == 0) return refuse(409, "there are 1,000 faults already");
  for (auto* hub : hubs)
    hub->review_faults();
  if (request->lasts)
    emulator.tasks->spawn("fault_end", net::restart_policy::never,
                          [tables = emulator.faults, hubs, id, lasts = *request->lasts] {
                            return end_fault(tables, hubs, id, lasts);
                          });
  return reply(json::object{{"id", id}}, 201);
}

} // namespace
net::http_response answer_faults_control(const controlled& emulator, const net::http_request& request) {
  if (request.method == "POST") return add_fault(emulator, request.body);
  if (request.method == "GET") {
    json::array rules;
    for (const auto& rule : emulator.faults->rules())
      rules.push_back(fault_json(rule));
    return reply(json::object{{"faults", std::move(rules)}});
  }
  if (request.method != "DELETE") return refuse(405, "GET, POST or DELETE");
  if (const auto id = query_number(request, "id")) {
    if (!emulator.faults->remove(*id)) return refuse(404, "no such fault");
  } else {
    emulator.faults->clear();
  }
  for (auto* hub : emulator.hubs)
    hub->review_faults();
  return reply(json::object{{"faults", emulator.faults->rules().size()}});
}

} // namespace causeway::emulator
