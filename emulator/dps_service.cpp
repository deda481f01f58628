// SPDX-License-Identifier: Apache-2.0
#include "emulator/dps_service.h"

#include "azure/names.h"
#include "base/digest.h"
#include "base/encoding.h"

#include <boost/json.hpp>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_records = 1'000'000; // as the real service (azure-iot-wire.md E.8)

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const auto slash = path.find('/');
    if (const auto part = path.substr(0, slash); !part.empty()) segments.push_back(percent_decode(part));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash);
  }
  return segments;
}

std::string guid_of(const std::string& seed) {
  const auto digest = sha256(seed);
  auto text = hex_encode({reinterpret_cast<const char*>(digest.data()), 16});
  for (const std::size_t at : {20U, 16U, 12U, 8U})
    text.insert(at, 1, '-');
  return text;
}

} // namespace

struct dps_service::target {
  enum class action : std::uint8_t { start, poll, look_up };
  action what{};
  std::string registration; // as written
  std::string key;          // in lower case
  std::string operation;
};

dps_service::dps_service(identity_registry& hub, fault_table& faults, dps_options options, std::string seed)
    : hub_{hub}, faults_{faults}, options_{std::move(options)}, seed_{std::move(seed)} {}

void dps_service::enrol(const std::string& registration, individual_enrolment enrolment) {
  individual_.insert_or_assign(to_lower(registration), std::move(enrolment));
}

dps_counts dps_service::counts_of(const std::string& registration) const {
  const auto found = records_.find(to_lower(registration));
  return found == records_.end() ? dps_counts{} : found->second.counts;
}

void dps_service::reset_counters() {
  totals_ = {};
  for (auto& [key, r] : records_)
    r.counts = {};
}

dps_response dps_service::handle(const dps_request& request, moment now) {
  auto response = route(request, now);
  ++totals_.answers[response.status];
  return response;
}

dps_response dps_service::fail(int status, int code, std::string_view message, moment now) const {
  dps_response response;
  response.status = status;
  response.body = R"({"errorCode":)" + std::to_string(code) + R"(,"trackingId":")" +
                  guid_of(seed_ + "tracking" + std::to_string(operations_) + format_rfc3339(now.wall)) +
                  R"(","message":)" + json_quoted(message) + R"(,"timestampUtc":")" +
                  format_rfc3339(now.wall) + R"("})";
  response.headers.emplace_back("x-ms-error-code", std::to_string(code));
  return response;
}

dps_response dps_service::route(const dps_request& request, moment now) {
  const auto parts = segments_of(request.path);
  if (parts.size() < 3 || parts[1] != "registrations")
    return fail(404, 404000, "There is nothing at this path.", now);
  target at;
  at.registration = parts[2];
  at.key = to_lower(parts[2]);
  const char* method = nullptr;
  if (parts.size() == 4 && parts[3] == "register") {
    at.what = target::action::start;
    method = "PUT";
  } else if (parts.size() == 5 && parts[3] == "operations") {
    at.what = target::action::poll;
    at.operation = parts[4];
    method = "GET";
  } else if (parts.size() == 3) {
    at.what = target::action::look_up;
    method = "POST";
  } else {
    return fail(404, 404000, "There is nothing at this path.", now);
  }
  if (request.method != method) return fail(405, 405000, "This path does not take this method.", now);

  switch (at.what) {
  case target::action::start:
    ++totals_.registrations;
    break;
  case target::action::poll:
    ++totals_.polls;
    break;
  case target::action::look_up:
    ++totals_.lookups;
    break;
  }
  if (!azure::is_valid_registration_id(at.registration))
    return fail(400, 400004, "Invalid registration id.", now);
  if (auto refused = refuse_for_fault(at.registration, now)) return std::move(*refused);
  if (parts[0] != options_.id_scope) return fail(401, 401002, "Unauthorized", now);
  if (auto refused = authorize(at, request.authorization, now)) return std::move(*refused);

  switch (at.what) {
  case target::action::start:
    return start_registration(at, request.body, now);
  case target::action::poll:
    return poll(at, now);
  case target::action::look_up:
    return look_up(at, now);
  }
  return fail(500, 500000, "Internal error.", now);
}

std::optional<dps_response> dps_service::refuse_for_fault(const std::string& registration, moment now) {
  const auto fault = faults_.use(fault_kind::dps_status, registration);
  if (!fault) return std::nullopt;
  std::string_view message = "Injected fault.";
  int code = fault->status * 1000;
  switch (fault->status) {
  case 401:
    code = 401002;
    message = "Unauthorized";
    break;
  case 404:
    code = 404201;
    message = "Device registration not found.";
    break;
  case 429:
    code = 429001;
    message = "Operations are being throttled for this tenant.";
    break;
  default:
    break;
  }
  auto response = fail(fault->status, code, fault->description.empty() ? message : fault->description, now);
  if (fault->retry_after) response.headers.emplace_back("Retry-After", std::to_string(*fault->retry_after));
  return response;
}

key_pair dps_service::keys_of(const std::string& registration) const {
  const auto own = individual_.find(to_lower(registration));
  return own != individual_.end() ? own->second.keys.clone() : derive_keys(options_.group_keys, registration);
}

