// SPDX-License-Identifier: Apache-2.0
// Raw frames to the emulated hub, and what it says to them.
#include "emulator/hub/hub_frames.h"

#include "amqp/frame_head.h"
#include "emulator/hub/d2c_decoder.h"
#include "emulator/hub/hub_connection_fixture.h"

namespace causeway::emulator {
namespace {

using amqp::value;
using amqp::value_list;

constexpr std::uint64_t begin_code = 0x11, attach_code = 0x12, flow_code = 0x13, transfer_code = 0x14,
                        disposition_code = 0x15, detach_code = 0x16, end_code = 0x17, close_code = 0x18;
constexpr std::uint16_t channel = 7; // ours; the fixture's client has others

value described(std::uint64_t code, value_list fields) {
  return {amqp::described{std::make_shared<const value>(value{code}),
                          std::make_shared<const value>(value{std::move(fields)})}};
}

std::string frame(std::uint64_t code, value_list fields, std::string_view payload = {}) {
  std::string body;
  amqp::encode(body, described(code, std::move(fields)));
  body += payload;
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>(static_cast<std::uint32_t>(body.size() + 8) >> shift & 0xffU);
  out += {'\2', '\0', '\0', static_cast<char>(channel)};
  return out + body;
}

struct said {
  std::uint64_t code = 0;
  value_list fields;
  std::uint32_t number(std::size_t at) const {
    const auto* const found = at < fields.size() ? fields[at].as<std::uint32_t>() : nullptr;
    return found == nullptr ? 4'000'000'000U : *found;
  }
  bool flag(std::size_t at) const {
    const auto* const found = at < fields.size() ? fields[at].as<bool>() : nullptr;
    return found != nullptr && *found;
  }
};

std::vector<said> read(std::string_view bytes) {
  std::vector<said> out;
  while (bytes.size() >= amqp::frame_head::size) {
    const auto head = amqp::read_frame_head(bytes);
    auto body = bytes.substr(head.body, head.frame - head.body);
    bytes.remove_prefix(head.frame);
    if (body.empty()) continue;
    const auto performative = amqp::decode(body).value();
    const auto* const one = performative.as<amqp::described>();
    out.push_back({static_cast<std::uint64_t>(*one->descriptor->integer()), *one->content->as<value_list>()});
  }
  return out;
}

const value none{};
value_list attach_of(const std::string& name, std::uint32_t handle, bool receives,
                     const std::string& address) {
  const auto terminus = [](std::uint64_t code, const std::string& to) { return described(code, {{to}}); };
  return {{name},
          {handle},
          {receives},
          none,
          none,
          terminus(0x28, receives ? address : "here"),
          terminus(0x29, receives ? "here" : address),
          none,
          none,
          receives ? none : value{std::uint32_t{100}}};
}

class hub_frames_test : public hub_connection_test {
protected:
  std::vector<said> say(const std::string& bytes) {
    connection_->feed(bytes, clock_.now());
    std::string out;
    connection_->take_output(out);
    return read(out);
  }
  // Of these, the frames of that kind.
  static std::vector<said> only(std::uint64_t code, std::vector<said> from) {
    std::erase_if(from, [=](const said& one) { return one.code != code; });
    return from;
  }
  std::vector<said> begin_session() {
    return say(frame(begin_code, {none, {std::uint32_t{40}}, {std::uint32_t{100}}, {std::uint32_t{100}}}));
  }
  std::string telemetry(std::uint32_t id, std::uint32_t format, std::string_view payload, bool more = false) {
    return frame(transfer_code,
                 {{std::uint32_t{1}}, {id}, {amqp::binary{std::to_string(id)}}, {format}, {false}, {more}},
                 payload);
  }
  void attach_telemetry() {
    open_cbs();
    put_token(device_token("dev-1"));
    begin_session();
    ASSERT_EQ(only(attach_code,
                   say(frame(attach_code, attach_of("up-1", 1, false, "/devices/dev-1/messages/events"))))
                  .size(),
              1U);
  }
  static std::string batch_of(std::initializer_list<const char*> ids) {
    std::string batch;
    for (const auto* id : ids) {
      amqp::message one, wrapper;
      one.message_id = {std::string{id}};
      one.kind = wrapper.kind = amqp::message::body_kind::data;
      one.data = "{}";
      wrapper.data = amqp::encode_message(one);
      batch += amqp::encode_message(wrapper);
    }
    return batch;
  }
};

// E4.
TEST_F(hub_frames_test, its_begin_is_the_real_hubs) {
  const auto begun = only(begin_code, begin_session());
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(*begun[0].fields.at(0).as<std::uint16_t>(), channel);
  EXPECT_EQ(begun[0].number(1), 1U);
  EXPECT_EQ(begun[0].number(2), 5'000U);
  EXPECT_EQ(begun[0].number(3), 4'294'967'295U);
  EXPECT_EQ(begun[0].number(4), 262'143U);
}

TEST_F(hub_frames_test, a_flow_of_a_session_with_echo_is_answered) {
  begin_session();
  const auto answers = only(flow_code, say(frame(flow_code, {{std::uint32_t{1}},
                                                             {std::uint32_t{100}},
                                                             {std::uint32_t{40}},
                                                             {std::uint32_t{100}},
                                                             none,
                                                             none,
                                                             none,
                                                             none,
                                                             none,
                                                             {true}})));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].number(0), 40U) << "the client's next id";
  EXPECT_EQ(answers[0].number(1), 5'000U);
  EXPECT_EQ(answers[0].number(2), 1U) << "the hub's next id";
  EXPECT_EQ(answers[0].fields.size(), 4U) << "no link's";
}

TEST_F(hub_frames_test, a_flow_of_a_link_with_echo_is_answered_with_its_state) {
  attach_telemetry();
  say(telemetry(0, 0, batch_of({"a"})) + telemetry(1, 0, batch_of({"b"})));
  const auto answers = only(flow_code, say(frame(flow_code, {{std::uint32_t{1}},
                                                             {std::uint32_t{100}},
                                                             {std::uint32_t{42}},
                                                             {std::uint32_t{100}},
                                                             {std::uint32_t{1}},
                                                             {std::uint32_t{102}},
                                                             {std::uint32_t{998}},
                                                             {std::uint32_t{0}},
                                                             {false},
                                                             {true}})));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].number(0), 42U);
  EXPECT_LT(answers[0].number(4), 100U) << "the hub's handle";
  EXPECT_EQ(answers[0].number(5), 102U) << "the delivery-count";
  EXPECT_EQ(answers[0].number(6), 998U) << "the credit that is left";
  EXPECT_FALSE(answers[0].flag(9));
}

TEST_F(hub_frames_test, a_flow_without_echo_is_not_answered) {
  begin_session();
  const auto answers = say(frame(
      flow_code, {{std::uint32_t{1}}, {std::uint32_t{100}}, {std::uint32_t{40}}, {std::uint32_t{100}}}));
  EXPECT_TRUE(answers.empty());
}

TEST_F(hub_frames_test, drain_gives_the_credit_back) {
  begin_session();
  say(frame(attach_code, attach_of("in-1", 3, true, "$cbs")));
  const auto of = [](std::uint32_t credit, bool drain) {
    return frame(flow_code, {{std::uint32_t{1}},
                             {std::uint32_t{100}},
                             {std::uint32_t{40}},
                             {std::uint32_t{100}},
                             {std::uint32_t{3}},
                             {std::uint32_t{0}},
                             {credit},
                             none,
                             {drain}});
  };
  EXPECT_TRUE(only(flow_code, say(of(10, false))).empty());
  const auto drained = only(flow_code, say(of(10, true)));
  ASSERT_EQ(drained.size(), 1U);
  EXPECT_EQ(drained[0].number(5), 10U) << "the delivery-count has passed over it";
  EXPECT_EQ(drained[0].number(6), 0U);
}

TEST_F(hub_frames_test, a_detach_is_answered_as_it_was_said) {
  begin_session();
  for (const bool closed : {false, true}) {
    const std::string name = closed ? "in-closed" : "in-open";
    say(frame(attach_code, attach_of(name, 3, true, "$cbs")));
    const auto answers = only(detach_code, say(frame(detach_code, {{std::uint32_t{3}}, {closed}})));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].flag(1), closed);
  }
}

