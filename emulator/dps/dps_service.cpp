// SPDX-License-Identifier: Apache-2.0
#include "emulator/dps/dps_service.h"

#include "azure/names.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"

#include <boost/json.hpp>

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_records = 1'000'000; // as the real service (azure-iot-wire.md E.8)
constexpr std::uint32_t polls_allowed = 5;     // likewise, of one device
constexpr std::chrono::seconds polls_span{10};
constexpr std::size_t most_minutes = 7 * 24 * 60;
constexpr std::size_t most_steps = 32; // of one registration id

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

namespace json = boost::json;

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

std::string model_in(const json::object& payload) {
  auto model = text_in(payload, "modelId");
  return model.empty() ? text_in(payload, "iotcModelId") : model;
}

// The model id that a registration names, in each of the shapes clients use (E.5).
std::string find_model(const json::object& body) {
  if (const auto* payload = body.if_contains("payload"); payload != nullptr) {
    if (payload->is_object()) return model_in(payload->as_object());
    if (payload->is_string()) {
      boost::system::error_code fault;
      const auto inner = json::parse(payload->as_string(), fault);
      if (!fault && inner.is_object()) return model_in(inner.as_object());
    }
  }
  const auto* data = body.if_contains("data");
  return data != nullptr && data->is_object() ? text_in(data->as_object(), "iotcModelId") : std::string{};
}

// FNV-1a: the same hub for the same id, whatever the build.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
  return hash ^ (hash >> 32U);
}

} // namespace

struct dps_service::target {
  enum class action : std::uint8_t { start, poll, look_up };
  action what{};
  std::string scope;
  std::string registration; // as written
  std::string key;          // in lower case
  std::string operation;
};

dps_service::dps_service(std::vector<linked_hub> hubs, fault_table& faults, dps_options options,
                         std::string seed)
    : hubs_{std::move(hubs)}, faults_{faults}, options_{std::move(options)}, seed_{std::move(seed)} {
  CAUSEWAY_CHECK(!hubs_.empty());
  if (options_.registrations_per_minute)
    quota_.emplace(*options_.registrations_per_minute, std::chrono::minutes{1});
}

void dps_service::enrol(const std::string& registration, individual_enrolment enrolment) {
  individual_.insert_or_assign(to_lower(registration), std::move(enrolment));
}

const individual_enrolment* dps_service::find_enrolment(const std::string& registration) const {
  const auto found = individual_.find(to_lower(registration));
  return found == individual_.end() ? nullptr : &found->second;
}

bool dps_service::remove_enrolment(const std::string& registration) {
  const auto key = to_lower(registration);
  if (individual_.erase(key) == 0) return false;
  records_.erase(key);
  return true;
}

std::size_t dps_service::reassign(std::string_view pattern, std::size_t hub) {
  std::size_t moved = 0;
  for (auto& [key, r] : records_) {
    if (!matches(pattern, r.registration) && !matches(pattern, key)) continue;
    if (r.hub == hub) continue;
    if (r.hub && !r.device_id.empty()) {
      const identity device{r.device_id};
      if (hubs_[*r.hub].registry->remove(device) && changed_) changed_(*r.hub, device);
      r.migrated = true;
      r.moving = true;
    }
    r.hub = static_cast<std::uint16_t>(hub);
    ++moved;
  }
  return moved;
}

dps_view dps_service::view_of(const std::string& registration) const {
  const auto found = records_.find(to_lower(registration));
  if (found == records_.end()) return {};
  const auto& r = found->second;
  dps_view view{r.counts, r.steps, "assigning", "", "", r.model_id};
  if (r.state == outcome::disabled) view.status = "disabled";
  if (r.state != outcome::assigned) return view;
  view.status = "assigned";
  view.hub = hubs_[*r.hub].host;
  view.device = r.device_id;
  return view;
}

std::vector<std::size_t> dps_service::assigned_by_hub() const {
  std::vector<std::size_t> counts(hubs_.size());
  for (const auto& [key, r] : records_)
    if (r.state == outcome::assigned) ++counts[*r.hub];
  return counts;
}

std::size_t dps_service::records_without_model() const {
  return static_cast<std::size_t>(std::count_if(records_.begin(), records_.end(),
                                                [](const auto& r) { return r.second.model_id.empty(); }));
}

void dps_service::reset_counters() {
  totals_ = {};
  for (auto& [key, r] : records_) {
    r.counts = {};
    r.steps.clear();
  }
}

dps_response dps_service::handle(const dps_request& request, moment now) {
  auto response = route(request, now);
  ++totals_.answers[response.status];
  if (response.status == 429) ++totals_.throttled;
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
  at.scope = parts[0];
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
  auto response = perform(at, request, now);
  note(at, response.status, now);
  return response;
}

