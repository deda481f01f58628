// SPDX-License-Identifier: Apache-2.0
// Dead letters that are tried again.
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

message some_message() {
  return {"u-1", "application/json", "utf-8", "again", {}};
}

TEST(replay, a_message_keeps_its_id_and_goes_to_the_end_of_its_devices_queue) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-1", 2));
  f.spooled(2);
  f.ports.take();
  f.shard.replay(ticket{77}, 5, f.key("plant", "dev-1"), some_message(), f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"append 3"}));
  const auto& request = f.ports.appended.back();
  EXPECT_EQ(request.replays, 5U);
  EXPECT_EQ(request.key, std::nullopt);
  ASSERT_EQ(request.rows.size(), 1U);
  EXPECT_EQ(request.rows[0].body, some_message());
  f.spooled(3);
  EXPECT_EQ(f.ports.take(), (calls{"answer 77 stored"}));
  f.shard.on_send_outcome(ref, 2, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 2", "send 0 3 again"}));
}

TEST(replay, an_event_goes_through_its_format_and_takes_its_key_when_it_is_stored) {
  shard_fixture f;
  const auto event = f.frame("plant", "dev-1", 2);
  f.ports.format_refuses = error{errc::format_refused};
  f.post(event);
  f.spooled(1);
  f.ports.format_refuses.reset();
  f.ports.take();
  f.shard.replay(ticket{77}, 5, event, f.clock.now());
  f.post(event); // a copy of it
  EXPECT_EQ(f.ports.take(), (calls{"append 2"}));
  EXPECT_EQ(f.ports.appended.back().replays, 5U);
  f.spooled(2);
  EXPECT_EQ(f.ports.answered[77], answer::stored);
  EXPECT_EQ(f.ports.answered[2], answer::duplicate);
  f.post(event);
  EXPECT_EQ(f.ports.answered[3], answer::duplicate);
  EXPECT_EQ(f.shard.view().status(f.key("plant", "dev-1"))->late, 0U);
}

TEST(replay, of_an_event_that_is_on_its_way_waits_for_another_time) {
  shard_fixture f;
  const auto event = f.frame("plant", "dev-1", 2);
  f.post(event);
  f.shard.replay(ticket{77}, 5, event, f.clock.now());
  EXPECT_EQ(f.ports.answered[77], answer::unavailable);
  f.spooled(1);
  EXPECT_EQ(f.ports.answered[1], answer::stored);
}

TEST(replay, what_is_refused_again_stays_where_it_is) {
  shard_fixture f;
  f.ports.format_refuses = error{errc::format_refused};
  f.shard.replay(ticket{77}, 5, f.frame("plant", "dev-1", 2), f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "answer 77 dead_lettered"}));
  f.ports.format_refuses.reset();
  f.ports.messages_an_event = 0;
  f.shard.replay(ticket{78}, 5, f.frame("plant", "dev-1", 2), f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"answer 78 unwanted"}));
  auto large = some_message();
  large.body = std::string(max_message_bytes, 'x');
  f.shard.replay(ticket{79}, 5, f.key("plant", "dev-1"), large, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"answer 79 dead_lettered"}));
  EXPECT_EQ(f.shard.totals().dead_lettered, 0U);
}

TEST(replay, of_what_is_gone_meanwhile_nothing_is_left) {
  shard_fixture f;
  f.shard.replay(ticket{77}, 5, f.key("plant", "dev-1"), some_message(), f.clock.now());
  f.spooled(1, error{errc::not_found});
  EXPECT_EQ(f.ports.answered[77], answer::duplicate);
  EXPECT_EQ(f.shard.totals().waiting_messages, 0U);
  EXPECT_EQ(f.shard.spool_by_application()[0].waiting, amount{});
}

TEST(replay, is_refused_for_what_is_not_wanted_and_when_there_is_no_room) {
  shard_options options;
  options.limits.most.messages = 1;
  shard_fixture f{options};
  f.shard.replay(ticket{1}, 5, f.key("elsewhere", "dev-1"), some_message(), f.clock.now());
  f.shard.replay(ticket{2}, 5, f.key("", ""), some_message(), f.clock.now());
  auto join = f.frame("plant", "dev-1", 1);
  join.kind = event_kind::join_accept;
  f.shard.replay(ticket{3}, 5, join, f.clock.now());
  f.registered("dev-2", false);
  f.shard.replay(ticket{4}, 5, f.key("meters", "dev-2"), some_message(), f.clock.now());
  for (std::uint64_t i = 1; i <= 4; ++i)
    EXPECT_EQ(f.ports.answered[i], answer::unwanted) << i;
  f.shard.replay(ticket{5}, 5, f.key("plant", "dev-1"), some_message(), f.clock.now());
  f.ports.messages_an_event = 2; // one of them has its dead letter's place
  f.shard.replay(ticket{6}, 6, f.frame("plant", "dev-1", 2), f.clock.now());
  EXPECT_EQ(f.ports.answered[6], answer::full);
}

} // namespace
} // namespace causeway::core
