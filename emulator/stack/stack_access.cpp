// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_access.h"

#include "base/encoding.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::string_view info_path = "/api/v3/auth_info";
constexpr std::string_view webhooks_path = "/api/v3/as/webhooks/";
constexpr auto webhook_fields = std::to_array<std::string_view>(
    {"base_url", "format", "headers", "field_mask", "paused", "health_status", "template_ids",
     "uplink_message", "uplink_normalized", "join_accept", "downlink_ack", "downlink_nack", "downlink_sent",
     "downlink_failed", "downlink_queued", "downlink_queue_invalidated", "location_solved", "service_data"});

// "NNSXS.", an id and a secret.
bool is_well_formed(std::string_view key) {
  return key.starts_with("NNSXS.") && std::count(key.begin(), key.end(), '.') == 2 && !key.ends_with('.');
}

stack_fault make_key_not_found(std::string_view key) {
  const auto id = key.substr(6, key.rfind('.') - 6);
  stack_fault fault{401, 16, "pkg/identityserver", "api_key_not_found", "API key not found", {}};
  fault.cause.push_back({401,
                         5,
                         "pkg/identityserver/store",
                         "api_key_not_found",
                         "api key with id `{api_key_id}` not found",
                         {{"api_key_id", json::string_view{id.data(), id.size()}}}});
  return fault;
}

} // namespace

result<access_change> parse_access_change(std::string_view body) {
  boost::system::error_code fault;
  const auto parsed = json::parse(body, fault);
  if (fault || !parsed.is_object()) return error{errc::field_invalid, "the body is not a JSON object"};
  access_change made;
  for (const auto& [name, value] : parsed.as_object()) {
    if (name == "rights" && value.is_array()) {
      made.rights.emplace();
      for (const auto& right : value.as_array())
        if (right.is_string()) made.rights->emplace_back(right.as_string());
    } else if (name == "expires_at" && value.is_string()) {
      made.expires_at = value.as_string();
    } else if (name == "webhooks" && value.is_array()) {
      made.webhooks = value.as_array();
    } else {
      return error{errc::field_invalid, std::string{name} + " is none of rights, expires_at and webhooks"};
    }
  }
  return made;
}

bool stack_access::is_for(std::string_view path) {
  return path == info_path || path.starts_with(webhooks_path);
}

void stack_access::change(const std::string& application, access_change what) {
  auto& one = records_[application];
  if (what.rights) one.rights = std::move(*what.rights);
  if (what.expires_at) one.expires_at = std::move(*what.expires_at);
  if (what.webhooks) one.webhooks = std::move(*what.webhooks);
}

registry_response stack_access::handle(const registry_request& request, moment now) {
  if (request.method != "GET") {
    registry_response response;
    response.status = 501;
    response.body = R"({"code":12,"message":"Method Not Allowed","details":[]})";
    return response;
  }
  return request.path == info_path ? auth_info(bearer_key(request.authorization), now)
                                   : webhooks(request, now);
}

bool stack_access::is_id_known(std::string_view key) const {
  const auto id = key.substr(0, key.rfind('.') + 1);
  bool known = false;
  registry_.visit_applications([&](const std::string&, const std::string& api_key, std::size_t) {
    known = known || api_key.starts_with(id);
  });
  return known;
}

std::optional<registry_response> stack_access::refuse(const std::string& application, std::string_view key,
                                                      std::string_view right, moment now) {
  std::optional<registry_response> refused;
  const auto* owner = key.empty() ? nullptr : owner_of(key, now, refused);
  if (refused) return refused;
  if (owner == nullptr || *owner != application)
    return registry_.fail({403,
                           7,
                           "pkg/auth/rights",
                           "no_application_rights",
                           "no rights for application `{uid}`",
                           {{"uid", application}}});
  const auto& rights = records_.at(application).rights;
  if (std::find(rights.begin(), rights.end(), right) == rights.end())
    return registry_.fail({403,
                           7,
                           "pkg/auth/rights",
                           "insufficient_application_rights",
                           "insufficient rights for application `{uid}`",
                           {{"missing", json::array{json::string{right}}}, {"uid", application}}});
  return std::nullopt;
}

