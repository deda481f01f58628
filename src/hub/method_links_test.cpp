// SPDX-License-Identifier: Apache-2.0
// Direct methods over a connection: the two links, calls and their answers.
#include "hub/connection.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

struct method_links : testing::Test {
  method_links() {
    it.commands = it.methods = true;
    it.attach_all(1);
  }
  static amqp::value id(std::uint8_t number) { return amqp::value{amqp::uuid{{number}}}; }
  void call(std::uint8_t number, const std::string& payload = "null") {
    it.peer.call("dev-0", "reboot", id(number), payload);
    it.run();
  }
  std::vector<model::method_call> calls() const {
    std::vector<model::method_call> out;
    for (const auto& one : it.news)
      if (const auto* what = std::get_if<method_called>(&one)) out.push_back(what->what);
    return out;
  }
  void answer(model::delivery_number which, const model::method_answer& what) {
    it.client.commands().answer(ref(0), which, what);
    it.run();
  }
  int credit() { return it.peer.calls.at("dev-0").credit(); }

  rig it;
};

TEST_F(method_links, there_are_two_with_what_sdks_say_of_them) {
  std::vector<scripted_peer::attach_seen> seen;
  for (const auto& one : it.peer.attaches)
    if (one.address == "/devices/dev-0/methods/devicebound") seen.push_back(one);
  ASSERT_EQ(seen.size(), 2U);
  for (const auto& one : seen) {
    EXPECT_EQ(*one.properties.find("com.microsoft:api-version")->text(), "2021-04-12");
    EXPECT_EQ(*one.properties.find("com.microsoft:client-version")->text(), "causeway/test");
  }
  const auto pair = *seen[0].properties.find("com.microsoft:channel-correlation-id")->text();
  EXPECT_TRUE(pair.starts_with("methods:causeway-test-1-")) << pair;
  EXPECT_EQ(*seen[1].properties.find("com.microsoft:channel-correlation-id")->text(), pair);
  EXPECT_TRUE(it.peer.calls.at("dev-0").session() == it.peer.telemetry.at("dev-0").session());
  EXPECT_EQ(it.peer.calls.at("dev-0").remote_settle_mode(), amqp::settle_mode::mixed);
  EXPECT_EQ(it.peer.answers.at("dev-0").remote_settle_mode(), amqp::settle_mode::unsettled);
  EXPECT_EQ(credit(), 16);
}

TEST_F(method_links, come_without_the_link_for_messages_where_that_alone_is_wished_for) {
  rig other;
  other.methods = true;
  other.attach_all(1);
  EXPECT_TRUE(other.peer.c2d.empty());
  EXPECT_EQ(other.peer.calls.size(), 1U);
  EXPECT_EQ(other.peer.answers.size(), 1U);
  EXPECT_EQ(other.client.attached_devices(), 1U);
}

TEST_F(method_links, a_call_is_told_and_its_answer_has_its_id_and_a_status) {
  call(7, R"({"on":true})");
  ASSERT_EQ(calls().size(), 1U);
  EXPECT_EQ(calls()[0].name, "reboot");
  EXPECT_EQ(calls()[0].payload, R"({"on":true})");
  EXPECT_EQ(credit(), 15);
  answer(calls()[0].number, {202, R"({"state":"queued"})"});
  ASSERT_EQ(it.peer.messages.size(), 1U);
  const auto& got = it.peer.messages[0].what;
  EXPECT_TRUE(got.correlation_id == id(7));
  EXPECT_EQ(*got.application_property("IoThub-status")->as<std::int32_t>(), 202);
  EXPECT_EQ(got.data, R"({"state":"queued"})");
  EXPECT_EQ(it.peer.messages[0].address, "/devices/dev-0/methods/devicebound");
  EXPECT_EQ(credit(), 16) << "given again when it is answered";
  EXPECT_EQ(it.count<sent>(), 0U) << "it is no message of the device's";
}

TEST_F(method_links, a_call_is_answered_once) {
  call(7);
  const auto number = calls()[0].number;
  answer(number, {200, "1"});
  answer(number, {200, "2"});
  answer(model::delivery_number{12345}, {200, "3"});
  EXPECT_EQ(it.peer.messages.size(), 1U);
}