// rhea sends dispositions and flows there.
TEST_F(hub_frames_test, frames_behind_an_end_do_not_cost_the_connection) {
  begin_session();
  say(frame(attach_code, attach_of("in-1", 3, true, "$cbs")));
  const auto late = frame(flow_code, {{std::uint32_t{1}},
                                      {std::uint32_t{100}},
                                      {std::uint32_t{40}},
                                      {std::uint32_t{100}},
                                      {std::uint32_t{3}},
                                      {std::uint32_t{0}},
                                      {std::uint32_t{5}}}) +
                    frame(disposition_code, {{true}, {std::uint32_t{0}}, none, {true}});
  const auto answers = say(frame(end_code, {}) + late);
  EXPECT_EQ(only(end_code, answers).size(), 1U);
  EXPECT_TRUE(only(close_code, answers).empty());
  EXPECT_FALSE(connection_->finished());
  EXPECT_EQ(only(begin_code, begin_session()).size(), 1U) << "the channel is free again";
}

// A device could make up messages.
TEST_F(hub_frames_test, a_message_of_format_0_is_one_message_whatever_its_body_looks_like) {
  attach_telemetry();
  say(telemetry(0, 0, batch_of({"a", "b"})));
  EXPECT_EQ(arrivals_.totals().accepted, 1U);
  say(telemetry(1, batch_format, batch_of({"c", "d"})));
  EXPECT_EQ(arrivals_.totals().accepted, 3U);
  say(telemetry(2, 0, batch_of({"e", "f"})));
  EXPECT_EQ(arrivals_.totals().accepted, 4U) << "each has its own";
}

