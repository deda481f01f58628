// SPDX-License-Identifier: Apache-2.0
#include "azure/hub_address.h"

#include "base/encoding.h"

#include <charconv>

namespace causeway::azure {
namespace {

constexpr std::size_t longest_host = 253;

bool is_host(std::string_view text, bool bracketed) {
  if (text.empty() || text.size() > longest_host) return false;
  const auto allowed =
      bracketed ? std::string_view{"0123456789abcdefABCDEF:.%"}
                : std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"};
  if (text.find_first_not_of(allowed) != std::string_view::npos) return false;
  return bracketed ||
         (text.front() != '.' && text.front() != '-' && text.find("..") == std::string_view::npos);
}

} // namespace

std::string_view hub_address::name() const {
  return std::string_view{host}.substr(0, host.find('.'));
}

hub_host hub_address::id() const {
  auto text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != amqps_port) text += ":" + std::to_string(port);
  return hub_host{std::move(text)};
}

hub_host hub_address::hub() const {
  constexpr std::string_view domain = ".azure-devices.";
  const auto suffix = host.find(domain);
  if (suffix == std::string::npos) return id();
  const auto labels = std::string_view{host}.substr(0, suffix);
  const auto dot = labels.find('.');
  if (dot == std::string_view::npos) return id();
  const auto variant = labels.substr(dot + 1);
  if (variant != "device" && variant != "service") return id();
  return hub_address{std::string{labels.substr(0, dot)} + host.substr(suffix), port}.id();
}

result<hub_address> parse_hub_address(std::string_view text, std::uint16_t default_port) {
  const auto refuse = [&](std::string_view why) {
    return error{errc::config_invalid_value,
                 "\"" + std::string{text.substr(0, 300)} + "\" " + std::string{why}};
  };
  if (text.find("://") != std::string_view::npos)
    return refuse("has a scheme; write the host's name alone, or host:port");
  hub_address address;
  address.port = default_port;
  auto host = text;
  std::string_view port;
  bool has_port = false;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return refuse("lacks a closing bracket");
    host = text.substr(1, close - 1);
    const auto rest = text.substr(close + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return refuse("is not a host name, or host:port");
    if (has_port) port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (!is_host(host, bracketed)) return refuse("is not a host name, or host:port");
  if (has_port) {
    const auto [stop, fault] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (fault != std::errc{} || stop != port.data() + port.size() || address.port == 0)
      return refuse("has a port outside 1 to 65535");
  }
  address.host = to_lower(host);
  return address;
}

} // namespace causeway::azure
