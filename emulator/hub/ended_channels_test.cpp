// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/ended_channels.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

constexpr std::string_view protocol_header{"AMQP\x00\x01\x00\x00", 8};

enum performative : char {
  open = 0x10,
  begin = 0x11,
  disposition = 0x15,
  detach = 0x16,
  end = 0x17,
  close = 0x18
};

// The fields are an empty list, then bytes that stand for a payload.
std::string frame(performative what, char channel, std::size_t payload = 0) {
  std::string bytes{"\x00\x00\x00\x00\x02\x00\x00", 7};
  bytes += {channel, '\x00', '\x53', static_cast<char>(what), '\x45'};
  bytes.append(payload, 'x');
  bytes[2] = static_cast<char>(bytes.size() >> 8);
  bytes[3] = static_cast<char>(bytes.size() & 0xff);
  return bytes;
}

std::string long_form(performative what, char channel) {
  std::string bytes{"\x00\x00\x00\x17\x03\x00\x00", 7};
  bytes += {channel, 'e', 'x', 't', '.', '\x00', '\x80'};
  bytes.append(7, '\x00');
  bytes += {static_cast<char>(what), '\x45'};
  return bytes;
}

const std::string heartbeat{"\x00\x00\x00\x08\x02\x00\x00\x00", 8};

struct passed {
  std::string at_once, by_byte;
};

passed pass(const std::string& frames) {
  const auto bytes = std::string{protocol_header} + frames;
  passed result;
  ended_channels whole, bitwise;
  result.at_once = whole.pass(bytes);
  for (const char byte : bytes)
    result.by_byte += bitwise.pass({&byte, 1});
  return result;
}

void expect(const std::string& frames, const std::string& expected) {
  const auto got = pass(frames);
  EXPECT_EQ(got.at_once, std::string{protocol_header} + expected);
  EXPECT_EQ(got.by_byte, std::string{protocol_header} + expected);
}

TEST(ended_channels_test, drops_what_follows_an_end_on_its_channel) {
  const auto before =
      frame(open, 0) + frame(begin, 0) + frame(begin, 2) + frame(disposition, 2) + frame(end, 2);
  const auto late = frame(disposition, 2) + frame(detach, 2, 1000) + frame(end, 2);
  const auto after = frame(disposition, 0, 300) + heartbeat;
  expect(before + late + after, before + after);
}

TEST(ended_channels_test, a_new_begin_opens_the_channel_again) {
  const auto first = frame(begin, 2) + frame(end, 2);
  const auto second = frame(begin, 2) + frame(disposition, 2);
  expect(first + frame(disposition, 2) + second, first + second);
}

TEST(ended_channels_test, reads_long_descriptors_behind_an_extended_header) {
  const auto first = long_form(begin, 1) + long_form(end, 1);
  expect(first + long_form(disposition, 1) + frame(close, 0), first + frame(close, 0));
}

TEST(ended_channels_test, an_open_a_close_and_a_heartbeat_are_of_no_session) {
  const auto frames = frame(begin, 0) + frame(end, 0) + heartbeat + frame(close, 0);
  expect(frames, frames);
}

TEST(ended_channels_test, passes_what_is_wrong_for_the_engine_to_say_so) {
  const auto never_begun = frame(disposition, 9);
  expect(never_begun, never_begun);
  const std::string too_short{"\x00\x00\x00\x04\x02\x00\x00\x00", 8};
  const auto garbage = too_short + frame(begin, 1) + frame(end, 1) + frame(disposition, 1);
  expect(garbage, garbage);
  const std::string no_performative{"\x00\x00\x00\x09\x02\x00\x00\x00\x40", 9};
  expect(no_performative, no_performative);
}

} // namespace
} // namespace causeway::emulator
