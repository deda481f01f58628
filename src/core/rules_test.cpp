// SPDX-License-Identifier: Apache-2.0
#include "core/rules.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

TEST(identity, is_expanded_from_the_template) {
  const device_key key{application_id{"app"}, device_id{"dev-1"}};
  const dev_eui eui{"70B3D52DD600035A"};
  EXPECT_EQ(expand_identity("{device_id}", key, eui)->str(), "dev-1");
  EXPECT_EQ(expand_identity("{application_id}.{device_id}_{dev_eui}", key, eui)->str(),
            "app.dev-1_70B3D52DD600035A");
  EXPECT_EQ(expand_identity("{dev_eui}", key, {}).fault().code(), errc::identity_incomplete);
}

TEST(identity, outside_iot_hubs_characters_is_refused) {
  const device_key key{application_id{"app"}, device_id{"dev-1"}};
  for (const char* bad : {"", "a b", "a/b", "{unknown}", "a:b", "\xc3\xa4"})
    EXPECT_EQ(expand_identity(bad, key, {}).fault().code(), errc::identity_invalid) << bad;
  EXPECT_EQ(expand_identity(std::string(129, 'a'), key, {}).fault().code(), errc::identity_invalid);
}

} // namespace
} // namespace causeway::core
