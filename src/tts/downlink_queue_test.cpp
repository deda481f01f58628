// SPDX-License-Identifier: Apache-2.0
// Each captured reading of queue and record, and what is no reading.
#include "tts/downlink_queue.h"

#include "base/clock.h"
#include "base/sample_file.h"
#include "tts/json_span.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace causeway::tts {
namespace {

using model::read_end;

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

std::optional<std::int64_t> nanoseconds(std::string_view time) {
  if (time.empty()) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(parse_rfc3339(time)->time_since_epoch())
      .count();
}

// The one that the test's sender has made: "x:…".
std::string own(const std::vector<std::string>& ids) {
  for (const auto& id : ids)
    if (id.starts_with("x:")) return id;
  return {};
}

struct expected_record {
  const char *file, *device;
  bool class_a;
  const char *newest_uplink, *last_uplink, *last_downlink, *pending;
  std::size_t ids_of_last;
};

// Read off the files by hand.
const expected_record records[] = {
    {"real-ns-record-abp-after-many-uplinks-shortened.json", "abp-a-3", true,
     "2026-11-29T08:48:46.069227553Z", "2026-11-29T08:48:46.069227553Z", "x:m6", "", 6},
    {"real-ns-record-abp-before-first-uplink.json", "abp-a-3", true, "", "", "", "", 0},
    {"real-ns-record-class-c-before-first-uplink.json", "abp-c-4", false, "", "", "", "", 0},
    {"real-ns-record-class-c-sent.json", "abp-c-4", false, "2026-11-29T08:47:38.593758099Z",
     "2026-11-29T08:47:38.593758099Z", "x:c1", "", 4},
    {"real-ns-record-otaa-confirmed-resent-in-new-session.json", "otaa-a-60", true,
     "2026-11-29T08:51:08.628473177Z", "2026-11-29T08:51:08.628473177Z", "x:conf", "x:conf", 6},
    {"real-ns-record-otaa-confirmed-waits-for-ack.json", "otaa-a-60", true, "2026-11-29T08:50:58.922106923Z",
     "2026-11-29T08:50:58.922106923Z", "x:conf", "x:conf", 6},
    {"real-ns-record-otaa-confirmed-waits-rejoined.json", "otaa-a-60", true, "2026-11-29T08:50:58.922106923Z",
     "2026-11-29T08:50:58.922106923Z", "x:conf", "x:conf", 6},
    {"real-ns-record-otaa-joined-no-uplink.json", "otaa-a-3", true, "2026-11-29T08:47:34.747581031Z", "", "",
     "", 0},
    {"real-ns-record-otaa-never-joined.json", "otaa-a-3", true, "", "", "", "", 0},
    // The newest is the join request of the session that begins.
    {"real-ns-record-otaa-rejoined-no-uplink.json", "otaa-a-3", true, "2026-11-29T08:47:46.240040358Z",
     "2026-11-29T08:47:38.594706034Z", "x:o1-otaa-a-3", "", 6},
};

// A device of the laboratory has been created once.
const std::map<std::string, std::string> created_at{{"abp-a-3", "2026-11-29T08:47:32.559260513Z"},
                                                    {"abp-c-4", "2026-11-29T08:47:32.595737852Z"},
                                                    {"otaa-a-3", "2026-11-29T08:47:32.633708839Z"},
                                                    {"otaa-a-60", "2026-11-29T08:50:50.051674437Z"}};

TEST(network_record, of_a_running_stack_is_read) {
  for (const auto& want : records) {
    SCOPED_TRACE(want.file);
    const auto read =
        parse_network_record(sample(want.file), {application_id{"lab-app"}, device_id{want.device}});
    ASSERT_TRUE(read) << read.fault().message();
    EXPECT_EQ(read->created_at, nanoseconds(created_at.at(want.device)));
    EXPECT_EQ(read->class_a, want.class_a);
    EXPECT_EQ(read->newest_uplink, nanoseconds(want.newest_uplink));
    EXPECT_EQ(read->last_uplink, nanoseconds(want.last_uplink));
    EXPECT_EQ(own(read->last_downlink), want.last_downlink);
    EXPECT_EQ(read->last_downlink.size(), want.ids_of_last);
    EXPECT_EQ(own(read->pending), want.pending);
  }
}

TEST(network_record, that_is_an_error_or_another_devices_is_none) {
  const model::device_key dev{application_id{"lab-app"}, device_id{"abp-a-3"}};
  for (const auto* file : {"real-ns-record-400-queue-path.json", "real-ns-record-403-session-path.json",
                           "real-ns-record-class-c-sent.json", "real-down-list-one-item.json"}) {
    const auto read = parse_network_record(sample(file), dev);
    ASSERT_FALSE(read) << file;
    EXPECT_EQ(read.fault().code(), errc::stack_protocol);
  }
  const auto other_application = parse_network_record(sample("real-ns-record-abp-before-first-uplink.json"),
                                                      {application_id{"app2"}, device_id{"abp-a-3"}});
  EXPECT_FALSE(other_application);
}

const model::device_key dev1{application_id{"app1"}, device_id{"dev1"}};

const std::string ids = R"("ids":{"device_id":"dev1","application_ids":{"application_id":"app1"}})";

result<model::network_record> record_of(const std::string& members) {
  return parse_network_record("{" + ids + R"(,"created_at":"2026-01-01T00:00:00Z")" + members + "}", dev1);
}

TEST(network_record, is_of_class_a_only_where_nothing_says_otherwise) {
  const auto is_class_a = [](const std::string& members) { return record_of(members)->class_a; };
  EXPECT_TRUE(is_class_a(""));
  EXPECT_TRUE(is_class_a(R"(,"supports_class_c":false,"mac_state":{"device_class":"CLASS_A"})"));
  EXPECT_FALSE(is_class_a(R"(,"supports_class_b":true)"));
  EXPECT_FALSE(is_class_a(R"(,"supports_class_c":true)"));
  EXPECT_FALSE(is_class_a(R"(,"multicast":true)"));
  EXPECT_FALSE(is_class_a(R"(,"mac_state":{"device_class":"CLASS_B"})"));
  EXPECT_FALSE(is_class_a(R"(,"mac_state":{"device_class":2})"));
  EXPECT_FALSE(is_class_a(R"(,"multicast":"true")"));
}

TEST(network_record, has_the_newest_uplink_wherever_it_stands) {
  EXPECT_EQ(record_of(R"(,"mac_state":{"recent_uplinks":[{"received_at":"2026-01-01T00:00:02Z"},)"
                      R"({"received_at":"2026-01-01T00:00:01.5Z"}]})")
                ->newest_uplink,
            nanoseconds("2026-01-01T00:00:02Z"));
}

// Two in one packet are taken up in whatever order (real-stack-facts.md 2.8), and two servers have two
// clocks.
TEST(network_record, has_the_uplink_that_was_taken_up_last_whatever_its_time) {
  const auto read =
      record_of(R"(,"mac_state":{"recent_uplinks":[{"received_at":"2026-01-01T00:00:02Z"},)"
                R"({"received_at":"2026-01-01T00:00:01.50Z"}]},)"
                R"("pending_mac_state":{"recent_uplinks":[{"received_at":"2026-01-01T00:00:03Z"}]})");
  EXPECT_EQ(read->last_uplink, nanoseconds("2026-01-01T00:00:01.5Z"));
  EXPECT_EQ(record_of(R"(,"pending_mac_state":{"recent_uplinks":[{"received_at":"2026-01-01T00:00:03Z"}]})")
                ->last_uplink,
            std::nullopt)
      << "a join request has fetched nothing";
}

TEST(network_record, has_the_ids_of_the_last_downlink_alone) {
  EXPECT_TRUE(record_of(R"(,"mac_state":{"recent_downlinks":[{"correlation_ids":["x:1"]},{}]})")
                  ->last_downlink.empty());
}

// What cannot be read must not look like an absence.
TEST(network_record, of_another_shape_is_refused) {
  for (const auto* members :
       {R"(,"mac_state":[])", R"(,"pending_mac_state":7)", R"(,"mac_state":{"recent_uplinks":{}})",
        R"(,"mac_state":{"recent_uplinks":[{}]})",
        R"(,"mac_state":{"recent_uplinks":[{"received_at":"now"}]})",
        R"(,"mac_state":{"recent_uplinks":[7]})",
        R"(,"pending_mac_state":{"recent_uplinks":[{"received_at":1}]})",
        R"(,"mac_state":{"recent_downlinks":{}})", R"(,"mac_state":{"recent_downlinks":[7]})",
        R"(,"mac_state":{"recent_downlinks":[{"correlation_ids":"x:1"}]})",
        R"(,"mac_state":{"recent_downlinks":[{"correlation_ids":[7]}]})",
        R"(,"mac_state":{"pending_application_downlink":[]})",
        R"(,"mac_state":{"pending_application_downlink":{"correlation_ids":{}}})"}) {
    const auto read = record_of(members);
    ASSERT_FALSE(read) << members;
    EXPECT_EQ(read.fault().code(), errc::stack_protocol);
  }
  for (const auto* body : {"", "{}", "[]", "null", "<html>", R"({"ids":7})"})
    EXPECT_FALSE(parse_network_record(body, dev1)) << body;
}

// It comes unasked with each; a device that was deleted and made again is told by it alone.
TEST(network_record, without_its_creation_is_none) {
  for (const auto* member : {"", R"(,"created_at":null)", R"(,"created_at":7)", R"(,"created_at":"now")"}) {
    const auto read = parse_network_record("{" + ids + member + "}", dev1);
    ASSERT_FALSE(read) << member;
    EXPECT_EQ(read.fault().code(), errc::stack_protocol);
  }
}

// {"code":…,"details":[{…}]}
std::string error_of(const std::string& space, const std::string& name) {
  return R"({"code":5,"message":"error:…","details":[{"namespace":")" + space + R"(","name":")" + name +
         R"("}]})";
}

