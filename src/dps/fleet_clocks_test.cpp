// SPDX-License-Identifier: Apache-2.0
// What is no device's own trouble on the way to DPS: clocks, certificates, keys that are switched off.
#include "azure/sas_token.h"
#include "dps/fleet.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using std::chrono::hours;

struct fleet_clocks_test : testing::Test {
  manual_clock clock;
  enrolment terms;
  service_clocks clocks;
  std::optional<dps::fleet> fleet;
  header_list date; // of the answers

  fleet_clocks_test() {
    terms.section = azure_name{"field"};
    terms.id_scope = "0ne1";
    terms.group_key = azure::signing_key{secret{"0123456789abcdef"}};
    terms.registrations_per_minute = 1'000'000;
    fleet.emplace(
        terms, [] { return 0.5; }, nullptr, clock.now());
    fleet->by_clocks(clocks);
    for (std::uint32_t i = 0; i < 3; ++i)
      fleet->find(device_ref{i}, identity{"dev-" + std::to_string(i)}, {}, clock.now());
  }
  std::vector<dps::fleet::errand> errands() {
    std::vector<dps::fleet::errand> out;
    while (auto next = fleet->next_errand(clock.now()))
      out.push_back(std::move(*next));
    return out;
  }
  void answer(const dps::fleet::errand& to, int status, std::string_view body) {
    fleet->on_answer(to, status, date, body, clock.now());
  }
  void assign(const dps::fleet::errand& to) {
    answer(to, 200,
           R"({"operationId":"5.x","status":"assigned","registrationState":)"
           R"({"assignedHub":"h.net","deviceId":"d","substatus":"initialAssignment"}})");
  }
  static std::int64_t expiry_of(const dps::fleet::errand& of) {
    for (const auto& [name, value] : of.request.headers)
      if (name == "Authorization") return azure::parse_sas_token(value)->expiry;
    return 0;
  }
};

constexpr std::string_view unauthorized = R"({"errorCode":401002,"message":"Unauthorized"})";

TEST_F(fleet_clocks_test, a_clock_that_is_behind_costs_each_registration_one_more_request) {
  date = {{"Date", "Thu, 01 Jan 2026 02:00:00 GMT"}}; // the manual clock begins at midnight
  const auto first = errands();
  ASSERT_EQ(first.size(), 3U);
  for (const auto& one : first) {
    EXPECT_EQ(expiry_of(one), unix_seconds(clock.now().wall + hours{1}));
    answer(one, 401, unauthorized);
  }
  EXPECT_TRUE(fleet->take_findings().empty());
  EXPECT_FALSE(fleet->totals(clock.now().mono).unreachable);
  const auto second = errands();
  ASSERT_EQ(second.size(), 3U);
  for (const auto& one : second) {
    EXPECT_EQ(expiry_of(one), unix_seconds(clock.now().wall + hours{3}));
    assign(one);
  }
  EXPECT_EQ(fleet->take_findings().size(), 3U);
}

TEST_F(fleet_clocks_test, a_token_made_by_their_time_and_refused_is_a_wrong_key) {
  date = {{"Date", "Thu, 01 Jan 2026 02:00:00 GMT"}};
  for (int round = 0; round < 2; ++round)
    for (const auto& one : errands())
      answer(one, 401, unauthorized);
  const auto found = fleet->take_findings();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].where.fault().code(), errc::dps_unauthorized);
}

TEST_F(fleet_clocks_test, a_service_whose_clock_runs_wild_is_no_storm) {
  std::size_t requests = 0;
  for (int minute = 0; minute < 60; ++minute) {
    date = {{"Date", minute % 2 == 0 ? "Thu, 01 Jan 2026 02:00:00 GMT" : "Thu, 01 Jan 2026 09:00:00 GMT"}};
    for (const auto& one : errands()) {
      ++requests;
      answer(one, 401, unauthorized);
    }
    clock.advance(seconds{1});
  }
  EXPECT_LE(requests, 30U);
}

TEST_F(fleet_clocks_test, a_certificate_that_is_not_trusted_is_one_probe_for_all) {
  auto under_way = errands();
  for (const auto& one : under_way)
    fleet->on_fault(one, error{errc::tls_untrusted, "self-signed"}, clock.now());
  EXPECT_TRUE(fleet->take_findings().empty());
  EXPECT_EQ(fleet->totals(clock.now().mono).unreachable, errc::tls_untrusted);
  const auto is = fleet->progress(device_ref{2});
  ASSERT_TRUE(is.fault);
  EXPECT_EQ(is.fault->code(), errc::tls_untrusted);
  EXPECT_EQ(is.fault->detail(), "self-signed");
  EXPECT_TRUE(errands().empty());
  for (int probes = 0; probes < 3; ++probes) {
    clock.advance(seconds{70});
    under_way = errands();
    ASSERT_EQ(under_way.size(), 1U);
    fleet->on_fault(under_way[0], error{errc::tls_untrusted, "self-signed"}, clock.now());
  }
  fleet->try_now(); // somebody has set the clock
  under_way = errands();
  ASSERT_EQ(under_way.size(), 1U);
  assign(under_way[0]);
  under_way = errands();
  EXPECT_EQ(under_way.size(), 2U);
}

TEST_F(fleet_clocks_test, keys_that_are_switched_off_are_nobodys_own_trouble) {
  for (const auto& one : errands())
    answer(one, 401, R"({"errorCode":401002,"message":"Local authentication is disabled."})");
  EXPECT_TRUE(fleet->take_findings().empty());
  EXPECT_EQ(fleet->totals(clock.now().mono).unreachable, errc::local_authentication_off);
}

} // namespace
} // namespace causeway::dps
