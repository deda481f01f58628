// SPDX-License-Identifier: Apache-2.0
// Whose credential a request shows. Judged by one keyed digest for each way to show one, so that the time
// tells neither which applications there are nor how near a guess is, however many there are: digests are
// compared, and nobody without the key can tell which one a guess has. It is SHA-256 of the key and the text;
// HMAC would add nothing, for no digest leaves the book. One thread.
#pragma once

#include "base/digest.h"
#include "base/secret.h"
#include "net/http_message.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway::stack {

// How the stack shows that it speaks for an application: HTTP basic authentication, or a header with a value.
struct webhook_credential {
  std::string username; // basic authentication; unused when header is set
  std::string header;   // such as "X-Api-Key"; empty = basic authentication
  secret value;         // password, or the header's value
};

class log_in_book {
public:
  // key: random, of this process alone.
  explicit log_in_book(std::string key) : key_{std::move(key)} {}

  // Both are taken, in UTF-8 and in Latin-1: the stack's Console makes basic authentication of Latin-1,
  // others of UTF-8.
  void add(std::size_t application, const webhook_credential& of);

  struct verdict {
    bool of_application = false; // it shows that application's credential
    bool of_any = false;         // or at least one
  };
  verdict judge(const net::http_request& request, std::optional<std::size_t> application) const;

private:
  using digest = std::string;

  digest digest_of(std::string_view way, std::string_view shown) const;
  void add(std::string_view way, std::string_view shown, std::size_t application);
  void look(std::string_view way, std::string_view shown, std::optional<std::size_t> application,
            verdict& into) const;

  std::string key_;
  std::vector<std::string> headers_; // that credentials come by, basic authentication apart
  std::unordered_map<digest, std::vector<std::size_t>> applications_;
};

} // namespace causeway::stack
