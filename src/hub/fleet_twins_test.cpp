// SPDX-License-Identifier: Apache-2.0
// The twins of a fleet's devices: in which order and at what pace hubs are asked.
#include "hub/fleet_scene.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

struct fleet_twins : testing::Test {
  fleet_twins() {
    wish.twin = true;
    s.on_peer = [this](scripted_peer& peer) {
      peer.on_twin = [this](const scripted_peer::arrived& what) { return answer(what); };
    };
  }
  std::optional<scripted_peer::twin_reply> answer(const scripted_peer::arrived& what) {
    const auto operation = *what.what.annotation("operation")->text();
    asked.push_back({operation, what.device, s.now()});
    if (operation == "GET") return get;
    return operation == "PUT" ? put : patch;
  }
  void attach(std::uint32_t first, std::uint32_t count) {
    for (auto number = first; number < first + count; ++number)
      s.attach(number, wish);
  }
  // When each of these was asked.
  std::vector<mono_time> times(const std::string& operation) const {
    std::vector<mono_time> out;
    for (const auto& one : asked)
      if (one.operation == operation) out.push_back(one.at);
    return out;
  }
  words devices(const std::string& operation) const {
    words out;
    for (const auto& one : asked)
      if (one.operation == operation) out.push_back(one.device);
    return out;
  }
  static std::size_t busiest_second(const std::vector<mono_time>& of) {
    std::size_t most = 0;
    for (auto begin = of.begin(); begin != of.end(); ++begin)
      most = std::max(most, static_cast<std::size_t>(std::lower_bound(begin, of.end(), *begin + 1s) - begin));
    return most;
  }
  static words names(std::uint32_t first, std::uint32_t count) {
    words out;
    for (auto number = first; number < first + count; ++number)
      out.push_back(name_of(number).str());
    return out;
  }

  struct request {
    std::string operation, device;
    mono_time at;
  };
  fleet_scene s;
  model::connect_wish wish;
  std::vector<request> asked;
  std::optional<scripted_peer::twin_reply> put{{200, ""}}, get{{200, "{}"}}, patch{{200, ""}};
};

TEST_F(fleet_twins, a_twin_is_open_then_read_reported_to_and_its_changes_are_told) {
  attach(1, 1);
  s.run();
  EXPECT_EQ(s.take_words(), (words{"attached 1", "twin 1 open"}));
  s.read_twin(1);
  s.report_twin(1, R"({"a":1})");
  s.run();
  EXPECT_EQ(s.take_words(), (words{"twin 1 read {}", "twin 1 reported ok"}));
  EXPECT_EQ(s.peer().twin_messages("dev-1").back().data, R"({"a":1})");
  s.peer().change_twin("dev-1", R"({"b":1})");
  s.run();
  EXPECT_EQ(s.take_words(), words{R"(twin 1 changed {"b":1})"});
  EXPECT_TRUE(s.told_in_a_call.empty());
  EXPECT_EQ(s.totals().twin_reads, 1U);
  EXPECT_EQ(s.totals().twin_updates, 2U);
  EXPECT_EQ(s.totals().twin_waiting, 0U);
}

TEST_F(fleet_twins, without_the_wish_there_are_no_links) {
  wish.twin = false;
  attach(1, 1);
  s.run();
  EXPECT_EQ(s.peer().attaches.size(), 1U);
  s.read_twin(1);
  s.run();
  EXPECT_EQ(s.take_words(), words{"attached 1"});
  EXPECT_EQ(s.totals().twin_reads, 0U);
}

TEST_F(fleet_twins, of_a_tier_without_commands_none_are_asked_for) {
  s.sections[0].commands = false;
  attach(1, 1);
  s.run();
  EXPECT_EQ(s.peer().attaches.size(), 1U);
}

TEST_F(fleet_twins, uplinks_wait_neither_for_the_links_nor_for_an_answer) {
  put.reset();
  attach(1, 1);
  s.run();
  s.send(1, 7);
  s.run();
  EXPECT_EQ(s.take_words(), (words{"attached 1", "sent 7 ok"}));
}

