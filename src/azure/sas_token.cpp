// SPDX-License-Identifier: Apache-2.0
#include "azure/sas_token.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace causeway::azure {
namespace {

constexpr std::string_view scheme = "SharedAccessSignature";

error unreadable(std::string_view why) {
  return error{errc::unauthorized, "shared access signature: " + std::string{why}};
}

std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == host.size()) return host;
  const auto port = host.substr(colon + 1);
  return port.find_first_not_of("0123456789") == std::string_view::npos ? host.substr(0, colon) : host;
}

} // namespace

namespace {

// Where text is no base64 and what stands there, without a character of it.
std::string fault_of_base64(std::string_view text) {
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '-' || c == '_';
  };
  const auto size = std::to_string(text.size());
  const auto digits = text.substr(0, std::min(text.find_last_not_of('=') + 1, text.size()));
  const auto bad = std::find_if_not(digits.begin(), digits.end(), is_digit);
  if (bad == digits.end())
    return ": its " + size +
           " characters are no whole number of bytes; is a part of it missing, or an '=' too many?";
  const auto place = "its character " + std::to_string(bad - digits.begin() + 1) + " of " + size;
  if (*bad == '=') return ": " + place + " is an '=', which stands at the end only";
  if (*bad == ' ' || *bad == '\t') return ": " + place + " is a blank";
  if (*bad == '\n' || *bad == '\r') return ": " + place + " is a line break";
  if (*bad == '"' || *bad == '\'') return ": " + place + " is a quotation mark; leave the quotes out";
  return ": " + place + " is none of base64's";
}

} // namespace

result<signing_key> signing_key::parse(const secret& base64, std::string_view what) {
  const auto text = trimmed(base64.reveal());
  auto bytes = base64_decode(text);
  if (!bytes) return error{errc::key_not_base64, std::string{what} + fault_of_base64(text)};
  if (bytes->empty()) return error{errc::key_not_base64, std::string{what} + " is empty"};
  return signing_key{secret{std::move(*bytes)}};
}

secret signing_key::base64() const {
  return secret{base64_encode(bytes_.reveal())};
}

std::string signing_key::sign(std::string_view text) const {
  return hmac_sha256(bytes_.reveal(), text);
}

signing_key derive_device_key(const signing_key& group_key, std::string_view registration) {
  return signing_key{secret{group_key.sign(registration)}};
}

secret make_sas_token(std::string_view resource, const signing_key& key, wall_time expiry,
                      std::string_view policy) {
  const auto sr = percent_encode(resource);
  const auto se = std::to_string(unix_seconds(expiry));
  const auto sig = percent_encode(base64_encode(key.sign(sr + "\n" + se)));
  std::string token;
  token.reserve(scheme.size() + sr.size() + sig.size() + se.size() + policy.size() + 24);
  token.append(scheme).append(" sr=").append(sr).append("&sig=").append(sig).append("&se=").append(se);
  if (!policy.empty()) token.append("&skn=").append(percent_encode(policy));
  return secret{std::move(token)};
}

bool sas_token::signed_by(const signing_key& key) const {
  return secret{key.sign(sr + "\n" + se)}.equals(sig);
}

result<sas_token> parse_sas_token(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos || !equals_ignoring_case(text.substr(0, space), scheme))
    return unreadable("does not begin with the word SharedAccessSignature");

  std::optional<std::string_view> sr, sig, se, skn;
  const std::array<std::pair<std::string_view, std::optional<std::string_view>*>, 4> fields{
      {{"sr", &sr}, {"sig", &sig}, {"se", &se}, {"skn", &skn}}};
  auto rest = text.substr(space + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    for (const auto& [name, place] : fields) {
      if (part.substr(0, equals) != name) continue;
      if (*place) return unreadable("has the field " + std::string{name} + " twice");
      *place = part.substr(equals + 1);
    }
  }
  for (const auto& [name, place] : fields)
    if (name != "skn" && (!*place || (*place)->empty()))
      return unreadable("lacks the field " + std::string{name});

  sas_token token;
  token.sr = *sr;
  token.resource = percent_decode(*sr);
  token.se = *se;
  const auto [stop, fault] = std::from_chars(se->data(), se->data() + se->size(), token.expiry);
  if (fault != std::errc{} || stop != se->data() + se->size() || token.expiry < 0)
    return unreadable("the field se is not a number of seconds");
  auto bytes = base64_decode(percent_decode(*sig));
  if (!bytes) return unreadable("the field sig is not base64");
  token.sig = std::move(*bytes);
  if (skn) token.skn = percent_decode(*skn);
  return token;
}

bool covers(std::string_view granted, std::string_view wanted) {
  const auto split = [](std::string_view resource) {
    const auto slash = resource.find('/');
    return slash == std::string_view::npos ? std::pair{resource, std::string_view{}}
                                           : std::pair{resource.substr(0, slash), resource.substr(slash)};
  };
  auto [granted_host, granted_path] = split(granted);
  const auto [wanted_host, wanted_path] = split(wanted);
  if (granted_host.empty() || !equals_ignoring_case(without_port(granted_host), without_port(wanted_host)))
    return false;
  while (granted_path.ends_with('/'))
    granted_path.remove_suffix(1);
  if (!wanted_path.starts_with(granted_path)) return false;
  return wanted_path.size() == granted_path.size() || wanted_path[granted_path.size()] == '/';
}

} // namespace causeway::azure