TEST(look_answer, is_a_refusal_in_the_stacks_own_words_alone) {
  EXPECT_EQ(read_look_answer(200, "{}"), read_end::seen);
  EXPECT_EQ(read_look_answer(400, sample("real-ns-record-400-queue-path.json")), read_end::refused);
  EXPECT_EQ(read_look_answer(403, sample("real-ns-record-403-session-path.json")), read_end::refused);
  EXPECT_EQ(read_look_answer(401, error_of("pkg/identityserver", "api_key_not_found")), read_end::refused);
  EXPECT_EQ(read_look_answer(404, error_of("pkg/redis", "application_not_found")), read_end::refused);
  for (const int status : {400, 401, 403, 404})
    for (const auto* body : {"", "{}", "<html>", "[7]", R"({"code":5,"message":"Not Found","details":[]})",
                             R"({"details":{"name":"not_found"}})", R"({"details":["not_found"]})"})
      EXPECT_EQ(read_look_answer(status, body), read_end::failed) << status << body;
}

TEST(look_answer, is_no_look_where_another_may_succeed) {
  for (const int status : {0, 204, 302, 408, 409, 429, 499, 500, 502, 503, 504})
    EXPECT_EQ(read_look_answer(status, error_of("pkg/redis", "not_found")), read_end::failed) << status;
}

