// SPDX-License-Identifier: Apache-2.0
#include "dps/registration.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view key_text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr std::string_view assigning = R"({"operationId":"5.316aac5bdc130deb.b1","status":"assigning"})";
constexpr std::string_view done =
    R"({"operationId":"5.316aac5bdc130deb.b1","status":"assigned","registrationState":{"registrationId":"dev-1",
        "createdDateTimeUtc":"2026-01-01T00:00:00.123Z","assignedHub":"hub3.azure-devices.net","deviceId":"dev-1",
        "status":"assigned","substatus":"initialAssignment","etag":"Ijdk","payload":{"a":[1,{}]},"symmetricKey":{}}})";
const assigned expected{hub_host{"hub3.azure-devices.net"}, identity{"dev-1"}, "initialAssignment"};

azure::signing_key key() {
  return azure::signing_key::parse(secret{std::string{key_text}}, "the test's key").value();
}

class registration_test : public testing::Test {
protected:
  moment now() const { return time_.now(); }
  milliseconds wait() const { return std::chrono::duration_cast<milliseconds>(subject_.due() - now().mono); }

  http_request request() {
    auto next = subject_.next_request(now());
    EXPECT_TRUE(next.has_value());
    return std::move(next).value_or(http_request{});
  }
  std::optional<error> answer(int status, std::string_view body, std::string_view retry_after = {}) {
    header_list headers{{"Content-Type", "application/json"}};
    if (!retry_after.empty()) headers.emplace_back("Retry-After", std::string{retry_after});
    return subject_.on_response(status, headers, body, now(), 0.5);
  }
  void register_and_wait() {
    request();
    answer(202, assigning, "3");
    time_.advance(3s);
  }
  const error& fault() const { return subject_.outcome().value().fault(); }

  manual_clock time_;
  registration subject_{"0ne00000000", registration_id{"dev-1"}, key(), ""};
};

TEST_F(registration_test, a_whole_conversation) {
  EXPECT_LE(subject_.due(), now().mono);
  const auto first = request();
  EXPECT_EQ(first.kind, request_kind::register_device);
  EXPECT_EQ(first.method, "PUT");
  EXPECT_EQ(first.path_and_query, "/0ne00000000/registrations/dev-1/register?api-version=2019-03-31");
  EXPECT_EQ(first.body, R"({"registrationId":"dev-1"})");
  EXPECT_FALSE(answer(202, assigning, "3"));
  EXPECT_EQ(wait(), 3s);
  EXPECT_FALSE(subject_.next_request(now()));
  time_.advance(2999ms);
  EXPECT_FALSE(subject_.next_request(now()));
  time_.advance(1ms);
  const auto second = request();
  EXPECT_EQ(second.kind, request_kind::poll);
  EXPECT_EQ(second.method, "GET");
  EXPECT_EQ(second.path_and_query,
            "/0ne00000000/registrations/dev-1/operations/5.316aac5bdc130deb.b1?api-version=2019-03-31");
  EXPECT_EQ(second.body, "");
  EXPECT_FALSE(answer(200, done));
  ASSERT_TRUE(subject_.outcome());
  EXPECT_EQ(subject_.outcome()->value(), expected);
  EXPECT_EQ(subject_.due(), mono_time::max());
  EXPECT_FALSE(subject_.next_request(now()));
  EXPECT_EQ(subject_.registers_sent(), 1u);
  EXPECT_EQ(subject_.polls_sent(), 1u);
}

TEST_F(registration_test, signs_for_the_registration_and_for_an_hour) {
  const auto sent = request();
  ASSERT_EQ(sent.headers[0].first, "Authorization");
  const auto token = azure::parse_sas_token(sent.headers[0].second).value();
  EXPECT_EQ(token.resource, "0ne00000000/registrations/dev-1");
  EXPECT_EQ(token.skn, "registration");
  EXPECT_EQ(token.expiry, unix_seconds(now().wall) + 3600);
  EXPECT_TRUE(token.signed_by(key()));
}

TEST_F(registration_test, says_how_the_device_came_to_its_hub) {
  for (const std::string substatus : {"initialAssignment", "deviceDataMigrated", "deviceDataReset",
                                      "reprovisionedToInitialAssignment", "", "aNewOne"}) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    request();
    answer(200, R"({"status":"assigned","registrationState":{"assignedHub":"h.net","deviceId":"d",)"
                R"("substatus":")" +
                    substatus + "\"}}");
    ASSERT_TRUE(subject_.outcome() && *subject_.outcome()) << substatus;
    EXPECT_EQ(subject_.outcome()->value().substatus, substatus);
  }
}

