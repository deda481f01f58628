// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/registry_stream.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr const char* own_key = "NNSXS.OWN.KEY";

class registry_stream_test : public ::testing::Test {
protected:
  registry_stream_test() {
    registry_.add_application("app1", own_key, {"d1", "d2"});
    registry_.add_application("app2", "NNSXS.OTHER.KEY", {"d1"});
    registry_.on_change([this](const registry_change& what, wall_time now) { stream_.publish(what, now); });
  }
  net::http_response open(const std::string& more = "", const std::string& key = own_key) {
    const auto body = R"({"identifiers":[{"application_ids":{"application_id":"app1"}}])" + more + "}";
    return stream_.handle({"POST", "/api/v3/events", "", "Bearer " + key, body}, clock_.now());
  }
  // What is there to read, one object a record.
  static std::vector<json::object> read(net::http_response& from) {
    std::string all;
    std::array<char, 7> room{};
    while (true) {
      const auto piece = from.source->read(room);
      if (piece.what != net::http_piece::kind::some) break;
      all.append(room.data(), piece.size);
    }
    std::vector<json::object> found;
    for (std::size_t end = 0; (end = all.find("\n\n")) != std::string::npos; all.erase(0, end + 2))
      found.push_back(json::parse(all.substr(0, end)).at("result").as_object());
    EXPECT_EQ(all, "") << "a record that has no end";
    return found;
  }
  static std::string names(const std::vector<json::object>& records) {
    std::string joined;
    for (const auto& one : records)
      joined += std::string{one.at("name").as_string()} + " ";
    return joined;
  }

  manual_clock clock_;
  fault_table faults_;
  stack_registry registry_{faults_, {}, "seed"};
  stack_access access_{registry_};
  registry_stream stream_{access_, faults_, "seed"};
};

TEST_F(registry_stream_test, tells_what_happens_to_the_applications_devices) {
  auto answer = open();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/event-stream");
  int rung = 0;
  answer.source->on_ready([&] { ++rung; });
  EXPECT_EQ(names(read(answer)), "events.stream.start ");
  registry_.put("app1", "d3", {}, clock_.now().wall);
  registry_.put("app1", "d3", {{}, {}, attribute_list{{"a", "b"}}}, clock_.now().wall);
  registry_.put("app2", "d9", {}, clock_.now().wall);
  registry_.remove("app1", "d1", clock_.now().wall);
  EXPECT_EQ(registry_.move("app1", "d2", clock_.now().wall), 1U);
  registry_.clear("app1", clock_.now().wall);
  EXPECT_EQ(rung, 5);
  const auto told = read(answer);
  EXPECT_EQ(names(told), "end_device.create end_device.update end_device.delete end_device.update "
                         "end_device.batch.delete ");
  EXPECT_EQ(told[0].at("identifiers").at(0).at("device_ids").at("device_id"), "d3");
  EXPECT_EQ(told[1].at("data").at("value"), json::array{"attributes"});
  EXPECT_EQ(told[3].at("data").at("value"), json::array{"locations"});
  EXPECT_EQ(told[4].at("data").at("end_device_ids").as_array().size(), 2U);
  EXPECT_NE(told[0].at("unique_id"), told[1].at("unique_id"));
}

TEST_F(registry_stream_test, tells_the_names_that_were_asked_for_and_what_was_after_a_time) {
  registry_.put("app1", "d3", {}, clock_.now().wall);
  clock_.advance(std::chrono::seconds{1});
  const auto after = R"(,"after":")" + format_rfc3339(clock_.now().wall) + "\"";
  registry_.put("app1", "d4", {}, clock_.now().wall);
  registry_.remove("app1", "d4", clock_.now().wall);
  auto answer = open(R"(,"names":["end_device.create"])" + after);
  const auto told = read(answer);
  ASSERT_EQ(names(told), "events.stream.start end_device.create ");
  EXPECT_EQ(told[1].at("identifiers").at(0).at("device_ids").at("device_id"), "d4");
}

TEST_F(registry_stream_test, says_no_as_the_stack_does) {
  EXPECT_EQ(open("", "NNSXS.NO.KEY").status, 401);
  EXPECT_EQ(open("", "NNSXS.OTHER.KEY").status, 403);
  const auto unknown = open(R"(,"names":["end_device.nothing"])");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_TRUE(unknown.body.starts_with(R"({"error":{)"));
  EXPECT_EQ(stream_.handle({"POST", "/api/v3/events", "", "", "[]"}, clock_.now()).status, 400);
  EXPECT_EQ(stream_.handle({"GET", "/api/v3/events", "", "", ""}, clock_.now()).status, 501);
}

// real-stack-facts.md 3: a key with only INFO gets 200, the start record, and silence.
TEST_F(registry_stream_test, a_key_without_the_right_hears_the_start_and_silence) {
  access_change less;
  less.rights = {"RIGHT_APPLICATION_INFO"};
  access_.change("app1", less);
  auto answer = open();
  EXPECT_EQ(answer.status, 200);
  registry_.put("app1", "d3", {}, clock_.now().wall);
  EXPECT_EQ(names(read(answer)), "events.stream.start ");
}

TEST_F(registry_stream_test, who_does_not_read_misses_what_is_too_much) {
  auto slow = open();
  for (std::size_t i = 0; i < 2 * registry_stream::most_buffered; ++i)
    registry_.put("app1", "d1", {}, clock_.now().wall);
  EXPECT_EQ(read(slow).size(), registry_stream::most_buffered);
  EXPECT_EQ(stream_.readers(), 1U);
  slow.source.reset();
  EXPECT_EQ(stream_.readers(), 0U);
}

TEST_F(registry_stream_test, may_lose_all_of_an_application) {
  auto answer = open();
  fault rule;
  rule.kind = fault_kind::registry_no_events;
  rule.pattern = "app1";
  faults_.add(rule);
  registry_.put("app1", "d3", {}, clock_.now().wall);
  EXPECT_EQ(names(read(answer)), "events.stream.start ");
  answer.source->on_ready([] {});
  answer.source->wind_up();
  std::array<char, 1> room{};
  EXPECT_EQ(answer.source->read(room).what, net::http_piece::kind::end);
}

} // namespace
} // namespace causeway::emulator
