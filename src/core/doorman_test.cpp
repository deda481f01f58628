// SPDX-License-Identifier: Apache-2.0
#include "core/doorman.h"
#include "core/organ_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::shard_fixture;

TEST(doorman_alone, knows_whose_an_event_is_and_what_nobody_wants) {
  auto rules = shard_fixture::rules(); // of kind uplink only
  rules[1].enabled_by_default = false;
  rules[2].enabled_by_default = false; // a device's attribute may say otherwise
  const rule_book book{rules};
  const doorman at{book};
  struct row {
    const char* application;
    event_kind kind;
    std::optional<std::uint32_t> whose;
  };
  for (const auto& row :
       {row{"plant", event_kind::uplink, 0}, row{"plant", event_kind::join_accept, std::nullopt},
        row{"field", event_kind::uplink, std::nullopt}, row{"meters", event_kind::uplink, 2},
        row{"elsewhere", event_kind::uplink, std::nullopt}}) {
    auto event = shard_fixture::frame(row.application, "dev", 1);
    event.kind = row.kind;
    EXPECT_EQ(at.application_of(event), row.whose) << row.application;
  }
  EXPECT_EQ(at.application_of(shard_fixture::key("plant", "dev")), 0U);
  EXPECT_EQ(at.application_of(shard_fixture::key("field", "dev")), std::nullopt);
}

TEST(doorman_alone, refuses_what_no_hub_would_take) {
  const auto from = shard_fixture::key("plant", "dev");
  message fits{"", "", "", std::string(max_message_bytes, 'x'), {}};
  EXPECT_EQ(doorman::refuses({fits, fits}, from), std::nullopt);
  auto larger = fits;
  larger.body += 'x';
  const auto why = doorman::refuses({fits, larger}, from);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), errc::message_too_large);
  EXPECT_NE(why->detail().find("dev"), std::string::npos);
}

} // namespace
} // namespace causeway::core