struct refused_token {
  std::string_view date, timestamp;
  errc code;
  std::string_view words;
};

// Our clock says 2026-01-01T00:00:00Z.
const refused_token refused_tokens[] = {
    {"Thu, 01 Jan 2026 00:05:00 GMT", "", errc::dps_unauthorized, "401002"},
    {"Thu, 01 Jan 2026 00:05:01 GMT", "", errc::clock_skew, "301 s behind DPS's"},
    {"Wed, 31 Dec 2025 22:00:00 GMT", "", errc::clock_skew, "120 min ahead of DPS's"},
    {"", "2026-01-01T02:00:00.1234567Z", errc::clock_skew, "120 min behind DPS's"},
    {"", "2026-01-01T00:00:59.123Z", errc::dps_unauthorized, "401002"},
    {"Thu, 01 Jan 2026 00:00:01 GMT", "2027-01-01T00:00:00Z", errc::dps_unauthorized, "401002"},
    {"yesterday", "2026-01-01T02:00:00Z", errc::clock_skew, "behind"},
    {"yesterday", "noon", errc::dps_unauthorized, "401002"},
};

TEST_F(registration_test, a_token_refused_by_a_service_with_another_time_is_the_clocks_fault) {
  for (const auto& [date, timestamp, code, words] : refused_tokens) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    request();
    header_list headers{{"Content-Type", "application/json"}};
    if (!date.empty()) headers.emplace_back("date", std::string{date});
    subject_.on_response(401, headers,
                         R"({"errorCode":401002,"message":"Unauthorized","timestampUtc":")" +
                             std::string{timestamp} + "\"}",
                         now(), 0.5);
    ASSERT_TRUE(subject_.outcome());
    EXPECT_EQ(fault().code(), code) << date << timestamp << fault().detail();
    EXPECT_NE(fault().detail().find(words), std::string::npos) << fault().detail();
  }
}

TEST_F(registration_test, other_refusals_say_nothing_of_the_clock) {
  request();
  subject_.on_response(404, {{"Date", "Thu, 01 Jan 2032 00:00:00 GMT"}}, "", now(), 0.5);
  EXPECT_EQ(fault().code(), errc::dps_enrolment_unknown);
}

TEST_F(registration_test, keeps_the_letter_case_of_its_id) {
  registration mixed{"0ne00000000", registration_id{"Dev-A1"}, key(), ""};
  const auto sent = mixed.next_request(now()).value();
  EXPECT_EQ(sent.path_and_query, "/0ne00000000/registrations/Dev-A1/register?api-version=2019-03-31");
  EXPECT_EQ(sent.body, R"({"registrationId":"Dev-A1"})");
  EXPECT_NE(sent.headers[0].second.find("%2FDev-A1&"), std::string::npos);
}

TEST_F(registration_test, a_conflict_passes_by_itself) {
  for (const int status : {408, 409, 412}) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    request();
    EXPECT_EQ(answer(status, "")->code(), errc::dps_busy) << status;
    EXPECT_FALSE(subject_.outcome());
    EXPECT_EQ(subject_.next_kind(), request_kind::register_device);
  }
}

TEST_F(registration_test, takes_an_assignment_in_the_first_answer) {
  request();
  answer(200, done);
  EXPECT_EQ(subject_.outcome()->value(), expected);
}

TEST_F(registration_test, carries_the_model_id_and_encodes_names) {
  registration with_model{"0ne/1", registration_id{"a:b"}, key(),
                          "dtmi:ttnv3connectorclient:SeeeduinoLoRaWAN4cz;1"};
  const auto sent = with_model.next_request(now()).value();
  EXPECT_EQ(sent.path_and_query, "/0ne%2F1/registrations/a%3Ab/register?api-version=2019-03-31");
  EXPECT_EQ(
      sent.body,
      R"({"registrationId":"a:b","payload":{"modelId":"dtmi:ttnv3connectorclient:SeeeduinoLoRaWAN4cz;1"}})");
}

TEST_F(registration_test, waits_exactly_what_retry_after_says) {
  const std::pair<std::string_view, milliseconds> cases[] = {{"3", 3s},
                                                             {"1", 1s},
                                                             {"10", 10s},
                                                             {"0", 1s},
                                                             {"", 1s},
                                                             {"-4", 1s},
                                                             {"Wed, 21 Oct 2026 07:28:00 GMT", 1s},
                                                             {"2.5", 1s}};
  for (const auto& [text, pause] : cases) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    request();
    answer(202, assigning, text);
    EXPECT_EQ(wait(), pause) << text;
  }
}

