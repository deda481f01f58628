// SPDX-License-Identifier: Apache-2.0
#include "azure/connection_string.h"

#include "azure/names.h"
#include "base/encoding.h"

#include <algorithm>
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

struct foreign_key {
  std::string_view name, why;
};
constexpr std::array<foreign_key, 7> foreign_keys{{
    {"GatewayHostName",
     "GatewayHostName is an IoT Edge gateway's; Causeway does not speak to Edge gateways: leave it out "
     "and the hub itself is spoken to"},
    {"ModuleId", "ModuleId makes it a module's string; use one of a policy or of a device"},
    {"SharedAccessSignature",
     "SharedAccessSignature is a token, which ends; use the string with the SharedAccessKey"},
    {"x509",
     "x509 is for devices with certificates, which are not supported; use one with a shared access key"},
    {"Endpoint",
     "Endpoint is in strings of Event Hubs and Service Bus; take IoT Hub's own, from its shared access "
     "policies"},
    {"AccountName",
     "AccountName is in strings of a storage account; take IoT Hub's own, from its shared access policies"},
    {"DefaultEndpointsProtocol",
     "DefaultEndpointsProtocol is in strings of a storage account; take IoT Hub's own, from "
     "its shared access policies"},
}};

// A key that is not known may be a piece of the secret itself when semicolons are misplaced: shown only where
// it cannot.
std::string shown(std::string_view key) {
  const bool plain =
      key.size() <= 24 && key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_ ") ==
                              std::string_view::npos;
  return plain ? "\"" + std::string{key} + "\"" : "of " + std::to_string(key.size()) + " characters";
}

// Whether text begins with one of the keys and its '='.
bool is_assignment(std::string_view text) {
  const auto key = trimmed(text.substr(0, text.find('=')));
  return text.find('=') != std::string_view::npos &&
         std::any_of(key_names.begin(), key_names.end(),
                     [&](std::string_view name) { return equals_ignoring_case(key, name); });
}

} // namespace

result<connection_string> parse_connection_string(const secret& text, std::string_view what) {
  const auto malformed = [&](const std::string& why) {
    return error{errc::connection_string_malformed, std::string{what} + ": " + why};
  };
  std::array<std::optional<std::string_view>, known_keys> values;
  auto rest = trimmed(text.reveal());
  if (rest.empty()) return malformed("it is empty");
  if (rest.starts_with("\xef\xbb\xbf"))
    return malformed("it begins with a byte order mark (BOM); save the file as UTF-8 without one");
  if (rest.starts_with('"') || rest.starts_with('\'')) return malformed("it is in quotes; leave them out");
  std::size_t number = 0;
  while (!rest.empty()) {
    ++number;
    const auto end = rest.find(';');
    const auto part = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : trimmed(rest.substr(end + 1));
    const auto equals = part.find('=');
    if (part.empty()) return malformed("two semicolons with nothing between them");
    if (equals == std::string_view::npos)
      return malformed("its part " + std::to_string(number) + " is a part without '='");
    const auto key = trimmed(part.substr(0, equals));
    for (const auto& [name, why] : foreign_keys)
      if (equals_ignoring_case(key, name)) return malformed(std::string{why});
    const auto after = trimmed(part.substr(equals + 1));
    if (number == 1 && (is_assignment(after) || after.starts_with('"') || after.starts_with('\'')))
      return malformed("a variable's name stands before it, " + shown(key) +
                       "; keep only what follows the first '='" +
                       (is_assignment(after) ? "" : ", without the quotes"));
    std::size_t index = 0;
    while (index < known_keys && !equals_ignoring_case(key, key_names[index]))
      ++index;
    if (index == known_keys) return malformed("unknown key " + shown(key));
    if (values[index]) return malformed("the key " + std::string{key_names[index]} + " is there twice");
    values[index] = after;
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
  if (values[shared_access_key]->ends_with('"') || values[shared_access_key]->ends_with('\''))
    return malformed("a quotation mark stands at its end; leave it out");
  auto key = signing_key::parse(secret{std::string{*values[shared_access_key]}},
                                std::string{what} + ": SharedAccessKey");
  if (!key) return std::move(key).fault();
  return connection_string{std::move(*hub), causeway::identity{std::string{values[device_name].value_or("")}},
                           std::string{values[shared_access_key_name].value_or("")}, std::move(*key)};
}

} // namespace causeway::azure
