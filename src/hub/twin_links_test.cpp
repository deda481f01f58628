// SPDX-License-Identifier: Apache-2.0
// A device's twin over a connection: the two links, what is asked on one, and what comes on the other.
#include "hub/connection.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

struct twin_links : testing::Test {
  twin_links() {
    it.commands = it.methods = it.twin = true;
    it.attach_all(1);
  }
  void ask(twin_request what, const std::string& patch = {}) {
    it.client.commands().ask_twin(ref(0), what, patch, it.clock.now().mono);
    it.run();
  }
  bool can_ask(twin_request what) { return it.client.commands().can_ask_twin(ref(0), what); }
  void answer(const amqp::message& request, int status = 200, const std::string& body = {}) {
    it.peer.answer_twin("dev-0", request.correlation_id, {status, body});
    it.run();
  }
  std::vector<amqp::message> asked() const { return it.peer.twin_messages("dev-0"); }
  void open() {
    ask(twin_request::subscribe);
    answer(asked().back());
    it.news.clear();
  }
  // "linked", "changed {}", "subscribed ok", "read {}", "reported hub_throttled", "trouble twin stolen,
  // pause"
  strings told() const {
    strings out;
    for (const auto& one : it.news) {
      if (std::holds_alternative<twin_linked>(one)) out.emplace_back("linked");
      if (const auto* what = std::get_if<twin_changed>(&one)) out.push_back("changed " + what->patch);
      if (const auto* what = std::get_if<command_trouble>(&one))
        out.push_back("trouble " + std::string{what->of} + " " + std::string{what->why.name()} +
                      (what->pause ? ", pause" : ""));
      if (const auto* what = std::get_if<twin_answered>(&one)) {
        constexpr const char* words[] = {"subscribed ", "read ", "reported "};
        const bool is_ok = what->outcome && what->what != twin_request::read;
        out.push_back(words[static_cast<int>(what->what)] +
                      (is_ok           ? "ok"
                       : what->outcome ? *what->outcome
                                       : std::string{what->outcome.fault().name()}));
      }
    }
    return out;
  }
  strings take_told() {
    auto out = told();
    it.news.clear();
    return out;
  }
  static std::string note(const amqp::message& of, const char* name) {
    const auto* const found = of.annotation(name);
    return found == nullptr ? "-" : *found->text();
  }

  rig it;
};

TEST_F(twin_links, there_are_two_with_what_sdks_say_of_them_the_one_to_ask_on_first) {
  std::vector<scripted_peer::attach_seen> seen;
  for (const auto& one : it.peer.attaches)
    if (one.address == "/devices/dev-0/twin") seen.push_back(one);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].link_name, it.peer.twin_requests.at("dev-0").name());
  for (const auto& one : seen) {
    EXPECT_EQ(*one.properties.find("com.microsoft:api-version")->text(), "2021-04-12");
    EXPECT_EQ(*one.properties.find("com.microsoft:client-version")->text(), "causeway/test");
  }
  const auto pair = *seen[0].properties.find("com.microsoft:channel-correlation-id")->text();
  EXPECT_TRUE(pair.starts_with("twin:causeway-test-1-")) << pair;
  EXPECT_EQ(*seen[1].properties.find("com.microsoft:channel-correlation-id")->text(), pair);
  EXPECT_TRUE(it.peer.twins.at("dev-0").session() == it.peer.telemetry.at("dev-0").session());
  EXPECT_EQ(it.peer.twins.at("dev-0").remote_settle_mode(), amqp::settle_mode::settled);
  EXPECT_EQ(it.peer.twin_requests.at("dev-0").remote_settle_mode(), amqp::settle_mode::settled);
  EXPECT_EQ(it.peer.twins.at("dev-0").credit(), most_twin_credit);
  EXPECT_EQ(it.peer.calls.size(), 1U);
  EXPECT_EQ(it.peer.c2d.size(), 1U);
}

TEST_F(twin_links, come_alone_where_that_alone_is_wished_for) {
  rig other;
  other.twin = true;
  other.attach_all(1);
  EXPECT_EQ(other.peer.attaches.size(), 3U);
  EXPECT_EQ(other.peer.twins.size(), 1U);
  EXPECT_EQ(other.peer.twin_requests.size(), 1U);
}

TEST_F(twin_links, nothing_is_asked_before_its_turn) {
  EXPECT_EQ(told(), strings{"linked"});
  EXPECT_TRUE(asked().empty());
  EXPECT_TRUE(can_ask(twin_request::subscribe));
  EXPECT_FALSE(can_ask(twin_request::read));
  EXPECT_FALSE(can_ask(twin_request::report));
  ask(twin_request::read);
  ask(twin_request::report, "{}");
  EXPECT_TRUE(asked().empty());
}