bool stack_access::has_webhook(const std::string& application, std::string_view id) const {
  const auto found = records_.find(application);
  if (found == records_.end()) return false;
  const auto& hooks = found->second.webhooks;
  return std::any_of(hooks.begin(), hooks.end(), [id](const json::value& hook) {
    const auto* ids = hook.is_object() ? hook.as_object().if_contains("ids") : nullptr;
    const auto* name =
        ids != nullptr && ids->is_object() ? ids->as_object().if_contains("webhook_id") : nullptr;
    return name != nullptr && name->is_string() && std::string_view{name->as_string()} == id;
  });
}

const std::string* stack_access::owner_of(std::string_view key, moment now,
                                          std::optional<registry_response>& why) {
  std::string owner;
  registry_.visit_applications([&](const std::string& id, const std::string& api_key, std::size_t) {
    if (api_key == key) owner = id;
  });
  if (owner.empty()) {
    why = registry_.fail(
        !is_well_formed(key) ? stack_fault{400, 3, "pkg/auth", "token", "invalid token", {}}
        : is_id_known(key)
            ? stack_fault{401, 16, "pkg/identityserver", "invalid_authorization", "invalid authorization", {}}
            : make_key_not_found(key));
    return nullptr;
  }
  const auto found = records_.try_emplace(owner).first;
  if (const auto ends = parse_rfc3339(found->second.expires_at); ends && now.wall >= *ends) {
    why = registry_.fail({401, 16, "pkg/identityserver", "api_key_expired", "API key expired", {}});
    return nullptr;
  }
  return &found->first;
}

registry_response stack_access::auth_info(std::string_view key, moment now) {
  registry_response response;
  if (key.empty()) {
    response.body = "{}";
    return response;
  }
  std::optional<registry_response> refused;
  const auto* owner = owner_of(key, now, refused);
  if (!owner) return std::move(*refused);
  if (auto fault = registry_.refuse_for_fault(fault_kind::registry_status, *owner)) return std::move(*fault);
  const auto& one = records_.at(*owner);
  json::array rights;
  for (const auto& right : one.rights)
    rights.emplace_back(right);
  json::object api_key{{"id", "KEYID"}, {"name", "gateway"}, {"rights", std::move(rights)}};
  if (!one.expires_at.empty()) api_key["expires_at"] = one.expires_at;
  response.body = json::serialize(json::object{
      {"api_key", json::object{{"api_key", std::move(api_key)},
                               {"entity_ids", json::object{{"application_ids",
                                                            json::object{{"application_id", *owner}}}}}}}});
  return response;
}

registry_response stack_access::webhooks(const registry_request& request, moment now) {
  const auto application = percent_decode(std::string_view{request.path}.substr(webhooks_path.size()));
  std::vector<std::string> asked{"base_url", "format"};
  for (const auto& [name, value] : parse_query(request.query))
    if (name == "field_mask")
      for (auto& path : split_text(value, ',')) {
        if (std::find(webhook_fields.begin(), webhook_fields.end(), path) == webhook_fields.end())
          return registry_.fail({400,
                                 3,
                                 "pkg/rpcmiddleware/validator",
                                 "field_mask_paths",
                                 "forbidden path(s) in field mask",
                                 {{"forbidden_paths", json::array{json::string{path}}}}});
        asked.push_back(std::move(path));
      }
  if (auto refused =
          refuse(application, bearer_key(request.authorization), "RIGHT_APPLICATION_TRAFFIC_READ", now))
    return std::move(*refused);
  if (auto fault = registry_.refuse_for_fault(fault_kind::registry_status, application))
    return std::move(*fault);
  const auto& one = records_.at(application);
  json::array shown;
  for (const auto& hook : one.webhooks) {
    if (!hook.is_object()) continue;
    json::object out;
    for (const auto& [name, value] : hook.as_object())
      if (name == "ids" || std::find(asked.begin(), asked.end(), name) != asked.end()) out[name] = value;
    shown.emplace_back(std::move(out));
  }
  registry_response response;
  response.body = shown.empty() ? "{}" : json::serialize(json::object{{"webhooks", std::move(shown)}});
  return response;
}

} // namespace causeway::emulator
