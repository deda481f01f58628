// SPDX-License-Identifier: Apache-2.0
// IoT Central's writable properties: which commands they ask for, and what they are told. The shapes are
// those of Microsoft's "IoT Plug and Play conventions".
#include "tts/twin_document.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace causeway::tts {
namespace {

using model::desired_downlink;

const std::vector<named_downlink> named{
    {.name = "LightsGoOn", .f_port = 10, .payload = R"({"value_1":1})"},
    {.name = "thermostat1*target", .f_port = 11, .confirmed = true, .payload = ""},
    {.name = "lorawan", .f_port = 12, .payload = ""}};

std::vector<desired_downlink> read(const std::string& desired, const std::string& reported = "{}") {
  auto twin = read_twin(R"({"desired":)" + desired + R"(,"reported":)" + reported + "}", named);
  EXPECT_TRUE(twin) << desired;
  return twin->desired;
}
desired_downlink lights(const std::string& desired, const std::string& reported = "{}") {
  return read(desired, reported).at(1);
}
desired_downlink target(const std::string& desired, const std::string& reported = "{}") {
  return read(desired, reported).at(2);
}

TEST(writable_property, is_the_downlink_of_its_name) {
  const auto one = lights(R"({"LightsGoOn":true,"$version":7})");
  EXPECT_EQ(one.property, "LightsGoOn");
  EXPECT_EQ(one.version, 7);
  EXPECT_EQ(one.value, "true");
  EXPECT_EQ(one.object, R"("LightsGoOn":true)");
  ASSERT_TRUE(one.what) << one.what.fault().message();
  EXPECT_EQ(one.what->f_port, 10);
  EXPECT_EQ(one.what->queue, model::queue_operation::replace);
  EXPECT_EQ(one.what->decoded_payload, R"({"LightsGoOn":true})");
}

TEST(writable_property, is_the_body_of_what_has_its_name) {
  const auto payload = [](const std::string& value) {
    return lights(R"({"LightsGoOn":)" + value + "}").what->decoded_payload;
  };
  EXPECT_EQ(payload("0"), R"({"LightsGoOn":0})");
  EXPECT_EQ(payload(R"("warm")"), R"({"LightsGoOn":"warm"})");
  EXPECT_EQ(payload(R"({ "level": 3 })"), R"({"level":3})");
  EXPECT_EQ(payload(R"("@")"), R"({"value_1":1})");
  const auto refused = target(R"({"thermostat1":{"__t":"c","target":"@"}})");
  ASSERT_FALSE(refused.what);
  EXPECT_EQ(refused.what.fault().code(), errc::downlink_payload_missing);
}

TEST(writable_property, of_a_component_has_the_whole_name_and_a_bare_value_its_own) {
  const auto one = target(R"({"thermostat1":{"__t":"c","target":21.3,"other":80},"$version":3})");
  EXPECT_EQ(one.property, "thermostat1*target");
  EXPECT_EQ(one.object, R"("thermostat1*target":21.3)");
  ASSERT_TRUE(one.what) << one.what.fault().message();
  EXPECT_EQ(one.what->f_port, 11);
  EXPECT_EQ(one.what->decoded_payload, R"({"target":21.3})");
}

TEST(writable_property, is_nothing_else_that_looks_like_one) {
  EXPECT_EQ(target(R"({"thermostat1":{"target":21}})").object, "") << "an object, and no component";
  EXPECT_EQ(target(R"({"target":21})").object, "");
  EXPECT_EQ(lights(R"({"LightsGoOn":{"__t":"c","level":3}})").object, "") << "a component of that name";
  EXPECT_EQ(lights(R"({"LightsGoOn":null})").object, "");
  EXPECT_EQ(lights(R"({"lightsgoon":1})").object, "");
  EXPECT_EQ(read(R"({"lorawan":{"other":1}})").size(), 3U) << "lorawan can be no property's name";
}

TEST(writable_property, is_there_where_it_is_configured_alone) {
  const auto twin = read_twin(R"({"desired":{"LightsGoOn":true,"$version":7}})", {});
  ASSERT_TRUE(twin);
  EXPECT_EQ(twin->desired.size(), 1U);
}

TEST(writable_property, is_the_same_however_it_is_written) {
  EXPECT_EQ(lights(R"({"LightsGoOn":{"a":1,"b":"\u00e9"},"$version":1})").object,
            lights(R"({"$version":9,"x":1,"LightsGoOn":{ "b":"é", "a":1 }})").object);
  EXPECT_NE(lights(R"({"LightsGoOn":1})").object, lights(R"({"LightsGoOn":"1"})").object);
}

TEST(writable_property, is_named_by_a_change_of_it_or_of_its_component) {
  const auto names = [](const char* patch) { return read_desired_change(patch, named)->names_downlink; };
  EXPECT_TRUE(names(R"({"LightsGoOn":true,"$version":5})"));
  EXPECT_TRUE(names(R"({"LightsGoOn":null,"$version":5})"));
  EXPECT_TRUE(names(R"({"thermostat1":{"__t":"c","target":3},"$version":5})"));
  EXPECT_TRUE(names(R"({"thermostat1":null,"$version":5})"));
  EXPECT_FALSE(names(R"({"target":3,"$version":5})"));
  EXPECT_FALSE(names(R"({"lorawan":{"other":1},"$version":5})"));
}

TEST(acknowledgement, has_value_code_version_and_words) {
  const model::twin_answer queued{7, "queued", "c", "", "", 200, "true"};
  EXPECT_EQ(write_twin_answer("LightsGoOn", "", queued).patch,
            R"({"LightsGoOn":{"value":true,"ac":200,"av":7,"ad":"queued"}})");
  const model::twin_answer refused{8, "refused", "", "n", "a \"t\"", 400, "21.3"};
  EXPECT_EQ(
      write_twin_answer("thermostat1*target", "", refused).patch,
      R"({"thermostat1":{"__t":"c","target":{"value":21.3,"ac":400,"av":8,"ad":"refused: n: a \"t\""}}})");
}

