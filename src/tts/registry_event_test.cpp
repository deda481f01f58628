// SPDX-License-Identifier: Apache-2.0
#include "tts/registry_event.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace causeway::tts {
namespace {

using kind = registry_event::kind;

std::string sample(const std::string& name) {
  std::ifstream file{std::string{CAUSEWAY_TEST_DATA} + "/things-stack/" + name};
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> names_of(const registry_event& event) {
  std::vector<std::string> names;
  for (const auto& one : event.devices)
    names.push_back(one.str());
  return names;
}

TEST(registry_event, the_real_stream_is_read) {
  record_cutter cut{65'536};
  std::vector<registry_event> events;
  const auto all = sample("real-event-stream.txt");
  for (std::size_t at = 0; at < all.size(); at += 7) {
    ASSERT_TRUE(cut.add(std::string_view{all}.substr(at, 7), [&](std::string_view record) {
      auto event = parse_registry_event(record, application_id{"big-fleet"});
      EXPECT_TRUE(event) << record;
      events.push_back(std::move(*event));
      return true;
    }));
  }
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].what, kind::other);
  EXPECT_EQ(events[1].what, kind::changed);
  EXPECT_EQ(names_of(events[1]), std::vector<std::string>{"evt-1"});
  EXPECT_EQ(events[2].what, kind::changed);
  EXPECT_EQ(events[3].what, kind::deleted);
  EXPECT_EQ(names_of(events[3]), std::vector<std::string>{"evt-1"});
  EXPECT_EQ(events[4].what, kind::deleted);
  EXPECT_EQ(names_of(events[4]), (std::vector<std::string>{"dev-0011", "dev-0012"}));
  ASSERT_TRUE(events[4].at);
  EXPECT_EQ(format_rfc3339(*events[4].at), "2026-11-29T03:51:08.101133835Z");
}

TEST(registry_event, an_update_counts_only_where_it_writes_what_is_read) {
  const auto update = [](const std::string& paths) {
    const auto event = parse_registry_event(
        R"({"result":{"name":"end_device.update","identifiers":[{"device_ids":{"device_id":"d1","application_ids":{"application_id":"app1"}}}],"data":{"@type":"type.googleapis.com/google.protobuf.Value","value":)" +
            paths + "}}}",
        application_id{"app1"});
    EXPECT_TRUE(event);
    return event->what;
  };
  EXPECT_EQ(update(R"(["name","attributes"])"), kind::changed);
  EXPECT_EQ(update(R"(["attributes.azureintegration"])"), kind::changed);
  EXPECT_EQ(update(R"(["locations"])"), kind::other);
  EXPECT_EQ(update(R"(["name","activated_at"])"), kind::other);
  EXPECT_EQ(update("[]"), kind::changed);
  EXPECT_EQ(update("null"), kind::changed);
  const auto constructed = parse_registry_event(
      sample("event-05-constructed-end_device.update-stream-line.json"), application_id{"app1"});
  ASSERT_TRUE(constructed);
  EXPECT_EQ(constructed->what, kind::changed);
}

TEST(registry_event, devices_of_others_and_ids_that_are_none_are_left_out) {
  const auto event = parse_registry_event(
      R"({"result":{"name":"end_device.delete","identifiers":[
        {"device_ids":{"device_id":"d1","application_ids":{"application_id":"app2"}}},
        {"device_ids":{"device_id":"D 1","application_ids":{"application_id":"app1"}}},
        {"application_ids":{"application_id":"app1"}}, 7]}})",
      application_id{"app1"});
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->devices.empty());
}

TEST(registry_event, a_record_that_is_an_error_says_so) {
  const auto wrong = parse_registry_event(R"({"error":{"code":16,"message":"token not found","details":[]}})",
                                          application_id{"app1"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.fault().code(), errc::registry_unauthorized);
  EXPECT_EQ(wrong.fault().detail(), "token not found");
  EXPECT_EQ(parse_registry_event(R"({"error":{"code":14}})", application_id{"app1"}).fault().code(),
            errc::registry_unavailable);
  for (const auto* text : {"", "[]", "{", R"({"result":3})", "{}"})
    EXPECT_EQ(parse_registry_event(text, application_id{"app1"}).fault().code(), errc::registry_protocol)
        << text;
}

TEST(registry_event, the_request_asks_for_the_application_and_these_events_alone) {
  EXPECT_EQ(format_event_request(application_id{"app1"}, std::nullopt),
            R"({"identifiers":[{"application_ids":{"application_id":"app1"}}],"names":["end_device.create",)"
            R"("end_device.update","end_device.delete","end_device.batch.delete"]})");
  const auto after = *parse_rfc3339("2026-11-29T03:51:08.101133835Z");
  EXPECT_NE(format_event_request(application_id{"app1"}, after)
                .find(R"(,"after":"2026-11-29T03:51:08.101133835Z"})"),
            std::string::npos);
}

TEST(record_cutter, holds_no_more_than_one_record_of_the_longest_that_may_be) {
  record_cutter cut{10};
  std::vector<std::string> records;
  const auto take = [&](std::string_view record) {
    records.emplace_back(record);
    return true;
  };
  EXPECT_TRUE(cut.add("{\"a\":1}\r\n\n\n{\"b\"", take));
  EXPECT_TRUE(cut.add(":2}\n", take));
  EXPECT_EQ(records, (std::vector<std::string>{"{\"a\":1}\r", "{\"b\":2}"}));
  EXPECT_TRUE(cut.add("1234567890", take));
  EXPECT_FALSE(cut.add("1", take));
  record_cutter again{10};
  EXPECT_FALSE(again.add("1\n2\n", [](std::string_view) { return false; }));
}

} // namespace
} // namespace causeway::tts
