// SPDX-License-Identifier: Apache-2.0
#include "azure/names.h"

#include "base/encoding.h"

#include <array>

namespace causeway::azure {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view signs) {
  for (const char c : text)
    if (!is_alphanumeric(c) && signs.find(c) == std::string_view::npos) return false;
  return true;
}

constexpr std::array<std::pair<link_role, std::string_view>, 4> suffixes{{
    {link_role::telemetry, "/messages/events"},
    {link_role::c2d, "/messages/devicebound"},
    {link_role::methods, "/methods/devicebound"},
    {link_role::twin, "/twin"},
}};
constexpr std::string_view devices = "/devices/";

} // namespace

bool is_valid_identity(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && consists_of(text, "-.+%_#*?!(),=@$':");
}

bool is_valid_registration_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && consists_of(text, "-._:") &&
         (is_alphanumeric(text.back()) || text.back() == '-');
}

std::string device_resource(const hub_address& hub, const identity& device) {
  return hub.host + "/devices/" + device.str();
}

std::string registration_resource(std::string_view id_scope, const registration_id& registration) {
  return std::string{id_scope} + "/registrations/" + registration.str();
}

std::string link_address(link_role role, const identity& device) {
  for (const auto& [known, suffix] : suffixes)
    if (known == role) return std::string{devices} + percent_encode(device.str()) + std::string{suffix};
  return {};
}

std::optional<link_target> parse_link_address(std::string_view address) {
  if (const auto scheme = address.find("://"); scheme != std::string_view::npos) {
    const auto path = address.find('/', scheme + 3);
    if (path == std::string_view::npos) return std::nullopt;
    address = address.substr(path);
  }
  if (!equals_ignoring_case(address.substr(0, devices.size()), devices)) return std::nullopt;
  address.remove_prefix(devices.size());
  const auto slash = address.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto id = percent_decode(address.substr(0, slash));
  if (!is_valid_identity(id)) return std::nullopt;
  for (const auto& [role, suffix] : suffixes)
    if (equals_ignoring_case(address.substr(slash), suffix))
      return link_target{role, identity{std::move(id)}};
  return std::nullopt;
}

} // namespace causeway::azure
