// SPDX-License-Identifier: Apache-2.0
// The spool's limits: what is refused, what is given up, and that the sums are right whatever happens.
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

shard_options with_limits(std::uint64_t messages, std::uint32_t share = 100,
                          when_full policy = when_full::refuse, std::optional<seconds> max_age = {}) {
  shard_options options;
  options.limits.most.messages = messages;
  options.limits.application_share = share;
  options.limits.policy = policy;
  options.limits.max_age = max_age;
  return options;
}

std::uint64_t dropped(const shard_fixture& f, drop_reason why) {
  return f.shard.totals().dropped[static_cast<std::size_t>(why)];
}

// Posts and stores; the seq of its message.
spool_seq store(shard_fixture& f, const char* application, const char* device, std::uint32_t f_cnt) {
  const auto before = f.ports.appended.size();
  f.post(f.frame(application, device, f_cnt));
  if (f.ports.appended.size() == before) return 0;
  const auto seq = f.ports.appended.back().rows.front().seq;
  f.spooled(seq);
  return seq;
}

TEST(room, a_full_spool_refuses_and_takes_again_when_something_is_delivered) {
  shard_fixture f{with_limits(2)};
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-1", 2));
  f.post(f.frame("plant", "dev-1", 3)); // what is being stored counts
  const auto third = f.post(f.frame("plant", "dev-1", 4));
  EXPECT_EQ(f.ports.answered[third], answer::full);
  f.spooled(2);
  f.spooled(3);
  f.shard.on_send_outcome(ref, 2, {}, f.clock.now());
  EXPECT_NE(store(f, "plant", "dev-1", 5), 0U);
}

// A3: what a format refused was stored beside the limits, and pushed out what lay there.
TEST(room, an_event_that_its_format_refuses_asks_for_room_like_any_other) {
  shard_fixture f{with_limits(4, 50)};
  f.ports.format_refuses = error{errc::format_refused, "no"};
  const auto post = [&](std::uint32_t f_cnt) {
    auto event = f.frame("plant", "dev-1", f_cnt);
    event.raw = "0123456789";
    return f.post(std::move(event));
  };
  post(1);
  post(2);
  EXPECT_EQ(f.shard.spool_by_application()[0].waiting, (amount{2, 20})) << "while it is being stored";
  const auto third = post(3);
  EXPECT_EQ(f.ports.answered[third], answer::share_full);
  EXPECT_EQ(f.ports.appended.size(), 2U);
  f.shard.on_dead_letters_counted({{application_id{"plant"}, {2, 20}}});
  f.spooled(1);
  f.spooled(2);
  EXPECT_EQ(f.shard.spool_by_application()[0].waiting, amount{});
  EXPECT_EQ(f.shard.spool_by_application()[0].letters, (amount{2, 20}));
  EXPECT_EQ(f.shard.spool_by_application()[0].letters_part, 1.0);
  f.ports.format_refuses.reset();
  EXPECT_EQ(store(f, "plant", "dev-1", 4), 0U) << "its share is full of dead letters";
  EXPECT_NE(store(f, "field", "dev-1", 5), 0U) << "another's is not";
  f.shard.on_dead_letters_counted({}); // the operator has dropped them
  EXPECT_NE(store(f, "plant", "dev-1", 6), 0U);
}

TEST(room, burying_needs_no_room_and_a_replay_only_what_its_letter_has_not) {
  shard_fixture f{with_limits(2, 50)};
  EXPECT_NE(store(f, "plant", "dev-1", 1), 0U);
  f.assigned(device_ref{0}, "h", "hub", "", "dev-1");
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  f.shard.on_send_outcome(device_ref{0}, 1, error{errc::message_too_large}, f.clock.now());
  EXPECT_EQ(f.shard.spool_by_application()[0].letters.messages, 1U);
  EXPECT_EQ(store(f, "plant", "dev-1", 2), 0U);
  f.shard.replay(ticket{90}, 1, f.key("plant", "dev-1"), f.ports.appended[0].rows[0].body, f.clock.now());
  EXPECT_EQ(f.ports.appended.size(), 2U);
}

TEST(room, dead_letters_are_never_dropped_for_what_comes_and_nothing_is_dropped_in_vain) {
  shard_fixture f{with_limits(4, 100, when_full::drop_oldest)};
  f.shard.on_dead_letters_counted({{application_id{"plant"}, {3, 30}}});
  EXPECT_EQ(store(f, "field", "dev-1", 1), 1U);
  EXPECT_EQ(store(f, "field", "dev-1", 2), 2U); // for the one before
  EXPECT_EQ(dropped(f, drop_reason::full), 1U);
  f.shard.on_dead_letters_counted({{application_id{"plant"}, {4, 40}}});
  EXPECT_EQ(store(f, "field", "dev-1", 3), 0U);
  EXPECT_EQ(dropped(f, drop_reason::full), 1U) << "what waits could not make room";
}

