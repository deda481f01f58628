// SPDX-License-Identifier: Apache-2.0
#include "tts/twin_document.h"

#include <gtest/gtest.h>

namespace causeway::tts {
namespace {

TEST(twin_document, has_what_is_desired_and_what_was_told) {
  const auto twin = read_twin(
      R"({"desired":{"lorawan":{"downlink":{"f_port":7,"frm_payload":"AQ=="}},"$version":5},)"
      R"("reported":{"lorawan":{"downlink":{"version":4,"state":"failed"},"fCnt":3},"$version":2}})",
      {});
  ASSERT_TRUE(twin) << twin.fault().message();
  ASSERT_EQ(twin->desired.size(), 1U);
  const auto& downlink = twin->desired.front();
  EXPECT_EQ(downlink.property, "");
  EXPECT_EQ(downlink.version, 5);
  EXPECT_EQ(downlink.what->f_port, 7);
  EXPECT_EQ(downlink.told, R"({"version":4,"state":"failed"})");
  EXPECT_EQ(twin->state, R"({"lorawan":{"fCnt":3}})");
}

TEST(twin_document, may_have_neither) {
  const auto twin = read_twin(R"({"desired":{"$version":1},"reported":{"$version":1}})", {});
  ASSERT_TRUE(twin);
  EXPECT_TRUE(twin->desired.front().object.empty());
  EXPECT_TRUE(twin->desired.front().told.empty());
}

TEST(twin_document, that_is_none_is_malformed) {
  for (const auto* const text : {"", "{", "[]", "null", R"({"reported":{}})", R"({"desired":5})"})
    EXPECT_EQ(read_twin(text, {}).fault().code(), errc::json_malformed) << text;
}

TEST(twin_document, a_change_names_the_downlink_or_not) {
  const auto names = [](const char* patch) { return read_desired_change(patch, {})->names_downlink; };
  EXPECT_TRUE(names(R"({"lorawan":{"downlink":{"f_port":7}},"$version":5})"));
  EXPECT_TRUE(names(R"({"lorawan":{"downlink":null},"$version":5})"));
  EXPECT_TRUE(names(R"({"lorawan":null,"$version":5})"));
  EXPECT_TRUE(names(R"({"decodedPayload":{"on":true},"$version":5})"));
  EXPECT_TRUE(names(R"({"rawDownlink":null,"$version":5})"));
  EXPECT_FALSE(names(R"({"lorawan":{"other":1},"$version":5})"));
  EXPECT_FALSE(names(R"({"color":"red","$version":5})"));
  EXPECT_EQ(read_desired_change(R"({"color":"red","$version":5})", {})->version, 5);
  EXPECT_EQ(read_desired_change("5", {}).fault().code(), errc::json_malformed);
}

TEST(twin_document, an_answer_takes_the_place_of_all_of_the_one_before) {
  const auto patch = [](const std::optional<model::twin_answer>& what) {
    return write_twin_answer("", R"({"version":4,"state":"seen"})", what).patch;
  };
  EXPECT_EQ(patch(model::twin_answer{5, "queued", "c", "", "", 0, ""}),
            R"({"lorawan":{"downlink":{"version":5,"state":"queued","command":"c","error":null}}})");
  EXPECT_EQ(
      patch(model::twin_answer{5, "refused", "", "n", "a \"t\"", 0, ""}),
      R"({"lorawan":{"downlink":{"version":5,"state":"refused","command":null,"error":{"name":"n","text":"a \"t\""}}}})");
  EXPECT_EQ(patch({}), R"({"lorawan":{"downlink":null}})");
}

TEST(twin_document, an_answer_that_stands_there_is_not_written_again) {
  const model::twin_answer answer{5, "refused", "", "n", "t", 0, ""};
  const auto written = write_twin_answer("", "", answer);
  EXPECT_FALSE(written.patch.empty());
  EXPECT_EQ(write_twin_answer("", written.told, answer).patch, "");
  // As the hub gives it: without null, and in whatever order.
  const auto twin = read_twin(R"({"desired":{"$version":1},"reported":{"lorawan":{"downlink":)"
                              R"({ "error":{"text":"t","name":"n"}, "state":"refused","version":5}}}})",
                              {});
  EXPECT_EQ(write_twin_answer("", twin->desired.front().told, answer).patch, "");
  EXPECT_EQ(write_twin_answer("", "", {}).patch, "");
}

TEST(twin_document, what_was_told_in_other_types_counts_as_absent) {
  for (const auto* const told :
       {R"({"version":"5","state":"queued","command":"c"})", R"({"version":5,"state":1,"command":"c"})", "5"})
    EXPECT_NE(write_twin_answer("", told, model::twin_answer{5, "queued", "c", {}, {}, 0, {}}).patch, "")
        << told;
}

} // namespace
} // namespace causeway::tts
