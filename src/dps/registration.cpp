// SPDX-License-Identifier: Apache-2.0
#include "dps/registration.h"

#include "azure/hub_address.h"
#include "azure/names.h"
#include "azure/service_words.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/http_fields.h"
#include "dps/answer.h"

#include <algorithm>
#include <charconv>

namespace causeway::dps {
namespace {

constexpr backoff_policy pauses{.first = milliseconds{1'000}, .longest = milliseconds{20'000}};
constexpr std::int64_t code_custom_allocation = 400207;

std::string_view header(const header_list& headers, std::string_view wanted) {
  for (const auto& [name, value] : headers)
    if (equals_ignoring_case(name, wanted)) return value;
  return {};
}

// "12 min ahead of", as one says it of our clock against DPS's.
std::string words_of(wall_time::duration ahead) {
  const auto off = std::chrono::abs(std::chrono::round<seconds>(ahead)).count();
  return (off < 600 ? std::to_string(off) + " s " : std::to_string(off / 60) + " min ") +
         (ahead > wall_time::duration::zero() ? "ahead of" : "behind");
}

// "404201 Enrolment not found, tracking id 1234", as far as DPS says it.
std::string words_of(int status, const error_answer& answer) {
  auto text = answer.code != 0 ? std::to_string(answer.code) : "HTTP " + std::to_string(status);
  if (!answer.message.empty()) text += " " + answer.message;
  if (!answer.tracking_id.empty()) text += ", tracking id " + answer.tracking_id;
  return text;
}

errc code_of(int status) {
  switch (status) {
  case 401:
    return errc::dps_unauthorized;
  case 404:
    return errc::dps_enrolment_unknown;
  case 429:
    return errc::dps_throttled;
  // A conflict of two registrations of one id, and a time-out of the service, pass by themselves.
  case 408:
  case 409:
  case 412:
    return errc::dps_busy;
  default:
    break;
  }
  if (status >= 500) return errc::dps_busy;
  return status >= 400 ? errc::dps_request_refused : errc::dps_protocol;
}

// "MQTT v5", in whatever spelling: hubs of that profile take nothing else.
bool is_without_amqp(std::string_view connection_profile) {
  const auto profile = to_lower(connection_profile);
  return profile.find("mqtt") != std::string::npos && profile.find('5') != std::string::npos;
}

// Of a registration that came to "failed": the number is an HTTP status with three digits more (E.1).
errc code_of_failure(std::int64_t error_code) {
  switch (error_code / 1'000) {
  case 401:
    return errc::dps_unauthorized;
  case 404:
    return errc::dps_enrolment_unknown;
  case 429:
    return errc::dps_throttled;
  default:
    return error_code >= 500'000 ? errc::dps_busy : errc::dps_assignment_refused;
  }
}

} // namespace

registration::registration(std::string id_scope, registration_id id, azure::signing_key device_key,
                           std::string model_id, std::optional<milliseconds> first_poll)
    : id_scope_{std::move(id_scope)},
      id_{std::move(id)},
      key_{std::move(device_key)},
      model_id_{std::move(model_id)},
      first_poll_{first_poll},
      backoff_{pauses} {}

std::optional<http_request> registration::next_request(moment now) {
  if (outcome_) return std::nullopt;
  if (now.mono >= deadline_) {
    give_up(now.mono);
    return std::nullopt;
  }
  if (awaiting_answer_ || now.mono < due_) return std::nullopt;
  if (deadline_ == mono_time::max()) deadline_ = now.mono + time_limit;
  awaiting_answer_ = true;
  return make_request(now);
}

mono_time registration::due() const {
  if (outcome_) return mono_time::max();
  return awaiting_answer_ ? deadline_ : std::min(due_, deadline_);
}

void registration::decline_early_poll() {
  CAUSEWAY_CHECK(usual_due_);
  due_ = *std::exchange(usual_due_, std::nullopt);
}

mono_time registration::next_poll_allowed() const {
  if (polls_.empty()) return mono_time::min();
  const auto after_last = polls_.back() + poll_interval;
  return polls_.size() < most_polls ? after_last : std::max(after_last, polls_.front() + polls_span);
}

http_request registration::make_request(moment now) {
  http_request request;
  usual_due_.reset();
  polling_ = !operation_.empty();
  const auto token = azure::make_sas_token(azure::registration_resource(id_scope_, id_), key_,
                                           now.wall + token_life, azure::registration_policy);
  request.headers = {{"Authorization", std::string{token.reveal()}}, {"Accept", "application/json"}};
  auto path = "/" + percent_encode(id_scope_) + "/registrations/" + percent_encode(id_.str());
  if (operation_.empty()) {
    request.kind = request_kind::register_device;
    request.method = "PUT";
    path += "/register";
    request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
    request.body = "{\"registrationId\":" + json_quoted(id_.str());
    if (!model_id_.empty()) request.body += ",\"payload\":{\"modelId\":" + json_quoted(model_id_) + "}";
    request.body += "}";
    ++registers_sent_;
  } else {
    request.kind = request_kind::poll;
    request.method = "GET";
    path += "/operations/" + percent_encode(operation_);
    if (polls_.size() == most_polls) polls_.erase(polls_.begin());
    polls_.push_back(now.mono);
    polled_ = true;
    ++polls_sent_;
  }
  request.path_and_query = path + "?api-version=" + std::string{api_version};
  return request;
}

std::optional<error> registration::on_response(int status, const header_list& headers, std::string_view body,
                                               moment now, double random) {
  if (outcome_) return std::nullopt; // too late
  CAUSEWAY_CHECK(awaiting_answer_);
  awaiting_answer_ = false;
  if (polling_) polls_.back() = now.mono;
  const auto retry_after = retry_after_of(headers);
  if (status == 200 || status == 202) return on_status(body, retry_after, now);

  auto fault = refusal(status, headers, body, now);
  // Whatever is gone, operation, record or enrolment: the answer to a new registration tells.
  if (fault.code() == errc::dps_enrolment_unknown && !operation_.empty()) {
    error lost{errc::dps_operation_lost, fault.detail()};
    if (++operations_lost_ <= most_lost_operations)
      return begin_anew(std::move(lost), milliseconds{0}, now.mono);
    conclude(std::move(lost));
    return std::nullopt;
  }
  if (may_ask_again_of(parse_error_answer(body).code))
    return begin_anew(error{errc::dps_assignment_refused, fault.detail()}, allocation_pause, now.mono);
  if (fault.code() == errc::dps_throttled || fault.code() == errc::dps_busy)
    return put_off(std::move(fault), retry_after, now, random);
  conclude(std::move(fault));
  return std::nullopt;
}

bool registration::may_ask_again_of(std::int64_t error_code) {
  return error_code == code_custom_allocation && !std::exchange(allocation_refused_, true);
}

std::optional<error> registration::begin_anew(error why, milliseconds pause, mono_time now) {
  operation_.clear();
  polled_ = false;
  return put_off_until(now + pause, std::move(why), now);
}

error registration::refusal(int status, const header_list& headers, std::string_view body, moment now) const {
  const auto answer = parse_error_answer(body);
  const auto words = about(words_of(status, answer));
  if ((status == 401 || status == 403) && azure::tells_of_keys_switched_off(answer.message))
    return error{errc::local_authentication_off, words};
  if (status != 401) return error{code_of(status), words};
  auto theirs = parse_http_date(header(headers, "date"));
  if (!theirs) theirs = answer.timestamp;
  if (!theirs || std::chrono::abs(now.wall - *theirs) <= most_skew) return error{code_of(status), words};
  return error{errc::clock_skew,
               "this machine's clock is " + words_of(now.wall - *theirs) + " DPS's; " + words};
}

std::optional<error> registration::on_transport_error(error fault, moment now, double random) {
  if (outcome_) return std::nullopt;
  CAUSEWAY_CHECK(awaiting_answer_);
  awaiting_answer_ = false;
  if (polling_) polls_.back() = now.mono;
  // What no wait can mend, such as a certificate that is not trusted, is the outcome at once.
  if (fault.cls() == error_class::config || fault.cls() == error_class::permanent) {
    conclude(std::move(fault).in(about("DPS")));
    return std::nullopt;
  }
  return put_off(std::move(fault), std::nullopt, now, random);
}

std::optional<error> registration::on_status(std::string_view body, std::optional<seconds> retry_after,
                                             moment now) {
  auto parsed = parse_operation_answer(body);
  if (!parsed) {
    conclude(std::move(parsed).fault().in(about("answer")));
    return std::nullopt;
  }
  auto& answer = *parsed;
  const auto refuse = [&](errc code, std::string_view otherwise) {
    const auto words = answer.error_code != 0 || !answer.error_message.empty()
                           ? std::to_string(answer.error_code) + " " + answer.error_message
                           : std::string{otherwise};
    conclude(error{code, about(words)});
  };
  if (answer.status == "failed" && may_ask_again_of(answer.error_code))
    return begin_anew(error{errc::dps_assignment_refused,
                            about(std::to_string(answer.error_code) + " " + answer.error_message)},
                      allocation_pause, now.mono);
  if (answer.status == "assigned") {
    if (answer.device_id.empty() || answer.assigned_hub.empty()) {
      refuse(errc::dps_protocol, "assigned, but without hub or device id");
    } else if (const auto hub = azure::parse_hub_address(answer.assigned_hub); !hub) {
      refuse(errc::dps_protocol, "the assigned hub " + hub.fault().detail());
    } else if (!azure::is_valid_identity(answer.device_id)) {
      refuse(errc::dps_protocol,
             "the device id " + json_quoted(answer.device_id.substr(0, 130)) + " is not valid");
    } else if (is_without_amqp(answer.connection_profile)) {
      refuse(errc::hub_speaks_no_amqp, answer.assigned_hub + " has the connection profile " +
                                           json_quoted(answer.connection_profile) +
                                           "; link a hub of the classic profile to DPS");
    } else {
      conclude(assigned{hub->id(), identity{std::move(answer.device_id)}, std::move(answer.substatus)});
    }
  } else if (answer.status == "disabled") {
    refuse(errc::dps_disabled, "disabled");
  } else if (answer.status == "failed") {
    refuse(code_of_failure(answer.error_code), "failed, without a reason");
  } else if (answer.status != "assigning" && answer.status != "unassigned") {
    refuse(errc::dps_protocol, "the status " + json_quoted(answer.status) + " is not known");
  } else if (answer.operation_id.empty() && operation_.empty()) {
    refuse(errc::dps_protocol, "assigning, but without an operation id");
  } else {
    if (!answer.operation_id.empty()) operation_ = std::move(answer.operation_id);
    backoff_.reset();
    last_setback_.reset();
    const auto not_before = next_poll_allowed();
    due_ = std::max(now.mono + std::max(retry_after.value_or(shortest_wait), shortest_wait), not_before);
    if (first_poll_ && !polled_) {
      const auto wanted = std::max(now.mono + *first_poll_, not_before);
      if (wanted < due_) usual_due_ = due_;
      due_ = wanted;
    }
    if (due_ >= deadline_) give_up(now.mono);
  }
  return std::nullopt;
}

std::optional<error> registration::put_off(error why, std::optional<seconds> retry_after, moment now,
                                           double random) {
  milliseconds pause = std::max<milliseconds>(backoff_.next(random), shortest_wait);
  if (retry_after) {
    pause = std::max(*retry_after, shortest_wait);
    why = std::move(why).with_retry_after(pause);
  }
  auto due = now.mono + pause;
  if (!operation_.empty()) due = std::max(due, next_poll_allowed());
  return put_off_until(due, std::move(why), now.mono);
}

std::optional<error> registration::put_off_until(mono_time due, error why, mono_time now) {
  due_ = due;
  last_setback_ = why;
  if (due_ >= deadline_) give_up(now); // waiting for a step that will not come holds a place for nothing
  return why;
}

void registration::give_up(mono_time now) {
  if (last_setback_ && last_setback_->code() == errc::dps_throttled) {
    auto fault = *last_setback_;
    if (fault.retry_after())
      fault = std::move(fault).with_retry_after(
          std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(due_ - now)));
    conclude(std::move(fault));
    return;
  }
  conclude(error{errc::dps_answer_missing, about(last_setback_      ? last_setback_->message()
                                                 : awaiting_answer_ ? "no answer"
                                                                    : "still assigning")});
}

void registration::conclude(result<assigned> outcome) {
  outcome_ = std::move(outcome);
  awaiting_answer_ = false;
}

std::string registration::about(std::string_view what) const {
  return "registration " + json_quoted(id_.str()) + " in scope " + json_quoted(id_scope_) + ": " +
         std::string{what};
}

std::optional<seconds> retry_after_of(const header_list& headers) {
  return parse_retry_after(header(headers, "retry-after"));
}

std::string fingerprint(std::string_view id_scope, const azure::signing_key& key) {
  const secret text{std::string{id_scope} + "\n" + std::string{key.bytes()}};
  const auto digest = sha256(text.reveal());
  std::string head;
  for (std::size_t i = 0; i < 8; ++i)
    head += static_cast<char>(digest[i]);
  return hex_encode(head);
}

} // namespace causeway::dps
