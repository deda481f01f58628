// SPDX-License-Identifier: Apache-2.0
#include "watch/live_feed.h"

#include "watch/fleet_scene.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <array>

namespace causeway::watch {
namespace {

namespace json = boost::json;

struct listener {
  net::http_response answer;
  int woken = 0;

  explicit listener(live_feed& to) : answer{to.listen()} {
    if (answer.source) answer.source->on_ready([this] { ++woken; });
  }
  // What there is, at most so many bytes of it.
  std::string read(std::size_t most = 1'000'000) {
    std::string all;
    std::array<char, 700> room{};
    while (all.size() < most) {
      const auto piece = answer.source->read({room.data(), std::min(room.size(), most - all.size())});
      if (piece.what != net::http_piece::kind::some) break;
      all.append(room.data(), piece.size);
    }
    return all;
  }
  bool is_over() {
    std::array<char, 8> room{};
    return answer.source->read(room).what == net::http_piece::kind::end;
  }
};

struct scene {
  small_fleet fleet;
  live_feed live{fleet, "0.1.0"};

  void pass(std::chrono::nanoseconds by) {
    fleet.clock.advance(by);
    live.on_tick(fleet.now());
  }
};

json::value data_of(const std::string& event) {
  EXPECT_TRUE(event.starts_with("event: status\ndata: {")) << event;
  EXPECT_TRUE(event.ends_with("}\n\n")) << event;
  return json::parse(event.substr(20));
}

TEST(live_feed, tells_each_second_what_is_made_once_for_all) {
  scene s;
  s.pass({}); // the history's
  const auto before = s.fleet.looked;
  listener one{s.live}, two{s.live};
  EXPECT_EQ(one.answer.content_type, "text/event-stream; charset=utf-8");
  EXPECT_EQ(s.fleet.looked, before + 1);
  EXPECT_EQ(data_of(one.read()).at("status").at("version"), "0.1.0");
  EXPECT_EQ(one.read(), "");
  s.pass(milliseconds{999});
  EXPECT_EQ(one.read(), "");
  s.pass(milliseconds{1});
  EXPECT_EQ(s.fleet.looked, before + 2);
  EXPECT_EQ(one.woken, 1);
  EXPECT_NE(one.read(), "");
  two.read();
}

TEST(live_feed, looks_at_nothing_for_nobody) {
  scene s;
  s.pass({});
  const auto before = s.fleet.looked;
  for (int i = 0; i < 49; ++i)
    s.pass(milliseconds{100});
  EXPECT_EQ(s.fleet.looked, before);
  s.pass(milliseconds{100});
  EXPECT_EQ(s.fleet.looked, before + 1) << "the history's point";
}

TEST(live_feed, hands_a_new_point_of_the_history_on) {
  scene s;
  s.pass({});
  listener one{s.live};
  EXPECT_TRUE(data_of(one.read()).at("point").is_null());
  s.pass(rate_history::interval);
  EXPECT_EQ(data_of(one.read()).at("point").as_array().size(), 8U);
  EXPECT_EQ(json::parse(s.live.history()).at("points").as_array().size(), 1U);
}

TEST(live_feed, a_slow_reader_misses_events_and_no_half_of_one) {
  scene s;
  listener one{s.live};
  const auto begun = one.read(100);
  for (int i = 0; i < 10; ++i)
    s.pass(seconds{1});
  const auto rest = one.read();
  const auto whole = begun + rest;
  const auto second = whole.find("event: status", 1);
  ASSERT_NE(second, std::string::npos);
  data_of(whole.substr(0, second));
  EXPECT_NEAR(data_of(whole.substr(second)).at("status").at("uptime_seconds").to_number<double>() -
                  data_of(whole.substr(0, second)).at("status").at("uptime_seconds").to_number<double>(),
              10, 0.01);
}

TEST(live_feed, who_does_not_finish_an_event_in_time_is_let_go) {
  scene s;
  listener slow{s.live}, good{s.live};
  slow.read(100);
  for (int i = 0; i < live_feed::patience.count(); ++i) {
    EXPECT_EQ(s.live.listeners(), 2U);
    good.read();
    s.pass(seconds{1});
  }
  EXPECT_EQ(s.live.listeners(), 1U);
  EXPECT_TRUE(slow.is_over());
  EXPECT_FALSE(good.is_over());
}

TEST(live_feed, takes_so_many_and_another_when_one_has_left) {
  scene s;
  std::vector<std::unique_ptr<listener>> all;
  for (std::size_t i = 0; i < live_feed::most_listeners; ++i)
    all.push_back(std::make_unique<listener>(s.live));
  const listener further{s.live};
  EXPECT_EQ(further.answer.status, 503);
  EXPECT_EQ(json::parse(further.answer.body).at("error"), "request_memory_spent");
  all.pop_back();
  const listener next{s.live};
  EXPECT_EQ(next.answer.status, 200);
  EXPECT_EQ(s.live.listeners(), live_feed::most_listeners);
}

TEST(live_feed, ends_with_the_server) {
  scene s;
  listener one{s.live};
  one.answer.source->wind_up();
  EXPECT_EQ(one.woken, 1);
  EXPECT_TRUE(one.is_over());
  EXPECT_EQ(s.live.listeners(), 0U);
}

TEST(live_feed, a_source_may_outlive_it) {
  net::http_response left;
  {
    scene s;
    left = s.live.listen();
  }
  std::array<char, 8> room{};
  EXPECT_EQ(left.source->read(room).what, net::http_piece::kind::some);
}

} // namespace
} // namespace causeway::watch
