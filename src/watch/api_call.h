// SPDX-License-Identifier: Apache-2.0
// One call of the admin API: what stands behind the question mark, and the answers' shapes. For admin's own
// .cpp files.
#pragma once

#include "base/encoding.h"
#include "base/ids.h"
#include "net/http_server.h"
#include "watch/json_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::watch {

inline constexpr std::size_t page_limit = 1'000, default_page = 100;

inline net::http_response answer_json(const boost::json::object& body, int status = 200) {
  net::http_response out;
  out.body = to_text(body) + "\n";
  out.status = status;
  return out;
}

inline net::http_response refuse(int status, const error& why) {
  return answer_json({{"error", why.name()}, {"message", why.message()}}, status);
}

// Of who may only look.
inline net::http_response refuse_change() {
  return refuse(403, error{errc::unauthorized, "changes are made over the admin socket, or with the token of "
                                               "[admin]: Authorization: Bearer TOKEN"});
}

inline net::http_response refuse(const error& why) {
  switch (why.code()) {
  case errc::not_found:
    return refuse(404, why);
  case errc::store_unavailable:
  case errc::store_closed:
    return refuse(503, why);
  default:
    return refuse(400, why);
  }
}

template <class Value>
std::optional<Value> whole_number(std::string_view text) {
  Value value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct parameters {
  std::map<std::string, std::string> values;

  explicit parameters(std::string_view query) {
    while (!query.empty()) {
      const auto one = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(query.size(), one.size() + 1));
      if (one.empty()) continue;
      const auto equals = std::min(one.find('='), one.size());
      values[percent_decode(one.substr(0, equals))] =
          equals < one.size() ? percent_decode(one.substr(equals + 1)) : std::string{};
    }
  }
  const std::string* find(const char* name) const {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
  }
  // Empty when it is not there.
  std::string text(const char* name) const {
    const auto* found = find(name);
    return found == nullptr ? std::string{} : *found;
  }
  // Errors: field_invalid.
  template <class Value>
  result<std::optional<Value>> number(const char* name) const {
    const auto* text = find(name);
    if (text == nullptr) return std::optional<Value>{};
    const auto value = whole_number<Value>(*text);
    if (!value) return error{errc::field_invalid, std::string{name} + " is not a whole number"};
    return value;
  }
  // Of a page: the place that it goes on behind; one beyond all is beyond the last. Errors: field_invalid.
  result<std::optional<device_ref>> behind() const {
    const auto place = number<std::uint32_t>("after");
    if (!place) return place.fault();
    if (!*place) return std::optional<device_ref>{};
    return std::optional{make_ref(std::min(**place, most_places - 1), 0)};
  }
  result<std::size_t> limit(std::size_t otherwise = default_page) const {
    auto asked = number<std::size_t>("limit");
    if (!asked) return std::move(asked).fault();
    const auto value = asked->value_or(otherwise);
    if (value < 1 || value > page_limit)
      return error{errc::field_invalid, "limit is from 1 to " + std::to_string(page_limit)};
    return value;
  }
  // Errors: field_invalid for a name that is not among these.
  result<void> only(std::initializer_list<std::string_view> known) const {
    for (const auto& [name, value] : values)
      if (std::find(known.begin(), known.end(), name) == known.end())
        return error{errc::field_invalid, "there is no parameter " + name};
    return {};
  }
};

} // namespace causeway::watch
