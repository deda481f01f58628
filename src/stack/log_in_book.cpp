// SPDX-License-Identifier: Apache-2.0
#include "stack/log_in_book.h"

#include "base/encoding.h"

#include <algorithm>

namespace causeway::stack {
namespace {

constexpr std::string_view basic = ""; // no header's name

// The user name and password as they are compared: with the colon, which no user name has.
std::optional<std::string> basic_pair(std::string_view authorization) {
  constexpr std::string_view scheme = "Basic ";
  if (authorization.size() < scheme.size() ||
      !equals_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return std::nullopt;
  return base64_decode(authorization.substr(scheme.size()));
}

std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0U | (byte >> 6U));
      out += static_cast<char>(0x80U | (byte & 0x3fU));
    }
  }
  return out;
}

// Nothing where a character is not in it. Precondition: text is UTF-8.
std::optional<std::string> latin1_of_utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out += text[i];
    } else if (byte == 0xc2 || byte == 0xc3) { // U+0080 to U+00FF
      const auto next = static_cast<unsigned char>(text[++i]);
      out += static_cast<char>(((byte & 0x03U) << 6U) | (next & 0x3fU));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

} // namespace

void log_in_book::add(std::size_t application, const webhook_credential& of) {
  const auto way = to_lower(of.header);
  auto shown = way.empty() ? of.username + ":" : std::string{};
  shown += of.value.reveal();
  add(way, shown, application);
  const auto other = is_utf8(shown) ? latin1_of_utf8(shown) : utf8_of_latin1(shown);
  if (other && *other != shown) add(way, *other, application);
  if (way != basic && std::find(headers_.begin(), headers_.end(), way) == headers_.end())
    headers_.push_back(way);
}

void log_in_book::add(std::string_view way, std::string_view shown, std::size_t application) {
  applications_[digest_of(way, shown)].push_back(application);
}

log_in_book::digest log_in_book::digest_of(std::string_view way, std::string_view shown) const {
  std::string text;
  text.reserve(key_.size() + way.size() + 1 + shown.size());
  text.append(key_).append(way).append(1, '\0').append(shown);
  const auto sum = sha256(text);
  return {sum.begin(), sum.end()};
}

void log_in_book::look(std::string_view way, std::string_view shown, std::optional<std::size_t> application,
                       verdict& into) const {
  const auto found = applications_.find(digest_of(way, shown));
  if (found == applications_.end()) return;
  into.of_any = true;
  const auto& owners = found->second;
  if (application && std::find(owners.begin(), owners.end(), *application) != owners.end())
    into.of_application = true;
}

log_in_book::verdict log_in_book::judge(const net::http_request& request,
                                        std::optional<std::size_t> application) const {
  verdict made;
  if (const auto pair = basic_pair(request.header("Authorization"))) look(basic, *pair, application, made);
  for (const auto& way : headers_)
    if (const auto shown = request.header(way); !shown.empty()) look(way, shown, application, made);
  return made;
}

} // namespace causeway::stack
