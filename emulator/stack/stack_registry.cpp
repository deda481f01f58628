// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_registry.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "emulator/stack/stack_error.h"
#include "emulator/stack/uplink_body.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace causeway::emulator {

namespace json = boost::json;

// What a query asks for. With `problem` it is refused.
struct stack_registry::list_query {
  std::size_t limit = 100, page = 1;
  device_order order = device_order::id;
  bool name = false, attributes = false;
  std::optional<wall_time> since; // only what has changed then or later
  std::optional<stack_fault> problem;
};

namespace {

constexpr std::size_t most_per_page = 1000;
constexpr std::size_t most_per_batch = 20; // that a batch deletes (things-stack-wire.md E.4)
constexpr std::size_t long_attribute = 10'000;
constexpr std::string_view base_path = "/api/v3/applications/";

// Of the identity server; others belong to other servers and are refused here (E.1).
constexpr auto known_paths = std::to_array<std::string_view>(
    {"ids", "created_at", "updated_at", "name", "description", "attributes", "version_ids", "locations",
     "picture", "serial_number", "service_profile_id", "lora_alliance_profile_ids", "network_server_address",
     "application_server_address", "join_server_address", "claim_authentication_code", "activated_at",
     "last_seen_at"});

std::optional<std::size_t> parse_number(const std::string& text) {
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

device_order parse_order(std::string_view text) {
  const bool descending = text.starts_with('-');
  if (descending) text.remove_prefix(1);
  if (text == "created_at") return descending ? device_order::created_descending : device_order::created;
  // What else the stack accepts, it takes for device_id ascending (E.3).
  return descending && text == "device_id" ? device_order::id_descending : device_order::id;
}

void append_attributes(std::string& out, const attribute_list* attributes, bool lengthen) {
  static const attribute_list lies{{"azureintegration", "true"}, {"dtdlmodelid", "dtmi:"}};
  if (lengthen && (attributes == nullptr || attributes->empty())) attributes = &lies;
  if (attributes == nullptr || attributes->empty()) return;
  out += R"(,"attributes":{)";
  bool first = true;
  for (const auto& [key, value] : *attributes) {
    if (!first) out += ',';
    first = false;
    auto shown = value;
    if (lengthen && shown.size() < long_attribute) shown.append(long_attribute - shown.size(), 'x');
    out.append(json_quoted(key)).append(":").append(json_quoted(shown));
  }
  out += '}';
}

void read_mask(const std::string& field, bool& name, bool& attributes, std::optional<stack_fault>& problem) {
  const auto top = std::string_view{field}.substr(0, field.find('.'));
  if (std::find(known_paths.begin(), known_paths.end(), top) == known_paths.end())
    problem = stack_fault{400,
                          3,
                          "pkg/rpcmiddleware/validator",
                          "field_mask_paths",
                          "forbidden path(s) in field mask",
                          {{"forbidden_paths", json::array{json::string{field}}}}};
  name = name || top == "name";
  attributes = attributes || top == "attributes";
}

} // namespace

stack_registry::stack_registry(fault_table& faults, registry_options options, std::string seed)
    : faults_{faults}, options_{options}, seed_{std::move(seed)} {}

void stack_registry::add_application(const std::string& id, std::string api_key,
                                     std::vector<std::string> devices) {
  owners_[api_key] = id;
  auto& made = applications_[id];
  made.api_key = std::move(api_key);
  constexpr std::int64_t first_created = 1'735'689'600; // 2025-01-01T00:00:00Z
  made.devices.load(std::move(devices), wall_time{std::chrono::seconds{first_created}});
}

bool stack_registry::put(const std::string& application, const std::string& device,
                         registered_device_change change, wall_time now) {
  auto& devices = applications_.at(application).devices;
  auto* found = devices.find(device);
  const bool is_new = found == nullptr;
  if (is_new) found = &devices.insert(device, now);
  found->updated = now;
  if (!found->more) found->more = std::make_unique<registered_device::extras>();
  if (change.name) found->more->name = std::move(*change.name);
  if (change.dev_eui) found->more->dev_eui = std::move(*change.dev_eui);
  registry_change told{
      is_new ? registry_change::kind::created : registry_change::kind::updated, application, {device}};
  if (!is_new && change.name) told.paths.emplace_back("name");
  if (!is_new && change.attributes) told.paths.emplace_back("attributes");
  if (change.attributes) found->more->attributes = std::move(*change.attributes);
  tell(std::move(told), now);
  return is_new;
}

std::optional<wall_time> stack_registry::creation_of(const std::string& application,
                                                     const std::string& device) const {
  const auto found = applications_.find(application);
  if (found == applications_.end()) return std::nullopt;
  const auto* const known = found->second.devices.find(device);
  return known == nullptr ? std::nullopt : std::optional{known->created};
}

bool stack_registry::remove(const std::string& application, const std::string& device, wall_time now) {
  const auto found = applications_.find(application);
  if (found == applications_.end() || !found->second.devices.remove(device)) return false;
  tell({registry_change::kind::deleted, application, {device}}, now);
  return true;
}

bool stack_registry::clear(const std::string& application, wall_time now) {
  const auto found = applications_.find(application);
  if (found == applications_.end()) return false;
  auto& devices = found->second.devices;
  registry_change told{registry_change::kind::deleted, application, {}};
  for (std::size_t i = 0; i < devices.size(); ++i) {
    told.devices.push_back(devices.at(device_order::id, i).id);
    if (told.devices.size() < most_per_batch) continue;
    tell(told, now);
    told.devices.clear();
  }
  if (!told.devices.empty()) tell(told, now);
  devices.clear();
  return true;
}

std::size_t stack_registry::move(const std::string& application, std::string_view pattern, wall_time now) {
  const auto found = applications_.find(application);
  if (found == applications_.end()) return 0;
  auto& devices = found->second.devices;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& id = devices.at(device_order::id, i).id;
    if (!matches(pattern, id)) continue;
    devices.find(id)->updated = now;
    tell({registry_change::kind::updated, application, {id}, {"locations"}}, now);
    ++moved;
  }
  return moved;
}

