// SPDX-License-Identifier: Apache-2.0
#include "azure/advice.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>

namespace causeway::azure {
namespace {

constexpr std::array<std::string_view, 4> clouds{".net", ".cn", ".us", ".de"};

bool is_below(std::string_view host, std::string_view service) {
  return std::any_of(clouds.begin(), clouds.end(), [&](std::string_view cloud) {
    const auto domain = "." + std::string{service} + std::string{cloud};
    return host.size() > domain.size() && host.ends_with(domain);
  });
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool resembles_azure(std::string_view host) {
  return has(host, "azure") || has(host, "-device");
}

std::string advice_on_port(const hub_address& where, std::string_view service, std::uint16_t right) {
  std::string_view speaks;
  switch (where.port) {
  case 8883:
    speaks = "MQTT";
    break;
  case 1883:
    speaks = "MQTT without TLS";
    break;
  case 5672:
    speaks = "AMQP without TLS";
    break;
  case 5671:
    speaks = "AMQP";
    break;
  case 80:
    speaks = "HTTP without TLS";
    break;
  case 443:
    speaks = "HTTPS and WebSockets";
    break;
  default:
    return {};
  }
  if (where.port == right) return {};
  return "port " + std::to_string(where.port) + " is for " + std::string{speaks} + "; " +
         std::string{service} + " is spoken to at " + std::to_string(right) + ": leave the port out";
}

} // namespace

std::string advice_on_hub(const hub_address& hub) {
  if (has(hub.host, "azure-devices-provisioning"))
    return "\"" + hub.host + "\" is a DPS, not a hub: a connection string of the IoT Hub belongs here";
  if (has(hub.host, "azureiotcentral") || has(hub.host, "servicebus.windows"))
    return "\"" + hub.host + "\" is no IoT Hub";
  if (resembles_azure(hub.host) && !is_below(hub.host, "azure-devices"))
    return "\"" + hub.host + "\" is none of IoT Hub's names, which end in .azure-devices.net (.cn, .us, .de)";
  return advice_on_port(hub, "a hub", amqps_port);
}

std::string advice_on_dps(const hub_address& dps) {
  if (is_below(dps.host, "azure-devices"))
    return "\"" + dps.host +
           "\" is a hub, not a DPS; without dps_endpoint Azure's own is asked, "
           "global.azure-devices-provisioning.net";
  if (has(dps.host, "azureiotcentral"))
    return "\"" + dps.host + "\" is the application's own address; without dps_endpoint its DPS is asked";
  if (resembles_azure(dps.host) && !is_below(dps.host, "azure-devices-provisioning"))
    return "\"" + dps.host +
           "\" is none of DPS' names, which end in .azure-devices-provisioning.net (.cn, .us)";
  return advice_on_port(dps, "DPS", https_port);
}

std::string advice_on_policy(std::string_view policy) {
  for (const std::string_view without : {"service", "registryRead", "registryReadWrite"})
    if (equals_ignoring_case(policy, without))
      return "the policy \"" + std::string{policy} +
             "\" may not connect devices; take \"device\", or another with the right to connect devices";
  return {};
}

std::string advice_on_key(const signing_key& key) {
  const auto size = key.bytes().size();
  const auto text = key.base64();
  const bool hexadecimal =
      text.reveal().find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (hexadecimal && (text.reveal().size() == 64 || text.reveal().size() == 128))
    return "the key is " + std::to_string(text.reveal().size()) +
           " hexadecimal digits; Azure shows keys in base64, and these digits are another key when read as "
           "that";
  if (size == 32 || size == 64) return {};
  return "the key has " + std::to_string(size) +
         " bytes; those that Azure makes have 32 or 64. Is a part of it missing?";
}

bool is_key_length(const signing_key& key) {
  return key.bytes().size() >= 16 && key.bytes().size() <= 64;
}

} // namespace causeway::azure
