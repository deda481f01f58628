// SPDX-License-Identifier: Apache-2.0
// Which events are one (docs/decisions/0017-de-duplication-keys.md).
#include "tts/event_key.h"

#include "base/encoding.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway::tts {
namespace {

// kind: the member; inner: its members, received_at too.
struct event {
  std::string kind = "uplink_message", inner{}, received_at{}, more{};
  std::string application = "app1", device = "dev1";
};

std::string key_of(const event& e) {
  const auto body = R"({"end_device_ids":{"device_id":")" + e.device +
                    R"(","application_ids":{"application_id":")" + e.application + "\"}}" +
                    (e.received_at.empty() ? "" : R"(,"received_at":")" + e.received_at + '"') + e.more +
                    ",\"" + e.kind + "\":{" + e.inner + "}}";
  const auto parsed = parse_application_up(body, {});
  EXPECT_TRUE(parsed) << parsed.fault().message() << body;
  if (!parsed || !parsed->key) return "none";
  return hex_encode({reinterpret_cast<const char*>(parsed->key->data()), parsed->key->size()});
}

std::string at(const std::string& time, const std::string& more = {}) {
  return R"("received_at":")" + time + '"' + more;
}

TEST(event_key, is_the_digest_that_the_header_promises) {
  // printf '\0\0\0\1u\0\0\0\4app1\0\0\0\4dev1\0\0\0\0121735689600\0\0\0\00278' | sha256sum
  EXPECT_EQ(key_of({.inner = at("2025-01-01T00:00:00.000000078Z")}), "f3472da8344f0feecb3dfabd44433ec9");
  // The same with n, and SHA-256 of {"air":{"temperature":1.50}} behind it.
  EXPECT_EQ(key_of({.kind = "uplink_normalized",
                    .inner = at("2025-01-01T00:00:00.000000078Z",
                                R"(,"normalized_payload":{"air" : { "temperature":1.50}})")}),
            "247ef5b65e991ed6cdc4ec67c3db3a0f");
  // … s, and SHA-256 of {"a":[1,2],"b":"\"\\é"}
  EXPECT_EQ(key_of({.kind = "service_data",
                    .inner = R"("service":"x","data":{"b":"\"\\\u00e9","a":[1, 2]})",
                    .received_at = "2025-01-01T00:00:00.000000078Z"}),
            "9601497f2cc05e55fc977efbefa67d19");
  // … l, and the service
  EXPECT_EQ(key_of({.kind = "location_solved",
                    .inner = R"("service":"gnss","location":{"latitude":1})",
                    .received_at = "2025-01-01T00:00:00.000000078Z"}),
            "e1040866b738c07f248dd07e55f9db6f");
  // printf '\0\0\0\1j\0\0\0\4app1\0\0\0\4dev1\0\0\0\4AQ==' | sha256sum
  EXPECT_EQ(key_of({.kind = "join_accept", .inner = R"("session_key_id":"AQ==")"}),
            "eefa50946b137c9dbc86de8538eee8fa");
}

// ABP devices have no session, masks leave counter and session out, and a resubmitted event has another time
// and other ids in its envelope (faults B4, C1, F2).
TEST(event_key, of_an_uplink_is_its_device_and_the_networks_time) {
  const auto time = "2025-01-01T00:00:00.123456789Z";
  const auto first = key_of({.inner = at(time)});
  EXPECT_NE(first, "none");
  EXPECT_EQ(
      first,
      key_of({.inner = at(time, R"(,"session_key_id":"AQ==","f_cnt":7,"f_port":3,"frm_payload":"AQ==")"),
              .received_at = "2025-01-01T00:00:01Z",
              .more = R"(,"correlation_ids":["gs:uplink:A"])"}));
  EXPECT_EQ(
      first,
      key_of({.inner = at(time), .received_at = "2025-01-01T00:00:09Z", .more = R"(,"simulated":false)"}));
  std::set<std::string> all{first};
  all.insert(key_of({.inner = at(time), .device = "dev2"}));
  all.insert(key_of({.inner = at(time), .application = "app2"}));
  all.insert(key_of({.inner = at("2025-01-01T00:00:00.123456788Z")}));
  all.insert(key_of({.inner = at("2025-01-01T00:00:01.123456789Z")}));
  all.insert(key_of({.inner = at("2025-01-01T00:00:00.12345678Z")}));
  all.insert(key_of({.kind = "uplink_normalized", .inner = at(time, R"(,"normalized_payload":{})")}));
  EXPECT_EQ(all.size(), 7U);
}

