// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/storage_api.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

class storage_api_test : public ::testing::Test {
protected:
  storage_api_test() {
    registry_.add_application("app1", "NNSXS.ONE", {});
    registry_.add_application("app2", "NNSXS.TWO", {});
  }

  void append(const std::string& device, int number, const std::string& application = "app1") {
    const auto now = clock_.now().wall;
    const auto body = R"({"end_device_ids":{"device_id":")" + device +
                      R"(","application_ids":{"application_id":")" + application +
                      R"("}},"correlation_ids":["x"],"received_at":")" + format_rfc3339(now) +
                      R"(","uplink_message":{"f_port":)" + std::to_string(number % 2 + 1) + R"(,"f_cnt":)" +
                      std::to_string(number) + R"(,"frm_payload":"AA=="}})";
    log_.append(
        {0, application, device, "uplink_message", static_cast<std::uint32_t>(number % 2 + 1), now, body},
        now);
  }

  registry_response ask(const std::string& path, const std::string& query = "",
                        const std::string& key = "NNSXS.ONE") {
    return api_.handle({"GET", "/api/v3/as/applications/" + path, query, "Bearer " + key}, clock_.now());
  }
  static std::vector<std::string> records(const registry_response& response) {
    std::vector<std::string> found;
    std::string_view rest = response.body;
    while (!rest.empty()) {
      const auto end = rest.find("\n\n");
      found.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end + 2);
    }
    return found;
  }
  // "3,4" of the records' frame counters.
  static std::string counters(const registry_response& response) {
    std::string found;
    for (const auto& record : records(response)) {
      const auto at = record.find("\"f_cnt\":") + 8;
      found += (found.empty() ? "" : ",") + record.substr(at, record.find_first_of(",}", at) - at);
    }
    return found;
  }
  std::string time_of(int second) const {
    return percent_encode(format_rfc3339(start_ + std::chrono::seconds{second}));
  }
  void append_five() {
    for (int i = 0; i < 5; ++i) {
      append(i % 2 == 0 ? "even" : "odd", i);
      clock_.advance(1s);
    }
  }

  manual_clock clock_;
  const wall_time start_ = clock_.now().wall;
  fault_table faults_;
  stack_registry registry_{faults_, {}, "seed"};
  storage_log log_{{.kept = 100}};
  storage_api api_{log_, registry_};
  const std::string all_ = "app1/packages/storage/uplink_message";
};

TEST_F(storage_api_test, streams_an_applications_messages_oldest_first) {
  append_five();
  append("other", 9, "app2");
  const auto answer = ask(all_);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/event-stream");
  EXPECT_EQ(counters(answer), "0,1,2,3,4");
  EXPECT_EQ(records(answer)[0],
            R"({"result":{"end_device_ids":{"device_id":"even","application_ids":{"application_id":"app1"}},)"
            R"("received_at":"2026-01-01T00:00:00.000Z","uplink_message":{"f_port":1,"f_cnt":0,)"
            R"("frm_payload":"AA=="}}})");
  EXPECT_EQ(ask("app1/packages/storage/join_accept").body, "");
}

TEST_F(storage_api_test, takes_device_port_time_order_and_limit) {
  append_five();
  EXPECT_EQ(counters(ask("app1/devices/odd/packages/storage/uplink_message")), "1,3");
  EXPECT_EQ(counters(ask(all_, "f_port=2")), "1,3");
  EXPECT_EQ(counters(ask(all_, "after=" + time_of(1))), "2,3,4");
  EXPECT_EQ(counters(ask(all_, "after=" + time_of(0) + "&before=" + time_of(3))), "1,2");
  EXPECT_EQ(counters(ask(all_, "order=-received_at&limit=2")), "4,3");
  EXPECT_EQ(counters(ask(all_, "order=received_at&limit=2")), "0,1");
  EXPECT_EQ(ask("app1/packages/storage/uplink_message/count").body, R"({"count":{"even":3,"odd":2}})");
}

TEST_F(storage_api_test, goes_on_where_a_token_says) {
  append_five();
  for (const std::string order : {"received_at", "-received_at"}) {
    auto answer = ask(all_, "limit=2&order=" + order);
    std::string seen = counters(answer);
    while (!answer.headers.empty()) {
      ASSERT_EQ(answer.headers[0].first, "X-Continuation-Token");
      answer = ask(all_, "limit=1000&continuation_token=" + percent_encode(answer.headers[0].second));
      seen += "," + counters(answer);
    }
    EXPECT_EQ(seen, order == "received_at" ? "0,1,2,3,4" : "4,3,2,1,0");
  }
  EXPECT_EQ(ask(all_, "continuation_token=rubbish").status, 400);
}

TEST_F(storage_api_test, a_mask_leaves_ids_time_and_the_stacks_stubs) {
  append("dev1", 7);
  EXPECT_EQ(records(ask(all_, "field_mask=up.uplink_message.frm_payload"))[0],
            R"({"result":{"end_device_ids":{"device_id":"dev1","application_ids":{}},)"
            R"("received_at":"2026-01-01T00:00:00.000Z",)"
            R"("uplink_message":{"frm_payload":"AA==","settings":{"data_rate":{}}}}})");
}

TEST_F(storage_api_test, shows_a_message_late_and_not_for_ever) {
  log_.set_options({.kept = 100, .retention = 60s, .delay = 10s});
  append("dev1", 1);
  clock_.advance(9s);
  EXPECT_EQ(counters(ask(all_)), "");
  clock_.advance(1s);
  EXPECT_EQ(counters(ask(all_)), "1");
  clock_.advance(51s);
  EXPECT_EQ(counters(ask(all_)), "");
}

TEST_F(storage_api_test, keeps_no_more_than_it_may) {
  log_.set_options({.kept = 3});
  append_five();
  EXPECT_EQ(counters(ask(all_)), "2,3,4");
  EXPECT_EQ(log_.total(), 5U);
}

TEST_F(storage_api_test, wants_the_applications_own_key) {
  append("dev1", 1);
  EXPECT_EQ(ask(all_, "", "").status, 401);
  EXPECT_EQ(ask(all_, "", "NNSXS.NOBODY").status, 401);
  EXPECT_EQ(ask(all_, "", "NNSXS.TWO").status, 403);
}

TEST_F(storage_api_test, refuses_what_it_does_not_understand) {
  EXPECT_EQ(ask("app1/packages/storage/colour").status, 400);
  for (const auto* query : {"limit=x", "after=yesterday", "order=f_cnt", "f_port=-1"})
    EXPECT_EQ(ask(all_, query).status, 400) << query;
  EXPECT_EQ(ask("app1/packages").status, 404);
}

TEST_F(storage_api_test, is_not_there_in_an_open_source_stack) {
  log_.set_options({.kept = 0});
  append("dev1", 1);
  EXPECT_EQ(ask(all_).status, 404);
  EXPECT_EQ(log_.size(), 0U);
}

TEST_F(storage_api_test, fails_on_demand) {
  fault rule;
  rule.kind = fault_kind::storage_status;
  rule.pattern = "app1";
  rule.status = 503;
  rule.remaining = 1;
  faults_.add(rule);
  EXPECT_EQ(ask(all_).status, 503);
  EXPECT_EQ(ask(all_).status, 200);
  EXPECT_EQ(api_.totals().requests, 2U);
}

} // namespace
} // namespace causeway::emulator