void stack_registry::visit_applications(
    const std::function<void(const std::string&, const std::string&, std::size_t)>& visit) const {
  for (const auto& [id, of] : applications_)
    visit(id, of.api_key, of.devices.size());
}

registry_response stack_registry::fail(const stack_fault& what) {
  const auto correlation = hex_encode(hmac_sha256(seed_, std::to_string(++failures_))).substr(0, 32);
  return make_stack_error(what, correlation);
}

registry_response stack_registry::handle(const registry_request& request, moment now) {
  auto response = route(request, now);
  ++totals_.answers[response.status];
  if (response.status >= 400) ++totals_.refused;
  return response;
}

registry_response stack_registry::route(const registry_request& request, moment now) {
  const auto nothing_here = [](int status, std::string_view body) {
    registry_response response;
    response.status = status;
    response.body = body;
    return response;
  };
  const std::string_view path = request.path;
  const auto parts =
      split_text(path.starts_with(base_path) ? path.substr(base_path.size()) : std::string_view{}, '/');
  if (parts.size() < 2 || parts.size() > 3 || parts[1] != "devices")
    return nothing_here(404, R"({"code":5,"message":"Not Found","details":[]})");
  const bool filters = parts.size() == 3 && parts[2] == "filter" && request.method == "POST";
  if (request.method != "GET" && !filters)
    return nothing_here(501, R"({"code":12,"message":"Method Not Allowed","details":[]})");
  const auto application = percent_decode(parts[0]);
  if (filters && faults_.find(fault_kind::registry_no_changes, application) != nullptr)
    return nothing_here(404, R"({"code":5,"message":"Not Found","details":[]})");
  const bool lists = parts.size() == 2;
  ++(lists ? totals_.lists : filters ? totals_.changes : totals_.lookups);

  const auto key = bearer_key(request.authorization);
  std::vector<std::pair<std::string, std::string>> headers;
  const auto finish = [&](registry_response done) {
    done.headers.insert(done.headers.end(), headers.begin(), headers.end());
    return done;
  };
  if (auto refused = limit(lists ? "List" : filters ? "BatchFilter" : "Get", key, now, headers))
    return finish(std::move(*refused));
  if (auto refused = refuse_for_fault(fault_kind::registry_status, application))
    return finish(std::move(*refused));
  if (auto refused = authorize(application, key)) return finish(std::move(*refused));

  list_query asked;
  if (filters)
    read_body(asked, request.body, now.wall);
  else
    for (const auto& [name, value] : parse_query(request.query))
      read(asked, name, value, lists);
  if (asked.problem) return finish(fail(*asked.problem));
  const auto& of = applications_.at(application);
  if (filters) return finish(list_changes(application, of, asked));
  return finish(lists ? list(application, of, asked) : get(application, of, percent_decode(parts[2]), asked));
}

