// SPDX-License-Identifier: Apache-2.0
#include "hub/token_moves.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;
using meaning = token_moves::meaning;

class token_moves_test : public testing::Test {
protected:
  token_moves_test() {
    for (std::uint32_t device = 0; device < 900; ++device)
      places_.place(device_ref{device});
  }
  meaning refuse(std::uint32_t device, std::size_t taken, std::uint32_t connection = 0) {
    return moves_.on_refused(places_, connection, taken, device_ref{device}, now_);
  }

  mono_time now_{1h};
  placement places_;
  token_moves moves_{[] { return 0.5; }};
};

TEST_F(token_moves_test, a_full_connection_takes_nobody_any_more_and_teaches_how_many_it_holds) {
  EXPECT_EQ(refuse(700, 700), meaning::fewer_tokens);
  EXPECT_EQ(places_.tokens_per_connection(), 700U);
  static_cast<void>(places_.remove(device_ref{700}));
  EXPECT_EQ(places_.place(device_ref{700}), 1U);
  EXPECT_EQ(moves_.next(), now_ + 500ms);
}

TEST_F(token_moves_test, the_others_of_the_same_connection_follow_and_teach_nothing) {
  EXPECT_EQ(refuse(700, 700), meaning::fewer_tokens);
  for (std::uint32_t device = 701; device < 720; ++device)
    EXPECT_EQ(refuse(device, 600), meaning::the_connection);
  EXPECT_EQ(places_.tokens_per_connection(), 700U);
  EXPECT_EQ(moves_.next(), now_ + 500ms);
}

TEST_F(token_moves_test, no_less_is_learnt_than_half_of_what_was_thought) {
  EXPECT_EQ(refuse(5, 5), meaning::fewer_tokens);
  EXPECT_EQ(places_.tokens_per_connection(), 497U);
}

TEST_F(token_moves_test, the_first_device_of_a_connection_is_meant_itself) {
  EXPECT_EQ(refuse(5, 0), meaning::the_device);
  EXPECT_EQ(places_.tokens_per_connection(), 995U);
}

TEST_F(token_moves_test, a_device_that_is_refused_again_is_meant_itself_unless_it_was_attached_meanwhile) {
  EXPECT_EQ(refuse(5, 700), meaning::fewer_tokens);
  EXPECT_EQ(refuse(5, 3), meaning::the_device);
  moves_.on_attached(device_ref{5});
  now_ += 1h;
  EXPECT_EQ(refuse(5, 700), meaning::fewer_tokens);
}

TEST_F(token_moves_test, connections_that_are_replaced_one_after_another_pause_longer) {
  std::vector<std::chrono::nanoseconds> pauses;
  for (std::uint32_t device = 0; device < 10; ++device) {
    EXPECT_EQ(refuse(device, 600), meaning::fewer_tokens);
    pauses.push_back(moves_.next() - now_);
    now_ = moves_.next();
  }
  EXPECT_EQ(pauses[0], 500ms);
  EXPECT_EQ(pauses[1], 1s);
  EXPECT_EQ(pauses[9], 60s);
  now_ += 10min + 1s;
  EXPECT_EQ(refuse(100, 600), meaning::fewer_tokens);
  EXPECT_EQ(moves_.next(), now_ + 500ms) << "by chance, and not in a row";
  now_ += 100ms;
  moves_.try_now(now_);
  EXPECT_EQ(moves_.next(), now_);
}

} // namespace
} // namespace causeway::hub