TEST_F(registration_test, reads_the_header_in_any_letter_case) {
  request();
  subject_.on_response(202, {{"retry-AFTER", "4"}}, assigning, now(), 0.5);
  EXPECT_EQ(wait(), 4s);
}

TEST_F(registration_test, never_polls_more_often_than_dps_allows) {
  request();
  answer(202, assigning, "1");
  EXPECT_EQ(wait(), 1s);
  time_.advance(1s);
  std::vector<mono_time> polls;
  while (polls.size() < 12) {
    request();
    polls.push_back(now().mono);
    time_.advance(50ms);
    answer(202, assigning, "1");
    time_.advance(wait());
  }
  for (std::size_t i = 5; i < polls.size(); ++i)
    EXPECT_GE(polls[i] - polls[i - 5], 10s);
}

TEST_F(registration_test, keeps_the_operation_when_a_poll_does_not_repeat_it) {
  register_and_wait();
  request();
  answer(202, R"({"status":"assigning"})", "3");
  time_.advance(3s);
  EXPECT_NE(request().path_and_query.find("/operations/5.316aac5bdc130deb.b1?"), std::string::npos);
}

TEST_F(registration_test, goes_on_while_unassigned) {
  register_and_wait();
  request();
  answer(200, R"({"operationId":"5.x","status":"unassigned"})");
  EXPECT_FALSE(subject_.outcome());
  EXPECT_EQ(wait(), 2s);
}

struct ending {
  int status;
  std::string_view body;
  errc code;
  std::string_view words;
};

const ending endings[] = {
    {401, R"({"errorCode":401002,"trackingId":"t-1","message":"Unauthorized"})", errc::dps_unauthorized,
     "401002 Unauthorized, tracking id t-1"},
    {401, "", errc::dps_unauthorized, "HTTP 401"},
    {404, R"({"errorCode":404201,"message":"Enrollment not found"})", errc::dps_enrolment_unknown,
     "404201 Enrollment not found"},
    {404, "<html>", errc::dps_enrolment_unknown, "HTTP 404"},
    {400, R"({"errorCode":400004,"message":"bad body"})", errc::dps_request_refused, "400004 bad body"},
    {403, "[]", errc::dps_request_refused, "HTTP 403"},
    {405, "", errc::dps_request_refused, "HTTP 405"},
    {415, R"({"errorCode":"x"})", errc::dps_request_refused, "HTTP 415"},
    {301, "", errc::dps_protocol, "HTTP 301"},
    {200, R"({"status":"disabled","registrationState":{"status":"disabled"}})", errc::dps_disabled,
     "disabled"},
    {200, R"({"status":"failed","registrationState":{"errorCode":400209,"errorMessage":"hub refused"}})",
     errc::dps_assignment_refused, "400209 hub refused"},
    {200,
     R"({"status":"assigned","registrationState":{"assignedHub":"h.net","deviceId":"d",)"
     R"("connectionProfile":"MQTT v5"}})",
     errc::hub_speaks_no_amqp, "h.net has the connection profile \"MQTT v5\""},
    {200,
     R"({"status":"assigned","registrationState":{"assignedHub":"h.net","deviceId":"d",)"
     R"("connectionProfile":"mqttV5"}})",
     errc::hub_speaks_no_amqp, "mqttV5"},
    {200, R"({"status":"failed","registrationState":{"errorCode":401002,"errorMessage":"Unauthorized"}})",
     errc::dps_unauthorized, "401002 Unauthorized"},
    {200, R"({"status":"failed","registrationState":{"errorCode":404201,"errorMessage":"gone"}})",
     errc::dps_enrolment_unknown, "404201 gone"},
    {200, R"({"status":"failed","registrationState":{"errorCode":429001,"errorMessage":"slow down"}})",
     errc::dps_throttled, "429001 slow down"},
    {200, R"({"status":"failed","registrationState":{"errorCode":500001,"errorMessage":"oh"}})",
     errc::dps_busy, "500001 oh"},
    {200, R"({"status":"failed"})", errc::dps_assignment_refused, "without a reason"},
    {200, "{", errc::dps_protocol, "not JSON"},
    {200, "", errc::dps_protocol, "not JSON"},
    {200, "[1]", errc::dps_protocol, "not a JSON object"},
    {202, "{}", errc::dps_protocol, "no status"},
    {202, R"({"status":5})", errc::dps_protocol, "no status"},
    {202, R"({"status":"pondering"})", errc::dps_protocol, "\"pondering\""},
    {202, R"({"status":"assigning"})", errc::dps_protocol, "without an operation id"},
    {200, R"({"status":"assigned"})", errc::dps_protocol, "without hub"},
    {200, R"({"status":"assigned","registrationState":{"assignedHub":"h.net"}})", errc::dps_protocol,
     "without hub"},
    {200, R"({"status":"assigned","registrationState":{"assignedHub":"h/x","deviceId":"d"}})",
     errc::dps_protocol, "h/x"},
    {200, R"({"status":"assigned","registrationState":{"assignedHub":"h.net","deviceId":"a b"}})",
     errc::dps_protocol, "a b"},
};

