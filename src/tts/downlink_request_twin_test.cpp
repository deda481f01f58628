// SPDX-License-Identifier: Apache-2.0
// What a twin's desired properties ask for, in Causeway's own shape and in that of The Things Industries.
#include "base/encoding.h"
#include "base/sample_file.h"
#include "tts/downlink_request.h"

#include <gtest/gtest.h>

namespace causeway::tts {
namespace {

using model::queue_operation;

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

void expect_fault(const error& fault, errc code, std::string_view says) {
  EXPECT_EQ(fault.code(), code) << fault.message();
  EXPECT_NE(fault.detail().find(says), std::string::npos) << fault.detail() << " lacks " << says;
}

struct member_fault {
  const char* members;
  errc code;
  const char* says;
};

TEST(twin_request, of_causeways_own_shape) {
  const auto read = read_desired(
      R"({"color":"red","lorawan":{"other":1,"downlink":{"frm_payload":"AQ==","f_port":5,"id":"a"}},"$version":7})");
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->version, 7);
  EXPECT_EQ(read->object, R"("lorawan.downlink":{"f_port":5,"frm_payload":"AQ==","id":"a"})");
  ASSERT_TRUE(read->what) << read->what.fault().message();
  EXPECT_EQ(read->what->f_port, 5);
  EXPECT_EQ(read->what->frm_payload, "\x01");
}

TEST(twin_request, is_the_same_whatever_else_is_desired_and_however_it_is_written) {
  const auto object_of = [](const char* desired) { return read_desired(desired)->object; };
  const auto one =
      object_of(R"({"lorawan":{"downlink":{"f_port":5,"decoded_payload":{"a":1,"b":2}}},"$version":1})");
  EXPECT_EQ(one, object_of(R"({"$version":9,"x":[1],"lorawan":{"y":0,"downlink":
      { "decoded_payload" : {"b":2,"a":1}, "f_port":5 }}})"));
  EXPECT_NE(one, object_of(R"({"lorawan":{"downlink":{"f_port":6,"decoded_payload":{"a":1,"b":2}}}})"));
  EXPECT_NE(one,
            object_of(R"({"lorawan":{"downlink":{"f_port":5,"decoded_payload":{"a":1,"b":2},"id":1}}})"));
}

TEST(twin_request, that_asks_for_nothing_has_no_object) {
  for (const auto* desired :
       {"{}", R"({"$version":3})", R"({"lorawan":{}})", R"({"lorawan":{"downlink":null}})",
        R"({"lorawan":7})", R"({"decodedPayload":null,"rawDownlink":null})",
        R"({"Lorawan":{"downlink":{}}})"}) {
    const auto read = read_desired(desired);
    ASSERT_TRUE(read) << desired;
    EXPECT_EQ(read->object, "") << desired;
  }
}

