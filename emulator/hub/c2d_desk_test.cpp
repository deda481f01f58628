// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/desk_test_client.h"

namespace causeway::emulator {
namespace {

using amqp::outcome_kind;

class c2d_desk_test : public desk_test {
protected:
  c2d_desk_test() { client_.put_token(hub_.token("dev-0")); }

  desk_client client_{hub_};
};

TEST_F(c2d_desk_test, a_message_comes_with_its_lock_token_as_tag_and_the_types_that_sdks_want) {
  client_.c2d("dev-0", 10);
  auto sent = message("cmd-1", ack_mode::full);
  sent.correlation_id = "corr";
  sent.content_type = "application/json";
  sent.content_encoding = "utf-8";
  sent.user_id = "me";
  sent.properties = {{"Port", "10"}};
  sent.expires = hub_.clock.now().wall + 10min;
  hub_.service.desks().send(device_, sent, hub_.clock.now());
  client_.exchange();
  const auto got = client_.take_one();
  EXPECT_FALSE(got.settled);
  EXPECT_EQ(got.delivery.tag().size(), 16U);
  EXPECT_EQ(got.note<std::string>("x-opt-lock-token"), guid::from_dotnet_bytes(got.delivery.tag())->text());
  EXPECT_EQ(got.note<std::uint64_t>("x-opt-sequence-number"), 1U);
  EXPECT_EQ(got.note<std::uint8_t>("iothub-deliverycount"), 0);
  EXPECT_EQ(got.note<amqp::timestamp>("iothub-enqueuedtime").milliseconds,
            unix_seconds(hub_.clock.now().wall) * 1000);
  const auto& m = got.message;
  EXPECT_EQ(*m.message_id.as<std::string>(), "cmd-1");
  EXPECT_EQ(*m.correlation_id.as<std::string>(), "corr");
  EXPECT_EQ(m.to, "/devices/dev-0/messages/devicebound");
  EXPECT_EQ(m.content_type, "application/json");
  EXPECT_EQ(m.content_encoding, "utf-8");
  EXPECT_EQ(m.user_id->bytes, "me");
  EXPECT_EQ(m.absolute_expiry->milliseconds, (unix_seconds(hub_.clock.now().wall) + 600) * 1000);
  EXPECT_EQ(*m.application_property("iothub-ack")->as<std::string>(), "full");
  EXPECT_EQ(*m.application_property("Port")->as<std::string>(), "10");
  EXPECT_EQ(m.data_sections, 1U);
  EXPECT_EQ(m.data, "body of cmd-1");
}

TEST_F(c2d_desk_test, what_waited_comes_in_order_and_never_beyond_the_credit) {
  for (const auto* id : {"a", "b", "c"})
    send(id);
  auto link = client_.c2d("dev-0", 0);
  EXPECT_TRUE(client_.take().empty());
  link.add_credit(2);
  client_.exchange();
  auto first = client_.take();
  EXPECT_EQ(ids_of(first), (strings{"a", "b"}));
  client_.settle(first[0], outcome_kind::accepted);
  EXPECT_TRUE(client_.take().empty()) << "a settlement gives no credit";
  link.add_credit(1);
  client_.exchange();
  EXPECT_EQ(ids_of(client_.take()), strings{"c"});
}

TEST_F(c2d_desk_test, accepted_completes_rejected_dead_letters_released_and_modified_abandon) {
  client_.c2d("dev-0", 10);
  for (const auto* id : {"done", "bad", "later", "changed"})
    send(id);
  client_.exchange();
  auto got = client_.take();
  ASSERT_EQ(got.size(), 4U);
  client_.settle(got[0], outcome_kind::accepted);
  client_.settle(got[1], outcome_kind::rejected);
  client_.settle(got[2], outcome_kind::released);
  client_.settle(got[3], outcome_kind::modified);
  const auto again = client_.take();
  EXPECT_EQ(ids_of(again), (strings{"later", "changed"}));
  EXPECT_EQ(again[0].note<std::uint8_t>("iothub-deliverycount"), 1);
  EXPECT_EQ(figures().completed, 1U);
  EXPECT_EQ(figures().rejected, 1U);
  EXPECT_EQ(figures().abandoned, 2U);
}

TEST_F(c2d_desk_test, a_client_of_receive_mode_second_is_answered_with_its_own_state) {
  client_.c2d("dev-0", 10, amqp::receive_mode::second);
  send("a");
  client_.exchange();
  client_.take_one();
  // Disposition by hand: receiver, first 1 (put-token's answer was 0), last null, not settled, accepted.
  const std::string unsettled{"\0\0\0\x1b\2\0\0\0\0S\x15\xc0\x0e\6A\x70\0\0\0\1@B\0S$E@", 27};
  client_.connection.feed(unsettled, hub_.clock.now());
  EXPECT_EQ(figures().completed, 1U);
  std::string answer;
  client_.connection.take_output(answer);
  ASSERT_GT(answer.size(), 8U);
  std::string_view body = std::string_view{answer}.substr(8);
  const auto disposition = amqp::decode(body);
  ASSERT_TRUE(disposition);
  const auto* performative = disposition->as<amqp::described>();
  EXPECT_EQ(performative->descriptor->integer(), 0x15);
  const auto& fields = *performative->content->as<amqp::value_list>();
  EXPECT_EQ(*fields.at(0).as<bool>(), false) << "the sender's";
  EXPECT_EQ(*fields.at(1).as<std::uint32_t>(), 1U);
  EXPECT_EQ(*fields.at(3).as<bool>(), true);
  EXPECT_EQ(fields.at(4).as<amqp::described>()->descriptor->integer(), 0x24);
}

TEST_F(c2d_desk_test, a_lock_that_runs_out_brings_the_message_again_for_another_credit) {
  auto link = client_.c2d("dev-0", 1);
  send("a");
  client_.exchange();
  auto dead = client_.take_one();
  pass_after(60s);
  client_.exchange();
  EXPECT_TRUE(client_.take().empty()) << "there is no credit";
  link.add_credit(1);
  client_.exchange();
  auto alive = client_.take_one();
  EXPECT_EQ(alive.note<std::uint8_t>("iothub-deliverycount"), 0);
  EXPECT_NE(alive.delivery.tag(), dead.delivery.tag());
  client_.settle(dead, outcome_kind::accepted);
  EXPECT_EQ(figures().completed, 0U);
  EXPECT_EQ(figures().locks_lost, 1U);
  EXPECT_TRUE(client_.take_detaches().empty()) << "it is ignored";
  client_.settle(alive, outcome_kind::accepted);
  EXPECT_EQ(figures().completed, 1U);
}

TEST_F(c2d_desk_test, by_a_fault_a_dead_lock_costs_the_link) {
  hub_.add(fault_kind::dead_lock_detaches);
  client_.c2d("dev-0", 10);
  send("a");
  client_.exchange();
  auto dead = client_.take_one();
  pass_after(60s);
  client_.settle(dead, outcome_kind::accepted);
  EXPECT_EQ(client_.take_detaches(), strings{"com.microsoft:message-lock-lost"});
}

TEST_F(c2d_desk_test, the_tenth_abandon_dead_letters_the_message) {
  client_.c2d("dev-0", 100);
  send("a");
  client_.exchange();
  for (int i = 0; i < 10; ++i) {
    auto got = client_.take_one();
    client_.settle(got, outcome_kind::released);
  }
  EXPECT_TRUE(client_.take().empty());
  EXPECT_EQ(figures().delivery_count_exceeded, 1U);
}

TEST_F(c2d_desk_test, a_link_that_goes_gives_its_messages_back_uncounted) {
  auto link = client_.c2d("dev-0", 10);
  send("a");
  send("b");
  client_.exchange();
  EXPECT_EQ(client_.take().size(), 2U);
  link.close();
  client_.exchange();
  client_.c2d("dev-0", 10);
  const auto again = client_.take();
  EXPECT_EQ(ids_of(again), (strings{"a", "b"}));
  EXPECT_EQ(again[0].note<std::uint8_t>("iothub-deliverycount"), 0);
  EXPECT_EQ(figures().released, 2U);
}

TEST_F(c2d_desk_test, the_newest_link_wins_the_messages_too_and_the_theft_is_counted) {
  client_.c2d("dev-0", 10);
  send("a");
  client_.exchange();
  auto stolen = client_.take_one();
  desk_client thief{hub_};
  thief.put_token(hub_.token("dev-0"));
  thief.c2d("dev-0", 10);
  client_.exchange();
  EXPECT_EQ(client_.take_detaches(), strings{"com.microsoft:link-creation-conflict"});
  EXPECT_EQ(ids_of(thief.take()), strings{"a"});
  client_.settle(stolen, outcome_kind::accepted);
  EXPECT_EQ(figures().completed, 0U) << "its lock went with its link";
  EXPECT_EQ(hub_.service.totals().c2d_links_stolen, 1U);
  EXPECT_EQ(hub_.service.totals().links_stolen, 0U);
  const auto holders = hub_.service.links_of(device_);
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders[0].kind, link_kind::c2d);
  EXPECT_EQ(holders[0].connection, 2U);
  EXPECT_EQ(holders[0].credit, 9);
}

TEST_F(c2d_desk_test, a_second_link_of_the_same_connection_is_a_conflict_and_no_theft) {
  client_.c2d("dev-0", 10);
  client_.c2d("dev-0", 10);
  EXPECT_EQ(client_.take_detaches().size(), 1U);
  EXPECT_EQ(hub_.service.totals().link_conflicts, 1U);
  EXPECT_EQ(hub_.service.totals().c2d_links_stolen, 0U);
}

TEST_F(c2d_desk_test, messages_for_a_device_that_is_removed_are_gone) {
  send("a");
  hub_.registry.remove(device_);
  hub_.service.review(device_, hub_.clock.now());
  EXPECT_EQ(figures().purged, 1U);
  EXPECT_EQ(hub_.service.desks().state().mail.waiting(device_), 0U);
}

TEST_F(c2d_desk_test, by_a_fault_messages_come_later) {
  hub_.add(fault_kind::c2d_delay).delay = 5s;
  client_.c2d("dev-0", 10);
  send("a");
  client_.exchange();
  EXPECT_TRUE(client_.take().empty());
  pass_after(5s);
  client_.exchange();
  EXPECT_EQ(ids_of(client_.take()), strings{"a"});
}

TEST_F(c2d_desk_test, says_when_something_is_due_earlier_than_before) {
  int told = 0;
  hub_.service.desks().on_due([&] { ++told; });
  send("a");
  EXPECT_EQ(told, 1);
  send("b");
  EXPECT_EQ(told, 1) << "it is due later";
  client_.c2d("dev-0", 10); // locks for 60 s
  EXPECT_EQ(told, 2);
  EXPECT_EQ(hub_.service.desks().pass(hub_.clock.now()), hub_.clock.now().mono + 60s);
}

TEST_F(c2d_desk_test, locks_can_be_made_to_run_out) {
  client_.c2d("dev-0", 10);
  send("a");
  client_.exchange();
  auto dead = client_.take_one();
  hub_.service.desks().expire_locks("dev-*", hub_.clock.now());
  client_.exchange();
  EXPECT_EQ(ids_of(client_.take()), strings{"a"});
  client_.settle(dead, outcome_kind::accepted);
  EXPECT_EQ(figures().locks_lost, 1U);
}

TEST_F(c2d_desk_test, a_hub_that_is_cut_off_or_frozen_gives_back_what_was_in_hand) {
  client_.c2d("dev-0", 10);
  send("a");
  client_.exchange();
  hub_.service.freeze_all(hub_.clock.now());
  EXPECT_EQ(figures().released, 1U);
  send("b"); // nobody is offered it
  desk_client next{hub_};
  next.put_token(hub_.token("dev-0"));
  next.c2d("dev-0", 10);
  EXPECT_EQ(ids_of(next.take()), (strings{"a", "b"}));
}

} // namespace
} // namespace causeway::emulator
