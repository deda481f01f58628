// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include "net/test_certificates.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace causeway::net {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(certificates, are_kept_while_they_cover_the_names_and_made_anew_when_not) {
  const auto directory = test_certificates() + "/kept";
  ASSERT_TRUE(make_certificates(directory, {"localhost", "127.0.0.1"}));
  const auto first = content_of(directory + "/server.pem");
  ASSERT_TRUE(make_certificates(directory, {"localhost"}));
  EXPECT_EQ(content_of(directory + "/server.pem"), first);
  ASSERT_TRUE(make_certificates(directory, {"localhost", "hub.test", "::1"}));
  EXPECT_NE(content_of(directory + "/server.pem"), first);
  EXPECT_TRUE(tls_server_context::make(directory + "/server.pem", directory + "/server-key.pem"));
}

TEST(certificates, are_made_anew_when_the_key_is_not_theirs) {
  const auto directory = test_certificates() + "/mixed";
  ASSERT_TRUE(make_certificates(directory, {"localhost"}));
  std::filesystem::copy_file(test_certificates() + "/server-key.pem", directory + "/server-key.pem",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(tls_server_context::make(directory + "/server.pem", directory + "/server-key.pem"));
  ASSERT_TRUE(make_certificates(directory, {"localhost"}));
  EXPECT_TRUE(tls_server_context::make(directory + "/server.pem", directory + "/server-key.pem"));
}

TEST(certificates, are_readable_by_their_owner_only) {
  for (const auto* name : {"/ca.pem", "/server.pem", "/server-key.pem"}) {
    struct stat about {};
    ASSERT_EQ(::stat((test_certificates() + name).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U) << name;
  }
}

TEST(certificates, refuse_what_is_no_name_and_a_directory_that_cannot_be) {
  EXPECT_EQ(make_certificates(test_certificates() + "/x", {"a,DNS:b"}).fault().code(), errc::state_unusable);
  const auto fault = make_certificates("/proc/nowhere", {"localhost"}).fault();
  EXPECT_EQ(fault.code(), errc::state_unusable);
  EXPECT_NE(fault.detail().find("/proc/nowhere"), std::string::npos);
}

TEST(tls, a_context_names_the_file_that_cannot_be_used) {
  const auto no_ca = tls_client_context::make("/nowhere/ca.pem");
  ASSERT_FALSE(no_ca);
  EXPECT_EQ(no_ca.fault().code(), errc::certificate_unusable);
  EXPECT_EQ(no_ca.fault().detail(), "/nowhere/ca.pem: No such file or directory");
  const auto no_key = tls_server_context::make(test_certificates() + "/server.pem", "/nowhere/key.pem");
  ASSERT_FALSE(no_key);
  EXPECT_NE(no_key.fault().detail().find("/nowhere/key.pem"), std::string::npos);
}

} // namespace
} // namespace causeway::net
