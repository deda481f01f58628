// SPDX-License-Identifier: Apache-2.0
// What senders in Azure ask for, in each way, and each fault alone.
#include "tts/downlink_request.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace causeway::tts {
namespace {

using model::downlink_priority;
using model::queue_operation;
using properties = std::vector<std::pair<std::string, std::string>>;

const std::vector<named_downlink> named{
    {.name = "LightsGoOn", .f_port = 10, .payload = R"({"value_1":1})"},
    {.name = "Fan",
     .f_port = 11,
     .confirmed = true,
     .priority = downlink_priority::above_normal,
     .queue = queue_operation::push,
     .payload = ""},
};

void expect_fault(const error& fault, errc code, std::string_view says) {
  EXPECT_EQ(fault.code(), code) << fault.message();
  EXPECT_NE(fault.detail().find(says), std::string::npos) << fault.detail() << " lacks " << says;
}

// Acceptance scenario 3.
TEST(c2d_request, of_bytes_with_all_properties) {
  const auto read =
      read_c2d(properties{{"Port", "10"}, {"Confirmed", "true"}, {"Priority", "High"}, {"Queue", "Replace"}},
               "AQIDBA==", {});
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->f_port, 10);
  EXPECT_EQ(read->frm_payload, "\x01\x02\x03\x04");
  EXPECT_EQ(read->decoded_payload, "");
  EXPECT_TRUE(read->confirmed);
  EXPECT_EQ(read->priority, downlink_priority::high);
  EXPECT_EQ(read->queue, queue_operation::replace);
}

// Acceptance scenario 4.
TEST(c2d_request, of_decoded_fields_with_what_is_assumed) {
  const auto read = read_c2d(properties{{"Port", "15"}}, R"( {"value_1": 0, "value_2": 1.50,
    "value_3": 5} )",
                             {});
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->f_port, 15);
  EXPECT_EQ(read->frm_payload, "");
  EXPECT_EQ(read->decoded_payload, R"({"value_1":0,"value_2":1.50,"value_3":5})");
  EXPECT_FALSE(read->confirmed);
  EXPECT_EQ(read->priority, downlink_priority::normal);
  EXPECT_EQ(read->queue, queue_operation::push);
  EXPECT_EQ(read->max_attempts, std::nullopt);
}

struct property_fault {
  properties given;
  errc code;
  const char* says;
};

// Acceptance scenario 5: each alone.
TEST(c2d_request, with_an_invalid_property_is_refused_by_its_name) {
  const property_fault faults[] = {
      {{}, errc::downlink_port_invalid, "Port is missing"},
      {{{"Port", "0"}}, errc::downlink_port_invalid, "Port is \"0\""},
      {{{"Port", "224"}}, errc::downlink_port_invalid, "from 1 to 223"},
      {{{"Port", "abc"}}, errc::downlink_port_invalid, "Port is \"abc\""},
      {{{"Port", ""}}, errc::downlink_port_invalid, "Port is \"\""},
      {{{"Port", "-1"}}, errc::downlink_port_invalid, "Port"},
      {{{"Port", "1.5"}}, errc::downlink_port_invalid, "Port"},
      {{{"Port", "4294967306"}}, errc::downlink_port_invalid, "Port"},
      {{{"Port", " 10"}}, errc::downlink_port_invalid, "Port"},
      {{{"Port", "1"}, {"Confirmed", "yes"}},
       errc::downlink_confirmed_invalid,
       "Confirmed is \"yes\"; give true"},
      {{{"Port", "1"}, {"Priority", "7"}}, errc::downlink_priority_invalid, "Priority is \"7\""},
      {{{"Port", "1"}, {"Priority", "urgent"}}, errc::downlink_priority_invalid, "0 to 6"},
      {{{"Port", "1"}, {"Queue", "insert"}},
       errc::downlink_queue_invalid,
       "Queue is \"insert\"; give push or replace"},
      {{{"Port", "1"}, {"port", "1"}}, errc::downlink_member_invalid, "Port is given twice"},
      {{{"Port", "1"}, {"Queue", "push"}, {"queue", "push"}},
       errc::downlink_member_invalid,
       "Queue is given twice"},
  };
  for (const auto& one : faults) {
    const auto read = read_c2d(one.given, "AQ==", {});
    ASSERT_FALSE(read) << one.says;
    expect_fault(read.fault(), one.code, one.says);
  }
}

TEST(c2d_request, takes_properties_in_any_letter_case_and_leaves_those_of_others) {
  const auto read = read_c2d(properties{{"port", "223"},
                                        {"CONFIRMED", "TRUE"},
                                        {"priority", "belownormal"},
                                        {"qUEUE", "REPLACE"},
                                        {"Ports", "x"},
                                        {"iothub-ack", "full"}},
                             "AQ==", {});
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->f_port, 223);
  EXPECT_TRUE(read->confirmed);
  EXPECT_EQ(read->priority, downlink_priority::below_normal);
  EXPECT_EQ(read->queue, queue_operation::replace);
}

