// SPDX-License-Identifier: Apache-2.0
#include "core/command_track.h"

#include "model/downlink_refusals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace causeway::core {
namespace {

using enum command_stage;
using event = command_event;

const std::string item = "as:downlink:01M8JNQEV7ECFAHQC2M8RCVPGQ";
constexpr std::int64_t second = 1'000'000'000;

command_step step(step_kind kind, std::int64_t at, std::uint32_t f_cnt = 1, std::string session = "s1") {
  command_step made;
  made.kind = kind;
  made.item = item;
  made.received_at = at * second;
  if (kind == step_kind::queued) return made;
  made.session = std::move(session);
  made.f_cnt = f_cnt;
  made.by_network = kind == step_kind::failed;
  return made;
}

command_step failed_with(std::string name, std::int64_t at = 5, std::uint32_t f_cnt = 1) {
  auto made = step(step_kind::failed, at, f_cnt);
  made.error_name = std::move(name);
  return made;
}

command_record at(command_stage stage) {
  command_record made;
  made.stage = stage;
  return made;
}
command_track confirmed_one() {
  return command_track{true, false};
}
command_track unconfirmed_one() {
  return command_track{false, false};
}
// Pushed, and 200.
command_track in_queue(bool confirmed) {
  command_track track{confirmed, false};
  track.on(event::push_began);
  track.on(event::push_taken);
  return track;
}

TEST(command_track, of_a_confirmed_downlink_goes_from_stored_to_acknowledged) {
  auto track = confirmed_one();
  EXPECT_EQ(track.state(), command_state::stored);
  EXPECT_EQ(track.on(event::push_began).report, "");
  EXPECT_EQ(track.state(), command_state::pushing);
  EXPECT_EQ(track.on(event::push_taken).report, "queued");
  EXPECT_EQ(track.state(), command_state::queued);
  EXPECT_NE(track.on_step(step(step_kind::sent, 2)).report, "");
  EXPECT_EQ(track.state(), command_state::sent);
  EXPECT_NE(track.on_step(step(step_kind::nack, 3)).report, "");
  EXPECT_EQ(track.state(), command_state::nacked);
  EXPECT_NE(track.on_step(step(step_kind::sent, 4, 2)).report, "");
  EXPECT_EQ(track.state(), command_state::sent);
  EXPECT_NE(track.on_step(step(step_kind::ack, 5, 2)).report, "");
  EXPECT_EQ(track.state(), command_state::acknowledged);
  EXPECT_EQ(track.record().nacks, 1U);
  EXPECT_EQ(track.record().item, item);
}

TEST(command_track, takes_the_queued_event_and_the_answer_as_one_step_whichever_comes_first) {
  auto answer_first = in_queue(false);
  const auto late = answer_first.on_step(step(step_kind::queued, 1));
  EXPECT_FALSE(late.moved);
  EXPECT_EQ(late.report, "");
  EXPECT_EQ(answer_first.record().item, item);

  auto event_first = unconfirmed_one();
  event_first.on(event::push_began);
  EXPECT_EQ(event_first.on_step(step(step_kind::queued, 1)).report, "queued");
  const auto answer = event_first.on(event::push_taken);
  EXPECT_FALSE(answer.moved);
  EXPECT_EQ(answer.report, "");
  EXPECT_EQ(event_first.stage(), queued);
}

TEST(command_track, takes_a_step_that_comes_again_once) {
  auto track = in_queue(true);
  for (const auto& one : {step(step_kind::sent, 2), step(step_kind::nack, 3), step(step_kind::sent, 4, 2),
                          step(step_kind::ack, 5, 2)}) {
    EXPECT_NE(track.on_step(one).report, "");
    const auto stage = track.stage();
    const auto again = track.on_step(one);
    EXPECT_EQ(again.report, "");
    EXPECT_FALSE(again.moved);
    EXPECT_EQ(track.stage(), stage);
  }
}

TEST(command_track, knows_a_step_that_comes_again_after_a_restart) {
  auto track = in_queue(true);
  const auto first = track.on_step(step(step_kind::sent, 2)).report;
  command_track after{true, false, track.record()};
  EXPECT_EQ(after.on_step(step(step_kind::sent, 2)).report, "");
  // Where its commit was lost, it is reported under the same id.
  auto lost = in_queue(true);
  EXPECT_EQ(lost.on_step(step(step_kind::sent, 2)).report, first);
}

TEST(command_track, tells_the_same_counter_in_two_sessions_apart) {
  auto track = in_queue(true);
  const auto old_session = track.on_step(step(step_kind::sent, 2, 2, "s1")).report;
  track.on_step(step(step_kind::nack, 8, 2, "s1"));
  const auto new_session = track.on_step(step(step_kind::sent, 9, 2, "s2")).report;
  EXPECT_NE(new_session, "");
  EXPECT_NE(new_session, old_session);
  EXPECT_EQ(track.stage(), sent);
}

// The steps of one item in each order in which they can come: the same end, each reported once.
TEST(command_track, comes_to_the_same_state_in_whatever_order_its_steps_come) {
  std::array steps{step(step_kind::queued, 1), step(step_kind::sent, 2), step(step_kind::nack, 3),
                   step(step_kind::sent, 4, 1, "s2"), step(step_kind::nack, 5, 1, "s2")};
  std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
  do {
    auto track = confirmed_one();
    track.on(event::push_began);
    std::size_t reports = 0;
    for (const auto at : order)
      reports += track.on_step(steps[at]).report.empty() ? 0 : 1;
    EXPECT_EQ(track.stage(), nacked);
    EXPECT_EQ(track.record().nacks, 2U);
    EXPECT_EQ(reports, 5U);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(command_track, is_not_moved_back_by_an_older_step_which_is_reported_all_the_same) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::sent, 4, 2));
  const auto older = track.on_step(step(step_kind::nack, 3, 1));
  EXPECT_FALSE(older.moved);
  EXPECT_NE(older.report, "");
  EXPECT_EQ(track.stage(), sent);
  // Nor is the order of what comes next.
  track.on_step(step(step_kind::nack, 4, 2));
  EXPECT_EQ(track.stage(), nacked);
}

