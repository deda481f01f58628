// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/twin.h"

#include "emulator/state/json_text.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

class twin_test : public ::testing::Test {
protected:
  std::optional<twin_refusal> report(const std::string& patch) {
    return twin_.report(read_json(patch)->as_object(), clock_.now().wall);
  }
  std::optional<twin_refusal> change(const std::string& body, bool replace = false) {
    told_.reset();
    return twin_.change(*read_twin_change(*read_json(body), replace), clock_.now().wall, told_);
  }

  manual_clock clock_;
  twin twin_{clock_.now().wall};
  std::optional<desired_change> told_;
};

TEST_F(twin_test, a_new_one_is_empty_and_at_version_one) {
  EXPECT_EQ(twin_.device_view(), R"({"desired":{"$version":1},"reported":{"$version":1}})");
  EXPECT_EQ(twin_.etag(), "AAAAAAAAAAE=");
  EXPECT_EQ(json_text(twin_.properties()),
            R"({"desired":{"$metadata":{"$lastUpdated":"2026-01-01T00:00:00.000Z"},"$version":1},)"
            R"("reported":{"$metadata":{"$lastUpdated":"2026-01-01T00:00:00.000Z"},"$version":1}})");
}

TEST_F(twin_test, each_section_counts_its_own_changes) {
  EXPECT_FALSE(report(R"({"fw":"1.0"})"));
  EXPECT_FALSE(report(R"({"fw":"1.0"})"));
  EXPECT_FALSE(change(R"({"properties":{"desired":{"rate":60}}})"));
  EXPECT_EQ(twin_.device_view(),
            R"({"desired":{"rate":60,"$version":2},"reported":{"fw":"1.0","$version":3}})");
  EXPECT_EQ(twin_.version(), 4U);
}

TEST_F(twin_test, a_report_leaves_the_etag_and_a_services_change_moves_it) {
  const auto first = twin_.etag();
  report(R"({"a":1})");
  EXPECT_EQ(twin_.etag(), first);
  change(R"({"tags":{"site":"a"}})");
  EXPECT_NE(twin_.etag(), first);
}

TEST_F(twin_test, the_device_is_told_the_patch_and_its_version) {
  change(R"({"properties":{"desired":{"a":{"x":1},"b":2}}})");
  change(R"({"properties":{"desired":{"a":{"x":null,"y":3}}}})");
  ASSERT_TRUE(told_);
  EXPECT_EQ(told_->patch, R"({"a":{"x":null,"y":3},"$version":3})");
  EXPECT_EQ(told_->version, 3U);
  change(R"({"tags":{"a":1}})");
  EXPECT_FALSE(told_) << "tags are not the device's affair";
}

TEST_F(twin_test, a_replacement_leaves_nothing_of_the_section_and_leaves_other_sections) {
  change(R"({"tags":{"site":"a"},"properties":{"desired":{"a":1,"b":{"x":2}}}})");
  change(R"({"properties":{"desired":{"b":{"y":3}}}})", true);
  EXPECT_EQ(twin_.desired().values, read_json(R"({"b":{"y":3}})")->as_object());
  EXPECT_EQ(told_->patch, R"({"b":{"y":3,"x":null},"a":null,"$version":3})");
  EXPECT_EQ(twin_.tags(), read_json(R"({"site":"a"})")->as_object());
  EXPECT_FALSE(twin_.desired().metadata.contains("a"));
  EXPECT_FALSE(twin_.desired().metadata.at("b").as_object().contains("x"));
}

TEST_F(twin_test, what_the_hub_itself_writes_is_no_part_of_a_change) {
  EXPECT_FALSE(change(R"({"properties":{"desired":{"$version":9,"$metadata":{},"a":1}}})"));
  EXPECT_EQ(twin_.desired().version, 2U);
  EXPECT_FALSE(read_twin_change(*read_json("[]"), false));
  EXPECT_FALSE(read_twin_change(*read_json(R"({"tags":1})"), false));
  EXPECT_FALSE(read_twin_change(*read_json(R"({"properties":{"desired":null}})"), false));
}

TEST_F(twin_test, a_section_beyond_its_size_is_refused_and_nothing_of_the_change_stays) {
  std::string members;
  for (int i = 0; i < 9; ++i)
    members += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":\"" + std::string(4000, 'v') + "\"";
  const auto large = "{" + members + "}";
  const auto refused = report(large);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
  EXPECT_EQ(twin_.reported().version, 1U);
  EXPECT_TRUE(change(R"({"tags":{"a":1},"properties":{"desired":)" + large + "}}"));
  EXPECT_TRUE(twin_.tags().empty());
  EXPECT_FALSE(told_);
  EXPECT_TRUE(change(R"({"tags":{"a":")" + std::string(4000, 'v') + R"(","b":")" + std::string(4000, 'v') +
                     R"(","c":")" + std::string(200, 'v') + R"("}})"))
      << "tags have 8 KiB";
}

TEST_F(twin_test, what_breaks_a_rule_is_refused_with_the_reason) {
  const auto refused = report(R"({"a b":1})");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(refused->text, "a key is not allowed");
  EXPECT_TRUE(change(R"({"properties":{"desired":{"a":{"$b":1}}}})"));
}

} // namespace
} // namespace causeway::emulator