TEST_F(method_links, an_answer_waits_for_credit) {
  rig other;
  other.methods = true;
  other.peer.answer_credit = 0;
  other.attach_all(1);
  other.peer.call("dev-0", "reboot", id(1), "null");
  other.run();
  const auto number = std::get<method_called>(other.news.at(0)).what.number;
  other.client.commands().answer(ref(0), number, {200, "late"});
  other.run();
  EXPECT_TRUE(other.peer.messages.empty());
  EXPECT_EQ(other.peer.calls.at("dev-0").credit(), 15);
  other.peer.answers.at("dev-0").add_credit(1);
  other.run();
  ASSERT_EQ(other.peer.messages.size(), 1U);
  EXPECT_EQ(other.peer.messages[0].what.data, "late");
  EXPECT_EQ(other.peer.calls.at("dev-0").credit(), 16);
}

TEST_F(method_links, a_call_that_nobody_answers_is_dropped_after_310_seconds) {
  call(7);
  it.advance(309s);
  EXPECT_EQ(credit(), 15);
  it.advance(1s);
  EXPECT_EQ(credit(), 16);
  answer(calls()[0].number, {200, "1"});
  EXPECT_TRUE(it.peer.messages.empty());
  EXPECT_EQ(it.client.counters().calls_unanswered, 1U);
}

TEST_F(method_links, nothing_is_answered_on_other_links_than_the_call_came_by) {
  call(7);
  it.peer.detach_calls("dev-0", {"com.microsoft:link-creation-conflict", "another client"});
  it.run();
  EXPECT_EQ(it.peer.answers.count("dev-0"), 0U) << "the pair goes together";
  EXPECT_EQ(it.client.attached_devices(), 1U);
  answer(calls()[0].number, {200, "1"});
  it.advance(10s);
  EXPECT_EQ(credit(), 16);
  answer(calls()[0].number, {200, "1"});
  EXPECT_TRUE(it.peer.messages.empty());
}

TEST_F(method_links, refused_ones_cost_neither_telemetry_nor_messages) {
  rig other;
  other.commands = other.methods = true;
  other.peer.refused_methods["dev-0"] = {"amqp:not-allowed", "basic tier"};
  other.attach_all(1);
  EXPECT_EQ(other.client.attached_devices(), 1U);
  EXPECT_EQ(other.peer.c2d.at("dev-0").credit(), 8);
  EXPECT_EQ(other.client.counters().command_links_lost, 1U) << "once for both";
  EXPECT_EQ(std::get<command_trouble>(other.news.at(0)).of, "methods");
  other.peer.refused_methods.clear();
  other.advance(10s);
  EXPECT_EQ(other.peer.calls.at("dev-0").credit(), 16);
}

TEST_F(method_links, a_malformed_call_is_told_and_left_without_an_answer) {
  amqp::message nameless;
  nameless.correlation_id = id(1);
  it.peer.give(it.peer.calls.at("dev-0"), "x", nameless, true);
  it.run();
  ASSERT_EQ(it.news.size(), 1U);
  EXPECT_EQ(std::get<command_trouble>(it.news[0]).why.code(), errc::amqp_value_malformed);
  EXPECT_EQ(credit(), 16);
}

TEST_F(method_links, a_call_that_comes_unsettled_is_accepted) {
  amqp::message asked;
  asked.correlation_id = id(1);
  asked.application_properties = {
      {amqp::value{std::string{"IoThub-methodname"}}, amqp::value{std::string{"x"}}}};
  it.peer.give(it.peer.calls.at("dev-0"), "tag", asked);
  it.run();
  ASSERT_EQ(it.peer.outcomes.size(), 1U);
  EXPECT_EQ(it.peer.outcomes[0].with.kind, amqp::outcome_kind::accepted);
  EXPECT_EQ(calls().size(), 1U);
}

TEST_F(method_links, calls_go_on_while_no_message_is_taken) {
  it.client.commands().take_c2d(false);
  it.run();
  call(1);
  EXPECT_EQ(calls().size(), 1U);
}

} // namespace
} // namespace causeway::hub
