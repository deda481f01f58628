// SPDX-License-Identifier: Apache-2.0
#include "hub/command_decoder.h"

#include "amqp/message.h"
#include "base/encoding.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace causeway::hub {
namespace {

using amqp::value;
using pairs = std::vector<std::pair<std::string, std::string>>;

value text(const std::string& of) {
  return value{of};
}
value symbol(const std::string& of) {
  return value{amqp::symbol{of}};
}

amqp::message whole() {
  amqp::message out;
  out.message_id = text("m-1");
  out.correlation_id = text("c-1");
  out.to = "/devices/dev-1/messages/devicebound";
  out.absolute_expiry = amqp::timestamp{1'767'225'600'123};
  out.message_annotations = {{symbol("x-opt-sequence-number"), value{std::uint64_t{7}}},
                             {symbol("iothub-enqueuedtime"), value{amqp::timestamp{1'767'225'600'000}}},
                             {symbol("iothub-deliverycount"), value{std::uint8_t{0}}}};
  out.application_properties = {{text("Port"), text("10")}, {text("iothub-ack"), text("full")}};
  out.kind = amqp::message::body_kind::data;
  out.data = R"({"on":true})";
  return out;
}

model::c2d_message decoded(const amqp::message& what) {
  auto read = decode_c2d(amqp::encode_message(what));
  EXPECT_TRUE(read);
  return read ? *read : model::c2d_message{};
}

TEST(command_decoder, reads_all_that_a_hub_says_of_a_message) {
  const auto read = decoded(whole());
  EXPECT_EQ(read.message_id, "m-1");
  EXPECT_EQ(read.correlation_id, "c-1");
  EXPECT_EQ(read.sequence_number, 7);
  EXPECT_EQ(read.enqueued_ms, 1'767'225'600'000);
  EXPECT_EQ(format_rfc3339(read.expires.value()), "2026-01-01T00:00:00.123Z");
  EXPECT_EQ(read.properties, (pairs{{"Port", "10"}, {"iothub-ack", "full"}}));
  EXPECT_EQ(read.body, R"({"on":true})");
}

TEST(command_decoder, takes_a_message_of_which_nothing_is_said) {
  for (const auto& bytes :
       {std::string{}, std::string{"\0\x53\x75\xa0\0", 5}, std::string{"\0\x53\x73\x45", 4}})
    EXPECT_EQ(*decode_c2d(bytes), model::c2d_message{});
}

// The order of spec 3.2 turned round: the body first, the header last.
TEST(command_decoder, takes_sections_in_any_order) {
  const std::string data{"\0\x53\x75\xa0\x01x", 6};
  const std::string properties{"\0\x53\x74\xc1\x07\x02\xa1\x01k\xa1\x01v", 12};
  const std::string annotations{"\0\x53\x72\xc1\x1a\x02\xa3\x15x-opt-sequence-number\x53\x09", 31};
  const std::string head{"\0\x53\x70\x45", 4};
  const auto read = decode_c2d(data + properties + annotations + head);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->body, "x");
  EXPECT_EQ(read->properties, (pairs{{"k", "v"}}));
  EXPECT_EQ(read->sequence_number, 9);
}

