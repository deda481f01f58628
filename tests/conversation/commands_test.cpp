// SPDX-License-Identifier: Apache-2.0
// What goes down: the emulated hub gives messages and calls to devices of hub::connection, over a wire in
// memory. The hub is the judge: its figures say how each message ended.
#include "conversation/one_connection.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;
using model::c2d_settlement;

class commands_test : public one_connection {
protected:
  commands_test() { attach({"", true, true}); }

  void hear(hub::command_news what) override {
    if (auto* message = std::get_if<hub::c2d_given>(&what)) given.push_back(std::move(message->what));
    if (auto* call = std::get_if<hub::method_called>(&what)) calls.push_back(std::move(call->what));
    if (auto* trouble = std::get_if<hub::command_trouble>(&what)) troubles.push_back(trouble->why.code());
  }
  void post(const std::string& id, std::uint32_t number = 0) {
    emulator::hub_message made;
    made.message_id = id;
    made.body = "body of " + id;
    made.properties = {{"Port", "10"}};
    plant::hub.desks().send(name_of(number), made, clock.now());
    run();
  }
  void settle(const model::c2d_message& what, c2d_settlement how = c2d_settlement::complete) {
    client->commands().settle(ref(0), what.number, how, clock.now());
    run();
  }
  const emulator::c2d_totals& figures() { return plant::hub.desks().state().mail.totals(); }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    std::ranges::transform(given, std::back_inserter(out), &model::c2d_message::message_id);
    return out;
  }
  bool has_link(emulator::link_kind kind) const {
    const auto links = plant::hub.links_of(name_of(0));
    return std::ranges::any_of(links, [&](const auto& one) { return one.kind == kind; });
  }

  std::vector<model::c2d_message> given;
  std::vector<model::method_call> calls;
  std::vector<errc> troubles;
};

TEST_F(commands_test, a_message_arrives_with_all_that_the_hub_says_of_it) {
  ASSERT_EQ(attached, 2U);
  post("cmd-1");
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].message_id, "cmd-1");
  EXPECT_EQ(given[0].body, "body of cmd-1");
  EXPECT_EQ(given[0].sequence_number, 1);
  EXPECT_EQ(given[0].enqueued_ms, unix_seconds(clock.now().wall) * 1000);
  ASSERT_TRUE(given[0].expires);
  EXPECT_EQ(*given[0].expires, clock.now().wall + 1h);
  const std::pair<std::string, std::string> port{"Port", "10"};
  EXPECT_NE(std::ranges::find(given[0].properties, port), given[0].properties.end());
}

TEST_F(commands_test, what_is_completed_and_what_is_rejected_ends_so_at_the_hub) {
  post("good");
  post("bad");
  ASSERT_EQ(given.size(), 2U);
  settle(given[0]);
  settle(given[1], c2d_settlement::reject);
  EXPECT_EQ(figures().completed, 1U);
  EXPECT_EQ(figures().rejected, 1U);
  EXPECT_EQ(figures().abandoned, 0U);
}

TEST_F(commands_test, what_is_not_settled_comes_again_and_its_dead_lock_is_never_used) {
  post("slow");
  const auto first = given.at(0);
  run_for(56s);
  settle(first);
  EXPECT_EQ(figures().completed, 0U);
  run_for(10s);
  ASSERT_EQ(ids(), (std::vector<std::string>{"slow", "slow"}));
  EXPECT_NE(given[1].number, first.number);
  settle(first);
  EXPECT_EQ(figures().locks_lost, 0U);
  settle(given[1]);
  EXPECT_EQ(figures().completed, 1U);
  EXPECT_EQ(figures().locks_expired, 1U);
  EXPECT_EQ(figures().locks_lost, 0U);
  EXPECT_EQ(figures().abandoned, 0U) << "it would count as a delivery";
}

TEST_F(commands_test,
       a_message_that_nobody_settles_for_an_hour_never_uses_a_dead_lock_and_the_link_is_renewed) {
  emulator::fault rule;
  rule.kind = emulator::fault_kind::dead_lock_detaches;
  rule.pattern = "*";
  faults.add(rule);
  post("never");
  run_for(50min);
  EXPECT_GE(given.size(), 45U);
  EXPECT_GE(client->counters().c2d_dead, 45U);
  EXPECT_EQ(figures().locks_lost, 0U);
  EXPECT_EQ(figures().abandoned, 0U);
  EXPECT_EQ(figures().delivery_count_exceeded, 0U);
  EXPECT_TRUE(troubles.empty());
  settle(given.back());
  EXPECT_EQ(figures().completed, 1U);
}

TEST_F(commands_test, a_hub_whose_messages_cannot_be_stored_keeps_them) {
  client->commands().take_c2d(false);
  run();
  post("later");
  run_for(5min);
  EXPECT_TRUE(given.empty());
  EXPECT_EQ(figures().delivered, 0U);
  client->commands().take_c2d(true);
  run();
  ASSERT_EQ(ids(), std::vector<std::string>{"later"});
  settle(given[0]);
  EXPECT_EQ(figures().completed, 1U);
}

TEST_F(commands_test, more_messages_than_credit_come_as_they_are_settled_and_in_order) {
  std::vector<std::string> posted;
  for (int i = 0; i < 20; ++i)
    post(posted.emplace_back("m" + std::to_string(i)));
  EXPECT_EQ(given.size(), 8U);
  for (std::size_t next = 0; next < given.size(); ++next)
    settle(model::c2d_message{given[next]});
  EXPECT_EQ(ids(), posted);
  EXPECT_EQ(figures().completed, 20U);
}

TEST_F(commands_test, a_method_is_answered) {
  std::optional<emulator::method_result> got;
  plant::hub.desks().call({name_of(0), "reboot", R"({"in":5})"}, clock.now(),
                          [&](const emulator::method_result& what) { got = what; });
  run();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].name, "reboot");
  EXPECT_EQ(calls[0].payload, R"({"in":5})");
  client->commands().answer(ref(0), calls[0].number, {202, R"({"state":"queued"})"});
  run();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->how, emulator::method_end::answered);
  EXPECT_EQ(got->status, 202);
  EXPECT_EQ(got->payload, R"({"state":"queued"})");
}

TEST_F(commands_test, another_client_takes_the_link_and_the_device_goes_on) {
  post("a");
  ASSERT_EQ(given.size(), 1U);
  hub::connection_options options;
  options.host = hub_host{plant_hub().host};
  options.container_id = "thief";
  hub::connection thief{std::move(options), tokens, clock.now()};
  emulator::hub_connection its_server{plant::hub, clock.now()};
  thief.attach(ref(0), name_of(0), {"", true, false}, clock.now());
  for (int i = 0; i < 20; ++i) {
    std::string bytes;
    thief.take_output(bytes);
    its_server.feed(bytes, clock.now());
    bytes.clear();
    its_server.take_output(bytes);
    thief.on_bytes(bytes, clock.now());
  }
  run();
  EXPECT_EQ(troubles, std::vector<errc>{errc::hub_link_stolen});
  EXPECT_EQ(client->attached_devices(), 2U);
  EXPECT_TRUE(has_link(emulator::link_kind::telemetry));
  settle(given[0]);
  EXPECT_EQ(figures().completed, 0U) << "its lock went with its link";
  EXPECT_EQ(figures().locks_lost, 0U);
  EXPECT_EQ(thief.commands().take_news().size(), 1U);
}

} // namespace
} // namespace causeway::conversation