TEST(command_track, of_two_steps_with_one_time_has_the_higher_one) {
  for (const bool nack_first : {false, true}) {
    auto track = in_queue(true);
    track.on_step(step(nack_first ? step_kind::nack : step_kind::sent, 3));
    track.on_step(step(nack_first ? step_kind::sent : step_kind::nack, 3));
    EXPECT_EQ(track.stage(), nacked) << nack_first;
  }
}

TEST(command_track, of_two_alike_with_one_time_has_the_one_that_comes_last) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::sent, 3, 1));
  track.on(event::nothing_heard);
  track.on_step(step(step_kind::sent, 3, 2));
  EXPECT_EQ(track.stage(), sent);
}

TEST(command_track, compares_times_as_numbers_of_nanoseconds) {
  auto track = in_queue(true);
  auto later = step(step_kind::nack, 3);
  later.received_at = 3 * second + 1;
  track.on_step(later);
  track.on_step(step(step_kind::sent, 3));
  EXPECT_EQ(track.stage(), nacked);
}

TEST(command_track, orders_steps_without_a_time_by_their_arrival) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::nack, 9));
  auto timeless = step(step_kind::sent, 0, 2);
  timeless.received_at.reset();
  track.on_step(timeless);
  EXPECT_EQ(track.stage(), sent);
  EXPECT_EQ(track.record().heard_at, 9 * second);
}

TEST(command_track, of_steps_without_a_counter_has_their_time_to_tell_them_apart) {
  auto track = in_queue(true);
  auto first = step(step_kind::nack, 3), second_one = step(step_kind::nack, 4);
  first.f_cnt.reset();
  second_one.f_cnt.reset();
  EXPECT_NE(track.on_step(first).report, "");
  EXPECT_NE(track.on_step(second_one).report, "");
  EXPECT_EQ(track.on_step(second_one).report, "");
  EXPECT_EQ(track.record().nacks, 2U);
}