TEST(look_answer, says_that_the_stack_has_no_such_device) {
  const auto body = sample("real-http-answers.json");
  const auto document = parse_json(body);
  ASSERT_TRUE(document);
  std::size_t answers = 0;
  for (json_cursor at{*document}; at.next();) {
    json_span name, answer;
    read_members(at.value(), {{"case", &name}, {"body", &answer}});
    const auto is_of_unknown_device = name.string().value_or("").ends_with("unknown device");
    if (!is_of_unknown_device) continue;
    EXPECT_EQ(read_look_answer(404, answer.text()), read_end::unknown) << *name.string();
    ++answers;
  }
  EXPECT_EQ(answers, 3U);
}

TEST(network_record, is_asked_for_without_a_path_that_the_stack_forbids) {
  for (const auto* path : {"queued_application_downlinks", "last_a_f_cnt_down", ",session,", ",mac_state,",
                           "session.keys,", "pending_mac_state.pending_application_downlink"})
    EXPECT_EQ(network_record_fields.find(path), std::string_view::npos) << path;
}

TEST(downlink_queue, of_a_running_stack_is_read) {
  const auto read = parse_downlink_queue(sample("real-down-list-one-item.json"));
  ASSERT_TRUE(read) << read.fault().message();
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ((*read)[0].f_port, 10);
  EXPECT_EQ((*read)[0].f_cnt, 1U);
  EXPECT_EQ((*read)[0].correlation_ids,
            (std::vector<std::string>{
                "as:downlink:01M8K7SXAGPVF80C12PES4H0NQ",
                "rpc:/ttn.lorawan.v3.AppAs/DownlinkQueuePush:01M8K7SXAE4AYQ9Q7MC24QW3N5", "x:a1"}));
}

TEST(downlink_queue, that_was_captured_is_read_whether_empty_or_not) {
  const auto body = sample("real-http-answers.json");
  const auto document = parse_json(body);
  ASSERT_TRUE(document);
  std::vector<std::size_t> sizes;
  for (json_cursor at{*document}; at.next();) {
    json_span name, status, answer;
    read_members(at.value(), {{"case", &name}, {"status", &status}, {"body", &answer}});
    if (name.string().value_or("").starts_with("GET queue") && status.text() == "200")
      sizes.push_back(parse_downlink_queue(answer.text())->size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 0, 0}));
}

TEST(downlink_queue, without_items_is_empty) {
  for (const auto* body : {"{}", R"({"downlinks":[]})"}) {
    const auto read = parse_downlink_queue(body);
    ASSERT_TRUE(read) << body;
    EXPECT_TRUE(read->empty());
  }
  EXPECT_EQ(parse_downlink_queue(R"({"downlinks":[{},{"f_port":1}]})")->size(), 2U);
}

// An empty queue is what has an item pushed again.
TEST(downlink_queue, of_another_shape_is_refused) {
  for (const auto* body : {"", "[]", "null", "<html>", R"({"downlinks":{}})", R"({"downlinks":[7]})",
                           R"({"downlinks":null})", R"({"error":"upstream"})",
                           R"({"downlinks":[],"error":7})", R"({"downlinks":[{"correlation_ids":"x:1"}]})",
                           R"({"downlinks":[{"correlation_ids":[1]}]})", R"({"downlinks":[{"f_port":"1"}]})",
                           R"({"downlinks":[{"f_port":256}]})", R"({"downlinks":[{"f_cnt":-1}]})"}) {
    const auto read = parse_downlink_queue(body);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.fault().code(), errc::stack_protocol);
  }
}

} // namespace
} // namespace causeway::tts
