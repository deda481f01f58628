// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/downlink_requests.h"

#include "emulator/control/control_fields.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

template <class Value>
using named = std::pair<std::string_view, Value>;

constexpr std::array<named<gateway_manner>, 7> manners{{{"good", gateway_manner::good},
                                                        {"hasty", gateway_manner::hasty},
                                                        {"no_tx_ack", gateway_manner::no_tx_ack},
                                                        {"silent", gateway_manner::silent},
                                                        {"late", gateway_manner::late},
                                                        {"fails", gateway_manner::fails},
                                                        {"away", gateway_manner::away}}};
constexpr std::array<named<bool>, 2> classes{{{"A", false}, {"C", true}}};
constexpr std::array<named<bool>, 2> activations{{{"otaa", false}, {"abp", true}}};
constexpr std::array<named<push_rule::event>, 3> told{{{"as_ever", push_rule::event::as_ever},
                                                       {"none", push_rule::event::none},
                                                       {"failed", push_rule::event::failed}}};
constexpr std::array<named<bool>, 2> endings{{{"stop", false}, {"kill", true}}};
constexpr std::array<named<bool>, 2> limits{{{"device", false}, {"application", true}}};

constexpr std::array<named<std::pair<bool, bool>>, 2> readings{
    {{"queue", {true, false}}, {"record", {false, true}}}};

template <class Value, std::size_t Size>
std::optional<Value> word(fields& from, std::string_view name, const std::array<named<Value>, Size>& words) {
  const auto text = from.text(name);
  if (!text) return std::nullopt;
  std::string known;
  for (const auto& [each, value] : words) {
    if (each == *text) return value;
    known += (known.empty() ? "" : ", ") + std::string{each};
  }
  from.fail(std::string{name} + " is none of " + known);
  return std::nullopt;
}