TEST(command_track, takes_an_ack_as_the_missing_sent_too) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::ack, 5));
  EXPECT_EQ(track.stage(), acknowledged);
  EXPECT_EQ(reach(track.record(), awaited_step::sent, true), reached::yes);
  const auto late = track.on_step(step(step_kind::sent, 4));
  EXPECT_FALSE(late.moved);
  EXPECT_NE(late.report, "");
  EXPECT_EQ(track.stage(), acknowledged);
}

TEST(command_track, ends_at_the_last_retry_and_a_nack_of_the_same_frame_changes_nothing) {
  auto track = in_queue(true);
  auto last = failed_with("pkg/applicationserver:max_retries_reached", 5, 7);
  last.by_network = false; // the application server's
  EXPECT_NE(track.on_step(last).report, "");
  EXPECT_EQ(track.stage(), failed);
  const auto nack = track.on_step(step(step_kind::nack, 5, 7));
  EXPECT_FALSE(nack.moved);
  EXPECT_EQ(nack.report, "");
  EXPECT_EQ(track.stage(), failed);
}

TEST(command_track, tells_of_an_older_nack_that_its_ack_has_overtaken) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::sent, 2, 1));
  track.on_step(step(step_kind::ack, 9, 2));
  const auto late = track.on_step(step(step_kind::nack, 5, 1));
  EXPECT_FALSE(late.moved);
  EXPECT_NE(late.report, "");
  EXPECT_EQ(track.stage(), acknowledged);
}

TEST(command_track, ends_at_a_transmission_failure_only_where_it_is_unconfirmed) {
  auto unconfirmed = in_queue(false);
  unconfirmed.on_step(failed_with("pkg/networkserver:transmission"));
  EXPECT_EQ(unconfirmed.stage(), failed);

  auto confirmed = in_queue(true);
  EXPECT_NE(confirmed.on_step(failed_with("pkg/networkserver:transmission")).report, "");
  EXPECT_EQ(confirmed.stage(), queued);
  confirmed.on_step(step(step_kind::nack, 6));
  confirmed.on_step(step(step_kind::sent, 7, 2));
  confirmed.on_step(step(step_kind::ack, 8, 2));
  EXPECT_EQ(confirmed.stage(), acknowledged);
}

TEST(command_track, is_in_the_queue_for_sure_when_its_transmission_has_failed) {
  auto track = confirmed_one();
  track.on(event::push_began);
  track.on(event::cannot_be_known);
  track.on_step(failed_with("pkg/networkserver:transmission"));
  EXPECT_EQ(track.stage(), queued);
}

TEST(command_track, has_no_end_by_a_failure_that_says_nothing_for_sure) {
  for (const auto* name :
       {"", "pkg/errors:context_deadline_exceeded", "pkg/redis:store", "pkg/redis:not_found",
        "pkg/redis:transaction_failed", "pkg/ratelimit:rate_limit_exceeded",
        "pkg/networkserver:something_new", "no_f_port"}) {
    auto track = in_queue(true);
    const auto before = track.record();
    const auto effect = track.on_step(failed_with(name));
    EXPECT_FALSE(effect.moved) << name;
    EXPECT_EQ(effect.report, "") << name;
    EXPECT_EQ(track.record(), before) << name;
  }
}

