// SPDX-License-Identifier: Apache-2.0
#include "stack/log_in_book.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

net::http_request with(const std::string& name, const std::string& value) {
  net::http_request made;
  made.headers = {{"Host", "x"}, {name, value}};
  return made;
}

net::http_request log_in(const std::string& pair) {
  return with("authorization", "Basic " + base64_encode(pair));
}

TEST(log_in_book, takes_a_user_name_and_password_in_utf8_and_in_latin1) {
  log_in_book book{"key"};
  book.add(0, {"tts", {}, secret{"Ger\xc3\xa4t-7\xc2\xa7"}});
  book.add(1, {"caf\xc3\xa9", {}, secret{"p\xc2\xa3"}});
  book.add(2, {"tts", {}, secret{"5\xe2\x82\xac"}}); // the euro sign, which Latin-1 does not have
  book.add(3, {"tts", {}, secret{"Ger\xe4t in a file of Latin-1"}});
  EXPECT_TRUE(book.judge(log_in("tts:Ger\xc3\xa4t-7\xc2\xa7"), 0).of_application);
  EXPECT_TRUE(book.judge(log_in("tts:Ger\xe4t-7\xa7"), 0).of_application);
  // As the stack's Console makes it: btoa of this text.
  EXPECT_TRUE(book.judge(with("Authorization", "Basic dHRzOkdlcuR0LTen"), 0).of_application);
  EXPECT_TRUE(book.judge(log_in("caf\xc3\xa9:p\xc2\xa3"), 1).of_application);
  EXPECT_TRUE(book.judge(log_in("caf\xe9:p\xa3"), 1).of_application);
  EXPECT_FALSE(book.judge(log_in("caf\xe9:p\xc2\xa3"), 1).of_any); // half and half is nobody's
  EXPECT_TRUE(book.judge(log_in("tts:5\xe2\x82\xac"), 2).of_application);
  EXPECT_TRUE(book.judge(log_in("tts:Ger\xe4t in a file of Latin-1"), 3).of_application);
  EXPECT_TRUE(book.judge(log_in("tts:Ger\xc3\xa4t in a file of Latin-1"), 3).of_application);
}

TEST(log_in_book, tells_whose_it_is) {
  log_in_book book{"key"};
  book.add(0, {"tts", {}, secret{"one"}});
  book.add(1, {"tts", {}, secret{"two"}});
  book.add(2, {"tts", {}, secret{"two"}}); // a password for both
  const auto own = book.judge(log_in("tts:one"), 0), foreign = book.judge(log_in("tts:one"), 1),
             unknown = book.judge(log_in("tts:one"), std::nullopt);
  EXPECT_TRUE(own.of_application && own.of_any);
  EXPECT_TRUE(!foreign.of_application && foreign.of_any);
  EXPECT_TRUE(!unknown.of_application && unknown.of_any);
  EXPECT_TRUE(book.judge(log_in("tts:two"), 1).of_application);
  EXPECT_TRUE(book.judge(log_in("tts:two"), 2).of_application);
  for (const auto* const wrong : {"tts:", "tts", "tts:three", "other:one", "", ":one", "tts:one "})
    EXPECT_FALSE(book.judge(log_in(wrong), 0).of_any) << wrong;
}

TEST(log_in_book, takes_a_header_with_a_value) {
  log_in_book book{"key"};
  book.add(0, {{}, "X-Api-Key", secret{"k\xc3\xa9y"}});
  book.add(1, {{}, "Authorization", secret{"Bearer abc"}});
  book.add(2, {"tts", {}, secret{"pw"}});
  EXPECT_TRUE(book.judge(with("x-api-key", "k\xc3\xa9y"), 0).of_application);
  EXPECT_TRUE(book.judge(with("X-API-KEY", "k\xe9y"), 0).of_application);
  EXPECT_TRUE(book.judge(with("authorization", "Bearer abc"), 1).of_application);
  EXPECT_TRUE(book.judge(log_in("tts:pw"), 2).of_application);
  EXPECT_FALSE(book.judge(with("Authorization", "k\xc3\xa9y"), 0).of_any); // by its own header alone
  EXPECT_FALSE(book.judge(with("X-Api-Key", "Bearer abc"), 1).of_any);
  EXPECT_FALSE(book.judge(log_in(":k\xc3\xa9y"), 0).of_any);
  EXPECT_FALSE(book.judge(with("X-Other", "k\xc3\xa9y"), 0).of_any);
  EXPECT_FALSE(book.judge({}, 0).of_any);
}

} // namespace
} // namespace causeway::stack