TEST_F(hub_frames_test, a_format_is_its_messages_own_in_pieces_too) {
  attach_telemetry();
  const auto batch = batch_of({"a", "b"});
  const auto half = batch.size() / 2;
  say(telemetry(0, batch_format, batch.substr(0, half), true) +
      frame(transfer_code, {{std::uint32_t{1}}, none, none, none, {false}, {false}}, batch.substr(half)) +
      telemetry(1, 0, batch_of({"c", "d"})));
  EXPECT_EQ(arrivals_.totals().accepted, 3U);
}

TEST_F(hub_frames_test, a_batch_that_is_none_is_rejected) {
  attach_telemetry();
  amqp::message text;
  text.kind = amqp::message::body_kind::data;
  text.data = "no message";
  say(telemetry(0, batch_format, amqp::encode_message(text)));
  EXPECT_EQ(arrivals_.totals().accepted, 0U);
  EXPECT_EQ(hub_.totals().messages_rejected, 1U);
}

// By a FLOW of its own, or by one that gives a link its credit.
TEST_F(hub_frames_test, its_window_is_opened_again_before_it_is_used_up) {
  attach_telemetry();
  std::uint32_t since_opened = 0, longest = 0;
  for (std::uint32_t i = 0; i < 7'500; ++i) {
    ++since_opened;
    for (const auto& one : only(flow_code, say(telemetry(i, 0, batch_of({"a"}))))) {
      EXPECT_EQ(one.number(1), 5'000U);
      since_opened = 0;
    }
    longest = std::max(longest, since_opened);
  }
  EXPECT_LE(longest, 2'500U);
}

TEST(hub_frames, passes_what_comes_byte_by_byte) {
  const auto bytes =
      std::string{"AMQP\0\1\0\0", 8} + frame(begin_code, {none, {std::uint32_t{0}}}) + frame(end_code, {});
  hub_frames whole, pieces;
  const auto expected = whole.from_client(bytes);
  std::string got;
  for (const char one : bytes)
    got += pieces.from_client({&one, 1});
  EXPECT_EQ(got, expected);
  EXPECT_EQ(got, bytes);
}

TEST(hub_frames, passes_what_is_malformed_as_it_is) {
  const std::string bytes = std::string{"AMQP\0\1\0\0", 8} + std::string{"\0\0\0\3\2\0\0\0rest", 12};
  hub_frames frames;
  EXPECT_EQ(frames.from_client(bytes), bytes);
  EXPECT_EQ(frames.from_client("more"), "more");
}

} // namespace
} // namespace causeway::emulator