TEST(command_track, ends_by_each_name_of_the_table_of_refusals_at_the_push) {
  for (const auto* name :
       {"pkg/applicationserver:no_f_port", "pkg/applicationserver:no_payload",
        "pkg/applicationserver:device_not_found", "pkg/applicationserver:no_device_session",
        "pkg/applicationserver:downlink_max_retries_invalid",
        "pkg/networkserver:application_downlink_too_long", "pkg/networkserver:downlink_expired",
        "pkg/networkserver:downlink_queue_capacity", "pkg/errors:validation",
        "pkg/messageprocessors/javascript:output_errors", "pkg/scripting/javascript:script",
        "pkg/auth/rights:no_application_rights", "pkg/auth/rights:insufficient_application_rights",
        "pkg/auth:token", "pkg/identityserver:api_key_not_found", "pkg/identityserver:invalid_authorization",
        "pkg/identityserver:api_key_expired"}) {
    auto track = confirmed_one();
    track.on(event::push_began);
    auto at_push = failed_with(name);
    at_push.f_cnt.reset();
    at_push.by_network = false;
    EXPECT_NE(track.on_step(at_push).report, "") << name;
    EXPECT_EQ(track.stage(), failed) << name;
    EXPECT_EQ(track.on(event::push_refused).report, "") << name; // the answer says the same
  }
}

TEST(command_track, ends_by_the_network_servers_names_only_where_the_network_server_says_them) {
  for (const auto* name :
       {"pkg/networkserver:fixed_paths", "pkg/networkserver:no_downlink_path",
        "pkg/networkserver:absolute_time", "pkg/networkserver:confirmed_multicast_downlink",
        "pkg/networkserver:f_cnt_too_low", "pkg/networkserver:unknown_session",
        "pkg/networkserver:unknown_mac_state"}) {
    auto at_push = failed_with(name);
    at_push.by_network = false;
    auto track = in_queue(true);
    EXPECT_FALSE(track.on_step(at_push).moved) << name;
    EXPECT_TRUE(track.on_step(failed_with(name)).moved) << name;
    EXPECT_EQ(track.stage(), failed) << name;
  }
}

TEST(command_track, that_is_pushed_in_vain_is_stored_again_and_can_expire) {
  auto track = unconfirmed_one();
  track.on(event::push_began);
  EXPECT_EQ(track.on(event::push_not_made).report, "");
  EXPECT_EQ(track.stage(), stored);
  track.on(event::push_began);
  EXPECT_EQ(track.on(event::never_arrived).report, "");
  EXPECT_EQ(track.stage(), stored);
  EXPECT_NE(track.on(event::timed_out).report, "");
  EXPECT_EQ(track.state(), command_state::expired);
}

TEST(command_track, that_is_stored_again_is_not_pushed_twice_when_its_item_is_heard_of) {
  auto track = unconfirmed_one();
  track.on(event::push_began);
  track.on(event::never_arrived);
  EXPECT_EQ(track.on_step(step(step_kind::queued, 1)).report, "queued");
  EXPECT_EQ(track.stage(), queued);
  EXPECT_FALSE(track.on(event::push_began).moved);
}

TEST(command_track, does_not_expire_and_is_not_called_off_once_its_push_has_left) {
  for (const auto what : {event::timed_out, event::called_off, event::given_up}) {
    auto track = unconfirmed_one();
    track.on(event::push_began);
    EXPECT_FALSE(track.on(what).moved);
    track.on(event::push_taken);
    EXPECT_FALSE(track.on(what).moved);
    EXPECT_EQ(track.stage(), queued);
  }
}

TEST(command_track, that_is_in_doubt_is_whatever_is_heard_of_it) {
  const auto in_doubt_one = [] {
    auto track = confirmed_one();
    track.on(event::push_began);
    EXPECT_NE(track.on(event::cannot_be_known).report, "");
    EXPECT_EQ(track.state(), command_state::in_doubt);
    return track;
  };
  auto track = in_doubt_one();
  track.on_step(step(step_kind::queued, 1));
  EXPECT_EQ(track.stage(), queued);
  track = in_doubt_one();
  track.on_step(step(step_kind::sent, 1));
  EXPECT_EQ(track.stage(), sent);
  track = in_doubt_one();
  EXPECT_EQ(track.on(event::found_queued).report, "queued");
  EXPECT_EQ(track.stage(), queued);
}