TEST(twin_request, of_the_things_industries_decoded_sample_has_no_port) {
  const auto read = read_desired(sample("azure-01-hub-desired-decoded.json"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->object, R"("decodedPayload":{"color":"red"})");
  ASSERT_TRUE(read->what) << read->what.fault().message();
  EXPECT_EQ(read->what->f_port, std::nullopt);
  EXPECT_EQ(read->what->decoded_payload, R"({"color":"red"})");
  EXPECT_FALSE(read->what->confirmed);
  EXPECT_EQ(read->what->queue, queue_operation::push);
}

TEST(twin_request, of_the_things_industries_raw_sample_is_hex) {
  const auto read = read_desired(sample("azure-02-hub-desired-raw-downlink.json"));
  ASSERT_TRUE(read);
  ASSERT_TRUE(read->what) << read->what.fault().message();
  EXPECT_EQ(read->what->f_port, 42);
  EXPECT_EQ(read->what->frm_payload, "\xbe\xef");
  EXPECT_EQ(read->what->decoded_payload, "");
  EXPECT_TRUE(read->what->confirmed);
  EXPECT_EQ(read->what->queue, queue_operation::replace);
}

TEST(twin_request, of_both_things_industries_shapes_is_one_downlink) {
  const auto read = read_desired(
      R"({"decodedPayload":{"a":1},"rawDownlink":{"fPort":3,"framePayload":null,"confirmed":true}})");
  ASSERT_TRUE(read);
  ASSERT_TRUE(read->what) << read->what.fault().message();
  EXPECT_EQ(read->what->f_port, 3);
  EXPECT_EQ(read->what->decoded_payload, R"({"a":1})");
  EXPECT_EQ(read->what->frm_payload, "");
  EXPECT_TRUE(read->what->confirmed);
  const auto both =
      read_desired(R"({"decodedPayload":{"a":1},"rawDownlink":{"fPort":3,"framePayload":"0aFF"}})");
  EXPECT_EQ(both->what->frm_payload, "\x0a\xff");
  EXPECT_EQ(both->what->decoded_payload, R"({"a":1})");
}

TEST(twin_request, that_is_nonsense_says_what_is_wrong_and_has_an_object_all_the_same) {
  const member_fault faults[] = {
      {R"({"lorawan":{"downlink":7}})", errc::downlink_member_invalid, "lorawan.downlink is not an object"},
      {R"({"lorawan":{"downlink":{}}})", errc::downlink_payload_missing, "frm_payload or decoded_payload"},
      {R"({"lorawan":{"downlink":{"f_port":1,"frm_payload":"AQ=="}},"decodedPayload":{}})",
       errc::twin_ambiguous, "set the others to null"},
      {R"({"lorawan":{"downlink":{"f_port":1,"frm_payload":"AQ=="}},"rawDownlink":{}})", errc::twin_ambiguous,
       "set the others to null"},
      {R"({"decodedPayload":"red"})", errc::downlink_payload_invalid, "decodedPayload"},
      {R"({"rawDownlink":"BEEF"})", errc::downlink_member_invalid, "rawDownlink is not an object"},
      {R"({"rawDownlink":{"framePayload":"BEEF"}})", errc::downlink_port_invalid,
       "rawDownlink.fPort is missing"},
      {R"({"rawDownlink":{"fPort":300,"framePayload":"BEEF"}})", errc::downlink_port_invalid,
       "rawDownlink.fPort"},
      {R"({"rawDownlink":{"fPort":1}})", errc::downlink_payload_missing, "rawDownlink.framePayload"},
      {R"({"rawDownlink":{"fPort":1,"framePayload":"BEE"}})", errc::downlink_payload_invalid, "hex"},
      {R"({"rawDownlink":{"fPort":1,"framePayload":"vu8="}})", errc::downlink_payload_invalid, "hex"},
      {R"({"rawDownlink":{"fPort":1,"framePayload":""}})", errc::downlink_payload_missing, "empty"},
      {R"({"rawDownlink":{"fPort":1,"framePayload":"BE","confirmed":"yes"}})",
       errc::downlink_confirmed_invalid, "rawDownlink.confirmed"},
      {R"({"rawDownlink":{"fPort":1,"framePayload":"BE","operation":"insert"}})",
       errc::downlink_queue_invalid, "rawDownlink.operation"},
      {R"({"rawDownlink":{"fPort":1,"framePayload":"BE","port":1}})", errc::downlink_member_invalid,
       "\"port\""},
  };
  for (const auto& one : faults) {
    const auto read = read_desired(one.members);
    ASSERT_TRUE(read) << one.members;
    EXPECT_NE(read->object, "") << one.members;
    ASSERT_FALSE(read->what) << one.members;
    expect_fault(read->what.fault(), one.code, one.says);
  }
  for (const auto* desired : {"", "[]", "7", "{"})
    EXPECT_EQ(read_desired(desired).fault().code(), errc::json_malformed) << desired;
}

TEST(twin_request, is_refused_above_what_any_data_rate_carries) {
  const std::string bytes243(486, 'B');
  for (const auto& desired : {R"({"rawDownlink":{"fPort":1,"framePayload":")" + bytes243 + R"("}})",
                              R"({"lorawan":{"downlink":{"f_port":1,"frm_payload":")" +
                                  base64_encode(std::string(243, 'x')) + R"("}}})"}) {
    const auto read = read_desired(desired);
    ASSERT_TRUE(read);
    ASSERT_FALSE(read->what) << desired;
    expect_fault(read->what.fault(), errc::downlink_payload_too_long, "243 bytes long; LoRaWAN carries 242");
  }
}

} // namespace
} // namespace causeway::tts
