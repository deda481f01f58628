// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_error.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

TEST(hub_error, every_condition_of_the_wire_reference_has_its_name) {
  struct row {
    std::string condition, description;
    errc expected;
  };
  const row rows[] = {
      {"amqp:unauthorized-access", "Unauthorized", errc::hub_unauthorized},
      {"amqp:unauthorized-access", "The SAS token has expired", errc::hub_token_expired},
      {"amqp:unauthorized-access", "Device dev-1 is disabled", errc::hub_device_disabled},
      {"amqp:not-found", "", errc::hub_device_unknown},
      {"amqp:resource-limit-exceeded", "", errc::hub_quota_exceeded},
      {"com.microsoft:device-container-throttled", "", errc::hub_throttled},
      {"com.microsoft:iot-hub-not-found-error", "", errc::hub_not_found},
      {"com.microsoft:iot-hub-suspended", "", errc::hub_suspended},
      {"com.microsoft:quota-exceeded", "", errc::hub_quota_exceeded},
      {"com.microsoft:argument-error", "", errc::hub_refused},
      {"com.microsoft:argument-out-of-range", "", errc::hub_refused},
      {"com.microsoft:precondition-failed", "", errc::hub_refused},
      {"com.microsoft:device-already-exists", "", errc::hub_refused},
      {"com.microsoft:message-lock-lost", "", errc::hub_refused},
      {"com.microsoft:timeout", "", errc::hub_busy},
      {"amqp:link:message-size-exceeded", "", errc::message_too_large},
      {"amqp:internal-error", "", errc::hub_busy},
      {"amqp:internal-error", "The maximum number of tokens per connection (1000) has been reached.",
       errc::hub_token_limit},
      {"amqp:link:detach-forced", "Server Busy. Please retry operation", errc::hub_busy},
      {"amqp:link:stolen", "", errc::hub_link_stolen},
      {"com.microsoft:link-creation-conflict", "Another Amqp client opened a receiver link",
       errc::hub_link_stolen},
      {"amqp:connection:forced", "", errc::hub_interrupted},
      {"amqp:connection:framing-error", "", errc::hub_interrupted},
      {"amqp:connection:redirect", "", errc::hub_interrupted},
      {"amqp:session:window-violation", "", errc::hub_interrupted},
      {"amqp:session:errant-link", "", errc::hub_interrupted},
      {"amqp:session:handle-in-use", "", errc::hub_interrupted},
      {"amqp:session:unattached-handle", "", errc::hub_interrupted},
      {"amqp:link:redirect", "", errc::hub_interrupted},
      {"amqp:link:transfer-limit-exceeded", "", errc::hub_interrupted},
      {"amqp:resource-locked", "", errc::hub_interrupted},
      {"amqp:decode-error", "", errc::hub_refused},
      {"amqp:invalid-field", "", errc::hub_refused},
      {"amqp:not-allowed", "", errc::hub_refused},
      {"amqp:not-implemented", "", errc::hub_refused},
      {"amqp:illegal-state", "", errc::hub_refused},
      {"amqp:frame-size-too-small", "", errc::hub_refused},
      {"amqp:precondition-failed", "", errc::hub_refused},
      {"amqp:resource-deleted", "", errc::hub_refused},
      {"com.example:unheard-of", "why not", errc::hub_refused},
      {"", "", errc::hub_interrupted},
  };
  for (const row& row : rows) {
    const error named = error_from_condition({row.condition, row.description});
    EXPECT_EQ(named.code(), row.expected) << row.condition << " " << row.description << ": " << named.name();
    EXPECT_NE(named.detail().find(row.condition), std::string::npos);
  }
  EXPECT_EQ(error_from_condition({"com.example:unheard-of", "why not"}).detail(),
            "com.example:unheard-of: why not");
}

