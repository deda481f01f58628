// SPDX-License-Identifier: Apache-2.0
#include "azure/service_words.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

TEST(service_words, keys_that_are_switched_off_are_told_from_a_device_that_is) {
  for (const auto* const text :
       {"Local authentication is disabled for this hub.", "Unauthorized: disableLocalAuth is set to true.",
        "Device scoped SAS authentication is not allowed (disableDeviceSAS)",
        "Symmetric key authentication is not enabled."})
    EXPECT_TRUE(tells_of_keys_switched_off(text)) << text;
  for (const auto* const text :
       {"", "Unauthorized", "Device dev-1 is disabled.", "Device sas-17 is disabled.",
        "The specified SAS token has an invalid signature.", "The specified SAS token is expired.",
        "Invalid certificate"})
    EXPECT_FALSE(tells_of_keys_switched_off(text)) << text;
}

} // namespace
} // namespace causeway::azure
