// SPDX-License-Identifier: Apache-2.0
// Twins: the emulated hub keeps those of hub::connection's devices. The hub is the judge: what it has of a
// report, and what it tells of a change.
#include "conversation/one_connection.h"
#include "emulator/state/json_text.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;
using hub::twin_request;
using strings = std::vector<std::string>;

class twin_test : public one_connection {
protected:
  twin_test() { attach({"", true, true, true}); }

  void hear(hub::command_news what) override {
    if (std::holds_alternative<hub::twin_linked>(what)) told.emplace_back("linked");
    if (auto* change = std::get_if<hub::twin_changed>(&what)) told.push_back(std::move(change->patch));
    if (auto* trouble = std::get_if<hub::command_trouble>(&what))
      told.push_back("trouble " + std::string{trouble->why.name()});
    if (auto* answer = std::get_if<hub::twin_answered>(&what))
      told.push_back(answer->outcome ? "ok " + *answer->outcome
                                     : std::string{answer->outcome.fault().name()});
  }
  void ask(twin_request what, const std::string& patch = {}) {
    client->commands().ask_twin(ref(0), what, patch, clock.now().mono);
    run();
  }
  void change(const std::string& desired) {
    const auto asked = emulator::read_twin_change(
        *emulator::read_json(R"({"properties":{"desired":)" + desired + "}}"), false);
    EXPECT_FALSE(plant::hub.desks().change_twin(name_of(0), *asked, clock.now()));
    run();
  }
  const emulator::twin& twin() { return plant::hub.desks().twin_of(name_of(0), clock.now()); }
  void open() {
    ask(twin_request::subscribe);
    told.clear();
  }
  strings take() { return std::exchange(told, {}); }

  strings told;
};

TEST_F(twin_test, a_device_subscribes_and_reads_what_was_there_before) {
  EXPECT_EQ(attached, 2U);
  EXPECT_EQ(take(), (strings{"linked", "linked"}));
  change(R"({"rate":60})");
  EXPECT_TRUE(told.empty());
  ask(twin_request::subscribe);
  ask(twin_request::read);
  EXPECT_EQ(take(), (strings{"ok ", R"(ok {"desired":{"rate":60,"$version":2},"reported":{"$version":1}})"}));
}

TEST_F(twin_test, changes_are_told_as_they_come_with_their_version) {
  open();
  change(R"({"rate":60})");
  change(R"({"rate":null})");
  EXPECT_EQ(take(), (strings{R"({"rate":60,"$version":2})", R"({"rate":null,"$version":3})"}));
}

TEST_F(twin_test, a_report_is_merged_into_what_the_hub_has) {
  open();
  ask(twin_request::report, R"({"lorawan":{"fCnt":7},"gone":1})");
  ask(twin_request::report, R"({"gone":null})");
  EXPECT_EQ(take(), (strings{"ok ", "ok "}));
  EXPECT_EQ(boost::json::serialize(twin().reported().values), R"({"lorawan":{"fCnt":7}})");
  EXPECT_EQ(twin().reported().version, 3U);
}

TEST_F(twin_test, a_change_between_subscribing_and_reading_is_told_and_read) {
  ask(twin_request::subscribe);
  take();
  change(R"({"rate":60})");
  ask(twin_request::read);
  EXPECT_EQ(take(), (strings{R"({"rate":60,"$version":2})",
                             R"(ok {"desired":{"rate":60,"$version":2},"reported":{"$version":1}})"}));
}

TEST_F(twin_test, what_the_hub_refuses_is_told_in_the_catalogues_words) {
  open();
  ask(twin_request::report, "[]");
  emulator::fault rule;
  rule.kind = emulator::fault_kind::twin_status;
  rule.status = 429;
  rule.remaining = 1;
  faults.add(rule);
  ask(twin_request::read);
  rule.status = 500;
  faults.add(rule);
  ask(twin_request::read);
  EXPECT_EQ(take(), (strings{"hub_refused", "hub_throttled", "hub_busy"}));
  ask(twin_request::read);
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(twin_test, more_changes_than_credit_all_come_in_their_order) {
  open();
  strings expected;
  for (int i = 0; i < 100; ++i) {
    change(R"({"n":)" + std::to_string(i) + "}");
    expected.push_back(R"({"n":)" + std::to_string(i) + R"(,"$version":)" + std::to_string(i + 2) + "}");
  }
  EXPECT_EQ(take(), expected);
}

TEST_F(twin_test, another_client_takes_the_links_and_the_change_meanwhile_is_read) {
  open();
  hub::connection_options own;
  own.host = hub_host{plant_hub().host};
  own.container_id = "thief";
  hub::connection thief{std::move(own), tokens, clock.now()};
  emulator::hub_connection its_server{plant::hub, clock.now()};
  thief.attach(ref(0), name_of(0), {"", false, false, true}, clock.now());
  for (int i = 0; i < 20; ++i) {
    std::string bytes;
    thief.take_output(bytes);
    its_server.feed(bytes, clock.now());
    bytes.clear();
    its_server.take_output(bytes);
    thief.on_bytes(bytes, clock.now());
  }
  run();
  EXPECT_EQ(take(), strings{"trouble hub_link_stolen"});
  EXPECT_EQ(client->attached_devices(), 2U);
  change(R"({"rate":60})");
  EXPECT_TRUE(told.empty());
  run_for(10s);
  EXPECT_EQ(take(), strings{"linked"});
  ask(twin_request::subscribe);
  ask(twin_request::read);
  EXPECT_EQ(take(), (strings{"ok ", R"(ok {"desired":{"rate":60,"$version":2},"reported":{"$version":1}})"}));
}

} // namespace
} // namespace causeway::conversation