TEST_F(twin_links, a_device_subscribes_then_reads_and_reports) {
  ask(twin_request::subscribe);
  ASSERT_EQ(asked().size(), 1U);
  EXPECT_EQ(note(asked()[0], "operation"), "PUT");
  EXPECT_EQ(note(asked()[0], "resource"), "/notifications/twin/properties/desired");
  EXPECT_FALSE(can_ask(twin_request::subscribe));
  EXPECT_FALSE(can_ask(twin_request::read)) << "not before its answer";
  answer(asked()[0]);
  EXPECT_EQ(take_told(), (strings{"linked", "subscribed ok"}));

  ask(twin_request::read);
  ask(twin_request::report, R"({"fw":1})");
  ASSERT_EQ(asked().size(), 3U);
  EXPECT_EQ(note(asked()[1], "operation"), "GET");
  EXPECT_EQ(note(asked()[1], "resource"), "-");
  EXPECT_EQ(note(asked()[2], "operation"), "PATCH");
  EXPECT_EQ(note(asked()[2], "resource"), "/properties/reported");
  EXPECT_EQ(asked()[2].data, R"({"fw":1})");
  answer(asked()[2]);
  answer(asked()[1], 200, R"({"desired":{}})");
  EXPECT_EQ(told(), (strings{"reported ok", R"(read {"desired":{}})"}));
  EXPECT_EQ(it.count<sent>(), 0U) << "they are no messages of the device's";
}

TEST_F(twin_links, ids_are_text_and_never_the_same_on_a_connection) {
  it.attach(1);
  it.run();
  open();
  it.client.commands().ask_twin(ref(1), twin_request::subscribe, "", it.clock.now().mono);
  ask(twin_request::read);
  std::set<std::string> ids;
  for (const auto& one : it.peer.messages)
    ids.insert(*one.what.correlation_id.as<std::string>());
  EXPECT_EQ(it.peer.messages.size(), 3U);
  EXPECT_EQ(ids.size(), 3U);
}

TEST_F(twin_links, one_request_of_a_kind_is_under_way) {
  open();
  ask(twin_request::read);
  ask(twin_request::read);
  ask(twin_request::report, "{}");
  ask(twin_request::report, "{}");
  EXPECT_EQ(asked().size(), 3U);
  answer(asked()[1], 200, "{}");
  answer(asked()[1], 200, "twice");
  EXPECT_EQ(told(), strings{"read {}"});
  EXPECT_TRUE(can_ask(twin_request::read));
  EXPECT_FALSE(can_ask(twin_request::report));
}

TEST_F(twin_links, what_the_hub_refuses_is_told_by_its_number) {
  open();
  const auto refused = [&](int status, const std::string& body) {
    ask(twin_request::read);
    answer(asked().back(), status, body);
    return take_told().at(0);
  };
  EXPECT_EQ(refused(429, R"({"errorCode":429001,"message":"Throttled"})"), "read hub_throttled");
  EXPECT_EQ(refused(429, ""), "read hub_throttled");
  EXPECT_EQ(refused(403, R"({"errorCode":403002})"), "read hub_quota_exceeded");
  EXPECT_EQ(refused(500, "{"), "read hub_busy");
  EXPECT_EQ(refused(400, R"({"errorCode":400004})"), "read hub_refused");
  EXPECT_EQ(refused(200, ""), "read hub_protocol") << "there is nothing to read";
  EXPECT_EQ(refused(204, "{}"), "read hub_refused");
  ask(twin_request::report, "[]");
  answer(asked().back(), 400);
  EXPECT_EQ(take_told(), strings{"reported hub_refused"});
  EXPECT_EQ(it.client.counters().command_links_lost, 0U);
}

TEST_F(twin_links, a_change_is_told_once_the_device_has_subscribed) {
  it.peer.change_twin("dev-0", R"({"a":1})");
  ask(twin_request::subscribe);
  it.peer.change_twin("dev-0", R"({"a":2})");
  answer(asked()[0]);
  it.peer.change_twin("dev-0", R"({"a":3,"$version":4})");
  it.run();
  EXPECT_EQ(told(), (strings{"linked", "subscribed ok", R"(changed {"a":3,"$version":4})"}));
  EXPECT_EQ(it.client.counters().twin_changes, 1U);
}

TEST_F(twin_links, credit_is_given_again_and_never_more_than_twenty) {
  open();
  for (int i = 0; i < 100; ++i) {
    it.peer.change_twin("dev-0", "{}");
    it.run();
    ASSERT_GE(it.peer.twins.at("dev-0").credit(), 10);
    ASSERT_LE(it.peer.twins.at("dev-0").credit(), 20);
  }
  EXPECT_EQ(told().size(), 100U);
}