TEST_F(fleet_twins, a_thousand_devices_open_at_the_pace_of_updates_and_again_after_a_reconnect) {
  attach(0, 1'000);
  s.advance(10s);
  EXPECT_EQ(s.totals().attached, 1'000U) << "that waits for nothing";
  EXPECT_GT(times("PUT").size(), 400U);
  EXPECT_LT(times("PUT").size(), 520U);
  s.advance(12s);
  EXPECT_EQ(times("PUT").size(), 1'000U);
  EXPECT_LE(busiest_second(times("PUT")), 50U);
  EXPECT_EQ(s.totals().twin_waiting, 0U);
  const auto wires = s.wires.size();
  asked.clear();
  s.take_words();
  for (std::uint32_t id = 0; id < wires; ++id)
    s.lose(id);
  s.advance(60s);
  EXPECT_EQ(times("PUT").size(), 1'000U);
  EXPECT_LE(busiest_second(times("PUT")), 50U);
  EXPECT_EQ(s.count_of("twin "), 1'000U);
}

TEST_F(fleet_twins, reads_go_at_the_pace_of_reads_urgent_ones_first_the_others_in_the_order_asked) {
  attach(0, 300);
  s.advance(10s);
  ASSERT_EQ(times("PUT").size(), 300U);
  for (std::uint32_t number = 0; number < 298; ++number)
    s.read_twin(number);
  s.read_twin(299, true);
  s.read_twin(298, true);
  s.advance(5s);
  const auto order = devices("GET");
  ASSERT_EQ(order.size(), 300U);
  EXPECT_EQ(order[0], "dev-299");
  EXPECT_EQ(order[1], "dev-298");
  EXPECT_EQ(words(order.begin() + 2, order.end()), names(0, 298));
  EXPECT_LE(busiest_second(times("GET")), 100U);
  EXPECT_GT(times("GET").back() - times("GET").front(), 2s);
}

TEST_F(fleet_twins, the_quotas_of_the_section_count) {
  s.sections[0].twin_updates_per_second = 1'000;
  s.sections[0].twin_reads_per_second = 5;
  attach(0, 100);
  s.advance(1s);
  EXPECT_EQ(times("PUT").size(), 100U);
  for (std::uint32_t number = 0; number < 20; ++number)
    s.read_twin(number);
  s.advance(10s);
  EXPECT_EQ(times("GET").size(), 20U);
  EXPECT_LE(busiest_second(times("GET")), 5U);
  EXPECT_DOUBLE_EQ(s.totals().twin_updates_ceiling, 990);
}

TEST_F(fleet_twins, all_shards_of_a_hub_share_its_budgets) {
  attach(0, 100);
  wish.shard = model::shard_number{1};
  attach(100, 100);
  s.advance(10s);
  EXPECT_EQ(times("PUT").size(), 200U);
  EXPECT_LE(busiest_second(times("PUT")), 50U);
  EXPECT_EQ(s.totals().twin_updates, 200U);
}

TEST_F(fleet_twins, a_throttled_read_is_told_and_the_next_one_waits) {
  attach(1, 2);
  s.run();
  s.take_words();
  get = {429, R"({"errorCode":429001})"};
  s.read_twin(1);
  s.run();
  EXPECT_EQ(s.take_words(), words{"twin 1 read hub_throttled"});
  EXPECT_EQ(s.totals().twin_refused, 1U);
  get = {200, "{}"};
  s.read_twin(2);
  s.advance(900ms);
  EXPECT_TRUE(s.take_words().empty());
  EXPECT_EQ(s.totals().twin_waiting, 1U);
  s.advance(2s);
  EXPECT_EQ(s.take_words(), words{"twin 2 read {}"});
}

TEST_F(fleet_twins, a_refused_subscription_opens_nothing_and_slows_the_others) {
  put = {429, ""};
  attach(1, 1);
  s.run();
  EXPECT_EQ(s.take_words(), words{"attached 1"});
  EXPECT_EQ(s.totals().twin_refused, 1U);
  put = {200, ""};
  s.advance(20s);
  EXPECT_EQ(s.take_words(), words{"twin 1 open"});
}

TEST_F(fleet_twins, a_read_without_an_answer_is_told_after_a_minute) {
  attach(1, 1);
  s.run();
  s.take_words();
  get.reset();
  s.read_twin(1);
  s.advance(61s);
  EXPECT_EQ(s.take_words(), words{"twin 1 read hub_answer_missing"});
  s.advance(10s);
  EXPECT_EQ(s.take_words(), words{"twin 1 open"});
}

TEST_F(fleet_twins, what_was_asked_before_the_links_were_away_is_not_asked_after_that) {
  s.sections[0].twin_reads_per_second = 5;
  attach(1, 200);
  s.advance(10s);
  for (std::uint32_t number = 1; number <= 200; ++number)
    s.read_twin(number);
  s.run(); // some of them; 200 waits for half a minute
  s.peer().detach_twin("dev-200", {"com.microsoft:link-creation-conflict", "another client"});
  s.run();
  s.read_twin(200);
  s.report_twin(200, "{}");
  s.take_words();
  asked.clear();
  s.advance(60s);
  EXPECT_EQ(s.count("twin 200 open"), 1U);
  EXPECT_EQ(s.count_of("twin 200 "), 1U);
  const auto read = devices("GET");
  EXPECT_GT(read.size(), 190U);
  EXPECT_EQ(std::ranges::count(read, "dev-200"), 0);
  EXPECT_TRUE(devices("PATCH").empty());
  s.read_twin(200);
  s.run();
  EXPECT_EQ(s.count("twin 200 read {}"), 1U);
}

TEST_F(fleet_twins, a_lost_connection_is_told_by_the_twins_opening_again) {
  get.reset();
  attach(1, 1);
  s.run();
  s.read_twin(1);
  s.run();
  s.take_words();
  s.lose(0);
  get = {200, "{}"};
  s.advance(10s);
  EXPECT_EQ(s.take_words(), (words{"detached 1 connection_lost, comes back", "attached 1", "twin 1 open"}));
  s.read_twin(1);
  s.run();
  EXPECT_EQ(s.take_words(), words{"twin 1 read {}"});
}

TEST_F(fleet_twins, nothing_is_asked_for_a_device_that_is_not_here) {
  attach(1, 1);
  s.run();
  s.detach(1);
  s.read_twin(1);
  s.report_twin(1, "{}");
  s.read_twin(77, true);
  s.advance(5s);
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_EQ(s.totals().twin_waiting, 0U);
}

TEST_F(fleet_twins, nothing_more_is_asked_for_a_shard_that_leaves) {
  s.on_peer = [this](scripted_peer& peer) {
    peer.on_twin = [this](const scripted_peer::arrived& what) { return answer(what); };
    peer.on_message = [](const scripted_peer::arrived&) { return amqp::outcome{}; }; // it is waited for
  };
  attach(1, 60);
  s.run();
  s.send(1, 7);
  s.run();
  const auto before = asked.size();
  ASSERT_LT(before, 60U);
  s.set().close(model::shard_number{}, s.now() + 30s, s.clock.now());
  s.advance(10s);
  EXPECT_EQ(asked.size(), before);
}

TEST_F(fleet_twins, devices_whose_links_are_refused_stay_attached) {
  s.on_peer = [](scripted_peer& peer) { peer.refused_twins["dev-1"] = {"amqp:not-allowed", "basic"}; };
  attach(1, 1);
  s.advance(20s);
  EXPECT_EQ(s.words, words{"attached 1"});
  EXPECT_EQ(s.totals().attached, 1U);
}

} // namespace
} // namespace causeway::hub