// The group's key is derived for the id as the client writes it, or for its lower-case form.
std::optional<dps_response> dps_service::authorize(const target& at, const std::string& authorization,
                                                   moment now) {
  const auto token = azure::parse_sas_token(authorization);
  if (!token || token->expired(now.wall) || (!token->skn.empty() && token->skn != azure::registration_policy))
    return fail(401, 401002, "Unauthorized", now);
  const auto wanted = options_.id_scope + "/registrations/" + at.registration;
  if (!equals_ignoring_case(token->resource, wanted)) return fail(401, 401002, "Unauthorized", now);
  for (const auto& name : {at.registration, at.key}) {
    const auto keys = keys_of(name);
    if (token->signed_by(keys.primary) || token->signed_by(keys.secondary)) return std::nullopt;
  }
  return fail(401, 401002, "Unauthorized", now);
}

dps_response dps_service::start_registration(const target& at, const std::string& body, moment now) {
  std::string payload;
  if (!body.empty()) {
    boost::json::error_code fault;
    const auto parsed = boost::json::parse(body, fault);
    if (fault || !parsed.is_object()) return fail(400, 400004, "The body is not a JSON object.", now);
    if (const auto* id = parsed.as_object().if_contains("registrationId");
        id != nullptr && (!id->is_string() || !equals_ignoring_case(id->as_string(), at.registration)))
      return fail(400, 400004, "The registration id of the body is not that of the path.", now);
    // Java sends its payload as a JSON string; an answer must be an object or nothing (E.1, E.5).
    if (const auto* sent = parsed.as_object().if_contains("payload"); sent != nullptr && sent->is_object())
      payload = boost::json::serialize(*sent);
  }
  if (records_.size() >= max_records && !records_.contains(at.key))
    return fail(429, 429001, "The service holds as many registrations as it can.", now);

  auto& r = records_[at.key];
  if (r.version == 0) r.created = now.wall;
  const auto number = std::to_string(++operations_);
  const auto id = guid_of(seed_ + number);
  r.operation_id = "5." + hex_encode(hmac_sha256(seed_, number)).substr(0, 16) + "." + id;
  r.state = outcome::assigning;
  r.registration = at.registration;
  r.payload = std::move(payload);
  r.updated = now.wall;
  r.ready_at = now.mono + options_.retry_after;
  ++r.version;
  ++r.counts.registrations;
  settle(at.key, r, now);
  return progress(r);
}

void dps_service::settle(const std::string& registration, record& r, moment now) {
  if (r.state != outcome::assigning || now.mono < r.ready_at) return;
  r.updated = now.wall;
  const auto own = individual_.find(registration);
  const bool disabled = (own != individual_.end() && !own->second.enabled) ||
                        faults_.use(fault_kind::dps_disabled, r.registration).has_value();
  if (disabled) {
    r.state = outcome::disabled;
    return;
  }
  r.state = outcome::assigned;
  r.device_id =
      own != individual_.end() && !own->second.device_id.empty() ? own->second.device_id : r.registration;
  const identity device{r.device_id};
  const auto* existing = hub_.find(device);
  hub_.put(device, keys_of(r.registration), existing == nullptr || existing->enabled);
  if (assigned_) assigned_(device);
}

dps_response dps_service::progress(const record& r) const {
  dps_response response;
  if (r.state == outcome::assigning) {
    response.status = 202;
    response.body = R"({"operationId":")" + r.operation_id + R"(","status":"assigning"})";
    response.headers.emplace_back("Retry-After", std::to_string(options_.retry_after.count()));
    response.headers.emplace_back("Location", "/" + percent_encode(options_.id_scope) + "/registrations/" +
                                                  percent_encode(r.registration) + "/operations/" +
                                                  r.operation_id);
  } else {
    const std::string status = r.state == outcome::assigned ? "assigned" : "disabled";
    response.body = R"({"operationId":")" + r.operation_id + R"(","status":")" + status +
                    R"(","registrationState":)" + state_json(r) + "}";
  }
  response.headers.emplace_back("x-ms-request-id",
                                guid_of(seed_ + r.operation_id + std::to_string(r.counts.polls)));
  return response;
}

std::string dps_service::state_json(const record& r) const {
  std::string json = R"({"registrationId":)" + json_quoted(r.registration) + R"(,"createdDateTimeUtc":")" +
                     format_rfc3339(r.created) + R"(",)";
  switch (r.state) {
  case outcome::assigned:
    json += R"("assignedHub":)" + json_quoted(options_.assigned_hub) + R"(,"deviceId":)" +
            json_quoted(r.device_id) + R"(,"status":"assigned","substatus":"initialAssignment",)";
    break;
  case outcome::disabled:
    json += R"("status":"disabled",)";
    break;
  case outcome::assigning:
    json += R"("status":"assigning",)";
    break;
  }
  json += R"("lastUpdatedDateTimeUtc":")" + format_rfc3339(r.updated) + R"(","etag":")" +
          base64_encode("\"" + std::to_string(r.version) + "\"") + "\"";
  if (r.state == outcome::assigned) {
    if (!r.payload.empty()) json += R"(,"payload":)" + r.payload;
    json += R"(,"symmetricKey":{})";
  }
  return json + "}";
}

dps_response dps_service::poll(const target& at, moment now) {
  const auto found = records_.find(at.key);
  if (found == records_.end() || found->second.operation_id != at.operation)
    return fail(404, 404202, "Registration operation not found.", now);
  auto& r = found->second;
  ++r.counts.polls;
  settle(at.key, r, now);
  return progress(r);
}

dps_response dps_service::look_up(const target& at, moment now) {
  const auto found = records_.find(at.key);
  if (found == records_.end()) return fail(404, 404202, "Registration record not found.", now);
  auto& r = found->second;
  ++r.counts.lookups;
  settle(at.key, r, now);
  dps_response response;
  response.body = state_json(r);
  return response;
}

} // namespace causeway::emulator
