// SPDX-License-Identifier: Apache-2.0
#include "core/identity_overlap.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

struct row {
  const char *left, *left_template, *right, *right_template;
  bool meet, any_case = false, registered = false;
};

TEST(identity_overlap, is_decided_over_all_ids_and_euis) {
  constexpr row rows[] = {
      {"plant", "{device_id}", "field", "{device_id}", true},
      // A10: device a-x1a of plant, and x1a of plant-a.
      {"plant", "{application_id}-{device_id}", "plant-a", "{application_id}-{device_id}", true},
      {"plant", "{application_id}-{device_id}", "plant2", "{application_id}-{device_id}", false},
      {"plant", "{device_id}-{application_id}", "a-plant", "{device_id}-{application_id}", true},
      {"plant", "{application_id}{device_id}", "plant2", "{application_id}{device_id}", true},
      // No id has a full stop, an underscore, or two dashes in a row.
      {"plant", "{application_id}.{device_id}", "plant-a", "{application_id}.{device_id}", false},
      {"plant", "{application_id}_{device_id}", "plant-a", "{application_id}_{device_id}", false},
      {"plant", "{application_id}--{device_id}", "plant-a", "{application_id}--{device_id}", false},
      {"plant", "{device_id}.{application_id}", "plant-a", "{device_id}.{application_id}", false},
      // Ids have from 3 to 36 characters, three of them no dash.
      {"plant", "{application_id}-{device_id}", "plant-123456789-123456789-12345678", "{device_id}", true},
      {"plant", "x{device_id}", "field", "{device_id}", true},
      {"plant", "X{device_id}", "field", "{device_id}", false},
      {"plant", "X{device_id}", "field", "{device_id}", true, true}, // DPS, with id_case = "lower"
      {"plant", "ab-{device_id}", "field", "{device_id}", true},
      {"plant", "ab--{device_id}", "field", "{device_id}", false},
      {"plant", "-{device_id}", "field", "{device_id}", false},
      {"plant", "{device_id}-", "field", "{device_id}", false},
      {"plant", "a-1234567890123456789012345678901234-{device_id}", "field", "{device_id}", false},
      // EUIs.
      {"plant", "{dev_eui}", "field", "{dev_eui}", true},
      {"plant", "{dev_eui}", "field", "{dev_eui}", false, false, true},
      {"plant", "{dev_eui}", "field", "{device_id}", true}, // of 16 digits
      {"plant", "{dev_eui}", "field", "{device_id}", true, true, true},
      {"plant", "{dev_eui}", "field", "a{dev_eui}", false},
      {"plant", "A{dev_eui}", "field", "{dev_eui}A", true, false, true}, // not in one place
      {"plant", "p-{dev_eui}", "field", "q-{dev_eui}", false},
      {"plant", "{application_id}-{dev_eui}", "field", "{application_id}-{dev_eui}", false},
      {"plant", "{device_id}{dev_eui}", "field", "{device_id}{dev_eui}", true, false, true},
      {"plant", "{dev_eui}-{device_id}", "field", "{dev_eui}-{device_id}", false, false, true},
  };
  for (const auto& one : rows) {
    const identity_rule left{application_id{one.left}, one.left_template, one.registered};
    const identity_rule right{application_id{one.right}, one.right_template, one.registered};
    EXPECT_EQ(can_meet(left, right, one.any_case), one.meet)
        << one.left << " " << one.left_template << ", " << one.right << " " << one.right_template;
    EXPECT_EQ(can_meet(right, left, one.any_case), one.meet)
        << one.right << " " << one.right_template << ", " << one.left << " " << one.left_template;
  }
}

} // namespace
} // namespace causeway::core