TEST(c2d_request, takes_a_priority_by_either_name_and_by_its_number) {
  const std::pair<const char*, downlink_priority> names[] = {
      {"lowest", downlink_priority::lowest},
      {"Low", downlink_priority::low},
      {"BelowNormal", downlink_priority::below_normal},
      {"BELOW_NORMAL", downlink_priority::below_normal},
      {"normal", downlink_priority::normal},
      {"above_normal", downlink_priority::above_normal},
      {"HIGH", downlink_priority::high},
      {"Highest", downlink_priority::highest},
      {"0", downlink_priority::lowest},
      {"3", downlink_priority::normal},
      {"6", downlink_priority::highest}};
  for (const auto& [name, priority] : names)
    EXPECT_EQ(parse_priority(name), priority) << name;
  for (const auto* name : {"", "7", "-1", "00", "below-normal", "normal "})
    EXPECT_EQ(parse_priority(name), std::nullopt) << name;
}

TEST(c2d_request, has_a_body_of_json_or_base64_and_nothing_else) {
  const auto read = [](std::string_view body) { return read_c2d(properties{{"Port", "1"}}, body, {}); };
  EXPECT_EQ(read("[1, 2]")->decoded_payload, "[1,2]");
  EXPECT_EQ(read("{}")->decoded_payload, "{}");
  EXPECT_EQ(read("AQIDBA==\n")->frm_payload, "\x01\x02\x03\x04");
  EXPECT_EQ(read("-_8")->frm_payload, "\xfb\xff"); // as the stack reads it too
  EXPECT_EQ(read("true")->frm_payload.size(), 3U); // base64 as well
  expect_fault(read("").fault(), errc::downlink_payload_missing, "the body is empty");
  expect_fault(read(" \r\n").fault(), errc::downlink_payload_missing, "the body is empty");
  expect_fault(read(R"({"a":)").fault(), errc::downlink_payload_invalid, "not valid JSON, offset 5");
  expect_fault(read("hello!").fault(), errc::downlink_payload_invalid, "neither");
  expect_fault(read(R"("AQ==")").fault(), errc::downlink_payload_invalid, "not base64");
  expect_fault(read("\xff\xfe").fault(), errc::downlink_payload_invalid, "neither");
}

TEST(c2d_request, is_refused_above_what_any_data_rate_carries) {
  const auto of_bytes = [](std::size_t count) {
    std::string body;
    for (std::size_t i = 0; i < count; i += 3)
      body += "AAAA";
    if (count % 3 == 2) body.back() = '=';
    if (count % 3 == 1) body.replace(body.size() - 2, 2, "==");
    return read_c2d(properties{{"Port", "1"}}, body, {});
  };
  EXPECT_EQ(of_bytes(242)->frm_payload.size(), 242U);
  expect_fault(of_bytes(243).fault(), errc::downlink_payload_too_long, "243 bytes long; LoRaWAN carries 242");
}

// Acceptance scenario 6.
TEST(named_request, of_iot_central_is_what_is_configured_for_its_name) {
  const auto read = [](const char* name, std::string_view body) {
    return read_c2d(properties{{"method-name", name}}, body, named);
  };
  const auto lights = read("LightsGoOn", "@");
  ASSERT_TRUE(lights);
  EXPECT_EQ(lights->f_port, 10);
  EXPECT_EQ(lights->decoded_payload, R"({"value_1":1})");
  EXPECT_EQ(lights->queue, queue_operation::replace);
  EXPECT_EQ(lights->priority, downlink_priority::normal);
  EXPECT_FALSE(lights->confirmed);
  const auto fan = read("Fan", "2");
  ASSERT_TRUE(fan);
  EXPECT_EQ(fan->f_port, 11);
  EXPECT_EQ(fan->decoded_payload, R"({"Fan":2})");
  EXPECT_TRUE(fan->confirmed);
  EXPECT_EQ(fan->priority, downlink_priority::above_normal);
  EXPECT_EQ(fan->queue, queue_operation::push);
  EXPECT_EQ(read("Fan", "fast")->decoded_payload, R"({"Fan":"fast"})");
  EXPECT_EQ(read("Fan", "\"fast\"")->decoded_payload, R"({"Fan":"fast"})");
  EXPECT_EQ(read("Fan", "say \"x\"")->decoded_payload, R"({"Fan":"say \"x\""})");
  EXPECT_EQ(read("Fan", "007")->decoded_payload, R"({"Fan":"007"})");
  EXPECT_EQ(read("Fan", "true")->decoded_payload, R"({"Fan":true})");
  EXPECT_EQ(read("Fan", R"({"value_2": 3})")->decoded_payload, R"({"value_2":3})");
  EXPECT_EQ(read("Fan", "[1, 2]")->decoded_payload, "[1,2]");
  EXPECT_EQ(read("LightsGoOn", "")->decoded_payload, R"({"value_1":1})");
  EXPECT_EQ(read("LightsGoOn", "null")->decoded_payload, R"({"value_1":1})");
  expect_fault(read("Fan", "@").fault(), errc::downlink_payload_missing, "Fan has no configured payload");
  expect_fault(read("Fan", "").fault(), errc::downlink_payload_missing, "Fan has no configured payload");
  expect_fault(read("Fan", R"({"a":)").fault(), errc::downlink_payload_invalid, "not valid JSON");
  expect_fault(read("Fan", "\xff").fault(), errc::downlink_payload_invalid, "not UTF-8");
  expect_fault(read("Nope", "@").fault(), errc::method_unknown, "\"Nope\"; name it as");
  expect_fault(read("", "@").fault(), errc::method_unknown, "\"\"");
  expect_fault(read("fan", "2").fault(), errc::method_unknown, "\"fan\"");
}