std::optional<std::vector<std::string>> texts(fields& from, std::string_view name) {
  const auto* value = from.any(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> list;
  if (!value->is_array()) {
    from.fail(std::string{name} + " is not a list");
    return std::nullopt;
  }
  for (const auto& one : value->as_array()) {
    if (one.is_string())
      list.emplace_back(one.as_string());
    else
      from.fail(std::string{name} + " has something that is no string");
  }
  return list;
}

std::optional<std::vector<std::pair<std::string, std::string>>> pairs(fields& from, std::string_view name) {
  const auto* value = from.any(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> list;
  if (!value->is_object()) {
    from.fail(std::string{name} + " is not an object");
    return std::nullopt;
  }
  for (const auto& [key, text] : value->as_object()) {
    if (text.is_string())
      list.emplace_back(std::string{key}, std::string{text.as_string()});
    else
      from.fail(std::string{name} + " has something that is no string");
  }
  return list;
}

std::optional<std::vector<std::string>> words(fields& from, std::string_view name,
                                              std::initializer_list<std::string_view> known) {
  auto list = texts(from, name);
  if (!list) return std::nullopt;
  for (const auto& one : *list)
    if (std::find(known.begin(), known.end(), one) == known.end())
      from.fail(std::string{name} + " does not know " + one);
  return list;
}

std::optional<milliseconds> duration(fields& from, std::string_view name, double unit) {
  const auto number = from.number(name);
  if (!number) return std::nullopt;
  return milliseconds{std::llround(*number * unit)};
}

void read_scope(fields& from, switch_scope& made, mono_time time) {
  made.pattern = from.text("pattern").value_or("*");
  made.remaining = from.count("count");
  if (made.remaining == 0U) from.fail("count is 0");
  if (const auto lasts = duration(from, "for_seconds", 1'000)) made.until = time + *lasts;
}

std::optional<int> read_status(fields& from) {
  const auto status = from.count("status");
  if (!status) return std::nullopt;
  if (*status < 400 || *status > 599) from.fail("status is not from 400 to 599");
  return static_cast<int>(*status);
}

result<read_rule> parse_read_rule(const json::object& object, mono_time time) {
  fields from{object, {"pattern", "count", "for_seconds", "of", "status", "delay_ms"}};
  read_rule made;
  read_scope(from, made, time);
  made.status = read_status(from).value_or(made.status);
  made.delay = duration(from, "delay_ms", 1).value_or(milliseconds{0});
  const auto of = word(from, "of", readings).value_or(std::pair{true, true});
  made.of_queue = of.first;
  made.of_record = of.second;
  if (from.problem()) return wrong("reads: " + *from.problem());
  return made;
}

result<push_rule> parse_push_rule(const json::object& object, mono_time time) {
  fields from{object,
              {"pattern", "count", "for_seconds", "status", "retry_after", "queued", "queued_after_ms",
               "event", "hang_up", "delay_ms"}};
  push_rule made;
  read_scope(from, made, time);
  made.status = read_status(from);
  if (const auto retry = from.count("retry_after")) made.retry_after = static_cast<std::uint32_t>(*retry);
  made.queued = from.flag("queued").value_or(false);
  made.queued_after = duration(from, "queued_after_ms", 1);
  made.told = word(from, "event", told).value_or(push_rule::event::as_ever);
  made.hang_up = from.flag("hang_up").value_or(false);
  if (made.queued_after && !(made.queued && (made.status || made.hang_up)))
    from.fail("queued_after_ms needs queued, and status or hang_up");
  made.delay = duration(from, "delay_ms", 1).value_or(milliseconds{0});
  if (from.problem()) return wrong("pushes: " + *from.problem());
  return made;
}

template <class Rule, class Parse>
std::optional<error> read_rules(fields& from, std::string_view name, std::vector<Rule>& into, Parse parse) {
  const auto* rules = from.any(name);
  if (rules == nullptr) return std::nullopt;
  into.clear();
  if (!rules->is_array()) return wrong(std::string{name} + " is not a list");
  for (const auto& one : rules->as_array()) {
    if (!one.is_object()) return wrong(std::string{name} + " has something that is no object");
    auto rule = parse(one.as_object());
    if (!rule) return rule.fault();
    into.push_back(std::move(*rule));
  }
  return std::nullopt;
}

result<event_disorder> parse_disorder(const json::value& value) {
  if (!value.is_object()) return wrong("events is not an object");
  fields from{value.as_object(),
              {"kinds", "drop_every", "double_every", "swap_every", "shuffle", "delay_ms"}};
  event_disorder made;
  made.kinds = texts(from, "kinds").value_or(std::vector<std::string>{});
  made.drop_every = from.count("drop_every").value_or(0);
  made.double_every = from.count("double_every").value_or(0);
  made.swap_every = from.count("swap_every").value_or(0);
  made.shuffle = from.flag("shuffle").value_or(false);
  made.delay = duration(from, "delay_ms", 1).value_or(milliseconds{0});
  if (from.problem()) return wrong("events: " + *from.problem());
  return made;
}

} // namespace

result<device_change> parse_device_change(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields from{*object,
              {"class", "activation", "joined", "acknowledges", "gateway", "tx_result", "gateways", "longest",
               "class_c_timeout", "hesitates_every"}};
  device_change made;
  made.class_c = word(from, "class", classes);
  made.abp = word(from, "activation", activations);
  made.joined = from.flag("joined");
  made.acknowledges = from.flag("acknowledges");
  made.gateway = word(from, "gateway", manners);
  made.tx_result = from.text("tx_result");
  made.gateways = texts(from, "gateways");
  if (const auto longest = from.count("longest")) made.longest = *longest;
  made.class_c_timeout = duration(from, "class_c_timeout", 1'000);
  made.hesitates_every = from.count("hesitates_every");
  if (from.problem()) return wrong(*from.problem());
  return made;
}

result<device_word> parse_device_word(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields from{*object, {"application", "device", "f_port", "confirmed", "ack", "mac_answer"}};
  device_word made;
  made.application = from.text("application").value_or("");
  made.device = from.text("device").value_or("");
  made.up.f_port = static_cast<std::uint32_t>(from.count("f_port").value_or(made.up.f_port));
  made.up.confirmed = from.flag("confirmed").value_or(false);
  made.up.ack = from.flag("ack");
  made.up.wants_mac_answer = from.flag("mac_answer").value_or(false);
  if (made.application.empty() || made.device.empty()) from.fail("application and device are needed");
  if (from.problem()) return wrong(*from.problem());
  return made;
}

result<downlink_switches> parse_downlink_switches(std::string_view body, downlink_switches now,
                                                  mono_time time) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields from{*object,
              {"pushes", "reads", "events", "rate", "rate_of", "rate_per", "push_ms", "lock_seconds",
               "most_waiting", "webhook_pool", "formatters"}};
  if (auto bad = read_rules(from, "pushes", now.pushes,
                            [time](const auto& one) { return parse_push_rule(one, time); }))
    return *bad;
  if (auto bad = read_rules(from, "reads", now.reads,
                            [time](const auto& one) { return parse_read_rule(one, time); }))
    return *bad;
  if (const auto* events = from.any("events")) {
    auto disorder = parse_disorder(*events);
    if (!disorder) return disorder.fault();
    now.events = std::move(*disorder);
  }
  if (const auto* rate = from.any("rate"); rate != nullptr && rate->is_null())
    now.rate.reset();
  else if (const auto limit = from.count("rate"))
    now.rate = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(*limit));
  if (auto of = words(from, "rate_of", {"push", "replace", "queue", "record"})) now.rate_of = std::move(*of);
  now.rate_per_application = word(from, "rate_per", limits).value_or(now.rate_per_application);
  now.push_time = duration(from, "push_ms", 1).value_or(now.push_time);
  now.lock_time = duration(from, "lock_seconds", 1'000).value_or(now.lock_time);
  if (const auto most = from.count("most_waiting")) now.most_waiting = *most;
  if (const auto most = from.count("webhook_pool")) now.webhook_pool = *most;
  if (auto formatters = pairs(from, "formatters")) now.formatters = {formatters->begin(), formatters->end()};
  if (from.problem()) return wrong(*from.problem());
  return now;
}

result<restart_word> parse_restart(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields from{*object, {"by", "seconds"}};
  restart_word made;
  made.killed = word(from, "by", endings).value_or(made.killed);
  made.down = duration(from, "seconds", 1'000).value_or(made.down);
  if (from.problem()) return wrong(*from.problem());
  return made;
}

result<event_ways> parse_event_ways(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields from{*object, {"by", "url", "path", "headers", "field_mask"}};
  const auto by = from.text("by").value_or("webhook");
  if (by != "webhook" && by != "mqtt" && by != "both" && by != "none")
    from.fail("by is none of webhook, mqtt, both, none");
  event_ways made;
  made.by_webhook = by == "webhook" || by == "both";
  made.by_mqtt = by == "mqtt" || by == "both";
  if (auto url = from.text("url")) {
    made.webhook.emplace();
    made.webhook->base_url = std::move(*url);
    made.webhook->path = from.text("path").value_or("");
    if (auto headers = pairs(from, "headers")) made.webhook->headers = std::move(*headers);
    if (auto mask = texts(from, "field_mask")) made.webhook->field_mask = std::move(*mask);
  }
  if (from.problem()) return wrong(*from.problem());
  return made;
}

} // namespace causeway::emulator
