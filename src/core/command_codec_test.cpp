// SPDX-License-Identifier: Apache-2.0
#include "core/command_entry.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

kept_state full() {
  kept_state state;
  state.what.id = command_id{std::string(32, 'a')};
  state.what.source = command_source::method;
  state.what.to = {application_id{"plant"}, device_id{"dev"}};
  state.what.dev_eui = 0xffffffffffffffffU;
  state.what.what = {10,
                     std::string("\0\xff", 2),
                     R"({"a":1})",
                     true,
                     downlink_priority::highest,
                     queue_operation::replace,
                     R"({"gateways":[]})",
                     32};
  state.what.message_id = "m";
  state.what.correlation_id = "c";
  state.what.held_for = awaited_step::acknowledged;
  state.what.expiry = {wall_time{seconds{5}}, 77};
  state.stands = {command_stage::nacked,
                  3,
                  "as:downlink:01A",
                  123456789,
                  step_kind::nack,
                  {1, ~0ULL},
                  9,
                  true,
                  true,
                  true};
  state.pushed = push_mark{wall_time{seconds{-4}}, mono_time{seconds{6}},
                           known_uplink{0x7ffffffffffffffe, 0x7fffffffffffffff}};
  state.stored_at = 1;
  state.changed_at = 0xffffffff;
  state.refused = true;
  state.what.sequence_number = -7;
  state.what.enqueued = wall_time{seconds{9}};
  state.marks = {{command_state::stored, wall_time{seconds{1}}},
                 {command_state::failed, wall_time{seconds{2}}, 7, 3}};
  state.error = "pkg/networkserver:transmission";
  return state;
}

kept_command row_of(const kept_state& state) {
  return {state.what.id, state.what.to, encode_command(state)};
}

TEST(command_codec, what_was_kept_comes_back) {
  kept_state bare;
  bare.what.id = command_id{std::string(32, 'b')};
  auto unheard = full();
  unheard.pushed->newest.reset();
  for (const auto& state : {full(), bare, unheard}) {
    const auto read = decode_command(row_of(state));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, state);
  }
}

constexpr std::size_t newest_bytes = 3 * 8; // that there is one, and its two numbers

TEST(command_codec, a_row_of_the_third_version_knows_no_uplink_of_before_its_push) {
  auto before = full();
  auto row = row_of(before);
  row.content[0] = 3;
  row.content.resize(row.content.size() - newest_bytes);
  before.pushed->newest.reset();
  const auto read = decode_command(row);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, before);
}

TEST(command_codec, a_row_of_the_second_version_is_for_whoever_has_the_device_id) {
  auto before = full();
  before.what.dev_eui.reset();
  before.stands.on_its_way = false;
  before.pushed->newest.reset();
  auto row = row_of(before);
  row.content[0] = 2;
  row.content.resize(row.content.size() - 3 * 8 - 8);
  const auto read = decode_command(row);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, before);
}

TEST(command_codec, a_row_of_the_first_version_has_no_way) {
  auto before = full();
  before.what.dev_eui.reset();
  before.stands.on_its_way = false;
  before.pushed->newest.reset();
  before.what.sequence_number.reset();
  before.what.enqueued.reset();
  before.marks.clear();
  before.error.clear();
  auto row = row_of(before);
  row.content[0] = 1;
  row.content.resize(row.content.size() -
                     8 * 8); // four that are absent, none of one, an empty one, two that are no
  const auto read = decode_command(row);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, before);
}

TEST(command_codec, what_is_cut_or_longer_is_damage) {
  const auto whole = row_of(full());
  for (std::size_t size = 0; size < whole.content.size(); ++size) {
    auto cut = whole;
    cut.content.resize(size);
    EXPECT_FALSE(decode_command(cut)) << size;
  }
  auto longer = whole;
  longer.content += '\0';
  EXPECT_FALSE(decode_command(longer));
  auto other = whole;
  other.content[0] = 5;
  EXPECT_EQ(decode_command(other).fault().code(), errc::record_corrupt) << "a version that is not known";
}

TEST(command_codec, an_uplink_that_no_network_server_has_had_is_damage) {
  for (const auto& never : {known_uplink{0, 5}, known_uplink{-1, 5}, known_uplink{5, 4}}) {
    auto state = full();
    state.pushed->newest = never;
    EXPECT_FALSE(decode_command(row_of(state)));
  }
}

TEST(command_codec, no_changed_byte_reads_beyond_it_or_makes_a_stage_that_there_is_not) {
  const auto whole = row_of(full());
  for (std::size_t at = 0; at < whole.content.size(); ++at)
    for (const int bit : {0, 7}) {
      auto changed = whole;
      changed.content[at] = static_cast<char>(changed.content[at] ^ (1 << bit));
      if (const auto read = decode_command(changed)) {
        EXPECT_LT(static_cast<std::size_t>(read->stands.stage), command_stages);
        EXPECT_LE(read->what.source, command_source::twin);
      }
    }
}

} // namespace
} // namespace causeway::core
