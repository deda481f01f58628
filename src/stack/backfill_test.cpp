// SPDX-License-Identifier: Apache-2.0
#include "stack/backfill.h"

#include "base/encoding.h"
#include "model/frame_of.h"
#include "net/http_server.h"
#include "net/run_task.h"

#include <gtest/gtest.h>

namespace causeway::stack {
using model::testing::frame_of;
namespace {

using namespace std::chrono_literals;

std::string record(const std::string& device, int f_cnt, const std::string& at,
                   const std::string& session = R"("session_key_id":"AQ==",)") {
  return R"({"result":{"end_device_ids":{"device_id":")" + device +
         R"(","application_ids":{"application_id":"app1"}},"received_at":")" + at +
         R"(","uplink_message":{)" + session + R"("f_port":1,"f_cnt":)" + std::to_string(f_cnt) +
         R"(,"received_at":")" + at + R"("}}})" + "\n\n";
}

std::string parameter(const net::http_request& request, const std::string& name) {
  const std::string query{request.query()};
  const auto at = query.find(name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 1;
  return percent_decode(query.substr(begin, query.find('&', begin) - begin));
}

// A storage that answers the n-th request with the n-th answer, and the last one for ever; and a gateway that
// takes what it is told to.
struct scene : backfill_events {
  net::loop on;
  net::task_group tasks{on};
  std::vector<net::http_response> answers;
  std::vector<net::http_request> asked;
  std::optional<net::http_server> server;
  std::unique_ptr<backfill> client;
  backfill_settings settings;
  std::vector<model::event> taken;
  std::vector<model::answer> refusals; // for the next ones, then all are stored
  std::optional<wall_time> cursor;
  std::function<bool()> done;
  const application_id app{"app1"};

  scene() {
    settings.unavailable = settings.refused = settings.full = {1ms, 5ms, 2.0, 0.0};
    settings.window = {seconds{0}, seconds{30}};
    settings.page_size = 2;
  }
  ~scene() override { net::run_task(on, tasks.stop()); }

  void take(model::event event, std::function<void(model::answer)> then) override {
    auto what = model::answer::stored;
    if (!refusals.empty()) {
      what = refusals.front();
      refusals.erase(refusals.begin());
    }
    if (what == model::answer::stored) taken.push_back(std::move(event));
    on.post([this, then = std::move(then), what] {
      then(what);
      look();
    });
  }
  void save_cursor(const application_id&, wall_time at) override {
    cursor = at;
    look();
  }
  void look() {
    if (done && done()) on.stop();
  }
  void answer(std::string body, int status = 200) {
    net::http_response made;
    made.status = status;
    made.content_type = "text/event-stream";
    made.body = std::move(body);
    answers.push_back(std::move(made));
  }
  static net::task<net::http_response> next(scene* s, net::http_request request) {
    s->asked.push_back(std::move(request));
    const auto index = std::min(s->asked.size(), s->answers.size()) - 1;
    co_await net::sleep_for(0ms);
    s->look();
    const auto& kept = s->answers.at(index);
    co_return net::http_response{kept.status, kept.content_type, kept.body, kept.headers};
  }
  void start(wall_time known_until, bool joins = false) {
    auto started = net::http_server::start(on, tasks, {"127.0.0.1", 0}, {}, {},
                                           [this](net::http_request r) { return next(this, std::move(r)); });
    ASSERT_TRUE(started);
    server.emplace(std::move(*started));
    settings.base_url = "http://127.0.0.1:" + std::to_string(server->port());
    std::vector<backfill_application> applications;
    applications.push_back({app, secret{"NNSXS.KEY"}, joins});
    client = std::make_unique<backfill>(
        on, tasks, settings, std::move(applications), [] { return 0.5; }, *this);
    client->start({{app, known_until}});
    client->on_live(app);
  }
  void run_until(std::function<bool()> what) {
    if (what()) return;
    done = std::move(what);
    on.run();
    done = nullptr;
  }
  void run_until_whole() {
    run_until([this] { return totals().whole; });
  }
  backfill_totals totals() const { return client->totals().at(app); }
  wall_time ago(seconds how_long) const { return on.now().wall - how_long; }
  std::string text(wall_time at) const { return format_rfc3339(at); }
};

TEST(backfill, asks_for_the_outage_page_by_page_and_hands_in_what_it_finds) {
  scene s;
  const auto down = s.ago(100s);
  const auto first = s.text(down + 10s), second = s.text(down + 20s), third = s.text(down + 30s);
  s.answer(record("dev-1", 1, first) + record("dev-2", 1, second));
  s.answer(record("dev-2", 1, second) + record("dev-1", 2, third));
  s.answer(record("dev-1", 2, third));
  s.start(down);
  s.run_until_whole();
  ASSERT_EQ(s.asked.size(), 3U);
  EXPECT_TRUE(s.asked[0].target.starts_with("/api/v3/as/applications/app1/packages/storage/uplink_message?"));
  EXPECT_EQ(s.asked[0].header("Authorization"), "Bearer NNSXS.KEY");
  EXPECT_EQ(parameter(s.asked[0], "after"), s.text(down - 30s));
  EXPECT_EQ(parameter(s.asked[0], "order"), "received_at");
  EXPECT_EQ(parameter(s.asked[0], "limit"), "2");
  EXPECT_EQ(parameter(s.asked[1], "after"), s.text(down + 19s)); // they overlap by a second
  EXPECT_EQ(parameter(s.asked[2], "after"), s.text(down + 29s));
  ASSERT_EQ(s.taken.size(), 5U); // telling duplicates is the core's matter
  EXPECT_EQ(s.taken[0].from.device.str(), "dev-1");
  EXPECT_EQ(frame_of(s.taken[3]).f_cnt, 2U);
  EXPECT_EQ(s.totals().records, 5U);
  EXPECT_EQ(s.totals().stored, 5U);
  EXPECT_GT(*s.cursor, down + 90s);
}

TEST(backfill, a_moment_with_more_events_than_a_page_is_read_with_a_larger_one) {
  scene s;
  const auto down = s.ago(100s);
  const auto at = s.text(down - 30s);
  s.answer(record("dev-1", 1, at) + record("dev-2", 1, at));
  s.answer(record("dev-1", 1, at) + record("dev-2", 1, at) + record("dev-3", 1, at));
  s.start(down);
  s.run_until_whole();
  ASSERT_EQ(s.asked.size(), 2U);
  EXPECT_EQ(parameter(s.asked[1], "limit"), "4");
  EXPECT_EQ(parameter(s.asked[1], "after"), at);
}

TEST(backfill, the_cursor_stays_while_the_storage_cannot_answer) {
  scene s;
  const auto down = s.ago(100s);
  s.answer("", 503);
  s.start(down);
  s.run_until([&] { return s.asked.size() >= 3; });
  EXPECT_EQ(s.client->totals().at(s.app).cursor, down);
  ASSERT_TRUE(s.totals().last_error);
  EXPECT_EQ(s.totals().last_error->code(), errc::registry_unavailable);
  s.answers.clear();
  s.answer("{}");
  s.run_until_whole();
  EXPECT_FALSE(s.totals().last_error);
}

struct refusal {
  int status;
  const char* body;
  errc code;
};
class refused_by_the_storage : public testing::TestWithParam<refusal> {};

TEST_P(refused_by_the_storage, is_named) {
  scene s;
  s.answer(GetParam().body, GetParam().status);
  s.start(s.ago(100s));
  s.run_until([&] { return s.client->totals().at(s.app).last_error.has_value(); });
  EXPECT_EQ(s.totals().last_error->code(), GetParam().code) << s.totals().last_error->message();
}

INSTANTIATE_TEST_SUITE_P(
    answers, refused_by_the_storage,
    testing::Values(refusal{401, "{}", errc::registry_unauthorized},
                    refusal{403, "{}", errc::registry_unauthorized}, refusal{404, "{}", errc::storage_absent},
                    refusal{429, "{}", errc::registry_throttled},
                    refusal{500, "", errc::registry_unavailable},
                    refusal{200, "<html>", errc::registry_protocol},
                    refusal{200, R"({"error":{"message":"broken off"}})", errc::registry_unavailable}));

TEST(backfill, what_the_spool_has_no_room_for_is_handed_in_again_in_its_order) {
  scene s;
  s.settings.page_size = 10;
  const auto down = s.ago(100s);
  std::string body;
  for (int i = 1; i <= 5; ++i)
    body += record("dev-1", i, s.text(down + seconds{i}));
  s.answer(body);
  s.refusals = {model::answer::stored, model::answer::full, model::answer::stored,
                model::answer::unavailable};
  s.start(down);
  s.run_until_whole();
  std::vector<std::uint32_t> order;
  for (const auto& one : s.taken)
    order.push_back(*frame_of(one).f_cnt);
  // The second was refused: from it on all of them again; the core drops those it has.
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 3, 5, 2, 3, 4, 5}));
}