TEST_F(twin_links, what_comes_unsettled_is_accepted) {
  open();
  amqp::message push;
  push.message_annotations = {
      {amqp::value{amqp::symbol{"resource"}}, amqp::value{std::string{"/properties/desired"}}}};
  push.kind = amqp::message::body_kind::data;
  push.data = "{}";
  it.peer.give(it.peer.twins.at("dev-0"), "x", push);
  it.run();
  ASSERT_EQ(it.peer.outcomes.size(), 1U);
  EXPECT_EQ(it.peer.outcomes[0].with.kind, amqp::outcome_kind::accepted);
  EXPECT_EQ(told(), strings{"changed {}"});
}

TEST_F(twin_links, what_is_malformed_is_told_each_and_the_links_go_on) {
  open();
  amqp::message bare, no_status, elsewhere, no_body;
  no_status.correlation_id = amqp::value{std::string{"1"}};
  elsewhere.message_annotations = {
      {amqp::value{amqp::symbol{"resource"}}, amqp::value{std::string{"/properties/reported"}}}};
  no_body.message_annotations = {
      {amqp::value{amqp::symbol{"resource"}}, amqp::value{std::string{"/properties/desired"}}}};
  auto to = it.peer.twins.at("dev-0");
  for (const auto& one : {bare, no_status, elsewhere, no_body})
    it.peer.give(to, "m", one, true);
  scripted_peer::give_bytes(to, "m", "no message", true);
  it.run();
  EXPECT_EQ(take_told(), strings(5, "trouble twin amqp_value_malformed"));
  EXPECT_EQ(it.client.counters().commands_malformed, 5U);
  it.peer.change_twin("dev-0", "{}");
  it.run();
  EXPECT_EQ(told(), strings{"changed {}"});
}

TEST_F(twin_links, an_answer_to_nobody_is_left) {
  open();
  for (const auto& id : {amqp::value{std::string{"4711"}}, amqp::value{amqp::uuid{{1}}}})
    it.peer.answer_twin("dev-0", id, {});
  it.run();
  EXPECT_TRUE(told().empty());
}

TEST_F(twin_links, a_refused_subscription_costs_the_links_which_come_again) {
  ask(twin_request::subscribe);
  answer(asked()[0], 429, R"({"errorCode":429001})");
  EXPECT_EQ(take_told(),
            (strings{"linked", "subscribed hub_throttled", "trouble twin hub_throttled, pause"}));
  EXPECT_TRUE(it.peer.twins.empty());
  EXPECT_TRUE(it.peer.twin_requests.empty());
  EXPECT_EQ(it.client.attached_devices(), 1U);
  EXPECT_EQ(it.peer.calls.size(), 1U);
  it.advance(10s);
  EXPECT_EQ(take_told(), strings{"linked"});
  ask(twin_request::subscribe);
  answer(asked().back());
  EXPECT_EQ(told(), strings{"subscribed ok"});
}

TEST_F(twin_links, a_request_without_an_answer_within_a_minute_is_told_and_costs_the_links) {
  open();
  ask(twin_request::read);
  const auto late = asked().back();
  it.advance(59s);
  EXPECT_TRUE(told().empty());
  it.advance(1s);
  EXPECT_EQ(take_told(), (strings{"read hub_answer_missing", "trouble twin hub_answer_missing, pause"}));
  EXPECT_EQ(it.client.counters().twin_unanswered, 1U);
  EXPECT_TRUE(it.peer.twins.empty());
  it.advance(10s);
  EXPECT_EQ(take_told(), strings{"linked"});
  answer(late, 200, "{}");
  EXPECT_TRUE(told().empty());
  EXPECT_TRUE(can_ask(twin_request::subscribe));
}

TEST_F(twin_links, a_subscription_without_an_answer_pauses_ever_longer) {
  std::vector<milliseconds> pauses;
  for (int i = 0; i < 4; ++i) {
    ask(twin_request::subscribe);
    it.advance(60s);
    ASSERT_EQ(told().size(), 3U) << i;
    pauses.push_back(*std::get<command_trouble>(it.news[2]).pause);
    it.news.clear();
    it.advance(pauses.back() + 1s);
  }
  for (std::size_t i = 1; i < pauses.size(); ++i)
    EXPECT_GT(pauses[i], pauses[i - 1]);
}

