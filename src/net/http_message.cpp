// SPDX-License-Identifier: Apache-2.0
#include "net/http_message.h"

#include "base/encoding.h"

#include <algorithm>

namespace causeway::net {

std::string_view http_request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string_view http_request::path() const {
  return std::string_view{target}.substr(0, target.find('?'));
}

std::string_view http_request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view{target}.substr(mark + 1);
}

bool http_request::is_encoded() const {
  return std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    return equals_ignoring_case(header.first, "Content-Encoding") && !header.second.empty() &&
           !equals_ignoring_case(header.second, "identity");
  });
}

} // namespace causeway::net