TEST(room, what_could_not_be_stored_gives_its_place_back) {
  shard_fixture f{with_limits(1)};
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(1, error{errc::store_unavailable});
  f.ports.spool_is_full = true;
  f.post(f.frame("plant", "dev-1", 2));
  f.ports.spool_is_full = false;
  EXPECT_NE(store(f, "plant", "dev-1", 3), 0U);
  EXPECT_EQ(f.shard.spool_by_application()[0].waiting.messages, 1U);
}

TEST(room, one_application_cannot_fill_it_for_all) {
  shard_fixture f{with_limits(10, 50)};
  for (std::uint32_t i = 0; i < 5; ++i)
    EXPECT_NE(store(f, "plant", "dev-1", i + 1), 0U);
  const auto refused = f.post(f.frame("plant", "dev-2", 1));
  EXPECT_EQ(f.ports.answered[refused], answer::share_full);
  EXPECT_NE(store(f, "field", "dev-1", 1), 0U);
  const auto use = f.shard.spool_by_application();
  EXPECT_EQ(use[0].waiting.messages, 5U);
  EXPECT_EQ(use[0].refused, 1U);
  EXPECT_EQ(use[1].waiting.messages, 1U);
  EXPECT_EQ(use[1].refused, 0U);
}

TEST(room, the_oldest_of_all_goes_and_what_is_with_the_hub_stays) {
  shard_fixture f{with_limits(4, 100, when_full::drop_oldest)};
  const auto ref = f.online_device("dev-1");    // has sent 1
  EXPECT_EQ(store(f, "plant", "dev-1", 2), 2U); // goes to the hub
  EXPECT_EQ(store(f, "field", "dev-9", 1), 3U);
  EXPECT_EQ(store(f, "plant", "dev-1", 3), 4U);
  EXPECT_EQ(store(f, "plant", "dev-1", 4), 5U);
  f.ports.take();
  f.post(f.frame("field", "dev-9", 2));
  EXPECT_EQ(f.ports.take(), (calls{"done 3", "append 6"}));
  f.spooled(6);
  f.ports.take();
  f.post(f.frame("field", "dev-9", 3));
  EXPECT_EQ(f.ports.take().at(0), "done 4"); // behind the one in flight
  f.spooled(7);
  f.shard.on_send_outcome(ref, 2, {}, f.clock.now());
  EXPECT_EQ(f.ports.take().back(), "send 0 5 dev-1#4");
  EXPECT_EQ(dropped(f, drop_reason::full), 2U);
  EXPECT_EQ(f.shard.spool_by_application()[0].dropped, 1U);
  EXPECT_EQ(f.shard.spool_by_application()[1].dropped, 1U);
}

TEST(room, of_an_application_over_its_share_its_own_oldest_go) {
  shard_fixture f{with_limits(4, 50, when_full::drop_oldest)};
  EXPECT_EQ(store(f, "field", "dev-9", 1), 1U);
  EXPECT_EQ(store(f, "plant", "dev-1", 1), 2U);
  EXPECT_EQ(store(f, "plant", "dev-2", 1), 3U);
  f.ports.take();
  EXPECT_EQ(store(f, "plant", "dev-1", 2), 4U);
  EXPECT_EQ(f.ports.take().at(0), "done 2");
  EXPECT_EQ(dropped(f, drop_reason::share), 1U);
  EXPECT_EQ(dropped(f, drop_reason::full), 0U);
  EXPECT_EQ(f.shard.totals().waiting_messages, 3U);
}

TEST(room, nothing_is_given_up_for_what_would_not_fit_anyway) {
  auto options = with_limits(10, 100, when_full::drop_oldest);
  options.limits.most.bytes = 100;
  shard_fixture f{options};
  EXPECT_NE(store(f, "plant", "dev-1", 1), 0U);
  f.ports.messages_an_event = 8;
  const auto large = f.post(f.frame("plant", "dev-1", 2));
  EXPECT_EQ(f.ports.answered[large], answer::full);
  EXPECT_EQ(f.shard.totals().waiting_messages, 1U);
}

TEST(room, what_is_being_stored_cannot_be_given_up) {
  shard_fixture f{with_limits(1, 100, when_full::drop_oldest)};
  f.post(f.frame("plant", "dev-1", 1));
  const auto second = f.post(f.frame("plant", "dev-1", 2));
  EXPECT_EQ(f.ports.answered[second], answer::full);
}

