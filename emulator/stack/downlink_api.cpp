// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_api.h"

#include "base/encoding.h"
#include "emulator/stack/network_record.h"

#include <algorithm>

namespace causeway::emulator {

namespace json = boost::json;

namespace {

constexpr std::string_view as_path = "/api/v3/as/applications/", ns_path = "/api/v3/ns/applications/";

enum class downlink_method : std::uint8_t { push, replace, list, record };

registry_response make_plain(int status, std::string_view body) {
  registry_response response;
  response.status = status;
  response.body = body;
  return response;
}

stack_fault make_not_found() {
  return {404, 5, "pkg/redis", "not_found", "entity not found", {}};
}

std::string_view right_for(downlink_method method) {
  switch (method) {
  case downlink_method::push:
  case downlink_method::replace:
    return "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE";
  case downlink_method::list:
    return "RIGHT_APPLICATION_TRAFFIC_READ";
  case downlink_method::record:
    break;
  }
  return "RIGHT_APPLICATION_DEVICES_READ";
}

// In `rate_of` of the switches.
std::string_view word_of(downlink_method method) {
  switch (method) {
  case downlink_method::push:
    return "push";
  case downlink_method::replace:
    return "replace";
  case downlink_method::list:
    return "queue";
  case downlink_method::record:
    break;
  }
  return "record";
}

std::string_view resource_of(downlink_method method, downlink_route route) {
  if (route == downlink_route::webhook) return "as:down:web";
  switch (method) {
  case downlink_method::push:
    return "grpc:method:/ttn.lorawan.v3.AppAs/DownlinkQueuePush";
  case downlink_method::replace:
    return "grpc:method:/ttn.lorawan.v3.AppAs/DownlinkQueueReplace";
  case downlink_method::list:
    return "grpc:method:/ttn.lorawan.v3.AppAs/DownlinkQueueList";
  case downlink_method::record:
    break;
  }
  return "grpc:method:/ttn.lorawan.v3.NsEndDeviceRegistry/Get";
}

} // namespace

struct downlink_api::target {
  downlink_method method = downlink_method::list;
  downlink_route route = downlink_route::rest;
  std::string application, device, webhook;
};

std::optional<downlink_api::target> downlink_api::read_path(std::string_view path) {
  const bool record = path.starts_with(ns_path);
  if (!record && !path.starts_with(as_path)) return std::nullopt;
  auto parts = split_text(path.substr(as_path.size()), '/');
  for (auto& part : parts)
    part = percent_decode(part);
  target at;
  if (record) {
    if (parts.size() != 3 || parts[1] != "devices") return std::nullopt;
    at.method = downlink_method::record;
    at.application = parts[0];
    at.device = parts[2];
    return at;
  }
  if (parts.size() > 2 && parts[1] == "webhooks") {
    at.route = downlink_route::webhook;
    at.webhook = parts[2];
    parts.erase(parts.begin() + 1, parts.begin() + 3);
  }
  if (parts.size() < 4 || parts.size() > 5 || parts[1] != "devices" || parts[3] != "down")
    return std::nullopt;
  at.application = parts[0];
  at.device = parts[2];
  if (parts.size() == 5) {
    if (parts[4] != "push" && parts[4] != "replace") return std::nullopt;
    at.method = parts[4] == "push" ? downlink_method::push : downlink_method::replace;
  } else if (at.route == downlink_route::webhook) {
    return std::nullopt;
  }
  return at;
}

bool downlink_api::is_for(std::string_view path) {
  return read_path(path).has_value();
}

downlink_outcome downlink_api::handle(const registry_request& request, moment now) {
  const auto at = read_path(request.path);
  if (!at) return {make_plain(404, R"({"code":5,"message":"Not Found","details":[]})"), {}, 0, {}};
  auto outcome = route(*at, request, now);
  if (outcome.response) {
    if (outcome.response->status >= 400) ++totals_.refused[outcome.response->status];
    auto& headers = outcome.response->headers;
    headers.insert(headers.end(), outcome.headers.begin(), outcome.headers.end());
  }
  return outcome;
}

downlink_outcome downlink_api::route(const target& at, const registry_request& request, moment now) {
  const bool reads = at.method == downlink_method::list || at.method == downlink_method::record;
  if (request.method != (reads ? "GET" : "POST")) {
    const bool web = at.route == downlink_route::webhook;
    return {make_plain(web ? 404 : 501, web ? R"({"code":5,"message":"Not Found","details":[]})"
                                            : R"({"code":12,"message":"Method Not Allowed","details":[]})"),
            {},
            0,
            {}};
  }
  if (!reads) return push(at, request, now);
  if (at.method == downlink_method::record) return record(at, request, now);
  ++totals_.lists;
  downlink_outcome outcome;
  const auto key = bearer_key(request.authorization);
  outcome.response = limit(at, key, now, outcome.headers);
  if (!outcome.response) outcome.response = access_.refuse(at.application, key, right_for(at.method), now);
  if (outcome.response) return outcome;
  auto listed = list(at, now);
  listed.headers = std::move(outcome.headers);
  return listed;
}

std::optional<registry_response>
downlink_api::limit(const target& at, std::string_view key, moment now,
                    std::vector<std::pair<std::string, std::string>>& headers) {
  const auto& switches = service_.switches();
  if (std::exchange(rate_, switches.rate) != switches.rate) buckets_.clear();
  const auto& limited = switches.rate_of;
  const bool concerned =
      limited.empty() || std::find(limited.begin(), limited.end(), word_of(at.method)) != limited.end();
  if (!switches.rate || !concerned) return std::nullopt;
  const auto resource = std::string{resource_of(at.method, at.route)};
  const auto whose = switches.rate_per_application ? at.application : device_key(at.application, at.device);
  auto& bucket =
      buckets_.try_emplace(resource + " " + std::string{key} + " " + whose, *switches.rate).first->second;
  const auto verdict = bucket.take(now.mono);
  headers = {{"X-Rate-Limit-Limit", std::to_string(verdict.limit)},
             {"X-Rate-Limit-Available", std::to_string(verdict.available)},
             {"X-Rate-Limit-Reset", std::to_string(verdict.reset)},
             {"X-Rate-Limit-Retry", std::to_string(verdict.retry)}};
  if (verdict.admitted) return std::nullopt;
  const bool web = at.route == downlink_route::webhook;
  return service_.fail({429,
                        8,
                        web ? "pkg/applicationserver/io/web" : "pkg/ratelimit",
                        "rate_limit_exceeded",
                        "rate limit of `{rate}` accesses per minute exceeded for resource `{key}`",
                        {{"key", resource + ":" + whose}, {"rate", verdict.limit}}});
}

downlink_outcome downlink_api::push(const target& at, const registry_request& request, moment now) {
  ++(at.method == downlink_method::push ? totals_.pushes : totals_.replaces);
  downlink_outcome outcome;
  const auto key = bearer_key(request.authorization);
  auto asked = parse_downlinks(request.body, at.route);
  if (!asked.bare.empty()) {
    outcome.response = make_bare_error(400, 3, asked.bare);
    return outcome;
  }
  outcome.response = limit(at, key, now, outcome.headers);
  if (!outcome.response && at.route == downlink_route::rest && asked.fault)
    outcome.response = service_.fail(*asked.fault);
  if (!outcome.response) outcome.response = access_.refuse(at.application, key, right_for(at.method), now);
  if (outcome.response) return outcome;
  if (at.route == downlink_route::webhook && !access_.has_webhook(at.application, at.webhook)) {
    outcome.response = service_.fail(make_not_found());
    return outcome;
  }
  if (asked.fault) {
    outcome.response = service_.fail(*asked.fault);
    return outcome;
  }
  outcome.push = service_.begin_push(
      {at.application, at.device, at.route, at.method == downlink_method::replace, std::move(asked.items)},
      now);
  return outcome;
}

std::optional<downlink_outcome> downlink_api::disturbed(const target& at, moment now) {
  if (service_.is_stalled(at.application, at.device))
    return downlink_outcome{service_.fail(fault_of_status(504)), service_.switches().stalled_after, 0, {}};
  const auto rule = service_.switches().use_read(at.device, at.method == downlink_method::list, now.mono);
  if (!rule) return std::nullopt;
  auto fault = fault_of_status(rule->status);
  if (rule->status == 429)
    fault.attributes["key"] =
        std::string{resource_of(at.method, at.route)} + ":" + device_key(at.application, at.device);
  return downlink_outcome{service_.fail(fault), rule->delay, 0, {}};
}

downlink_outcome downlink_api::list(const target& at, moment now) {
  if (auto other = disturbed(at, now)) return std::move(*other);
  downlink_outcome outcome;
  if (service_.is_starved()) {
    outcome.response = service_.fail(fault_of_status(500));
    outcome.after = service_.switches().starved_after;
    return outcome;
  }
  const auto* device = service_.device(at.application, at.device, now);
  if (device == nullptr) {
    outcome.response = service_.fail(make_not_found());
    return outcome;
  }
  json::array shown;
  for (const auto* item : device->queue())
    shown.push_back(format_item(*item, item_view::whole));
  outcome.response =
      make_plain(200, shown.empty() ? "{}" : json::serialize(json::object{{"downlinks", std::move(shown)}}));
  return outcome;
}

// The mask is looked at before the key.
downlink_outcome downlink_api::record(const target& at, const registry_request& request, moment now) {
  ++totals_.records;
  downlink_outcome outcome;
  const auto mask = parse_record_mask(parse_query(request.query));
  if (mask.is_empty || !mask.forbidden.empty()) {
    stack_fault fault{
        400, 3, "pkg/rpcmiddleware/validator", "field_mask_paths", "forbidden path(s) in field mask", {}};
    if (!mask.is_empty) fault.attributes["forbidden_paths"] = format_ids(mask.forbidden);
    outcome.response = service_.fail(fault);
    return outcome;
  }
  const auto key = bearer_key(request.authorization);
  outcome.response = limit(at, key, now, outcome.headers);
  if (!outcome.response) outcome.response = access_.refuse(at.application, key, right_for(at.method), now);
  if (!outcome.response && mask.needs_keys)
    outcome.response = access_.refuse(at.application, key, "RIGHT_APPLICATION_DEVICES_READ_KEYS", now);
  if (outcome.response) return outcome;
  if (auto other = disturbed(at, now)) {
    other->headers = std::move(outcome.headers);
    return std::move(*other);
  }
  const auto* device = service_.device(at.application, at.device, now);
  outcome.response = device == nullptr ? service_.fail(make_not_found())
                                       : make_plain(200, json::serialize(format_record(*device, mask.paths)));
  return outcome;
}

} // namespace causeway::emulator
