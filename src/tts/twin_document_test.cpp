// SPDX-License-Identifier: Apache-2.0
#include "tts/twin_document.h"

#include <gtest/gtest.h>

namespace causeway::tts {
namespace {

TEST(twin_document, has_what_is_desired_and_what_was_told) {
  const auto twin = read_twin(
      R"({"desired":{"lorawan":{"downlink":{"f_port":7,"frm_payload":"AQ=="}},"$version":5},)"
      R"("reported":{"lorawan":{"downlink":{"version":4,"state":"failed","command":"c","error":{"name":"n","text":"t"}}},"$version":2}})");
  ASSERT_TRUE(twin) << twin.fault().message();
  EXPECT_EQ(twin->desired.version, 5);
  EXPECT_EQ(twin->desired.what->f_port, 7);
  EXPECT_EQ(twin->told, (model::twin_answer{4, "failed", "c", "n", "t"}));
}

TEST(twin_document, may_have_neither) {
  const auto twin = read_twin(R"({"desired":{"$version":1},"reported":{"$version":1}})");
  ASSERT_TRUE(twin);
  EXPECT_TRUE(twin->desired.object.empty());
  EXPECT_FALSE(twin->told);
}

TEST(twin_document, that_is_none_is_malformed) {
  for (const auto* const text : {"", "{", "[]", "null", R"({"reported":{}})", R"({"desired":5})"})
    EXPECT_EQ(read_twin(text).fault().code(), errc::json_malformed) << text;
}

TEST(twin_document, what_was_told_in_other_types_counts_as_absent) {
  const auto twin = read_twin(
      R"({"desired":{"$version":1},"reported":{"lorawan":{"downlink":{"version":"4","state":1}}}})");
  ASSERT_TRUE(twin);
  EXPECT_EQ(twin->told, model::twin_answer{});
  EXPECT_FALSE(read_twin(R"({"desired":{"$version":1},"reported":{"lorawan":{"downlink":5}}})")->told);
}

TEST(twin_document, a_change_names_the_downlink_or_not) {
  const auto names = [](const char* patch) { return read_desired_change(patch)->names_downlink; };
  EXPECT_TRUE(names(R"({"lorawan":{"downlink":{"f_port":7}},"$version":5})"));
  EXPECT_TRUE(names(R"({"lorawan":{"downlink":null},"$version":5})"));
  EXPECT_TRUE(names(R"({"lorawan":null,"$version":5})"));
  EXPECT_TRUE(names(R"({"decodedPayload":{"on":true},"$version":5})"));
  EXPECT_TRUE(names(R"({"rawDownlink":null,"$version":5})"));
  EXPECT_FALSE(names(R"({"lorawan":{"other":1},"$version":5})"));
  EXPECT_FALSE(names(R"({"color":"red","$version":5})"));
  EXPECT_EQ(read_desired_change(R"({"color":"red","$version":5})")->version, 5);
  EXPECT_EQ(read_desired_change("5").fault().code(), errc::json_malformed);
}

TEST(twin_document, an_answer_takes_the_place_of_all_of_the_one_before) {
  EXPECT_EQ(write_twin_answer(model::twin_answer{5, "queued", "c", "", ""}),
            R"({"lorawan":{"downlink":{"version":5,"state":"queued","command":"c","error":null}}})");
  EXPECT_EQ(
      write_twin_answer(model::twin_answer{5, "refused", "", "n", "a \"t\""}),
      R"({"lorawan":{"downlink":{"version":5,"state":"refused","command":null,"error":{"name":"n","text":"a \"t\""}}}})");
  EXPECT_EQ(write_twin_answer({}), R"({"lorawan":{"downlink":null}})");
}

TEST(twin_document, an_answer_is_read_as_it_was_written) {
  const model::twin_answer answer{5, "refused", "", "n", "t"};
  const auto reported = write_twin_answer(answer);
  EXPECT_EQ(read_twin(R"({"desired":{"$version":1},"reported":)" + reported + "}")->told, answer);
}

} // namespace
} // namespace causeway::tts
