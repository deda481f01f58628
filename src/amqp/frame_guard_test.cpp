// SPDX-License-Identifier: Apache-2.0
#include "amqp/frame_guard.h"

#include "amqp/primitive.h"
#include "amqp/sasl_frames.h"
#include "amqp/test_bytes.h"

#include <algorithm>

namespace causeway::amqp {
namespace {

std::string frame_of(std::uint16_t channel, std::string body) {
  std::string out;
  put_unsigned(out, static_cast<std::uint32_t>(body.size() + 8));
  out += std::string{"\x02\x00", 2};
  put_unsigned(out, channel);
  return out + body;
}

std::string performative(std::uint16_t channel, std::uint64_t code, value_list fields,
                         const std::string& payload = {}) {
  std::string body;
  encode(body, describe(code, of(std::move(fields))));
  return frame_of(channel, body + payload);
}

std::string begin(std::uint16_t channel = 0, value answers = {}) {
  return performative(channel, 0x11, {std::move(answers), of(std::uint32_t{0})});
}

std::string end(std::uint16_t channel = 0) {
  return performative(channel, 0x17, {});
}

std::string attach(std::uint32_t handle, std::uint16_t channel = 0) {
  return performative(channel, 0x12, {of(std::string{"l"}), of(handle), of(true)});
}

std::string detach(std::uint32_t handle) {
  return performative(0, 0x16, {of(handle)});
}

struct transfer {
  std::uint32_t handle = 0;
  value id = {};
  value more = {};
  value aborted = {};
};

std::string bytes_of(const transfer& what, std::uint16_t channel = 0) {
  return performative(channel, 0x14,
                      {of(what.handle), what.id, of(binary{"t"}), of(std::uint32_t{0}), of(false), what.more,
                       value{}, value{}, value{}, what.aborted},
                      "payload");
}

// What passes when the bytes come in pieces of that size.
std::string passed(frame_guard& guard, std::string_view bytes, std::size_t piece) {
  std::string out;
  while (!bytes.empty()) {
    auto some = bytes.substr(0, piece);
    bytes.remove_prefix(some.size());
    for (auto frames = guard.next(some); !frames.empty(); frames = guard.next(some))
      out += frames;
  }
  return out;
}

bool is_refused(const std::string& bytes) {
  frame_guard guard{65'536};
  static_cast<void>(passed(guard, bytes, bytes.size()));
  return guard.refusal() != nullptr;
}

TEST(frame_guard, passes_whole_frames_however_the_bytes_are_cut) {
  std::string bytes{sasl_header};
  bytes += amqp_header;
  bytes += frame_of(0, "");
  bytes += begin() + attach(0);
  bytes += bytes_of({.id = of(std::uint32_t{7}), .more = of(true)});
  bytes += bytes_of({.more = of(true)});
  bytes += bytes_of({});
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    frame_guard guard{65'536};
    EXPECT_EQ(passed(guard, bytes, piece), bytes) << piece;
    EXPECT_EQ(guard.refusal(), nullptr);
    EXPECT_EQ(guard.take_rest(), "");
  }
}

TEST(frame_guard, keeps_back_a_frame_that_is_not_whole) {
  const auto bytes = bytes_of({.id = of(std::uint32_t{1})});
  frame_guard guard{65'536};
  EXPECT_EQ(passed(guard, std::string_view{bytes}.substr(0, bytes.size() - 1), 5), "");
  EXPECT_EQ(guard.take_rest(), bytes.substr(0, bytes.size() - 1));
}

TEST(frame_guard, refuses_a_delivery_that_goes_on_and_was_never_named) {
  const auto before = begin() + attach(0);
  auto bytes = before;
  bytes.append(bytes_of({.more = of(true)})).append(end());
  for (const std::size_t piece : {1U, 9U, 1000U}) {
    frame_guard guard{65'536};
    EXPECT_EQ(passed(guard, bytes, piece), before) << piece;
    EXPECT_NE(guard.refusal(), nullptr);
  }
}

TEST(frame_guard, knows_which_delivery_goes_on) {
  const auto named = [](std::uint32_t handle) {
    return bytes_of({.handle = handle, .id = of(std::uint32_t{1}), .more = of(true)});
  };
  const auto next = [](std::uint32_t handle) { return bytes_of({.handle = handle, .more = of(true)}); };
  const auto links = begin() + attach(1) + attach(2);
  EXPECT_FALSE(is_refused(links + named(1) + next(1)));
  EXPECT_FALSE(is_refused(links + named(1) + attach(3) + detach(3) + next(1)));
  EXPECT_TRUE(is_refused(links + named(1) + next(2)));
  EXPECT_TRUE(is_refused(links + named(1) + bytes_of({.handle = 1}) + next(1)));
  EXPECT_TRUE(is_refused(links + named(1) + bytes_of({.handle = 1, .more = of(true), .aborted = of(true)}) +
                         next(1)));
  EXPECT_TRUE(is_refused(links + named(1) + detach(1) + attach(1) + next(1)));
  EXPECT_TRUE(is_refused(links + named(1) + end() + begin() + attach(1) + next(1)));
  EXPECT_FALSE(is_refused(links + named(1) + end(1) + next(1)));
  EXPECT_FALSE(is_refused(named(1) + next(1))) << "Proton knows no such link and refuses it";
}

TEST(frame_guard, refuses_a_second_session_of_a_channel_and_a_second_channel_of_a_session) {
  const auto ours = [](std::uint16_t channel) { return of(channel); };
  EXPECT_FALSE(is_refused(begin() + begin(1) + end() + begin()));
  EXPECT_TRUE(is_refused(begin() + begin()));
  EXPECT_TRUE(is_refused(begin() + begin(0, ours(3))));
  EXPECT_FALSE(is_refused(begin(0, ours(3)) + begin(1, ours(4)) + end() + begin(0, ours(3))));
  EXPECT_TRUE(is_refused(begin(0, ours(3)) + begin(1, ours(3))));
  EXPECT_TRUE(is_refused(begin(0, of(std::string{"0"}))));
}

TEST(frame_guard, a_channel_of_ours_that_we_have_ended_may_be_answered_anew_before_the_peer_ends_the_first) {
  const auto answer = begin(0, of(std::uint16_t{3})), again = begin(1, of(std::uint16_t{3}));
  const std::string transfer_of_ours = bytes_of({.id = of(std::uint32_t{7})}, 3);
  const auto ours = std::string{amqp_header} + frame_of(0, "") + begin(3) + transfer_of_ours;
  for (std::size_t piece = 1; piece <= ours.size(); ++piece) {
    frame_guard guard{65'536};
    const auto write = [&](std::string_view bytes) {
      for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
        guard.sent(bytes.substr(0, piece));
    };
    write(ours);
    EXPECT_EQ(passed(guard, answer, 1000), answer);
    write(transfer_of_ours + end(2) + end(3) + begin(3));
    const auto more = again + end(0);
    EXPECT_EQ(passed(guard, more, 1000), more) << piece;
    EXPECT_EQ(passed(guard, begin(2, of(std::uint16_t{3})), 1000), "") << "one answer for each";
  }
}

TEST(frame_guard, refuses_a_second_link_of_a_handle) {
  EXPECT_FALSE(is_refused(begin() + attach(0) + attach(1) + detach(0) + attach(0) + begin(1) + attach(0, 1)));
  EXPECT_TRUE(is_refused(begin() + attach(0) + attach(0)));
  EXPECT_TRUE(is_refused(begin() + performative(0, 0x12, {of(std::string{"l"})})));
}

TEST(frame_guard, refuses_transfers_whose_fields_are_of_other_types) {
  const value_list good{
      of(std::uint32_t{0}), of(std::uint32_t{0}), of(binary{"t"}), value{}, of(true), of(false)};
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = of(std::string{"x"});
    const auto bytes = performative(0, 0x14, bad);
    frame_guard guard{65'536};
    EXPECT_EQ(passed(guard, bytes, bytes.size()), "") << i;
    EXPECT_NE(guard.refusal(), nullptr) << i;
  }
  frame_guard guard{65'536};
  EXPECT_EQ(passed(guard, performative(0, 0x14, good), 1000), performative(0, 0x14, good));
}

TEST(frame_guard, leaves_it_to_proton_to_refuse_what_is_no_frame) {
  frame_guard guard{512};
  const auto large = frame_of(0, std::string(1000, 'x'));
  EXPECT_EQ(passed(guard, large, 100), large);
  frame_guard other{512};
  EXPECT_EQ(passed(other, std::string{"\0\0\0\x01more", 8}, 3), (std::string{"\0\0\0\x01more", 8}));
}

std::string open_frame(value idle_time_out) {
  return performative(0, 0x10,
                      {of(std::string{"hub"}), value{}, of(std::uint32_t{65'536}), of(std::uint16_t{8'191}),
                       std::move(idle_time_out)});
}

TEST(frame_guard, an_idle_time_out_below_a_second_is_read_as_a_second) {
  const std::string before{amqp_header}, behind = begin();
  for (const std::uint32_t announced : {1U, 2U, 999U}) {
    const auto bytes = before + open_frame(of(announced)) + behind;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
      frame_guard guard{65'536};
      EXPECT_EQ(passed(guard, bytes, piece), before + open_frame(of(least_idle_time_out)) + behind)
          << announced << " " << piece;
      EXPECT_EQ(guard.refusal(), nullptr);
    }
  }
}

TEST(frame_guard, any_other_idle_time_out_passes_as_it_is) {
  for (const auto& announced :
       {value{}, of(std::uint32_t{0}), of(std::uint32_t{1'000}), of(any_handle), of(std::string{"1"})}) {
    frame_guard guard{65'536};
    const auto bytes = open_frame(announced);
    EXPECT_EQ(passed(guard, bytes, bytes.size()), bytes);
  }
}

TEST(frame_guard, knows_the_smallest_handle_max_of_the_peers_sessions) {
  frame_guard guard{65'536};
  const auto begin_with = [](std::uint16_t channel, value handle_max) {
    const auto window = of(std::uint32_t{5'000});
    return performative(channel, 0x11,
                        {of(channel), of(std::uint32_t{0}), window, window, std::move(handle_max)});
  };
  EXPECT_EQ(guard.handle_max(), any_handle);
  const auto bytes =
      begin_with(0, {}) + begin_with(1, of(std::uint32_t{0})) + begin_with(2, of(std::uint32_t{262'143}));
  passed(guard, bytes, bytes.size());
  EXPECT_EQ(guard.handle_max(), 0U);
}

} // namespace
} // namespace causeway::amqp
