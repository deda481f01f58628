// SPDX-License-Identifier: Apache-2.0
#include "amqp/message.h"

#include "amqp/test_bytes.h"

#include <gtest/gtest.h>

namespace causeway::amqp {
namespace {

bool refused(std::string_view bytes) {
  return !decode_message(bytes).has_value();
}

TEST(message, telemetry_is_written_to_the_byte) {
  message m;
  m.message_id = of(std::string{"abc"});
  m.content_type = "application/json";
  m.content_encoding = "utf-8";
  m.application_properties = {{of(std::string{"p"}), of(std::string{"q"})}};
  m.message_annotations = {{of(symbol{"dt-subject"}), of(std::string{"comp"})}};
  m.kind = message::body_kind::data;
  m.data = "{\"t\":1}";
  EXPECT_EQ(hex(encode_message(m)), "005372c11302"
                                    "a30a64742d7375626a656374"
                                    "a104636f6d70"
                                    "005373c02408"
                                    "a103616263"
                                    "4040404040"
                                    "a3106170706c69636174696f6e2f6a736f6e"
                                    "a3057574662d38"
                                    "005374c10702"
                                    "a10170"
                                    "a10171"
                                    "005375a0077b2274223a317d");
}

TEST(message, everything_comes_back) {
  message m;
  m.message_id = of(uuid{{1, 2, 3}});
  m.user_id = binary{"\xff user"};
  m.to = "/devices/dev-1/messages/devicebound";
  m.reply_to = "cbs";
  m.correlation_id = of(std::uint64_t{300});
  m.content_type = "text/plain";
  m.content_encoding = "utf-16";
  m.absolute_expiry = timestamp{1735689600000};
  m.message_annotations = {{of(symbol{"x-opt-sequence-number"}), of(std::uint64_t{1})},
                           {of(symbol{"iothub-deliverycount"}), of(std::uint8_t{0})}};
  for (int i = 0; i < 200; ++i)
    m.application_properties.emplace_back(of("key" + std::to_string(i)), of(std::int32_t{i}));
  m.kind = message::body_kind::data;
  m.data = std::string(100'000, '\xfe');
  const auto back = decode_message(encode_message(m));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->message_id, m.message_id);
  EXPECT_EQ(back->user_id, m.user_id);
  EXPECT_EQ(back->to, m.to);
  EXPECT_EQ(back->reply_to, m.reply_to);
  EXPECT_EQ(back->correlation_id, m.correlation_id);
  EXPECT_EQ(back->content_type, m.content_type);
  EXPECT_EQ(back->content_encoding, m.content_encoding);
  EXPECT_EQ(back->absolute_expiry, m.absolute_expiry);
  EXPECT_EQ(back->message_annotations, m.message_annotations);
  EXPECT_EQ(back->application_properties, m.application_properties);
  EXPECT_EQ(back->kind, message::body_kind::data);
  EXPECT_EQ(back->data, m.data);
  EXPECT_EQ(back->data_sections, 1U);
  EXPECT_EQ(*back->application_property("key7"), of(std::int32_t{7}));
  EXPECT_EQ(*back->annotation("iothub-deliverycount"), of(std::uint8_t{0}));
  EXPECT_EQ(back->annotation("none"), nullptr);
}

TEST(message, each_property_stands_at_its_place) {
  const auto bytes = [](auto fill) {
    message m;
    fill(m);
    return hex(encode_message(m));
  };
  EXPECT_EQ(bytes([](message&) {}), "");
  EXPECT_EQ(bytes([](message& m) { m.message_id = of(std::uint64_t{1}); }), "005373c003015301");
  EXPECT_EQ(bytes([](message& m) { m.user_id = binary{"u"}; }), "005373c0050240a00175");
  EXPECT_EQ(bytes([](message& m) { m.to = "t"; }), "005373c006034040a10174");
  EXPECT_EQ(bytes([](message& m) { m.reply_to = "r"; }), "005373c0080540404040a10172");
  EXPECT_EQ(bytes([](message& m) { m.correlation_id = of(uuid{}); }), "005373c017064040404040"
                                                                      "9800000000000000000000000000000000");
  EXPECT_EQ(bytes([](message& m) { m.content_type = "c"; }), "005373c00a07404040404040a30163");
  EXPECT_EQ(bytes([](message& m) { m.content_encoding = "e"; }), "005373c00b0840404040404040a30165");
  EXPECT_EQ(bytes([](message& m) { m.absolute_expiry = timestamp{1}; }), "005373c01209"
                                                                         "4040404040404040"
                                                                         "830000000000000001");
}

TEST(message, a_put_token_as_node_sends_it_is_read) {
  // azure-iot-wire.md B.12: header, properties in the large form, application-properties, amqp-value
  const auto read = decode_message(unhex("00537045"
                                         "005373d00000001600000005"
                                         "a103616263"
                                         "40"
                                         "a10424636273"
                                         "40"
                                         "a103636273"
                                         "005374d10000001a00000002"
                                         "a1096f7065726174696f6e"
                                         "a1097075742d746f6b656e"
                                         "005377a105546f6b656e"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->message_id, of(std::string{"abc"}));
  EXPECT_EQ(read->to, "$cbs");
  EXPECT_EQ(read->reply_to, "cbs");
  EXPECT_EQ(*read->application_property("operation")->text(), "put-token");
  EXPECT_EQ(read->kind, message::body_kind::value);
  EXPECT_EQ(*read->body.text(), "Token");
}

TEST(message, sections_are_read_in_any_order) {
  // azure-iot-wire.md B.5: the C SDK's batches have properties before annotations
  const std::string data = "005375a00161", properties = "005373c003015301",
                    annotations = "005372c10702a30161a10162", application = "005374c10702a10161a10163",
                    footer = "005378c10100", delivery = "005371c10100";
  for (const auto& bytes :
       {properties + application + annotations + data, data + annotations + application + properties,
        footer + delivery + data + properties + annotations + application}) {
    const auto read = decode_message(unhex(bytes));
    ASSERT_TRUE(read.has_value()) << bytes;
    EXPECT_EQ(read->data, "a");
    EXPECT_EQ(read->message_id, of(std::uint64_t{1}));
    EXPECT_EQ(*read->annotation("a")->text(), "b");
    EXPECT_EQ(*read->application_property("a")->text(), "c");
  }
}

TEST(message, several_data_sections_are_one_body) {
  const auto read = decode_message(unhex("005375a00161"
                                         "00800000000000000075b0000000026263"
                                         "005375a000"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->data, "abc");
  EXPECT_EQ(read->data_sections, 3U);
}

TEST(message, bodies_may_be_absent_empty_or_values) {
  EXPECT_EQ(decode_message("")->kind, message::body_kind::none);
  EXPECT_EQ(decode_message(unhex("005375a000"))->kind, message::body_kind::data);
  EXPECT_EQ(decode_message(unhex("00537740"))->kind, message::body_kind::value);
  EXPECT_TRUE(decode_message(unhex("00537345"
                                   "005374c10100"))
                  .has_value());
  EXPECT_TRUE(decode_message(unhex("00537340"
                                   "00537440"
                                   "00537240"))
                  .has_value());
}

TEST(message, an_amqp_value_body_is_written) {
  message m;
  m.kind = message::body_kind::value;
  m.body = of(value_map{{of(std::string{"a"}), of(std::int64_t{1})}});
  EXPECT_EQ(hex(encode_message(m)), "005377c10602a101615501");
  EXPECT_EQ(decode_message(encode_message(m))->body, m.body);
}

TEST(message, malformed_bytes_are_refused) {
  const char* table[] = {
      "00",
      "41",
      "005310",   // a performative
      "00536f45", // just below the sections
      "00537945", // just above
      "00a301"
      "7545",   // a descriptor that is no number
      "005375", // data without a binary
      "005375a003"
      "6162", // data cut off
      "005375b0ffffffff61",
      "005375a10161",       // data that is a string
      "005375a0016100",     // bytes left over
      "005373a10161",       // properties that are no list
      "005373c0020141",     // message-id true
      "005373c004024041",   // user-id true
      "005373c00503404041", // to true
      "005373c00b0940404040404040"
      "405501",       // expiry that is no timestamp
      "005374c00100", // application-properties that are a list
      "005372a10161",
      "005376c0020141", // amqp-sequence
      "00537741"
      "00537741", // two bodies
      "00537741"
      "005375a000",
      "005375a000"
      "00537741",
      "00537345"
      "00537345", // properties twice
      "005374c10100"
      "005374c10100",
  };
  for (const auto* wire : table)
    EXPECT_TRUE(refused(unhex(wire))) << wire;
}

} // namespace
} // namespace causeway::amqp
