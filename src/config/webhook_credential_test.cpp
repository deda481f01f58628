// SPDX-License-Identifier: Apache-2.0
// By what the stack shows that it speaks for an application.
#include "config/fake_secrets.h"
#include "config/loader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace causeway::config {
namespace {

struct webhook_credential_test : testing::Test {
  webhook_credential_test() {
    secrets.variables = {
        {"PASSWORD", "hush"}, {"KEY", "abc"}, {"OTHER", "def"}, {"PLANT", "HostName=h"}, {"TWO", "a\nb"}};
  }
  config_report read(const std::string& webhook, const std::string& application) {
    return parse("[webhook]\n" + webhook + "[azure.plant]\nconnection_string_env = \"PLANT\"\n" +
                     "[[application]]\nid = \"meters\"\nazure = \"plant\"\n" + application,
                 "/c.toml", secrets);
  }
  // Header and value; "|" and the fault where there is one.
  std::string of(const std::string& webhook, const std::string& application) {
    const auto report = read(webhook, application);
    if (!report.value) return "|" + report.faults.front().what.message();
    const auto& made = report.value->applications.front();
    return made.webhook_header + "=" + std::string{made.webhook_password.reveal()};
  }
  fake_secrets secrets;
};

TEST_F(webhook_credential_test, is_a_password_or_a_header_with_a_value_the_applications_own_first) {
  const std::string header = "header = \"X-Api-Key\"\nvalue_env = \"KEY\"\n",
                    password = "password_env = \"PASSWORD\"\n";
  EXPECT_EQ(of(password, ""), "=hush");
  EXPECT_EQ(of(header, ""), "X-Api-Key=abc");
  EXPECT_EQ(of(header, "webhook_password_env = \"PASSWORD\"\n"), "=hush");
  EXPECT_EQ(of(password, "webhook_header = \"Authorization\"\nwebhook_value_env = \"OTHER\"\n"),
            "Authorization=def");
  EXPECT_EQ(of("", "webhook_header = \"X-Api-Key\"\nwebhook_value_env = \"OTHER\"\n"), "X-Api-Key=def");
}

TEST_F(webhook_credential_test, is_one_of_both_and_whole) {
  const struct {
    const char *webhook, *application, *words;
  } table[] = {
      {"header = \"X-Api-Key\"\nvalue_env = \"KEY\"\npassword_env = \"PASSWORD\"\n", "", "one credential"},
      {"header = \"X-Api-Key\"\n", "", "value"},
      {"value_env = \"KEY\"\n", "", "does not name it"},
      {"header = \"X Api Key\"\nvalue_env = \"KEY\"\n", "", "no name of a header"},
      {"header = \"X-Api-Key\"\nvalue_env = \"TWO\"\n", "", "line end"},
      {"header = \"Content-Length\"\nvalue_env = \"KEY\"\n", "", "HTTP itself"},
      {"password_env = \"PASSWORD\"\n", "webhook_value_env = \"KEY\"\n", "does not name it"},
      {"password_env = \"PASSWORD\"\n", "webhook_header = \"X-Api-Key\"\n", "webhook_value"},
      {"", "", "webhook_password"},
  };
  for (const auto& one : table) {
    const auto report = read(one.webhook, one.application);
    ASSERT_EQ(report.faults.size(), 1U) << one.words;
    const auto text = report.faults.front().what.message();
    EXPECT_NE(text.find(one.words), std::string::npos) << text;
    EXPECT_EQ(text.find("abc"), std::string::npos) << text;
  }
}

// As a unit of systemd has them: LoadCredential= puts files where CREDENTIALS_DIRECTORY says.
TEST_F(webhook_credential_test, may_be_a_credential_of_systemd) {
  const std::string password = "password_file = \"${CREDENTIALS_DIRECTORY}/webhook\"\n",
                    tls = "tls_certificate = \"${CREDENTIALS_DIRECTORY}/cert.pem\"\ntls_key = \"key.pem\"\n";
  secrets.files["/run/credentials/causeway.service/webhook"] = "hush\n";
  secrets.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials/causeway.service";
  EXPECT_EQ(of(password, ""), "=hush");
  const auto report = read(tls + password, "");
  ASSERT_TRUE(report.value);
  EXPECT_EQ(report.value->webhook.tls_certificate, "/run/credentials/causeway.service/cert.pem");
  EXPECT_EQ(report.value->webhook.tls_key, "/key.pem");

  secrets.files.clear();
  EXPECT_NE(of(password, "").find("/run/credentials/causeway.service/webhook"), std::string::npos);
  secrets.variables.erase("CREDENTIALS_DIRECTORY");
  for (const auto& one : {password, tls + "password_env = \"PASSWORD\"\n"})
    EXPECT_NE(of(one, "").find("CREDENTIALS_DIRECTORY is not set"), std::string::npos) << of(one, "");
}

} // namespace
} // namespace causeway::config