TEST_F(twin_links, what_was_asked_is_forgotten_silently_when_the_links_are_taken_away) {
  open();
  ask(twin_request::read);
  ask(twin_request::report, "{}");
  const auto old = asked();
  it.peer.detach_twin("dev-0", {"com.microsoft:link-creation-conflict", "another client"});
  it.run();
  EXPECT_EQ(take_told(), strings{"trouble twin hub_link_stolen, pause"});
  EXPECT_TRUE(it.peer.twin_requests.empty()) << "the pair goes together";
  EXPECT_FALSE(can_ask(twin_request::read));
  ask(twin_request::read);
  it.send(0, 1);
  it.run();
  EXPECT_EQ(it.outcomes(), strings{"ok"});
  it.advance(10s);
  EXPECT_EQ(take_told(), strings{"linked"});
  open();
  answer(old[1], 200, "{}");
  answer(old[2]);
  it.advance(2min);
  EXPECT_TRUE(told().empty());
  ask(twin_request::read);
  answer(asked().back(), 200, "{}");
  EXPECT_EQ(told(), strings{"read {}"});
}

TEST_F(twin_links, refused_ones_cost_nothing_else) {
  rig other;
  other.commands = other.methods = other.twin = true;
  other.peer.refused_twins["dev-0"] = {"amqp:not-allowed", "basic tier"};
  other.attach_all(1);
  EXPECT_EQ(other.client.attached_devices(), 1U);
  EXPECT_EQ(other.peer.c2d.at("dev-0").credit(), 8);
  EXPECT_EQ(other.peer.calls.at("dev-0").credit(), 16);
  EXPECT_EQ(other.client.counters().command_links_lost, 1U) << "once for both";
  ASSERT_EQ(other.news.size(), 1U);
  EXPECT_EQ(std::get<command_trouble>(other.news[0]).of, "twin");
  other.peer.refused_twins.clear();
  other.advance(10s);
  EXPECT_TRUE(std::holds_alternative<twin_linked>(other.news.at(1)));
}

TEST_F(twin_links, a_request_waits_for_credit) {
  rig other;
  other.twin = true;
  other.peer.answer_credit = 0;
  other.attach_all(1);
  other.client.commands().ask_twin(ref(0), twin_request::subscribe, "", other.clock.now().mono);
  other.run();
  EXPECT_TRUE(other.peer.messages.empty());
  other.peer.twin_requests.at("dev-0").add_credit(1);
  other.run();
  EXPECT_EQ(other.peer.messages.size(), 1U);
}

TEST_F(twin_links, a_device_goes_with_what_it_has_asked) {
  open();
  ask(twin_request::read);
  const auto old = asked().back();
  it.client.detach(ref(0), it.clock.now());
  it.run();
  it.advance(2min);
  EXPECT_TRUE(told().empty());
  EXPECT_TRUE(it.peer.twins.empty());
  ask(twin_request::read);
  it.attach(0);
  it.run();
  EXPECT_EQ(take_told(), strings{"linked"});
  answer(old, 200, "{}");
  EXPECT_TRUE(told().empty());
}

TEST_F(twin_links, a_connection_whose_devices_ask_nothing_has_nothing_due_for_them) {
  open();
  ask(twin_request::report, "{}");
  answer(asked().back());
  const auto ticks = it.ticks;
  it.advance(61s);
  rig other;
  other.commands = other.methods = true;
  other.attach_all(1);
  const auto others = other.ticks;
  other.advance(61s);
  EXPECT_EQ(it.ticks - ticks, other.ticks - others);
}

// Beyond it a link may cost the connection (AMQP 1.0, 2.7.2).
TEST_F(twin_links, are_not_asked_for_where_the_hubs_sessions_have_no_room_for_them) {
  const auto asked_for = [this](const link_wish& wish, std::uint32_t handle_max) {
    amqp::engine_options options;
    options.container_id = "c";
    amqp::engine engine{options};
    session_table table;
    connection_counters counters;
    const auto own = device_key_options();
    command_desk desk{own, table, counters};
    auto& who = table.acquire(ref(7));
    who.identity = name_of(7);
    who.session = engine.new_session();
    desk.begin(who, wish, handle_max, it.clock.now().mono);
    return who.commands && who.commands->twin != nullptr;
  };
  EXPECT_TRUE(asked_for({"", true, true, true}, 5));
  EXPECT_FALSE(asked_for({"", true, true, true}, 4));
  EXPECT_TRUE(asked_for({"", true, false, true}, 3));
  EXPECT_FALSE(asked_for({"", true, false, true}, 2));
  EXPECT_FALSE(asked_for({"", true, true, false}, 5));
}

TEST_F(twin_links, what_is_kept_of_a_session_with_all_links_is_small) {
  static_assert(sizeof(void*) != 8 || sizeof(device_commands) <= 88);
  static_assert(sizeof(void*) != 8 || sizeof(method_side) <= 80);
  static_assert(sizeof(void*) != 8 || sizeof(twin_side) <= 112);
  EXPECT_LE(sizeof(device_session) + sizeof(device_commands) + sizeof(method_side) + sizeof(twin_side), 464U);
}

} // namespace
} // namespace causeway::hub
