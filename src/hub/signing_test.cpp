// SPDX-License-Identifier: Apache-2.0
#include "hub/signing.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

// Two keys of a policy, one after the other.
class two_keys final : public token_source {
public:
  explicit two_keys(std::string name) : name_{std::move(name)} {}
  secret device_token(device_ref, const identity&, wall_time) override { return secret{name_}; }
  secret policy_token(wall_time) override { return secret{name_ + std::to_string(key_)}; }
  std::uint32_t policy_key() const override { return key_; }
  bool next_policy_key(std::uint32_t refused) override {
    if (refused != key_) return true;
    if (key_ == 1) return false;
    ++key_;
    return true;
  }

private:
  std::string name_;
  std::uint32_t key_ = 0;
};

hub_keys keys_of(const std::string& name, auth mode = auth::policy) {
  return {std::make_unique<two_keys>(name), mode};
}

TEST(signing, tokens_are_made_with_the_present_keys) {
  signing by{keys_of("old")};
  auto& tokens = by.tokens();
  EXPECT_EQ(tokens.policy_token({}).reveal(), "old0");
  EXPECT_FALSE(by.take(keys_of("new")));
  EXPECT_EQ(tokens.policy_token({}).reveal(), "new0") << "what is open goes on with these";
  EXPECT_EQ(&by.tokens(), &tokens);
}

TEST(signing, a_refused_key_of_those_before_does_not_change_the_present_one) {
  signing by{keys_of("old")};
  auto& tokens = by.tokens();
  EXPECT_TRUE(tokens.next_policy_key(tokens.policy_key()));
  const auto old = tokens.policy_key();
  by.take(keys_of("new"));
  const auto first = tokens.policy_key();
  EXPECT_NE(first, old);
  EXPECT_TRUE(tokens.next_policy_key(old)) << "there are others: another token is to be tried";
  EXPECT_EQ(tokens.policy_token({}).reveal(), "new0");
  EXPECT_TRUE(tokens.next_policy_key(first));
  EXPECT_EQ(tokens.policy_token({}).reveal(), "new1");
  EXPECT_FALSE(tokens.next_policy_key(tokens.policy_key())) << "there is no third";
}

TEST(signing, who_signs_otherwise_leaves_what_is_open_as_it_began_until_nothing_is) {
  signing by{keys_of("policy")};
  auto& former = by.tokens();
  EXPECT_TRUE(by.take(keys_of("devices", auth::device_keys)));
  EXPECT_EQ(by.mode(), auth::device_keys);
  EXPECT_EQ(former.policy_token({}).reveal(), "policy0");
  EXPECT_EQ(by.tokens().device_token({}, identity{"dev"}, {}).reveal(), "devices");
  by.forget_former();
  EXPECT_EQ(by.tokens().device_token({}, identity{"dev"}, {}).reveal(), "devices");
}

} // namespace
} // namespace causeway::hub
