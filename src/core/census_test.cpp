// SPDX-License-Identifier: Apache-2.0
#include "core/census.h"
#include "core/organ_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

TEST(census_alone, counts_devices_against_the_limit_and_the_share) {
  struct row {
    std::uint32_t applications, of_first, of_second;
    std::optional<answer> lack;
  };
  constexpr std::uint32_t most = 10, share = 50;
  for (const auto& row : {row{2, 0, 0, std::nullopt}, row{2, 4, 0, std::nullopt},
                          row{2, 5, 0, answer::device_share_full}, row{2, 4, 6, answer::devices_full},
                          row{1, 9, 0, std::nullopt}, row{1, 10, 0, answer::devices_full}}) {
    device_table table;
    census counts{row.applications, table, most, share};
    for (std::uint32_t i = 0; i < row.of_first + row.of_second; ++i) {
      table.add(i < row.of_first ? 0 : 1, "dev-" + std::to_string(i));
      counts.add(i < row.of_first ? 0 : 1);
    }
    EXPECT_EQ(counts.lacks_place(0), row.lack) << row.applications << " " << row.of_first;
  }
}

TEST(census_alone, a_share_is_never_nothing) {
  const device_table table;
  EXPECT_EQ(census(2, table, 10, 1).lacks_place(0), std::nullopt);
}

} // namespace
} // namespace causeway::core
