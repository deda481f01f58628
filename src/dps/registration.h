// SPDX-License-Identifier: Apache-2.0
// One registration with the Device Provisioning Service over HTTPS, api-version 2019-03-31 (azure-iot-wire.md
// E.1, E.4). A state machine: the owner carries its requests to DPS and its answers back; no sockets, no
// clocks. One thread.
#pragma once

#include "azure/sas_token.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::dps {

inline constexpr std::string_view api_version = "2019-03-31";
// From the first request; what is not assigned by then is given up.
inline constexpr seconds time_limit{60};
// DPS allows 5 polls in 10 s for a device; two polls of one registration leave at least this far apart.
inline constexpr seconds poll_interval{2};
// The least that is waited after any answer that says nothing or 0.
inline constexpr seconds shortest_wait{1};
inline constexpr seconds token_life{3600};
// Beyond this much between our clock and DPS's a refused token is the clock's fault.
inline constexpr seconds most_skew{300};

using header_list = std::vector<std::pair<std::string, std::string>>;

enum class request_kind : std::uint8_t {
  register_device, // billed, and counted against the registrations a minute
  poll,            // free, and counted against the operations a minute
};

struct http_request {
  request_kind kind = request_kind::register_device;
  std::string method;
  std::string path_and_query;
  header_list headers; // Authorization among them: never to be logged
  std::string body;
};

struct assigned {
  hub_host hub;
  identity device;       // as DPS names it; the registration id, usually
  std::string substatus; // "initialAssignment", …; empty when DPS did not say
  friend bool operator==(const assigned&, const assigned&) = default;
};

class registration {
public:
  // device_key: derived for this id already, where it comes from an enrolment group. model_id: empty = none.
  registration(std::string id_scope, registration_id id, azure::signing_key device_key, std::string model_id);

  // What to send now; nothing while an answer is awaited, before due(), and after the end. The caller answers
  // each request once, with on_response or on_transport_error. Ends the registration when its time is over.
  std::optional<http_request> next_request(moment now);
  // What next_request would make.
  request_kind next_kind() const {
    return operation_.empty() ? request_kind::register_device : request_kind::poll;
  }
  // When next_request has something to do: the next step, or the end of the time. mono_time::max() after the
  // end, mono_time::min() before the first request.
  mono_time due() const;
  // When it gives up; mono_time::max() before the first request.
  mono_time deadline() const { return deadline_; }

  // Returns what went wrong when it is not the end of the registration: dps_throttled (with the pause asked
  // for), dps_busy, dps_enrolment_unknown (the operation was lost). So the caller can slow the whole fleet
  // down and count. headers: of Retry-After only the form in whole seconds is read. random: uniform in [0,
  // 1), for the pause after an answer without Retry-After.
  std::optional<error> on_response(int status, const header_list& headers, std::string_view body, moment now,
                                   double random);
  std::optional<error> on_transport_error(error fault, moment now, double random);

  // Set once. Errors: clock_skew (DPS refuses the token, and its Date header, or else its timestampUtc, is
  // further than most_skew from our clock), dps_unauthorized, dps_enrolment_unknown, dps_disabled,
  // dps_assignment_refused, dps_request_refused, dps_protocol; when the time is over dps_throttled (with what
  // is left of the pause asked for) where the last answer was that, else dps_answer_missing. Details hold
  // DPS's own code and message.
  const std::optional<result<assigned>>& outcome() const { return outcome_; }

  std::uint32_t registers_sent() const { return registers_sent_; }
  std::uint32_t polls_sent() const { return polls_sent_; }

private:
  http_request make_request(moment now);
  void conclude(result<assigned> outcome);
  std::optional<error> put_off(error why, std::optional<seconds> retry_after, moment now, double random);
  std::optional<error> on_status(std::string_view body, std::optional<seconds> retry_after, moment now);
  void give_up(mono_time now);
  std::string about(std::string_view what) const;
  error refusal(int status, const header_list& headers, std::string_view body, moment now) const;

  std::string id_scope_;
  registration_id id_;
  azure::signing_key key_;
  std::string model_id_;
  std::string operation_; // empty: to be registered
  mono_time due_ = mono_time::min();
  mono_time deadline_ = mono_time::max();
  mono_time last_poll_ = mono_time::min();
  backoff backoff_;
  std::optional<error> last_setback_;
  std::optional<result<assigned>> outcome_;
  std::uint32_t registers_sent_ = 0;
  std::uint32_t polls_sent_ = 0;
  bool awaiting_answer_ = false;
};

// Retry-After in whole seconds; nothing when it is absent or in any other form.
std::optional<seconds> retry_after_of(const header_list& headers);

// Names the enrolment that an assignment was made with: lower-case hex of the first 8 bytes of SHA-256 over
// id_scope, a line feed and the decoded key.
std::string fingerprint(std::string_view id_scope, const azure::signing_key& key);

} // namespace causeway::dps