dps_response dps_service::perform(const target& at, const dps_request& request, moment now) {
  if (!azure::is_valid_registration_id(at.registration))
    return fail(400, 400004, "Invalid registration id.", now);
  if (auto refused = refuse_for_fault(at, now)) return std::move(*refused);
  if (at.scope != options_.id_scope) return fail(401, 401002, "Unauthorized", now);
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

void dps_service::note(const target& at, int status, moment now) {
  const auto found = records_.find(at.key);
  if (found == records_.end()) return;
  auto& steps = found->second.steps;
  if (steps.size() == most_steps) steps.erase(steps.begin());
  steps.push_back({static_cast<dps_step::kind>(at.what), static_cast<std::uint16_t>(status), now});
}

std::optional<dps_response> dps_service::refuse_for_fault(const target& at, moment now) {
  auto fault = faults_.use(fault_kind::dps_status, at.registration);
  const bool polls = at.what == target::action::poll;
  if (!fault && polls) fault = faults_.use(fault_kind::dps_poll_status, at.registration);
  if (!fault) return std::nullopt;
  std::string_view message = "Injected fault.";
  int code = fault->status * 1000;
  switch (fault->status) {
  case 401:
    code = 401002;
    message = "Unauthorized";
    break;
  case 404:
    code = polls ? 404203 : 404201;
    message = polls ? "Registration operation not found." : "Device registration not found.";
    break;
  case 409:
    message = "The registration was changed at the same time.";
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

dps_response dps_service::throttle(std::chrono::nanoseconds wait, moment now) const {
  auto response = fail(429, 429001, "Operations are being throttled for this tenant.", now);
  response.headers.emplace_back("Retry-After", std::to_string(whole_seconds(wait)));
  return response;
}

void dps_service::count_accepted(moment now) {
  if (totals_.accepted_registrations++ == 0) totals_.first_accepted = now;
  totals_.last_accepted = now;
  const auto minutes = std::chrono::floor<std::chrono::minutes>(now.mono - totals_.first_accepted.mono);
  const auto slot = std::min(static_cast<std::size_t>(minutes.count()), most_minutes - 1);
  if (totals_.accepted_by_minute.size() <= slot) totals_.accepted_by_minute.resize(slot + 1);
  ++totals_.accepted_by_minute[slot];
}

dps_response dps_service::start_registration(const target& at, const std::string& body, moment now) {
  std::string payload, model;
  if (!body.empty()) {
    boost::system::error_code fault;
    const auto parsed = json::parse(body, fault);
    if (fault || !parsed.is_object()) return fail(400, 400004, "The body is not a JSON object.", now);
    if (const auto* id = parsed.as_object().if_contains("registrationId");
        id != nullptr && (!id->is_string() || !equals_ignoring_case(id->as_string(), at.registration)))
      return fail(400, 400004, "The registration id of the body is not that of the path.", now);
    // Java sends its payload as a JSON string; an answer must be an object or nothing (E.1, E.5).
    if (const auto* sent = parsed.as_object().if_contains("payload"); sent != nullptr && sent->is_object())
      payload = json::serialize(*sent);
    model = find_model(parsed.as_object());
  }
  if (records_.size() >= max_records && !records_.contains(at.key))
    return fail(429, 429001, "The service holds as many registrations as it can.", now);
  if (quota_) {
    if (const auto wait = quota_->take(now.mono)) return throttle(*wait, now);
  }
  count_accepted(now);

  auto& r = records_[at.key];
  if (r.version == 0) r.created = now.wall;
  const auto number = std::to_string(++operations_);
  const auto id = guid_of(seed_ + number);
  r.operation_id = "5." + hex_encode(hmac_sha256(seed_, number)).substr(0, 16) + "." + id;
  r.state = outcome::assigning;
  r.registration = at.registration;
  r.payload = std::move(payload);
  r.model_id = std::move(model);
  r.updated = now.wall;
  r.ready_at = now.mono + options_.assign_after.value_or(options_.retry_after);
  ++r.version;
  ++r.counts.registrations;
  settle(at.key, r, now);
  return progress(r);
}

void dps_service::settle(const std::string& registration, record& r, moment now) {
  if (r.state != outcome::assigning || now.mono < r.ready_at) return;
  r.updated = now.wall;
  const auto own = individual_.find(registration);
  const bool enrolled = own != individual_.end() ? own->second.enabled : group_enabled_;
  if (!enrolled || faults_.use(fault_kind::dps_disabled, r.registration)) {
    r.state = outcome::disabled;
    return;
  }
  r.state = outcome::assigned;
  r.device_id =
      own != individual_.end() && !own->second.device_id.empty() ? own->second.device_id : r.registration;
  if (!r.hub) r.hub = static_cast<std::uint16_t>(hash_of(registration) % hubs_.size());
  put_identity(r);
}

void dps_service::put_identity(record& r) {
  r.moving = false;
  auto& registry = *hubs_[*r.hub].registry;
  const identity device{r.device_id};
  const auto* existing = registry.find(device);
  registry.put(device, keys_of(r.registration), existing == nullptr || existing->enabled);
  if (changed_) changed_(*r.hub, device);
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
    json += R"("assignedHub":)" + json_quoted(hubs_[*r.hub].host) + R"(,"deviceId":)" +
            json_quoted(r.device_id) + R"(,"status":"assigned","substatus":")" +
            (r.migrated ? "deviceDataMigrated" : "initialAssignment") + R"(",)";
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
    return fail(404, 404203, "Registration operation not found.", now);
  auto& r = found->second;
  if (quota_) {
    if (!r.polls) r.polls.emplace(polls_allowed, polls_span);
    if (const auto wait = r.polls->take(now.mono)) return throttle(*wait, now);
  }
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
  if (r.state == outcome::assigned && r.moving) {
    r.updated = now.wall;
    put_identity(r);
  }
  dps_response response;
  response.body = state_json(r);
  return response;
}

} // namespace causeway::emulator
