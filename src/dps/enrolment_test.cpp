// SPDX-License-Identifier: Apache-2.0
#include "dps/enrolment.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

azure::signing_key key(const char* bytes) {
  return azure::signing_key{secret{bytes}};
}

TEST(enrolment, ids_are_in_lower_case_unless_the_section_keeps_them) {
  enrolment by;
  EXPECT_EQ(by.registration_of(identity{"Dev-A"}).str(), "dev-a");
  by.lower_case_ids = false;
  EXPECT_EQ(by.registration_of(identity{"Dev-A"}).str(), "Dev-A");
}

TEST(enrolment, a_devices_own_key_goes_before_the_groups) {
  enrolment by;
  by.group_key = key("0123456789abcdef");
  by.individual_keys.emplace("own", key("fedcba9876543210"));
  EXPECT_EQ(by.key_of(registration_id{"own"})->bytes(), "fedcba9876543210");
  EXPECT_EQ(by.key_of(registration_id{"other"})->bytes(),
            azure::derive_device_key(*by.group_key, "other").bytes());
}

TEST(enrolment, a_device_without_a_key_is_told_which_section_lacks_it) {
  enrolment by;
  by.section = azure_name{"field"};
  const auto none = by.key_of(registration_id{"dev-1"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.fault().code(), errc::dps_unauthorized);
  EXPECT_EQ(none.fault().detail(), "azure.field has no group key and no individual key for dev-1");
}

TEST(enrolment, another_scope_or_group_key_is_another_enrolment_and_individual_keys_are_not) {
  const auto fingerprint_of = [](const char* scope, const char* group) {
    enrolment by;
    by.id_scope = scope;
    if (group != nullptr) by.group_key = key(group);
    return by.fingerprint();
  };
  const auto one = fingerprint_of("0ne1", "0123456789abcdef");
  EXPECT_EQ(fingerprint_of("0ne1", "0123456789abcdef"), one);
  EXPECT_NE(fingerprint_of("0ne2", "0123456789abcdef"), one);
  EXPECT_NE(fingerprint_of("0ne1", "fedcba9876543210"), one);
  enrolment individual;
  individual.id_scope = "0ne1";
  const auto by_scope = individual.fingerprint();
  individual.individual_keys.emplace("dev-1", key("fedcba9876543210"));
  EXPECT_EQ(individual.fingerprint(), by_scope);
  EXPECT_NE(by_scope, one);
}

} // namespace
} // namespace causeway::dps