TEST(named_request, of_iot_central_has_no_need_of_the_other_properties) {
  const auto read = read_c2d(properties{{"Method-Name", "Fan"}, {"Port", "999"}}, "2", named);
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->f_port, 11);
}

TEST(named_request, of_a_method_is_the_same) {
  const auto read = read_method("Fan", "2", named);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->what.decoded_payload, R"({"Fan":2})");
  EXPECT_EQ(read->what.f_port, 11);
  EXPECT_EQ(read->wait, model::awaited_step::queued);
  EXPECT_EQ(read->wait_for, seconds{25});
  EXPECT_EQ(read->id, "");
  EXPECT_EQ(read_method("LightsGoOn", "null", named)->what.decoded_payload, R"({"value_1":1})");
  EXPECT_EQ(read_method("LightsGoOn", R"("@")", named)->what.decoded_payload, R"({"value_1":1})");
  expect_fault(read_method("Reboot", "1", named).fault(), errc::method_unknown, "\"Reboot\"");
}

TEST(method_request, has_all_members_in_either_case) {
  const auto read = read_method("downlink",
                                R"({"f_port":42,"frm_payload":"vu8=","confirmed":true,"priority":"HIGH",
      "queue":"replace","class_b_c":{"gateways":[{"gateway_ids":{"gateway_id":"gtw1"}, "antenna_index":1}],
      "absolute_time":"2026-01-01T00:00:00Z"},"max_attempts":32,"wait":"acknowledged","wait_seconds":300,
      "id":"call-7"})",
                                {});
  ASSERT_TRUE(read) << read.fault().message();
  const auto& what = read->what;
  EXPECT_EQ(what.f_port, 42);
  EXPECT_EQ(what.frm_payload, "\xbe\xef");
  EXPECT_TRUE(what.confirmed);
  EXPECT_EQ(what.priority, downlink_priority::high);
  EXPECT_EQ(what.queue, queue_operation::replace);
  EXPECT_EQ(what.class_b_c, R"({"gateways":[{"gateway_ids":{"gateway_id":"gtw1"},"antenna_index":1}],)"
                            R"("absolute_time":"2026-01-01T00:00:00Z"})");
  EXPECT_EQ(what.max_attempts, 32);
  EXPECT_EQ(read->wait, model::awaited_step::acknowledged);
  EXPECT_EQ(read->wait_for, seconds{300});
  EXPECT_EQ(read->id, "call-7");
  const auto camel = read_method("downlink", R"({"fPort":1,"decodedPayload":{"a": 1},"waitSeconds":1,"id":7,
      "confirmed":null,"priority":2})",
                                 {});
  ASSERT_TRUE(camel) << camel.fault().message();
  EXPECT_EQ(camel->what.f_port, 1);
  EXPECT_EQ(camel->what.decoded_payload, R"({"a":1})");
  EXPECT_EQ(camel->what.priority, downlink_priority::below_normal);
  EXPECT_EQ(camel->wait_for, seconds{1});
  EXPECT_EQ(camel->id, "7");
}

TEST(method_request, without_a_port_is_for_the_formatter_alone) {
  EXPECT_EQ(read_method("downlink", R"({"decoded_payload":{}})", {})->what.f_port, std::nullopt);
  expect_fault(read_method("downlink", R"({"frm_payload":"AQ=="})", {}).fault(), errc::downlink_port_invalid,
               "f_port is missing");
}