TEST(command_track, that_is_replaced_or_cleared_is_sent_after_all_when_a_step_says_so) {
  for (const auto what : {event::queue_replaced, event::queue_cleared}) {
    auto track = in_queue(true);
    EXPECT_NE(track.on(what).report, "");
    EXPECT_EQ(track.state(),
              what == event::queue_replaced ? command_state::replaced : command_state::cancelled);
    EXPECT_FALSE(track.on_step(step(step_kind::queued, 1)).moved); // the event of before
    EXPECT_NE(track.on_step(step(step_kind::sent, 2)).report, "");
    EXPECT_EQ(track.stage(), sent);
    EXPECT_FALSE(track.on(what).moved); // it does not stand in the queue any more
  }
}

TEST(command_track, with_no_word_is_acknowledged_by_a_late_ack) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::sent, 2));
  EXPECT_NE(track.on(event::nothing_heard).report, "");
  EXPECT_EQ(track.state(), command_state::no_word);
  EXPECT_NE(track.on_step(step(step_kind::ack, 3)).report, "");
  EXPECT_EQ(track.state(), command_state::acknowledged);
}

TEST(command_track, says_no_word_a_second_time_under_another_id) {
  auto track = in_queue(true);
  const auto first = track.on(event::nothing_heard).report;
  track.on_step(step(step_kind::sent, 2));
  const auto again = track.on(event::nothing_heard).report;
  EXPECT_NE(first, "");
  EXPECT_NE(again, "");
  EXPECT_NE(first, again);
}

TEST(command_track, that_is_found_in_the_queue_again_after_no_word_is_queued_and_says_so) {
  auto track = in_queue(true);
  track.on(event::nothing_heard);
  EXPECT_NE(track.on(event::found_queued).report, "");
  EXPECT_EQ(track.stage(), queued);
  // While it stands there, that is no news.
  EXPECT_EQ(track.on(event::found_queued).report, "");
}

TEST(command_track, has_had_its_last_word_when_it_is_unconfirmed_and_sent) {
  auto unconfirmed = in_queue(false);
  unconfirmed.on_step(step(step_kind::sent, 2));
  EXPECT_FALSE(unconfirmed.on(event::nothing_heard).moved);
  EXPECT_EQ(unconfirmed.stage(), sent);
}

TEST(command_track, warns_of_a_decoded_payload_that_has_become_an_empty_frame) {
  auto empty = step(step_kind::queued, 1);
  empty.without_payload = true;

  command_track event_first{false, true};
  event_first.on(event::push_began);
  EXPECT_EQ(event_first.on_step(empty).report, "queued");
  EXPECT_TRUE(event_first.record().no_encoder);

  // Where the answer was reported without it, it is said once more.
  command_track answer_first{false, true};
  answer_first.on(event::push_began);
  answer_first.on(event::push_taken);
  const auto effect = answer_first.on_step(empty);
  EXPECT_NE(effect.report, "");
  EXPECT_NE(effect.report, "queued");
  EXPECT_EQ(answer_first.on_step(empty).report, "");

  command_track with_bytes{false, false};
  with_bytes.on(event::push_began);
  with_bytes.on_step(empty);
  EXPECT_FALSE(with_bytes.record().no_encoder);
}

TEST(command_track, takes_no_step_of_a_second_item_and_says_that_there_is_one) {
  auto track = in_queue(true);
  track.on_step(step(step_kind::queued, 1));
  auto foreign = step(step_kind::ack, 2);
  foreign.item = "as:downlink:01M8JP013BHNN2TY8QE6CBNGN4";
  const auto effect = track.on_step(foreign);
  EXPECT_TRUE(effect.other_item);
  EXPECT_EQ(effect.report, "");
  EXPECT_EQ(track.stage(), queued);
}

TEST(command_track, forgets_the_oldest_of_very_many_steps) {
  auto track = in_queue(true);
  for (std::uint32_t i = 0; i < 10 * most_steps; ++i)
    track.on_step(step(step_kind::sent, 2 + i, i));
  EXPECT_EQ(track.record().taken.size(), most_steps);
}

