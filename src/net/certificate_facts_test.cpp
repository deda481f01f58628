// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_facts.h"

#include "net/test_certificates.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::net {
namespace {

TEST(certificate_facts, say_names_end_and_chain) {
  const auto facts = read_certificate(test_certificates() + "/server.pem");
  ASSERT_TRUE(facts) << facts.fault().message();
  for (const auto* name : {"localhost", "127.0.0.1"})
    EXPECT_NE(std::find(facts->names.begin(), facts->names.end(), name), facts->names.end()) << name;
  EXPECT_TRUE(facts->covers("localhost") && facts->covers("127.0.0.1"));
  EXPECT_FALSE(facts->covers("gateway.example"));
  EXPECT_EQ(facts->certificates, 1U);
  EXPECT_EQ(facts->issuer, "Causeway test CA");
  EXPECT_FALSE(facts->is_chain_whole); // its authority is not in the file, nor this machine's
  EXPECT_FALSE(facts->is_self_signed);
  EXPECT_TRUE(facts->is_for_servers);
  const auto now = system_clock{}.now().wall;
  EXPECT_LT(facts->begins, now);
  EXPECT_GT(facts->ends, now + std::chrono::hours{24 * 3000});
  EXPECT_EQ(facts->ends_of, "");
}

TEST(certificate_facts, a_root_is_its_own_chain) {
  const auto facts = read_certificate(test_certificates() + "/ca.pem");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->is_self_signed && facts->is_chain_whole);
}

TEST(certificate_facts, a_file_without_a_certificate_is_named) {
  for (const auto* name : {"/server-key.pem", "/none.pem"}) {
    const auto facts = read_certificate(test_certificates() + name);
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.fault().code(), errc::certificate_unusable);
    EXPECT_NE(facts.fault().detail().find(name), std::string::npos);
  }
}

} // namespace
} // namespace causeway::net
