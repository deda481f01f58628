// SPDX-License-Identifier: Apache-2.0
#include "app/open_files.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

TEST(open_files, leave_the_webhook_what_nothing_else_needs) {
  const struct {
    std::uint64_t limit;
    std::size_t webhook, admin;
  } table[] = {
      {1'048'576, 4'096, 256}, {8'192, 4'096, 256}, {4'096, 3'440, 256},
      {1'024, 752, 64},        {256, 80, 16},       {64, 16, 8},
  };
  for (const auto& [limit, webhook, admin] : table) {
    const auto share = share_open_files(limit, 4'096, 144);
    EXPECT_EQ(share.webhook, webhook) << limit;
    EXPECT_EQ(share.admin, admin) << limit;
  }
}

} // namespace
} // namespace causeway::app
