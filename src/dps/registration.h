// SPDX-License-Identifier: Apache-2.0
// One registration with the Device Provisioning Service over HTTPS, api-version 2019-03-31 (azure-iot-wire.md
// E.1, E.4). A state machine: the owner carries its requests to DPS and its answers back; no sockets, no
// clocks. One thread.
//
// Polls keep to Retry-After. Where `first_poll` is given, the first poll of an operation goes out that long
// after the answer to its registration instead: what DPS asks to wait is not what an assignment takes.
// Whether there is room for such a poll is the owner's to know (decline_early_poll).
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
// DPS allows so many polls in so long for a device; and two of them leave at least this far apart.
inline constexpr std::size_t most_polls = 5;
inline constexpr seconds polls_span{10};
inline constexpr seconds poll_interval{2};
// The least that is waited after any answer that says nothing or 0.
inline constexpr seconds shortest_wait{1};
// How often an operation that DPS has lost is begun anew within one registration.
inline constexpr std::uint32_t most_lost_operations = 3;
// Until a custom allocation that was refused is asked for once more: IoT Central's refuses a new device's
// first registration, and takes the second.
inline constexpr seconds allocation_pause{2};
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
  // first_poll: nothing = as Retry-After says.
  registration(std::string id_scope, registration_id id, azure::signing_key device_key, std::string model_id,
               std::optional<milliseconds> first_poll = std::nullopt);

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
  // The next request is a poll that Retry-After would have later.
  bool next_is_early() const { return usual_due_.has_value(); }
  // It is a poll as any other then, when Retry-After says. Precondition: next_is_early().
  void decline_early_poll();
  // When it gives up; mono_time::max() before the first request.
  mono_time deadline() const { return deadline_; }

  // Returns what went wrong when it is not the end of the registration: dps_throttled (with the pause asked
  // for), dps_busy, dps_operation_lost (begun anew, at once), dps_assignment_refused (asked for once more).
  // So the caller can slow the whole fleet down and count. headers: of Retry-After only the form in whole
  // seconds is read. random: uniform in [0, 1), for the pause after an answer without Retry-After.
  std::optional<error> on_response(int status, const header_list& headers, std::string_view body, moment now,
                                   double random);
  std::optional<error> on_transport_error(error fault, moment now, double random);

  // Set once. Errors: clock_skew (DPS refuses the token, and its Date header, or else its timestampUtc, is
  // further than most_skew from our clock), dps_unauthorized, dps_enrolment_unknown, dps_disabled,
  // dps_assignment_refused, hub_speaks_no_amqp (the hub that DPS names is made for MQTT v5 alone),
  // dps_operation_lost, dps_request_refused, dps_protocol; when the time is over dps_throttled (with what
  // is left of the pause asked for) where the last answer was that, else dps_answer_missing. Details hold
  // DPS's own code and message.
  const std::optional<result<assigned>>& outcome() const { return outcome_; }

  // When the last polls were answered (or went out), most_polls of them at most, the oldest first: DPS has
  // seen them no later, so that its count is kept however long they are on their way. And those of the
  // device's registration before this one, before the first request.
  const std::vector<mono_time>& recent_polls() const { return polls_; }
  void count_polls(std::vector<mono_time> before) { polls_ = std::move(before); }

  std::uint32_t registers_sent() const { return registers_sent_; }
  std::uint32_t polls_sent() const { return polls_sent_; }

private:
  http_request make_request(moment now);
  void conclude(result<assigned> outcome);
  std::optional<error> put_off(error why, std::optional<seconds> retry_after, moment now, double random);
  std::optional<error> put_off_until(mono_time due, error why, mono_time now);
  std::optional<error> begin_anew(error why, milliseconds pause, mono_time now);
  mono_time next_poll_allowed() const;
  bool may_ask_again_of(std::int64_t error_code);
  std::optional<error> on_status(std::string_view body, std::optional<seconds> retry_after, moment now);
  void give_up(mono_time now);
  std::string about(std::string_view what) const;
  error refusal(int status, const header_list& headers, std::string_view body, moment now) const;

  std::string id_scope_;
  registration_id id_;
  azure::signing_key key_;
  std::string model_id_;
  std::optional<milliseconds> first_poll_;
  std::string operation_; // empty: to be registered
  mono_time due_ = mono_time::min();
  std::optional<mono_time> usual_due_; // of a poll that is early
  mono_time deadline_ = mono_time::max();
  std::vector<mono_time> polls_;
  backoff backoff_;
  std::optional<error> last_setback_;
  std::optional<result<assigned>> outcome_;
  std::uint32_t registers_sent_ = 0;
  std::uint32_t polls_sent_ = 0;
  std::uint32_t operations_lost_ = 0;
  bool allocation_refused_ = false;
  bool polled_ = false;  // the present operation
  bool polling_ = false; // the request whose answer is awaited, or was the last
  bool awaiting_answer_ = false;
};

// Retry-After in whole seconds; nothing when it is absent or in any other form.
std::optional<seconds> retry_after_of(const header_list& headers);

// Names the enrolment that an assignment was made with: lower-case hex of the first 8 bytes of SHA-256 over
// id_scope, a line feed and the decoded key.
std::string fingerprint(std::string_view id_scope, const azure::signing_key& key);

} // namespace causeway::dps