TEST(event_key, of_one_moment_is_one_however_it_is_written) {
  const auto whole = key_of({.inner = at("2025-01-01T00:00:00Z")});
  for (const char* same :
       {"2025-01-01T00:00:00.0Z", "2025-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000000000Z"})
    EXPECT_EQ(whole, key_of({.inner = at(same)})) << same;
  EXPECT_EQ(key_of({.inner = at("2025-01-01T00:00:00.12Z")}),
            key_of({.inner = at("2025-01-01T00:00:00.120000000Z")}));
  EXPECT_EQ(key_of({.inner = at("1999-12-31T23:59:59.5Z")}),
            key_of({.inner = at("1999-12-31T23:59:59.500Z")}));
  EXPECT_NE(key_of({.inner = at("1969-12-31T23:59:59.5Z")}), key_of({.inner = at("1970-01-01T00:00:00.5Z")}));
}

TEST(event_key, there_is_none_without_a_time_that_tells_events_apart) {
  const auto time = "2025-01-01T00:00:00Z";
  EXPECT_EQ(key_of({.inner = R"("session_key_id":"AQ==","f_cnt":7)", .received_at = time}), "none");
  for (const char* odd : {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z",
                          "2025-01-01T00:00:00+00:00", "2025-01-01T01:00:00+01:00", "2025-01-01t00:00:00Z",
                          "2025-01-01T00:00:00z", "2016-12-31T23:59:60Z"})
    EXPECT_EQ(key_of({.inner = at(odd), .received_at = time}), "none") << odd;
  for (const char* kind :
       {"uplink_message", "uplink_normalized", "join_accept", "service_data", "location_solved"})
    EXPECT_EQ(
        key_of(
            {.kind = kind,
             .inner = at(time, R"(,"session_key_id":"AQ==","service":"x","data":{},"normalized_payload":{})"),
             .received_at = time,
             .more = R"(,"simulated":true)"}),
        "none")
        << kind;
  for (const char* kind : {"service_data", "location_solved"})
    EXPECT_EQ(key_of({.kind = kind, .inner = R"("service":"x","data":{})"}), "none") << kind;
  EXPECT_EQ(key_of({.kind = "join_accept", .inner = at(time)}), "none");
  for (const char* kind : {"downlink_ack", "downlink_sent", "downlink_queued", "downlink_failed"})
    EXPECT_EQ(key_of({.kind = kind, .inner = R"("session_key_id":"AQ==")", .received_at = time}), "none")
        << kind;
}

// Two measurements of one frame have all but the measurement in common (fault C2).
TEST(event_key, of_a_measurement_is_its_frame_and_what_it_says) {
  const auto measured = [](const std::string& payload) {
    return key_of(
        {.kind = "uplink_normalized",
         .inner = at("2025-01-01T00:00:00.5Z", payload.empty() ? "" : ",\"normalized_payload\":" + payload)});
  };
  const auto first = measured(R"({"air":{"temperature":1.5,"location":"indoor"},"time":"x"})");
  EXPECT_EQ(first, measured(R"({ "time" : "x", "air":{"location":"\u0069ndoor" ,"temperature":1.5} })"));
  EXPECT_NE(first, measured(R"({"air":{"temperature":1.50,"location":"indoor"},"time":"x"})"));
  EXPECT_NE(first, measured(R"({"air":{"temperature":1.6,"location":"indoor"},"time":"x"})"));
  EXPECT_EQ(measured(""), "none");
}

TEST(event_key, of_service_data_is_its_time_and_its_data) {
  const auto said = [](const std::string& time, const std::string& data) {
    return key_of(
        {.kind = "service_data", .inner = R"("service":"lora-cloud","data":)" + data, .received_at = time});
  };
  const auto first = said("2025-01-01T00:00:00Z", R"({"a":1})");
  EXPECT_EQ(first, said("2025-01-01T00:00:00.000Z", R"({ "a" : 1 })"));
  EXPECT_NE(first, said("2025-01-01T00:00:00Z", R"({"a":2})"));
  EXPECT_NE(first, said("2025-01-01T00:00:01Z", R"({"a":1})")); // equal data at another time
  EXPECT_EQ(said("2025-01-01T00:00:00Z", "null"), "none");
}

TEST(event_key, of_a_location_is_its_time_and_its_service) {
  const auto solved = [](const std::string& service, const std::string& time) {
    return key_of({.kind = "location_solved",
                   .inner = R"("service":")" + service + R"(","location":{"latitude":1})",
                   .received_at = time,
                   .more = R"(,"correlation_ids":["gs:uplink:A"])"});
  };
  const auto first = solved("gnss", "2025-01-01T00:00:00Z");
  EXPECT_NE(first, "none");
  EXPECT_NE(first, solved("wifi", "2025-01-01T00:00:00Z"));
  EXPECT_NE(first, solved("gnss", "2025-01-01T00:00:00.000000001Z"));
}

} // namespace
} // namespace causeway::tts