TEST_F(registration_test, ends_with_what_dps_says) {
  for (const auto& [status, body, code, words] : endings) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    request();
    EXPECT_FALSE(answer(status, body));
    ASSERT_TRUE(subject_.outcome()) << status << body;
    ASSERT_FALSE(*subject_.outcome());
    EXPECT_EQ(fault().code(), code) << fault().message();
    EXPECT_NE(fault().detail().find(words), std::string::npos) << fault().detail();
    EXPECT_NE(fault().detail().find("registration \"dev-1\" in scope \"0ne00000000\""), std::string::npos);
  }
}

TEST_F(registration_test, a_throttled_step_is_repeated_after_the_pause_asked_for) {
  request();
  const auto setback = answer(429, R"({"errorCode":429001,"message":"Throttled"})", "7");
  ASSERT_TRUE(setback);
  EXPECT_EQ(setback->code(), errc::dps_throttled);
  EXPECT_EQ(setback->retry_after(), 7s);
  EXPECT_FALSE(subject_.outcome());
  EXPECT_EQ(wait(), 7s);
  time_.advance(7s);
  EXPECT_EQ(request().kind, request_kind::register_device);
  answer(202, assigning, "3");
  time_.advance(3s);
  request();
  EXPECT_TRUE(answer(429, "", "5"));
  time_.advance(5s);
  EXPECT_EQ(request().kind, request_kind::poll);
  answer(200, done);
  EXPECT_EQ(subject_.outcome()->value(), expected);
  EXPECT_EQ(subject_.registers_sent(), 2u);
}

TEST_F(registration_test, backs_off_with_growing_pauses_when_dps_cannot_answer) {
  milliseconds last{0};
  for (const int status : {500, 503, 502}) {
    request();
    const auto setback = answer(status, "");
    ASSERT_TRUE(setback);
    EXPECT_EQ(setback->code(), errc::dps_busy);
    EXPECT_FALSE(setback->retry_after());
    EXPECT_GE(wait(), 1s);
    EXPECT_GT(wait(), last);
    last = wait();
    time_.advance(wait());
  }
  request();
  answer(200, done);
  EXPECT_EQ(subject_.outcome()->value(), expected);
}

TEST_F(registration_test, honours_retry_after_of_a_busy_dps) {
  request();
  EXPECT_EQ(answer(503, "", "9")->code(), errc::dps_busy);
  EXPECT_EQ(wait(), 9s);
}

TEST_F(registration_test, repeats_the_step_after_a_lost_connection) {
  register_and_wait();
  request();
  const auto setback = subject_.on_transport_error(error{errc::connection_lost, "dps"}, now(), 0.0);
  EXPECT_EQ(setback->code(), errc::connection_lost);
  EXPECT_EQ(wait(), 2s); // a poll again, so no sooner than polls may follow each other
  time_.advance(wait());
  EXPECT_EQ(request().kind, request_kind::poll);
}

TEST_F(registration_test, ends_at_once_when_no_wait_can_help) {
  request();
  EXPECT_FALSE(subject_.on_transport_error(error{errc::tls_untrusted, "self-signed"}, now(), 0.5));
  EXPECT_EQ(fault().code(), errc::tls_untrusted);
}

TEST_F(registration_test, takes_a_hub_of_the_classic_profile) {
  request();
  answer(200, R"({"status":"assigned","registrationState":{"assignedHub":"h.net","deviceId":"d",)"
              R"("connectionProfile":"classic"}})");
  EXPECT_TRUE(subject_.outcome().value());
}

