// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway {
namespace {

TEST(error, catalogue_is_closed_and_its_names_are_unique) {
  std::set<std::string_view> names;
  for (const auto& entry : error_catalogue()) {
    EXPECT_EQ(&describe(entry.code), &entry);
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(entry.name.find("error"), std::string_view::npos) << entry.name;
    EXPECT_EQ(entry.name.find("failed"), std::string_view::npos) << entry.name;
    EXPECT_FALSE(entry.text.empty());
    EXPECT_NE(entry.text.back(), '.') << entry.name;
  }
  EXPECT_EQ(find_error("hub_throttled"), errc::hub_throttled);
  EXPECT_EQ(find_error("nonsense"), std::nullopt);
}

TEST(error, says_what_and_which) {
  const auto fault = error{errc::state_locked, "/var/lib/causeway"}.in("start");
  EXPECT_EQ(fault.message(), "another process uses the state directory: start: /var/lib/causeway");
  EXPECT_EQ(fault.cls(), error_class::config);
}

TEST(result, holds_a_value_or_an_error) {
  result<int> good = 7;
  result<int> bad = error{errc::internal};
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 7);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.fault().code(), errc::internal);
  EXPECT_TRUE(result<void>{});
  EXPECT_DEATH((void)*bad, "broken invariant");
}

} // namespace
} // namespace causeway
