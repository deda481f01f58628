// SPDX-License-Identifier: Apache-2.0
#include "hub/connection_phase.h"

#include <gtest/gtest.h>
#include <vector>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view header{"AMQP\0\1\0\0", 8};

class connection_phase_test : public testing::Test {
protected:
  void open() {
    EXPECT_TRUE(it.on_bytes(header).has_value());
    EXPECT_TRUE(it.on_peer_open(start));
    it.on_complete();
  }

  connection_options options; // 15 s for the header, 60 s for opening, 30 s for an answer
  mono_time start{1h};
  connection_phase it{options, start};
};

TEST_F(connection_phase_test, what_the_first_bytes_may_be) {
  struct row {
    std::vector<std::string_view> pieces;
    bool expected;
  };
  const std::vector<row> rows = {
      {{header}, true},      {{"A", "MQ", "P"}, true}, {{"AMQ", "X"}, false},
      {{"HTTP/1.1"}, false}, {{"\x15\x03"}, false},    {{"AMQP\3\1\0\0", "anything"}, true},
  };
  for (const row& row : rows) {
    connection_phase one{options, start};
    bool fine = true;
    for (const auto piece : row.pieces) {
      const auto outcome = one.on_bytes(piece);
      if (!outcome) {
        EXPECT_EQ(outcome.fault().code(), errc::hub_speaks_no_amqp);
      }
      fine = fine && outcome;
    }
    EXPECT_EQ(fine, row.expected) << row.pieces[0];
    EXPECT_FALSE(one.is_mute());
  }
}

TEST_F(connection_phase_test, it_waits_for_one_thing_after_the_other) {
  EXPECT_TRUE(it.is_mute());
  EXPECT_EQ(it.waiting_for(false), "answer to AMQP's header");
  EXPECT_TRUE(it.on_bytes(header.substr(0, 7)).has_value());
  EXPECT_EQ(it.waiting_for(false), "answer to AMQP's header");
  EXPECT_TRUE(it.on_bytes(header.substr(7)).has_value());
  EXPECT_EQ(it.waiting_for(false), "OPEN");
  EXPECT_TRUE(it.on_peer_open(start + 10ms));
  EXPECT_FALSE(it.on_peer_open(start + 20ms)) << "a second one is none";
  EXPECT_EQ(it.waiting_for(false), "$cbs links");
  EXPECT_EQ(it.waiting_for(true), "");
  EXPECT_EQ(it.open_took(), 10ms);
  EXPECT_EQ(it.since_open(start + 40ms), 30ms);
  EXPECT_TRUE(it.is_live());
  EXPECT_FALSE(it.is_open());
  it.on_complete();
  EXPECT_TRUE(it.is_open());
  EXPECT_EQ(it.waiting_for(false), "");
}

TEST_F(connection_phase_test, what_does_not_come_in_time) {
  EXPECT_EQ(it.deadline(), start + 15s);
  EXPECT_TRUE(it.tick(start + 14s).has_value());
  EXPECT_EQ(it.tick(start + 15s).fault().code(), errc::hub_speaks_no_amqp);
  EXPECT_TRUE(it.on_bytes(header).has_value());
  EXPECT_EQ(it.deadline(), start + 60s);
  EXPECT_TRUE(it.tick(start + 59s).has_value());
  EXPECT_EQ(it.tick(start + 60s).fault().detail(), "OPEN");
  EXPECT_TRUE(it.on_peer_open(start));
  EXPECT_EQ(it.tick(start + 60s).fault().detail(), "$cbs");
  EXPECT_EQ(it.tick(start + 60s).fault().code(), errc::hub_answer_missing);
  it.on_complete();
  EXPECT_FALSE(it.deadline().has_value());
  EXPECT_TRUE(it.tick(start + 1000h).has_value());
}

TEST_F(connection_phase_test, an_answer_to_close_that_does_not_come_is_as_good_as_one) {
  open();
  it.on_closing(start + 100s);
  EXPECT_TRUE(it.is_closing());
  EXPECT_FALSE(it.is_live());
  EXPECT_FALSE(it.on_peer_open(start));
  EXPECT_TRUE(it.tick(start + 129s).has_value());
  EXPECT_EQ(it.tick(start + 130s).fault().code(), errc::stopped);
  it.on_closed();
  EXPECT_TRUE(it.is_closed());
  EXPECT_EQ(it.waiting_for(false), "");
}

} // namespace
} // namespace causeway::hub
