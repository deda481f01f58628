// SPDX-License-Identifier: Apache-2.0
#include "hub/admission.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

class admission_test : public testing::Test {
protected:
  void add(std::uint32_t number) {
    ASSERT_TRUE(it.has_room_for(ref(number)));
    it.add(ref(number), name_of(number), {});
  }
  device_session& of(std::uint32_t number) { return *table.find(ref(number)); }
  // Its session has begun.
  device_session& begin(std::uint32_t number) {
    add(number);
    device_session* who = it.next();
    EXPECT_EQ(who, &of(number));
    it.take_next();
    it.begin(*who, now);
    return *who;
  }

  mono_time now{1h};
  connection_options options = device_key_options();
  amqp::engine engine{{}};
  session_table table;
  admission it{options, engine, table};
};

TEST_F(admission_test, capacity_is_the_least_of_what_we_the_peer_and_the_tokens_allow) {
  struct row {
    auth mode;
    std::uint32_t max_devices;
    std::uint16_t channel_max;
    std::uint32_t expected;
  };
  const std::vector<row> rows = {
      {auth::device_keys, 900, 8191, 900}, {auth::device_keys, 5000, 8191, 995},
      {auth::policy, 5000, 8191, 5000},    {auth::policy, 50'000, 8191, 8190},
      {auth::policy, 50'000, 65535, 8190}, {auth::device_keys, 900, 100, 99},
      {auth::device_keys, 900, 1, 0},      {auth::device_keys, 900, 0, 0},
  };
  for (const row& row : rows) {
    options.mode = row.mode;
    options.max_devices = row.max_devices;
    admission one{options, engine, table};
    one.on_peer_open(row.channel_max);
    EXPECT_EQ(one.capacity(), row.expected);
  }
}

TEST_F(admission_test, devices_take_their_turns_in_order_and_those_that_have_gone_are_skipped) {
  EXPECT_EQ(it.next(), nullptr);
  for (std::uint32_t number = 0; number < 3; ++number)
    add(number);
  it.remove(of(0));
  EXPECT_EQ(it.next(), &of(1));
  EXPECT_EQ(it.next(), &of(1)) << "until it is taken";
  it.take_next();
  EXPECT_EQ(it.next(), &of(2));
  it.put_back(of(1));
  EXPECT_EQ(it.next(), &of(1));
  it.take_next();
  it.take_next();
  EXPECT_EQ(it.next(), nullptr);
}

TEST_F(admission_test, what_the_peer_has_no_room_for_goes_from_the_end_of_the_queue) {
  for (std::uint32_t number = 0; number < 5; ++number)
    add(number);
  it.on_peer_open(4);
  std::vector<std::uint32_t> gone;
  while (device_session* who = it.surplus()) {
    gone.push_back(index_of(who->device));
    it.remove(*who);
  }
  EXPECT_EQ(gone, (std::vector<std::uint32_t>{4, 3}));
  EXPECT_FALSE(it.has_room_for(ref(9)));
}

TEST_F(admission_test, a_session_that_is_ending_keeps_its_channel_and_no_room) {
  it.on_peer_open(2);
  device_session& first = begin(0);
  EXPECT_FALSE(it.has_room_for(ref(1)));
  it.remove(first);
  EXPECT_EQ(first.state, session_state::ending);
  EXPECT_TRUE(it.has_channel()) << "one in reserve";
  device_session& second = begin(1);
  it.remove(second);
  EXPECT_FALSE(it.has_channel());
  it.free(first);
  EXPECT_TRUE(it.has_channel());
  EXPECT_EQ(it.authorised_devices(), 2u);
}

TEST_F(admission_test, a_channel_that_was_promised_is_given_back) {
  it.on_peer_open(1);
  options.max_devices = 10;
  it.on_peer_open(2);
  add(0);
  EXPECT_NE(it.next(), nullptr);
  it.take_next();
  of(0).state = session_state::authorising;
  EXPECT_TRUE(it.has_channel());
  it.remove(of(0));
  EXPECT_EQ(table.size(), 0u);
  for (std::uint32_t round = 0; round < 10; ++round) {
    add(0);
    static_cast<void>(it.next());
    it.take_next();
    it.put_back(of(0));
    it.remove(of(0));
    EXPECT_TRUE(it.has_channel());
  }
}

TEST_F(admission_test, tokens_are_counted_over_the_connections_life) {
  for (std::uint32_t number = 0; number < 995; ++number) {
    add(number);
    it.remove(of(number));
  }
  EXPECT_FALSE(it.has_room_for(ref(995)));
  EXPECT_TRUE(it.has_room_for(ref(3))) << "it has had one";
  options.mode = auth::policy;
  EXPECT_TRUE(it.has_room_for(ref(995)));
}

TEST_F(admission_test, a_session_must_be_answered_in_time) {
  device_session& first = begin(0);
  now += 10s;
  device_session& second = begin(1);
  EXPECT_EQ(it.deadline(), mono_time{1h} + options.answer_time_out);
  EXPECT_EQ(it.overdue(mono_time{1h} + options.answer_time_out - 1ns), nullptr);
  EXPECT_EQ(it.overdue(mono_time{1h} + options.answer_time_out), &first);
  it.remove(first);
  EXPECT_EQ(it.deadline(), now + options.answer_time_out);
  EXPECT_EQ(it.overdue(now + options.answer_time_out), &second);
  EXPECT_EQ(it.on_link_news(second), std::nullopt) << "nothing of it is attached";
  EXPECT_EQ(it.attached_devices(), 0u);
}

TEST_F(admission_test, what_blocks_the_queue_with_nobody_to_wait_for_is_a_stall) {
  add(0);
  it.on_blocked(true, now);
  EXPECT_EQ(it.deadline(), std::nullopt);
  it.on_blocked(false, now);
  it.on_blocked(false, now + 10s); // counts from the first
  EXPECT_EQ(it.deadline(), now + options.answer_time_out);
  EXPECT_FALSE(it.is_stalled(now + options.answer_time_out - 1ns));
  EXPECT_TRUE(it.is_stalled(now + options.answer_time_out));
  it.on_blocked(true, now);
  EXPECT_FALSE(it.is_stalled(now + 1h));
  it.on_blocked(false, now);
  it.remove(of(0));
  EXPECT_EQ(it.next(), nullptr);
  EXPECT_FALSE(it.is_stalled(now + 1h)) << "nobody waits any more";
}

} // namespace
} // namespace causeway::hub