// B15.
TEST_F(registration_test, an_operation_that_is_gone_is_begun_anew_at_once) {
  for (const std::string_view body : {R"({"errorCode":404203,"message":"Operation not found"})",
                                      R"({"errorCode":404202,"message":"gone"})", ""}) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    register_and_wait();
    request();
    EXPECT_EQ(answer(404, body)->code(), errc::dps_operation_lost) << body;
    EXPECT_FALSE(subject_.outcome());
    EXPECT_EQ(wait(), 0s);
    EXPECT_EQ(request().kind, request_kind::register_device);
    answer(202, assigning, "3");
    time_.advance(3s);
    EXPECT_EQ(request().kind, request_kind::poll);
    answer(200, done);
    EXPECT_EQ(subject_.outcome()->value(), expected);
  }
}

TEST_F(registration_test, an_enrolment_that_is_gone_while_polling_is_what_the_new_registration_says) {
  register_and_wait();
  request();
  EXPECT_EQ(answer(404, R"({"errorCode":404201,"message":"Enrollment not found"})")->code(),
            errc::dps_operation_lost);
  EXPECT_EQ(request().kind, request_kind::register_device);
  EXPECT_FALSE(answer(404, R"({"errorCode":404201,"message":"Enrollment not found"})"));
  EXPECT_EQ(fault().code(), errc::dps_enrolment_unknown);
}

TEST_F(registration_test, operations_that_are_lost_again_and_again_are_given_up) {
  int polls = 0;
  while (!subject_.outcome() && polls < 100) {
    if (request().kind == request_kind::register_device) {
      answer(202, assigning, "1");
    } else {
      ++polls;
      answer(404, R"({"errorCode":404203,"message":"Operation not found"})");
    }
    if (!subject_.outcome()) time_.advance(wait());
  }
  EXPECT_EQ(polls, 4);
  EXPECT_EQ(subject_.registers_sent(), 4u);
  EXPECT_EQ(fault().code(), errc::dps_operation_lost);
  EXPECT_EQ(fault().cls(), error_class::transient);
}

// B15: IoT Central refuses a new device's first registration so, and takes the second.
TEST_F(registration_test, a_custom_allocation_that_is_refused_is_asked_for_once_more_in_seconds) {
  constexpr std::string_view refused = R"({"status":"failed","registrationState":{"errorCode":400207,)"
                                       R"("errorMessage":"Custom allocation failed with status code: 404"}})";
  constexpr std::string_view refused_at_once =
      R"({"errorCode":400207,"message":"Custom allocation failed with status code: 404"})";
  for (const bool at_once : {false, true}) {
    const auto refuse = [&] { return at_once ? answer(400, refused_at_once) : answer(200, refused); };
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), ""};
    at_once ? static_cast<void>(request()) : register_and_wait();
    if (!at_once) request();
    EXPECT_EQ(refuse()->code(), errc::dps_assignment_refused);
    EXPECT_FALSE(subject_.outcome());
    EXPECT_EQ(wait(), 2s);
    time_.advance(2s);
    EXPECT_EQ(request().kind, request_kind::register_device);
    EXPECT_FALSE(refuse());
    ASSERT_TRUE(subject_.outcome()) << "once";
    EXPECT_EQ(fault().cls(), error_class::permanent);
    EXPECT_NE(fault().detail().find("400207 Custom allocation failed"), std::string::npos);
  }
}

class early_poll_test : public registration_test {
protected:
  early_poll_test() { subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), "", 500ms}; }
};

TEST_F(early_poll_test, the_first_poll_does_not_wait_for_retry_after_and_the_others_do) {
  request();
  answer(202, assigning, "3");
  EXPECT_TRUE(subject_.next_is_early());
  EXPECT_EQ(wait(), 500ms);
  time_.advance(500ms);
  EXPECT_EQ(request().kind, request_kind::poll);
  EXPECT_FALSE(subject_.next_is_early());
  for (int i = 0; i < 3; ++i) {
    answer(202, assigning, "3");
    EXPECT_FALSE(subject_.next_is_early());
    EXPECT_EQ(wait(), 3s);
    time_.advance(3s);
    EXPECT_EQ(request().kind, request_kind::poll);
  }
  answer(200, done);
  EXPECT_EQ(subject_.outcome()->value(), expected);
}

TEST_F(early_poll_test, declined_it_goes_out_when_retry_after_says) {
  request();
  answer(202, assigning, "3");
  time_.advance(500ms);
  subject_.decline_early_poll();
  EXPECT_FALSE(subject_.next_is_early());
  EXPECT_EQ(wait(), 2500ms);
  EXPECT_FALSE(subject_.next_request(now()));
}