// Its uplinks had a key of their own kind, and were taken only where they could not have come in (decision
// 17).
TEST(backfill, a_device_without_session_key_id_is_filled_up_as_any_other) {
  scene s;
  const auto down = s.ago(100s);
  s.settings.page_size = 10;
  s.answer(record("dev-1", 1, s.text(down - 10s), "") + record("dev-1", 2, s.text(down + 10s), ""));
  s.start(down);
  s.run_until_whole();
  ASSERT_EQ(s.taken.size(), 2U);
  EXPECT_TRUE(s.taken[0].key && s.taken[1].key);
  EXPECT_NE(s.taken[0].key, s.taken[1].key);
}

TEST(backfill, what_cannot_be_told_from_its_repetition_is_left_where_it_is) {
  scene s;
  s.settings.page_size = 10;
  auto simulated = record("dev-1", 1, s.text(s.ago(50s)));
  simulated.insert(simulated.find("\"received_at\""), "\"simulated\":true,");
  s.answer(simulated + record("dev-1", 2, s.text(s.ago(40s))));
  s.start(s.ago(100s));
  s.run_until_whole();
  ASSERT_EQ(s.taken.size(), 1U);
  EXPECT_EQ(frame_of(s.taken[0]).f_cnt, 2U);
}

TEST(backfill, joins_are_asked_for_where_they_are_wanted_and_unreadable_records_are_counted) {
  scene s;
  s.settings.page_size = 10;
  s.answer("{}");
  s.answer(record("Dev 1", 1, s.text(s.ago(50s))) + record("dev-1", 1, s.text(s.ago(40s))));
  s.start(s.ago(100s), true);
  s.run_until_whole();
  ASSERT_EQ(s.asked.size(), 2U);
  EXPECT_NE(s.asked[0].target.find("/storage/join_accept?"), std::string::npos);
  EXPECT_NE(s.asked[1].target.find("/storage/uplink_message?"), std::string::npos);
  EXPECT_EQ(s.totals().unreadable, 1U);
  EXPECT_EQ(s.taken.size(), 1U);
}

TEST(backfill, an_answer_that_is_too_large_is_asked_for_in_smaller_pieces) {
  scene s;
  s.settings.page_size = 100;
  s.settings.max_answer = 2'000;
  const auto down = s.ago(100s);
  std::string large;
  for (int i = 1; i <= 30; ++i)
    large += record("dev-1", i, s.text(down + seconds{i}));
  s.answer(large);
  s.answer(record("dev-1", 1, s.text(down + 1s)));
  s.start(down);
  s.run_until_whole();
  ASSERT_EQ(s.asked.size(), 2U);
  EXPECT_EQ(parameter(s.asked[1], "limit"), "50");
}

} // namespace
} // namespace causeway::stack
