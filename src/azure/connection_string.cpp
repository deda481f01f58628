// SPDX-License-Identifier: Apache-2.0
#include "azure/connection_string.h"

#include "azure/names.h"
#include "base/encoding.h"

#include <array>
#include <optional>

namespace causeway::azure {
namespace {

enum key_index : std::size_t {
  host_name,
  device_name,
  shared_access_key,
  shared_access_key_name,
  known_keys
};
constexpr std::array<std::string_view, known_keys> key_names{"HostName", "DeviceId", "SharedAccessKey",
                                                             "SharedAccessKeyName"};
constexpr std::array<std::string_view, 5> unsupported_keys{"ModuleId", "SharedAccessSignature",
                                                           "GatewayHostName", "x509", "Endpoint"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// A key that is not known may be a piece of the secret itself when semicolons are misplaced: shown only where
// it cannot.
std::string shown(std::string_view key) {
  const bool plain =
      key.size() <= 24 &&
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
  return plain ? "\"" + std::string{key} + "\"" : "of " + std::to_string(key.size()) + " characters";
}

} // namespace

result<connection_string> parse_connection_string(const secret& text, std::string_view what) {
  const auto malformed = [&](const std::string& why) {
    return error{errc::connection_string_malformed, std::string{what} + ": " + why};
  };
  std::array<std::optional<std::string_view>, known_keys> values;
  auto rest = trimmed(text.reveal());
  if (rest.empty()) return malformed("it is empty");
  while (!rest.empty()) {
    const auto end = rest.find(';');
    const auto part = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : trimmed(rest.substr(end + 1));
    const auto equals = part.find('=');
    if (part.empty()) return malformed("two semicolons with nothing between them");
    if (equals == std::string_view::npos) return malformed("a part without '='");
    const auto key = part.substr(0, equals);
    for (const auto name : unsupported_keys)
      if (equals_ignoring_case(key, name))
        return malformed("the key " + std::string{name} + " is not supported; use a shared access key");
    std::size_t index = 0;
    while (index < known_keys && !equals_ignoring_case(key, key_names[index]))
      ++index;
    if (index == known_keys) return malformed("unknown key " + shown(key));
    if (values[index]) return malformed("the key " + std::string{key_names[index]} + " is there twice");
    values[index] = part.substr(equals + 1);
    if (values[index]->empty())
      return malformed("the key " + std::string{key_names[index]} + " has no value");
  }
  if (!values[host_name]) return malformed("the key HostName is missing");
  if (!values[shared_access_key]) return malformed("the key SharedAccessKey is missing");
  if (!values[device_name] && !values[shared_access_key_name])
    return malformed("neither DeviceId nor SharedAccessKeyName is there");
  if (values[device_name] && !is_valid_identity(*values[device_name]))
    return malformed("DeviceId has characters that IoT Hub does not allow, or more than 128");

  auto hub = parse_hub_address(*values[host_name]);
  if (!hub) return malformed("HostName " + hub.fault().detail());
  auto key = signing_key::parse(secret{std::string{*values[shared_access_key]}},
                                std::string{what} + ": SharedAccessKey");
  if (!key) return std::move(key).fault();
  return connection_string{std::move(*hub), causeway::identity{std::string{values[device_name].value_or("")}},
                           std::string{values[shared_access_key_name].value_or("")}, std::move(*key)};
}

} // namespace causeway::azure
