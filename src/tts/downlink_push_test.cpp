// SPDX-License-Identifier: Apache-2.0
#include "base/sample_file.h"
#include "tts/downlink_push.h"
#include "tts/json_span.h"

#include <gtest/gtest.h>

#include <string>

namespace causeway::tts {
namespace {

using model::push_end;

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

TEST(downlink_push, of_a_confirmed_one_with_bytes) {
  model::downlink what;
  what.f_port = 10;
  what.frm_payload = "\x01\x02\x03\x04";
  what.confirmed = true;
  what.priority = model::downlink_priority::high;
  EXPECT_EQ(format_push(what, "causeway:1"),
            R"({"downlinks":[{"f_port":10,"frm_payload":"AQIDBA==","confirmed":true,"priority":"HIGH",)"
            R"("correlation_ids":["causeway:1"]}]})");
}

TEST(downlink_push, of_decoded_fields_with_what_is_assumed) {
  model::downlink what;
  what.f_port = 15;
  what.decoded_payload = R"({"value_1":0,"value_2":1,"value_3":5})";
  EXPECT_EQ(format_push(what, "causeway:2"),
            R"({"downlinks":[{"f_port":15,"decoded_payload":{"value_1":0,"value_2":1,"value_3":5},)"
            R"("confirmed":false,"priority":"NORMAL","correlation_ids":["causeway:2"]}]})");
}

TEST(downlink_push, without_a_port_leaves_it_to_the_formatter) {
  model::downlink what;
  what.decoded_payload = R"({"color":"red"})";
  EXPECT_EQ(format_push(what, "c"),
            R"({"downlinks":[{"decoded_payload":{"color":"red"},"confirmed":false,"priority":"NORMAL",)"
            R"("correlation_ids":["c"]}]})");
}

TEST(downlink_push, with_gateways_and_attempts) {
  model::downlink what;
  what.f_port = 42;
  what.frm_payload = "\xbe\xef";
  what.decoded_payload = "[1]";
  what.class_b_c = R"({"gateways":[{"gateway_ids":{"gateway_id":"gtw1"}}]})";
  what.max_attempts = 32;
  EXPECT_EQ(format_push(what, "c\"d"),
            R"({"downlinks":[{"f_port":42,"frm_payload":"vu8=","decoded_payload":[1],"confirmed":false,)"
            R"("priority":"NORMAL","class_b_c":{"gateways":[{"gateway_ids":{"gateway_id":"gtw1"}}]},)"
            R"("confirmed_retry":{"max_attempts":32},"correlation_ids":["c\"d"]}]})");
}

TEST(downlink_push, has_a_path_for_each_operation) {
  const model::device_key dev{application_id{"app1"}, device_id{"dev-1"}};
  EXPECT_EQ(format_push_path(dev, model::queue_operation::push),
            "/as/applications/app1/devices/dev-1/down/push");
  EXPECT_EQ(format_push_path(dev, model::queue_operation::replace),
            "/as/applications/app1/devices/dev-1/down/replace");
}

TEST(push_answer, of_200_says_that_it_is_taken) {
  EXPECT_EQ(read_push_answer(200, "{}").how, push_end::taken);
  EXPECT_EQ(read_push_answer(200, "").how, push_end::taken);
}

TEST(push_answer, that_was_captured_with_the_item_in_the_queue_says_nothing) {
  for (const auto& [status, file] : {std::pair{409, "real-push-409-transaction-failed-item-is-queued.json"},
                                     std::pair{499, "real-push-499-stack-stopping-item-may-be-queued.json"},
                                     std::pair{504, "real-push-504-deadline-item-may-be-queued.json"}})
    EXPECT_EQ(read_push_answer(status, sample(file)).how, push_end::unanswered) << file;
}

// Each captured answer to a push or a replace by REST.
TEST(push_answer, that_was_captured_is_read) {
  const auto body = sample("real-http-answers.json");
  const auto document = parse_json(body);
  ASSERT_TRUE(document);
  std::size_t taken = 0, refused = 0;
  for (json_cursor at{*document}; at.next();) {
    json_span name, status, answer;
    read_members(at.value(), {{"case", &name}, {"status", &status}, {"body", &answer}});
    const auto words = name.string().value_or("");
    if (!words.starts_with("REST: ")) continue;
    const int code = std::stoi(std::string{status.text()});
    const auto read = read_push_answer(code, answer.text());
    EXPECT_EQ(read.how, code == 200 ? push_end::taken : push_end::refused) << words;
    EXPECT_EQ(read.text.empty(), code == 200) << words;
    ++(code == 200 ? taken : refused);
  }
  EXPECT_EQ(taken, 2U);
  EXPECT_EQ(refused, 14U);
}