std::optional<registry_response>
stack_registry::limit(std::string_view method, std::string_view key, moment now,
                      std::vector<std::pair<std::string, std::string>>& headers) {
  const auto owner = owners_.find(key);
  if (!options_.requests_per_minute || owner == owners_.end()) return std::nullopt;
  const auto place = std::string{method} + ' ' + owner->second;
  const auto verdict =
      buckets_.try_emplace(place, *options_.requests_per_minute).first->second.take(now.mono);
  headers = {{"X-Rate-Limit-Limit", std::to_string(verdict.limit)},
             {"X-Rate-Limit-Available", std::to_string(verdict.available)},
             {"X-Rate-Limit-Reset", std::to_string(verdict.reset)}};
  if (verdict.admitted) return std::nullopt;
  headers.emplace_back("X-Rate-Limit-Retry", std::to_string(verdict.retry));
  const auto resource = "grpc:method:/ttn.lorawan.v3.EndDeviceRegistry/" + std::string{method};
  return fail({429,
               8,
               "pkg/ratelimit",
               "rate_limit_exceeded",
               "rate limit of `{rate}` accesses per minute exceeded for resource `{key}`",
               {{"key", resource + ":application:" + owner->second}, {"rate", verdict.limit}}});
}

void stack_registry::read(list_query& asked, std::string_view name, const std::string& value,
                          bool lists) const {
  if (name == "limit" && lists) {
    const auto most = parse_number(value);
    if (!most || *most > most_per_page)
      asked.problem = invalid_field("limit", "value must be less than or equal to 1000");
    else if (*most > 0)
      asked.limit = *most;
  } else if (name == "page" && lists) {
    const auto page = parse_number(value);
    if (!page)
      asked.problem = invalid_field("page", "value is not a number");
    else
      asked.page = std::max<std::size_t>(1, *page);
  } else if (name == "order" && lists) {
    asked.order = parse_order(value);
  } else if (name == "field_mask" || name == "field_mask.paths") {
    for (const auto& field : split_text(value, ','))
      read_mask(field, asked.name, asked.attributes, asked.problem);
  }
}

// {"field_mask":{"paths":[…]},"filters":[{"updated_since":…}],"limit":…,"page":…,"order":…} (E.5).
void stack_registry::read_body(list_query& asked, const std::string& body, wall_time now) {
  boost::system::error_code ec;
  const auto document = json::parse(body, ec);
  if (ec || !document.is_object()) {
    asked.problem = invalid_field("body", "is no JSON object");
    return;
  }
  const auto& members = document.as_object();
  const auto number = [&](std::string_view name, std::size_t otherwise) {
    const auto* found = members.if_contains(name);
    if (found == nullptr) return otherwise;
    boost::system::error_code none;
    const auto read = found->to_number<std::uint32_t>(none);
    if (none) asked.problem = invalid_field(name, "value is not a number");
    return none ? otherwise : std::size_t{read};
  };
  asked.limit = number("limit", asked.limit);
  if (asked.limit > most_per_page)
    asked.problem = invalid_field("limit", "value must be less than or equal to 1000");
  if (asked.limit == 0) asked.limit = list_query{}.limit;
  asked.page = std::max<std::size_t>(1, number("page", 1));
  if (const auto* order = members.if_contains("order"); order != nullptr && order->is_string())
    asked.order = parse_order(order->get_string());
  if (const auto* mask = members.if_contains("field_mask"); mask != nullptr && mask->is_object())
    if (const auto* paths = mask->get_object().if_contains("paths"); paths != nullptr && paths->is_array())
      for (const auto& path : paths->get_array())
        if (path.is_string())
          read_mask(std::string{path.get_string()}, asked.name, asked.attributes, asked.problem);
  const auto* filters = members.if_contains("filters");
  if (filters == nullptr || !filters->is_array()) return;
  for (const auto& one : filters->get_array()) { // only the last counts
    const auto* text = one.is_object() ? one.get_object().if_contains("updated_since") : nullptr;
    if (text == nullptr || !text->is_string()) continue;
    const auto time = parse_rfc3339(std::string{text->get_string()});
    if (!time || wall_time{*time} > now)
      asked.problem = invalid_field("updated_since", "value must be in the past");
    else
      asked.since = *time;
  }
}

std::optional<registry_response> stack_registry::authorize(const std::string& application,
                                                           std::string_view key) {
  if (key.empty()) return fail({401, 16, "pkg/identityserver", "unauthenticated", "unauthenticated", {}});
  const auto owner = owners_.find(key);
  if (owner == owners_.end())
    return fail({401, 16, "pkg/identityserver", "token_not_found", "token not found", {}});
  if (owner->second != application)
    return fail({403,
                 7,
                 "pkg/auth/rights",
                 "no_application_rights",
                 "no rights for application `{uid}`",
                 {{"uid", application}}});
  return std::nullopt;
}