TEST(hub_error, the_number_in_a_json_description_wins) {
  const std::pair<int, errc> rows[] = {
      {400027, errc::hub_link_stolen},
      {401002, errc::hub_unauthorized},
      {401003, errc::hub_token_expired},
      {403002, errc::hub_quota_exceeded},
      {403004, errc::hub_quota_exceeded},
      {403005, errc::hub_token_limit},
      {403012, errc::hub_device_disabled},
      {404001, errc::hub_device_unknown},
      {404010, errc::hub_device_unknown},
      {404104, errc::hub_interrupted},
      {409002, errc::hub_link_stolen},
      {413001, errc::message_too_large},
      {429001, errc::hub_throttled},
      {429002, errc::hub_throttled},
      {500001, errc::hub_busy},
      {500008, errc::hub_busy},
      {503001, errc::hub_busy},
      {503008, errc::hub_throttled},
      {504101, errc::hub_busy},
  };
  for (const auto& [number, expected] : rows) {
    const std::string description = R"({"errorCode":)" + std::to_string(number) +
                                    R"(,"trackingId":"0123-G:5","message":"m","timestampUtc":"t"})";
    EXPECT_EQ(error_from_condition({"com.example:vague", description}).code(), expected) << number;
    EXPECT_EQ(error_from_status(418, description).code(), expected) << number;
  }
  // A number that nobody knows, and what only looks like JSON, leave the condition to decide.
  EXPECT_EQ(error_from_condition({"amqp:not-found", R"({"errorCode":400999})"}).code(),
            errc::hub_device_unknown);
  EXPECT_EQ(error_from_condition({"amqp:not-found", R"({"errorCode":401)"}).code(), errc::hub_device_unknown);
  EXPECT_EQ(error_from_condition({"amqp:not-found", R"({"errorCode":"x"})"}).code(),
            errc::hub_device_unknown);
  EXPECT_EQ(error_from_condition({"amqp:not-found", std::string(100'000, '{')}).code(),
            errc::hub_device_unknown);
}

TEST(hub_error, every_status_of_a_put_token_has_its_name) {
  struct row {
    int status;
    std::string description;
    errc expected;
  };
  const row rows[] = {
      {400, "malformed", errc::hub_refused},
      {401, "The specified SAS token has an invalid signature.", errc::hub_unauthorized},
      {401, "The specified SAS token is expired", errc::hub_token_expired},
      {401, "Device is disabled", errc::hub_device_disabled},
      {403, "", errc::hub_forbidden},
      {403, "The device is Disabled.", errc::hub_device_disabled},
      {404, "Device dev-1 at IotHub contoso not registered.", errc::hub_device_unknown},
      {429, "", errc::hub_throttled},
      {500, "", errc::hub_busy},
      {500, "The maximum number of tokens per connection (1000) has been reached.", errc::hub_token_limit},
      {503, "", errc::hub_busy},
      {302, "elsewhere", errc::hub_refused},
  };
  for (const row& row : rows)
    EXPECT_EQ(error_from_status(row.status, row.description).code(), row.expected)
        << row.status << row.description;
}

TEST(hub_error, a_long_description_is_cut) {
  EXPECT_LE(error_from_condition({"amqp:not-found", std::string(5000, 'x')}).detail().size(), 420u);
}

TEST(hub_error, a_long_description_is_not_cut_inside_a_character) {
  std::string description = "x";
  for (int i = 0; i < 300; ++i)
    description += "\xc3\xa4";
  EXPECT_TRUE(is_utf8(error_from_condition({"amqp:not-found", description}).detail()));
  EXPECT_TRUE(is_utf8(error_from_status(404, description).detail()));
}

TEST(hub_error, keys_that_are_switched_off_have_a_name_of_their_own) {
  EXPECT_EQ(error_from_condition({"amqp:unauthorized-access", "Local authentication is disabled."}).code(),
            errc::local_authentication_off);
  EXPECT_EQ(
      error_from_status(401, R"({"errorCode":401002,"message":"SAS authentication is not allowed"})").code(),
      errc::local_authentication_off);
  EXPECT_EQ(error_from_status(401, "Device sas-1 is disabled.").code(), errc::hub_device_disabled);
}

TEST(hub_error, the_hubs_clock_is_read_where_it_is_given) {
  const auto at = [](const std::string& stamp) {
    return time_in(R"({"errorCode":401003,"timestampUtc":)" + stamp + "}");
  };
  const wall_time noon = *parse_rfc3339("2026-01-01T12:00:00Z");
  EXPECT_EQ(at(R"("2026-01-01T12:00:00Z")"), noon);
  EXPECT_EQ(at(R"("2026-01-01T12:00:00.0000000Z")"), noon);
  EXPECT_EQ(at(R"("2026-01-01T12:00:00")"), noon);
  for (const std::string bad : {"12", "null", R"("noon")", R"("")"})
    EXPECT_FALSE(at(bad).has_value()) << bad;
  EXPECT_FALSE(at('"' + std::string(5000, '1') + '"').has_value());
  EXPECT_FALSE(time_in("The SAS token has expired").has_value());
  // As text, behind a tracking id.
  EXPECT_EQ(time_in("Tracking ID:0123-G:10-TimeStamp:01/01/2026 12:00:00"), noon);
  EXPECT_EQ(time_in("TrackingId:0123-G:5, Timestamp:2026-01-01T12:00:00, ErrorCode:401003"), noon);
  EXPECT_FALSE(time_in("TimeStamp:99/99/2026 12:00:00").has_value());
  EXPECT_FALSE(time_in("TimeStamp:").has_value());
  EXPECT_FALSE(time_in("{broken").has_value());
}

TEST(hub_error, the_transports_own_faults) {
  EXPECT_EQ(error_from_fault({"amqp:resource-limit-exceeded", "local-idle-timeout expired"}).code(),
            errc::connection_timed_out);
  EXPECT_EQ(error_from_fault({"amqp:unauthorized-access", "Authentication failed [mech=ANONYMOUS]"}).code(),
            errc::hub_unauthorized);
  EXPECT_EQ(error_from_fault({"amqp:connection:framing-error", "AMQP header mismatch"}).code(),
            errc::amqp_protocol);
}

TEST(hub_error, a_rejection_concerns_the_message_or_the_device) {
  EXPECT_TRUE(concerns_message(error{errc::message_too_large}));
  EXPECT_TRUE(concerns_message(error{errc::hub_throttled}));
  EXPECT_TRUE(concerns_message(error{errc::hub_refused}));
  for (const errc code :
       {errc::hub_unauthorized, errc::hub_token_expired, errc::hub_device_unknown, errc::hub_device_disabled,
        errc::hub_suspended, errc::hub_not_found, errc::hub_link_stolen}) {
    EXPECT_FALSE(concerns_message(error{code})) << describe(code).name;
  }
}

} // namespace
} // namespace causeway::hub