std::string fault_named(const std::string& space, const std::string& name) {
  return R"({"code":3,"message":"m","details":[{"namespace":")" + space + R"(","name":")" + name +
         R"(","message_format":"length {length}","attributes":{"length":243}}]})";
}

struct refusal_case {
  int status;
  const char *space, *name;
  push_end how;
};

// The table of refusals, and what is like it.
const refusal_case refusals[] = {
    {400, "pkg/applicationserver", "no_f_port", push_end::refused},
    {400, "pkg/errors", "validation", push_end::refused},
    {400, "pkg/networkserver", "application_downlink_too_long", push_end::refused},
    {400, "pkg/applicationserver", "no_payload", push_end::refused},
    {409, "pkg/messageprocessors/javascript", "output_errors", push_end::refused},
    {409, "pkg/scripting/javascript", "script", push_end::refused},
    {404, "pkg/applicationserver", "device_not_found", push_end::refused},
    {400, "pkg/applicationserver", "no_device_session", push_end::refused},
    {400, "pkg/networkserver", "downlink_expired", push_end::refused},
    {400, "pkg/applicationserver", "downlink_max_retries_invalid", push_end::refused},
    {429, "pkg/networkserver", "downlink_queue_capacity", push_end::refused},
    {429, "pkg/ratelimit", "rate_limit_exceeded", push_end::later},
    {403, "pkg/auth/rights", "no_application_rights", push_end::refused},
    {403, "pkg/auth/rights", "insufficient_application_rights", push_end::refused},
    {400, "pkg/auth", "token", push_end::refused},
    {401, "pkg/identityserver", "api_key_not_found", push_end::refused},
    {401, "pkg/identityserver", "invalid_authorization", push_end::refused},
    {401, "pkg/identityserver", "api_key_expired", push_end::refused},
    {404, "pkg/redis", "not_found", push_end::unanswered},
    {409, "pkg/redis", "transaction_failed", push_end::unanswered},
    {400, "pkg/redis", "no_f_port", push_end::unanswered},
    {400, "pkg/networkserver", "something_new", push_end::unanswered},
    {400, "pkg/networkserver", "transmission", push_end::unanswered},
    {500, "pkg/redis", "store", push_end::unanswered},
    {500, "pkg/applicationserver", "no_f_port", push_end::unanswered},
    {504, "pkg/errors", "context_deadline_exceeded", push_end::unanswered},
    {204, "pkg/applicationserver", "no_f_port", push_end::unanswered},
};

TEST(push_answer, is_a_refusal_only_by_a_name_of_the_table) {
  for (const auto& one : refusals) {
    const auto answer = read_push_answer(one.status, fault_named(one.space, one.name));
    EXPECT_EQ(answer.how, one.how) << one.status << one.name;
    EXPECT_EQ(answer.name, std::string{one.space} + ":" + one.name);
    EXPECT_EQ(answer.text, "length 243");
  }
}

TEST(push_answer, with_code_3_and_no_details_is_a_refusal) {
  const std::string body =
      R"({"code":3,"message":"unmarshal error at path \"downlinks\": invalid value: illegal base64 data"})";
  const auto answer = read_push_answer(400, body);
  EXPECT_EQ(answer.how, push_end::refused);
  EXPECT_EQ(answer.text, "unmarshal error at path \"downlinks\": invalid value: illegal base64 data");
  EXPECT_EQ(read_push_answer(400, R"({"code":1,"message":"m"})").how, push_end::unanswered);
  EXPECT_EQ(read_push_answer(500, body).how, push_end::unanswered);
}

TEST(push_answer, that_is_not_the_stacks_says_nothing) {
  for (const int status : {400, 403, 404, 408, 429, 499, 502, 503})
    for (const auto* body :
         {"", "<html>Bad Gateway</html>", "[]", "{}", R"({"error":"no"})", R"({"details":[7]})"})
      EXPECT_EQ(read_push_answer(status, body).how, push_end::unanswered) << status << body;
}

} // namespace
} // namespace causeway::tts