TEST(method_request, is_refused_above_what_any_data_rate_carries) {
  const auto payload = [](std::size_t bytes) {
    return R"({"f_port":1,"frm_payload":")" + base64_encode(std::string(bytes, 'x')) + "\"}";
  };
  EXPECT_TRUE(read_method("downlink", payload(242), {}));
  expect_fault(read_method("downlink", payload(243), {}).fault(), errc::downlink_payload_too_long,
               "243 bytes long; LoRaWAN carries 242");
}

struct member_fault {
  const char* members;
  errc code;
  const char* says;
};

TEST(method_request, with_an_invalid_member_is_refused_by_its_name) {
  const member_fault faults[] = {
      {R"("f_port":0)", errc::downlink_port_invalid, "f_port"},
      {R"("f_port":224)", errc::downlink_port_invalid, "f_port"},
      {R"("f_port":"1")", errc::downlink_port_invalid, "f_port"},
      {R"("f_port":1.0)", errc::downlink_port_invalid, "f_port"},
      {R"("confirmed":"true")", errc::downlink_confirmed_invalid, "confirmed"},
      {R"("confirmed":1)", errc::downlink_confirmed_invalid, "confirmed"},
      {R"("priority":7)", errc::downlink_priority_invalid, "priority"},
      {R"("priority":{})", errc::downlink_priority_invalid, "priority"},
      {R"("queue":"insert")", errc::downlink_queue_invalid, "queue"},
      {R"("class_b_c":[])", errc::downlink_member_invalid, "class_b_c is not an object"},
      {R"("class_b_c":{"gateways":{}})", errc::downlink_member_invalid, "class_b_c.gateways is not a list"},
      {R"("class_b_c":{"gateways":[{}]})", errc::downlink_member_invalid, "gateway_ids.gateway_id"},
      {R"("class_b_c":{"gateways":[{"gateway_ids":{"gateway_id":"NO"}}]})", errc::downlink_member_invalid,
       "gateway_ids.gateway_id"},
      {R"("class_b_c":{"gateways":[{"eui":"0102030405060708"}]})", errc::downlink_member_invalid, "\"eui\""},
      {R"("class_b_c":{"absolute_time":"soon"})", errc::downlink_member_invalid, "class_b_c.absolute_time"},
      {R"("class_b_c":{"at":1})", errc::downlink_member_invalid, "\"at\""},
      {R"("max_attempts":0)", errc::downlink_member_invalid, "max_attempts"},
      {R"("max_attempts":33)", errc::downlink_member_invalid, "from 1 to 32"},
      {R"("wait":"done")", errc::downlink_member_invalid, "wait is \"done\"; give queued, sent"},
      {R"("wait_seconds":0)", errc::downlink_member_invalid, "wait_seconds"},
      {R"("wait_seconds":301)", errc::downlink_member_invalid, "from 1 to 300"},
      {R"("wait_seconds":"5")", errc::downlink_member_invalid, "wait_seconds"},
      {R"("id":"")", errc::downlink_member_invalid, "id is \"\""},
      {R"("id":{})", errc::downlink_member_invalid, "id is"},
      {R"("id":true)", errc::downlink_member_invalid, "id is"},
      {R"("port":1)", errc::downlink_member_invalid, "\"port\" is no member"},
      {R"("decoded_payload":{})", errc::downlink_payload_invalid, "both given"},
      {R"("decoded_payload":"x")", errc::downlink_payload_invalid, "decoded_payload"},
      {R"("frm_payload":"!")", errc::downlink_payload_invalid, "frm_payload is not base64"},
      {R"("frm_payload":7)", errc::downlink_payload_invalid, "frm_payload is \"7\"; give text"},
      {R"("frm_payload":"")", errc::downlink_payload_missing, "frm_payload is empty"},
  };
  for (const auto& one : faults) {
    // A member given twice counts as the last says, here the faulty one.
    const auto read =
        read_method("downlink", R"({"f_port":1,"frm_payload":"AQ==",)" + std::string{one.members} + "}", {});
    ASSERT_FALSE(read) << one.members;
    expect_fault(read.fault(), one.code, one.says);
  }
  expect_fault(read_method("downlink", "{}", {}).fault(), errc::downlink_payload_missing, "frm_payload or");
  expect_fault(read_method("downlink", "[]", {}).fault(), errc::downlink_payload_invalid, "not an object");
  expect_fault(read_method("downlink", "null", {}).fault(), errc::downlink_payload_invalid, "not an object");
  expect_fault(read_method("downlink", "{", {}).fault(), errc::downlink_payload_invalid, "not valid JSON");
  expect_fault(read_method("downlink", R"({"id":")" + std::string(129, 'x') + "\"}", {}).fault(),
               errc::downlink_member_invalid, "1 to 128");
}

} // namespace
} // namespace causeway::tts