TEST(room, a_message_dropped_while_it_is_read_back_is_not_sent) {
  auto options = with_limits(2, 100, when_full::drop_oldest);
  options.body_cache_bytes = 0;
  shard_fixture f{options};
  const auto ref = device_ref{0};
  EXPECT_EQ(store(f, "plant", "dev-1", 1), 1U);
  EXPECT_EQ(store(f, "plant", "dev-1", 2), 2U);
  f.assigned(ref, "h", "hub", "", "dev-1");
  f.shard.on_device_attached(ref, f.clock.now());
  EXPECT_EQ(f.ports.reads.back(), (std::vector<spool_seq>{1}));
  EXPECT_EQ(store(f, "field", "dev-9", 1), 3U);
  f.ports.take();
  f.shard.on_read_back({f.ports.appended[0].rows[0]}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"read_back 1"}));
  EXPECT_EQ(f.ports.reads.back(), (std::vector<spool_seq>{2}));
  f.shard.on_read_back({f.ports.appended[1].rows[0]}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 0 2 dev-1#2"}));
  EXPECT_EQ(f.shard.totals().dead_lettered, 0U);
}

TEST(room, what_has_waited_too_long_is_given_up_when_its_time_has_come) {
  shard_fixture f{with_limits(100, 100, when_full::refuse, seconds{100})};
  EXPECT_EQ(store(f, "plant", "dev-1", 1), 1U);
  f.clock.advance(seconds{60});
  EXPECT_EQ(store(f, "plant", "dev-1", 2), 2U);
  EXPECT_EQ(f.shard.oldest_age(f.clock.now()), seconds{60});
  EXPECT_EQ(f.shard.deadline(), f.clock.now().mono + seconds{40});
  f.ports.take();
  f.clock.advance(seconds{39});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  f.clock.advance(seconds{1});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 1"}));
  EXPECT_EQ(dropped(f, drop_reason::age), 1U);
  f.clock.advance(seconds{60});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 2"}));
  EXPECT_EQ(f.shard.oldest_age(f.clock.now()), std::nullopt);
  f.clock.advance(seconds{60});
  f.shard.on_tick(f.clock.now()); // the end of the episode
  EXPECT_EQ(f.shard.deadline(), std::nullopt);
}

TEST(room, what_is_with_the_hub_is_not_too_old) {
  shard_fixture f{with_limits(100, 100, when_full::refuse, seconds{100})};
  const auto ref = f.online_device("dev-1");
  EXPECT_EQ(store(f, "plant", "dev-1", 2), 2U);
  f.clock.advance(seconds{1000});
  f.shard.on_tick(f.clock.now());
  f.ports.take();
  f.shard.on_send_outcome(ref, 2, error{errc::hub_throttled}, f.clock.now());
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 2"})); // back, and too old by now
}

TEST(room, is_exact_over_a_restart_and_ages_go_on) {
  auto options = with_limits(6, 50, when_full::refuse, seconds{100});
  shard_fixture f{options};
  constexpr std::uint32_t open = 1000;
  start_image image;
  image.open_seconds = open;
  image.devices = {{device_ref{0}, f.key("plant", "dev-1"), {}},
                   {device_ref{1}, f.key("removed", "dev-1"), {}},
                   {device_ref{2}, f.key("field", "dev-1"), {}}};
  image.waiting = {{1, device_ref{1}, 10, open - 90},
                   {2, device_ref{0}, 20, open - 80},
                   {3, device_ref{0}, 30, open - 70},
                   {4, device_ref{2}, 40, open + 500},
                   {5, device_ref{2}, 50, open}};
  image.next_seq = 6;
  f.start(image);
  EXPECT_EQ(f.shard.spool_by_application()[0].waiting, (amount{2, 50}));
  EXPECT_EQ(f.shard.spool_by_application()[1].waiting, (amount{2, 90}));
  EXPECT_EQ(f.shard.oldest_age(f.clock.now()), seconds{90});
  EXPECT_EQ(store(f, "plant", "dev-1", 1), 6U);
  EXPECT_EQ(f.ports.answered[f.post(f.frame("plant", "dev-1", 2))], answer::full); // the stray counts
  f.ports.take();
  f.clock.advance(seconds{20});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 1", "done 2"}));
  EXPECT_EQ(store(f, "plant", "dev-1", 3), 7U);
  EXPECT_EQ(f.ports.answered[f.post(f.frame("plant", "dev-1", 4))], answer::share_full);
  f.ports.take();
  // Of a time that was not saved before the process ended: age counts from the start.
  f.clock.advance(seconds{79});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 3"}));
  f.clock.advance(seconds{1});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 4", "done 5", "done 6"}));
}

} // namespace
} // namespace causeway::core