TEST(acknowledgement, that_stands_there_is_not_written_again) {
  const model::twin_answer answer{7, "queued", "c", "", "", 200, R"({"a":1,"b":2})"};
  EXPECT_EQ(write_twin_answer("LightsGoOn", write_twin_answer("LightsGoOn", "", answer).told, answer).patch,
            "");
  const auto there = lights(R"({"LightsGoOn":{"a":1,"b":2}})",
                            R"({"LightsGoOn":{"ad":"queued","av":7,"ac":200,"value":{"b":2, "a":1}}})");
  EXPECT_EQ(write_twin_answer("LightsGoOn", there.told, answer).patch, "");
  const auto in_component = target("{}", R"({"thermostat1":{"__t":"c","target":{"value":1}}})");
  EXPECT_EQ(in_component.told, R"({"value":1})");
  EXPECT_EQ(write_twin_answer("LightsGoOn", "", {}).patch, "");
}

// A merge patch leaves what it does not name.
TEST(acknowledgement, leaves_nothing_of_the_value_before) {
  const std::string told = R"({"value":{"a":{"x":1},"b":2},"ac":200,"av":7,"ad":"queued"})";
  EXPECT_EQ(
      write_twin_answer("LightsGoOn", told,
                        model::twin_answer{8, "stored", "c", "", "", 202, R"({"a":{"y":1},"c":[2]})"})
          .patch,
      R"({"LightsGoOn":{"value":{"a":{"y":1,"x":null},"c":[2],"b":null},"ac":202,"av":8,"ad":"stored"}})");
  EXPECT_EQ(write_twin_answer("LightsGoOn", told, {}).patch, R"({"LightsGoOn":null})");
  EXPECT_EQ(write_twin_answer("thermostat1*target", told, {}).patch,
            R"({"thermostat1":{"__t":"c","target":null}})");
}

// What is no answer of ours is put right.
TEST(acknowledgement, takes_the_place_of_a_value_that_was_reported_bare) {
  const model::twin_answer answer{7, "queued", "c", "", "", 200, "1"};
  EXPECT_EQ(lights("{}", R"({"LightsGoOn":1})").told, "");
  EXPECT_NE(write_twin_answer("LightsGoOn", lights("{}", R"({"LightsGoOn":1})").told, answer).patch, "");
}

} // namespace
} // namespace causeway::tts