TEST_F(early_poll_test, is_no_early_one_where_dps_asks_for_less) {
  subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), "", 5s};
  request();
  answer(202, assigning, "3");
  EXPECT_FALSE(subject_.next_is_early());
  EXPECT_EQ(wait(), 5s);
}

TEST_F(early_poll_test, one_that_is_throttled_is_repeated_as_dps_says) {
  request();
  answer(202, assigning, "3");
  time_.advance(500ms);
  request();
  EXPECT_EQ(answer(429, "", "7")->code(), errc::dps_throttled);
  EXPECT_FALSE(subject_.next_is_early());
  EXPECT_EQ(wait(), 7s);
}

TEST_F(early_poll_test, never_more_than_five_polls_in_ten_seconds_whatever_dps_answers) {
  const auto ten_seconds_hold = [this](std::string_view retry_after, bool loses) {
    subject_ = registration{"0ne00000000", registration_id{"dev-1"}, key(), "", 100ms};
    std::vector<mono_time> polls;
    for (int i = 0; i < 1'000 && !subject_.outcome(); ++i) {
      const auto next = subject_.next_request(now());
      if (next && next->kind == request_kind::register_device) answer(202, assigning, retry_after);
      if (next && next->kind == request_kind::poll) {
        polls.push_back(now().mono);
        loses&& polls.size() % 2 == 0 ? answer(404, "") : answer(202, assigning, retry_after);
      }
      if (!subject_.outcome()) time_.advance(std::max<milliseconds>(wait(), 1ms));
    }
    ASSERT_GE(polls.size(), 6u);
    for (std::size_t i = 5; i < polls.size(); ++i)
      EXPECT_GE(polls[i] - polls[i - 5], 10s) << i;
  };
  ten_seconds_hold("0", false);
  ten_seconds_hold("1", true);
}

TEST_F(registration_test, gives_up_after_its_time_when_no_answer_comes) {
  request();
  EXPECT_EQ(wait(), 60s);
  time_.advance(59'999ms);
  EXPECT_FALSE(subject_.next_request(now()));
  EXPECT_FALSE(subject_.outcome());
  time_.advance(1ms);
  EXPECT_FALSE(subject_.next_request(now()));
  EXPECT_EQ(fault().code(), errc::dps_answer_missing);
  EXPECT_EQ(fault().cls(), error_class::transient);
  EXPECT_FALSE(answer(200, done)); // too late: no effect
  EXPECT_EQ(fault().code(), errc::dps_answer_missing);
}

TEST_F(registration_test, gives_up_after_its_time_when_dps_goes_on_assigning) {
  const auto start = now().mono;
  int steps = 0;
  while (!subject_.outcome() && ++steps < 100) {
    if (subject_.next_request(now())) answer(202, assigning, "3");
    if (!subject_.outcome()) time_.advance(wait());
  }
  EXPECT_EQ(fault().code(), errc::dps_answer_missing);
  EXPECT_LE(now().mono - start, time_limit);
  EXPECT_GT(now().mono - start, time_limit - 5s);
  EXPECT_EQ(subject_.polls_sent(), 19u);
}

TEST_F(registration_test, throttled_beyond_its_time_ends_with_the_pause_asked_for) {
  request();
  EXPECT_TRUE(answer(429, "", "600"));
  EXPECT_EQ(fault().code(), errc::dps_throttled);
  EXPECT_EQ(fault().retry_after(), 600s);
}

TEST_F(registration_test, an_endless_pause_does_not_overflow) {
  request();
  answer(202, assigning, "4294967295");
  EXPECT_EQ(fault().code(), errc::dps_answer_missing);
}

TEST_F(registration_test, an_assignment_to_an_emulator_keeps_its_port) {
  request();
  answer(200,
         R"({"status":"assigned","registrationState":{"assignedHub":"localhost:15671","deviceId":"dev-1"}})");
  EXPECT_EQ(subject_.outcome()->value().hub.str(), "localhost:15671");
}

TEST(fingerprint, tells_enrolments_apart) {
  const auto first = fingerprint("0ne1", key());
  EXPECT_EQ(first.size(), 16u);
  EXPECT_EQ(first, fingerprint("0ne1", key()));
  EXPECT_NE(first, fingerprint("0ne2", key()));
  EXPECT_NE(first, fingerprint("0ne1", azure::derive_device_key(key(), "dev-1")));
}

} // namespace
} // namespace causeway::dps