TEST(command_decoder, writes_as_text_what_is_none) {
  const amqp::uuid id{
      {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
  const std::string id_text = "00112233-4455-6677-8899-aabbccddeeff";
  const std::vector<std::pair<value, std::string>> table = {
      {value{id}, id_text},
      {value{std::uint64_t{18'446'744'073'709'551'615ULL}}, "18446744073709551615"},
      {value{amqp::binary{std::string{"\0\xff", 2}}}, "00ff"},
      {text("as it is"), "as it is"},
  };
  for (const auto& [given, wanted] : table) {
    auto message = whole();
    message.message_id = message.correlation_id = given;
    message.application_properties = {{text("k"), given}};
    const auto read = decoded(message);
    EXPECT_EQ(read.message_id, wanted);
    EXPECT_EQ(read.correlation_id, wanted);
    EXPECT_EQ(read.properties, (pairs{{"k", wanted}}));
  }
  const std::vector<std::pair<value, std::string>> of_properties = {
      {value{true}, "true"},
      {value{false}, "false"},
      {value{std::int32_t{-10}}, "-10"},
      {value{std::uint8_t{200}}, "200"},
      {value{std::int8_t{-7}}, "-7"},
      {value{2.5}, "2.5"},
      {value{amqp::timestamp{-3}}, "-3"},
      {symbol("push"), "push"},
      {value{}, ""},
  };
  for (const auto& [given, wanted] : of_properties) {
    auto message = whole();
    message.application_properties = {{text("k"), given}};
    EXPECT_EQ(decoded(message).properties, (pairs{{"k", wanted}}));
  }
}

TEST(command_decoder, leaves_out_properties_that_have_no_text) {
  auto message = whole();
  message.application_properties = {{text("list"), value{amqp::value_list{value{true}}}},
                                    {text("map"), value{amqp::value_map{}}},
                                    {value{std::int32_t{5}}, text("a number is no name")},
                                    {text("Port"), text("10")}};
  EXPECT_EQ(decoded(message).properties, (pairs{{"Port", "10"}}));
}

TEST(command_decoder, takes_a_body_of_one_value) {
  auto message = whole();
  message.kind = amqp::message::body_kind::value;
  message.body = text("@");
  EXPECT_EQ(decoded(message).body, "@");
  message.body = value{amqp::binary{"bytes"}};
  EXPECT_EQ(decoded(message).body, "bytes");
}

TEST(command_decoder, an_expiry_that_no_clock_holds_is_the_last_moment) {
  auto message = whole();
  message.absolute_expiry = amqp::timestamp{253'402'300'799'999}; // .NET's DateTime.MaxValue
  EXPECT_EQ(format_rfc3339(decoded(message).expires.value()).substr(0, 5), "2262-");
  message.absolute_expiry = amqp::timestamp{INT64_MIN};
  EXPECT_LT(decoded(message).expires.value(), wall_time{});
}

TEST(command_decoder, refuses_what_is_no_message) {
  auto list_body = whole();
  list_body.kind = amqp::message::body_kind::value;
  list_body.body = value{amqp::value_list{}};
  const auto good = amqp::encode_message(whole());
  const std::vector<std::string> table = {
      "x",
      std::string{"\0", 1},
      std::string{"\0\x53\x76\x45", 4},                 // a sequence
      std::string{"\0\x53\x73\x40\0\x53\x73\x40", 8},   // properties twice
      std::string{"\0\x53\x75\xa0\x05x", 6},            // data that ends too early
      std::string{"\0\x53\x74\xa1\x01x", 6},            // application-properties that are no map
      std::string{"\0\x53\x73\xc0\x03\x01\x54\x01", 8}, // a message-id that is an int
      amqp::encode_message(list_body),
      good + "x",
  };
  for (const auto& bytes : table) {
    const auto read = decode_c2d(bytes);
    ASSERT_FALSE(read) << testing::PrintToString(bytes);
    EXPECT_EQ(read.fault().code(), errc::amqp_value_malformed);
  }
}

// As a fuzzer would: whatever comes of it, nothing breaks.
TEST(command_decoder, survives_every_cut_and_every_changed_byte) {
  auto call = whole();
  call.application_properties.emplace_back(text("IoThub-methodname"), text("reboot"));
  const auto good = amqp::encode_message(call);
  ASSERT_TRUE(decode_method_call(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    static_cast<void>(decode_c2d(std::string_view{good}.substr(0, size)));
    static_cast<void>(decode_method_call(std::string_view{good}.substr(0, size)));
  }
  std::size_t taken = 0;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int byte = 0; byte < 256; ++byte) {
      auto bad = good;
      bad[at] = static_cast<char>(byte);
      taken += decode_c2d(bad) ? 1 : 0;
      static_cast<void>(decode_method_call(bad));
    }
  EXPECT_GT(taken, good.size());
  EXPECT_LT(taken, good.size() * 256);
}

TEST(command_decoder, reads_a_method_call_and_keeps_the_type_of_its_id) {
  amqp::message message;
  const value id{amqp::uuid{{1, 2, 3}}};
  message.correlation_id = id;
  message.application_properties = {{text("IoThub-methodname"), text("reboot")}};
  message.kind = amqp::message::body_kind::data;
  message.data = "null";
  auto read = decode_method_call(amqp::encode_message(message));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->call.name, "reboot");
  EXPECT_EQ(read->call.payload, "null");
  EXPECT_TRUE(read->correlation == id);
  message.application_properties.clear();
  EXPECT_FALSE(decode_method_call(amqp::encode_message(message)));
  message.application_properties = {{text("IoThub-methodname"), text("reboot")}};
  message.correlation_id = {};
  EXPECT_FALSE(decode_method_call(amqp::encode_message(message)));
}

TEST(command_decoder, writes_an_answer_with_an_int_for_its_status) {
  const value id{amqp::uuid{{9}}};
  const auto read = amqp::decode_message(encode_method_answer(id, {409, R"({"error":"x"})"}));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->correlation_id == id);
  ASSERT_NE(read->application_property("IoThub-status"), nullptr);
  EXPECT_EQ(*read->application_property("IoThub-status")->as<std::int32_t>(), 409);
  EXPECT_EQ(read->data, R"({"error":"x"})");
  EXPECT_EQ(read->data_sections, 1U);
}