TEST(command_track, that_waits_for_a_step_has_reached_it_or_not_or_never_will) {
  struct expected {
    command_stage at;
    reached queued, sent, acknowledged;
  };
  constexpr auto yes = reached::yes, no = reached::not_yet, never = reached::never;
  const expected rows[] = {
      {stored, no, no, no},           {pushing, no, no, no},
      {in_doubt, no, no, no},         {queued, yes, no, no},
      {sent, yes, yes, no},           {nacked, yes, yes, no},
      {acknowledged, yes, yes, yes},  {failed, never, never, never},
      {expired, never, never, never}, {cancelled, never, never, never},
      {replaced, yes, never, never},  {cleared, yes, never, never},
      {no_word, yes, never, never},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(reach(at(row.at), awaited_step::queued, true), row.queued) << to_string(row.at);
    EXPECT_EQ(reach(at(row.at), awaited_step::sent, true), row.sent) << to_string(row.at);
    EXPECT_EQ(reach(at(row.at), awaited_step::acknowledged, true), row.acknowledged) << to_string(row.at);
    // What cannot be acknowledged is asked for as queued.
    EXPECT_EQ(reach(at(row.at), awaited_step::acknowledged, false), row.queued) << to_string(row.at);
    EXPECT_EQ(reach(at(row.at), awaited_step::sent, false), row.sent) << to_string(row.at);
  }
}

// The hub's message that comes again behind the end of its command was rejected (a breaker's F5).
TEST(command_track, that_was_queued_once_has_reached_that_though_it_has_failed_since) {
  auto track = in_queue(false);
  track.on_step(failed_with("pkg/networkserver:transmission"));
  EXPECT_EQ(track.stage(), failed);
  EXPECT_EQ(reach(track.record(), awaited_step::queued, false), reached::yes);
  EXPECT_EQ(reach(track.record(), awaited_step::sent, false), reached::never);
  // Without a word that it was queued: the network server had it.
  auto unheard = unconfirmed_one();
  unheard.on(event::push_began);
  unheard.on_step(failed_with("pkg/networkserver:transmission"));
  EXPECT_EQ(reach(unheard.record(), awaited_step::queued, false), reached::yes);
  auto refused = unconfirmed_one();
  refused.on(event::push_began);
  refused.on(event::push_refused);
  EXPECT_EQ(reach(refused.record(), awaited_step::queued, false), reached::never);
}

// Replaced, and acknowledged afterwards (a breaker's F2; real-stack-facts.md 1.1.5, 2.3).
TEST(command_track, that_is_on_its_way_is_in_no_queue_until_it_is_nacked) {
  auto set_back = in_queue(true);
  set_back.on_step(failed_with("pkg/networkserver:transmission"));
  auto found = confirmed_one();
  found.on(event::push_began);
  found.on(event::found_scheduled);
  auto found_later = in_queue(true);
  found_later.on(event::found_scheduled);
  for (auto* const track : {&set_back, &found, &found_later}) {
    EXPECT_EQ(track->stage(), queued);
    EXPECT_FALSE(stands_in_queue(track->record()));
    for (const auto gone : {event::queue_replaced, event::queue_cleared})
      EXPECT_FALSE(track->on(gone).moved);
    track->on_step(step(step_kind::nack, 9));
    EXPECT_TRUE(stands_in_queue(track->record()));
  }
  EXPECT_TRUE(in_queue(true).on(event::queue_replaced).moved);
}

// Two billed reports of one refusal (a breaker's F6).
TEST(command_track, whose_push_is_refused_tells_it_once_by_whichever_way_it_comes_first) {
  auto refusal = failed_with("pkg/applicationserver:no_device_session");
  refusal.by_network = false;
  refusal.f_cnt.reset();
  auto by_answer = unconfirmed_one();
  by_answer.on(event::push_began);
  EXPECT_NE(by_answer.on(event::push_refused).report, "");
  EXPECT_EQ(by_answer.on_step(refusal).report, "");
  auto by_event = unconfirmed_one();
  by_event.on(event::push_began);
  EXPECT_NE(by_event.on_step(refusal).report, "");
  EXPECT_EQ(by_event.on(event::push_refused).report, "");
}

} // namespace
} // namespace causeway::core