std::optional<registry_response> stack_registry::refuse_for_fault(fault_kind kind,
                                                                  const std::string& application) {
  const auto fault = faults_.use(kind, application);
  if (!fault) return std::nullopt;
  const auto text = fault->description.empty() ? std::string_view{"injected fault"} : fault->description;
  auto response =
      fail({fault->status, stack_code_of(fault->status), "pkg/emulator", "injected_fault", text, {}});
  if (fault->retry_after) {
    response.headers.emplace_back("X-Rate-Limit-Retry", std::to_string(*fault->retry_after));
    response.headers.emplace_back("Retry-After", std::to_string(*fault->retry_after));
  }
  return response;
}

std::string stack_registry::make_device(const std::string& application, const registered_device& device,
                                        const list_query& asked, bool long_attributes) const {
  const auto* more = device.more.get();
  std::string out = R"({"ids":{"device_id":)";
  out.append(json_quoted(device.id));
  out.append(R"(,"application_ids":{"application_id":)").append(json_quoted(application));
  out.append(R"(},"dev_eui":")");
  out.append(more != nullptr && !more->dev_eui.empty() ? more->dev_eui
                                                       : make_dev_eui(application, device.id));
  out.append(R"(","join_eui":"EC656E0000000001"},"created_at":")").append(format_rfc3339(device.created));
  out.append(R"(","updated_at":")").append(format_rfc3339(device.updated)).append("\"");
  if (asked.name && more != nullptr && !more->name.empty())
    out.append(R"(,"name":)").append(json_quoted(more->name));
  if (asked.attributes)
    append_attributes(out, more == nullptr ? nullptr : &more->attributes, long_attributes);
  out += '}';
  return out;
}

registry_response stack_registry::list(const std::string& name, const application_record& of,
                                       const list_query& asked) {
  const auto size = of.devices.size();
  const bool endless = faults_.use(fault_kind::registry_endless_pages, name).has_value();
  const bool repeats = faults_.use(fault_kind::registry_duplicates, name).has_value();
  const bool lengthens = faults_.use(fault_kind::registry_long_attributes, name).has_value();
  const auto step = repeats && asked.limit > 1 ? asked.limit - 1 : asked.limit;
  const auto first = (asked.page - 1) * step;
  const auto end = endless && size > 0 ? first + asked.limit : std::min(size, first + asked.limit);

  registry_response response;
  response.headers.emplace_back("X-Total-Count", std::to_string(size));
  if (first >= end) {
    response.body = "{}";
    return response;
  }
  response.body.reserve((end - first) * 256);
  response.body = R"({"end_devices":[)";
  for (auto i = first; i < end; ++i) {
    if (i > first) response.body += ',';
    response.body += make_device(name, of.devices.at(asked.order, i % size), asked, lengthens);
  }
  response.body += "]}";
  return response;
}

// X-Total-Count is that of all devices, whatever has changed (E.5).
registry_response stack_registry::list_changes(const std::string& name, const application_record& of,
                                               const list_query& asked) const {
  registry_response response;
  response.headers.emplace_back("X-Total-Count", std::to_string(of.devices.size()));
  const auto first = (asked.page - 1) * asked.limit;
  std::size_t found = 0;
  for (std::size_t i = 0; i < of.devices.size() && found < first + asked.limit; ++i) {
    const auto& device = of.devices.at(asked.order, i);
    if (asked.since && device.updated < *asked.since) continue;
    if (++found <= first) continue;
    response.body += response.body.empty() ? R"({"end_devices":[)" : ",";
    response.body += make_device(name, device, asked, false);
  }
  response.body += response.body.empty() ? "{}" : "]}";
  return response;
}

registry_response stack_registry::get(const std::string& name, const application_record& of,
                                      const std::string& id, const list_query& asked) {
  const auto* found = of.devices.find(id);
  if (found == nullptr)
    return fail({404,
                 5,
                 "pkg/identityserver/store",
                 "end_device_not_found",
                 "end device `{application_id}`:`{device_id}` not found",
                 {{"application_id", name}, {"device_id", id}}});
  registry_response response;
  response.body =
      make_device(name, *found, asked, faults_.use(fault_kind::registry_long_attributes, name).has_value());
  return response;
}

} // namespace causeway::emulator