// The bytes as traced of azure-iot-device 1.18.4.
TEST(command_decoder, subscribes_to_a_twin_as_nodes_sdk_does) {
  const auto traced = hex_decode(
      "00537045005372d10000004600000004a3096f7065726174696f6ea103505554a3087265736f75726365a1262f6e"
      "6f74696669636174696f6e732f7477696e2f70726f706572746965732f64657369726564005373d00000002f00000"
      "0064040404040a12464393439306531342d616466362d343238642d393630332d346263353837623165306161005375"
      "a00120");
  ASSERT_TRUE(traced);
  const auto theirs = amqp::decode_message(*traced);
  const auto ours = amqp::decode_message(
      encode_twin_request(twin_request::subscribe, "d9490e14-adf6-428d-9603-4bc587b1e0aa", {}));
  ASSERT_TRUE(theirs && ours);
  EXPECT_TRUE(ours->correlation_id == theirs->correlation_id);
  EXPECT_TRUE(ours->message_annotations == theirs->message_annotations);
  EXPECT_EQ(ours->data, theirs->data);
  EXPECT_EQ(ours->data_sections, theirs->data_sections);
}

TEST(command_decoder, asks_for_a_twin_without_a_resource_and_reports_to_it_with_one) {
  const auto read = amqp::decode_message(encode_twin_request(twin_request::read, "1", "not this"));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read->annotation("operation")->text(), "GET");
  EXPECT_EQ(read->annotation("resource"), nullptr);
  EXPECT_EQ(read->data, " ");
  const auto report = amqp::decode_message(encode_twin_request(twin_request::report, "2", R"({"a":1})"));
  ASSERT_TRUE(report);
  EXPECT_EQ(*report->annotation("operation")->text(), "PATCH");
  EXPECT_EQ(*report->annotation("resource")->text(), "/properties/reported");
  EXPECT_EQ(report->data, R"({"a":1})");
  EXPECT_NE(report->annotation("operation")->as<std::string>(), nullptr) << "a string, as SDKs write it";
}

TEST(command_decoder, reads_a_twins_answers_and_changes) {
  amqp::message message;
  message.correlation_id = text("17");
  message.message_annotations = {{symbol("status"), value{std::int32_t{200}}},
                                 {symbol("version"), value{std::int64_t{4}}}};
  auto read = decode_twin(amqp::encode_message(message));
  ASSERT_TRUE(read);
  const auto* answer = std::get_if<twin_answer>(&*read);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->request, "17");
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "");
  message.correlation_id = value{amqp::uuid{{1}}};
  read = decode_twin(amqp::encode_message(message));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<twin_answer>(*read).request, "") << "none of ours";

  message.correlation_id = {};
  message.message_annotations = {{symbol("resource"), text("/properties/desired")}};
  message.kind = amqp::message::body_kind::data;
  message.data = R"({"$version":4})";
  read = decode_twin(amqp::encode_message(message));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<twin_push>(*read).patch, R"({"$version":4})");
}

} // namespace
} // namespace causeway::hub
