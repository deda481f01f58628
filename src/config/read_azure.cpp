// SPDX-License-Identifier: Apache-2.0
// The destinations: [azure.NAME].
#include "base/encoding.h"
#include "config/readers.h"

#include <array>
#include <charconv>

namespace causeway::config {
namespace {

std::vector<azure_device> read_devices(const node& table, const std::string& name, bool at_dps,
                                       reading& into) {
  const std::string_view wanted = at_dps ? "key" : "connection_string";
  const std::string_view other = at_dps ? "connection_string" : "key";
  std::vector<azure_device> devices;
  for (const auto& [id, at, value] : table.members) {
    const auto shown = "[azure." + name + ".devices." + json_quoted(id) + "]";
    if (value.is != node::kind::table) {
      into.refuse(value.at, errc::config_invalid_value,
                  shown + " is " + std::string{describe(value.is)} + "; write { " + std::string{wanted} +
                      "_file = \"…\" }");
      continue;
    }
    section keys{&value, at, "azure.NAME.devices.ID", shown, into};
    if (id.empty()) into.refuse(at, errc::config_invalid_value, shown + ": the identity is empty");
    if (keys.has(other))
      keys.refuse(other, at_dps ? "belongs to a section without DPS; an individual enrolment has a key"
                                : "belongs to a section for DPS; here a device has a connection_string");
    else if (!keys.has(wanted))
      keys.require(wanted);
    if (auto found = keys.secret_of(wanted)) {
      azure_device device;
      device.identity = causeway::identity{id};
      (at_dps ? device.key : device.connection_string) = std::move(*found);
      devices.push_back(std::move(device));
    }
  }
  return devices;
}

bool is_alphanumeric(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
         std::string_view::npos;
}

constexpr milliseconds earliest_poll{100}, latest_poll{10'000};

// Nothing for anything but "500ms", "2s".
std::optional<milliseconds> parse_poll_time(std::string_view text) {
  std::uint32_t number = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || number > 1'000'000) return std::nullopt;
  const std::string_view unit{stop, static_cast<std::size_t>(text.data() + text.size() - stop)};
  if (unit != "ms" && unit != "s") return std::nullopt;
  const auto time = unit == "s" ? milliseconds{seconds{number}} : milliseconds{number};
  return time < earliest_poll || time > latest_poll ? std::nullopt : std::optional{time};
}

void read_dps(section& keys, bool has_devices, azure_settings& settings) {
  azure_settings::dps_settings dps;
  dps.endpoint = keys.text("dps_endpoint");
  dps.id_scope = keys.text("id_scope");
  dps.id_case = keys.text("id_case") == "keep" ? id_case::keep : id_case::lower;
  if (const auto when = keys.text("first_poll"); when != "retry-after") {
    dps.first_poll = parse_poll_time(when);
    if (!dps.first_poll)
      keys.refuse("first_poll",
                  json_quoted(when) + " is neither \"retry-after\" nor a time from \"100ms\" to \"10s\"");
  }
  if (dps.endpoint.empty() || dps.endpoint.find_first_of("/ @?#") != std::string::npos)
    keys.refuse("dps_endpoint", json_quoted(dps.endpoint) + " is not a host name, or host:port");
  if (!keys.has("id_scope"))
    keys.require("id_scope", "DPS needs it");
  else if (dps.id_scope.empty() || !is_alphanumeric(dps.id_scope))
    keys.refuse(
        "id_scope",
        json_quoted(dps.id_scope) +
            " is not an id scope: letters and digits only, such as \"0ne00123ABC\"; DPS shows it on its "
            "overview page");
  if (!keys.has("group_key") && !has_devices)
    keys.require("group_key", "DPS needs it, or devices with keys of their own");
  dps.group_key = keys.secret_of("group_key");
  settings.dps = std::move(dps);
}

azure_settings read_azure(const std::string& name, place at, const node& table, reading& into) {
  constexpr std::array<std::string_view, 1> tables{"devices"};
  section keys{&table, at, "azure.NAME", "[azure." + name + "]", into, tables};
  azure_settings settings;
  settings.name = azure_name{name};
  settings.kind = keys.text("kind") == "iot-central" ? azure_kind::iot_central : azure_kind::iot_hub;
  settings.tier = keys.text("tier");
  settings.units = static_cast<std::uint32_t>(keys.number("units", 200));
  settings.ca_file = keys.path("ca_file");
  const auto budget = [&](std::string_view key) -> std::optional<std::uint32_t> {
    if (!keys.has(key)) return std::nullopt;
    return static_cast<std::uint32_t>(keys.number(key, 1'000'000));
  };
  settings.registrations_per_minute = budget("registrations_per_minute");
  settings.connects_per_second = budget("connects_per_second");
  settings.sends_per_second = budget("sends_per_second");
  settings.twin_reads_per_second = budget("twin_reads_per_second");
  settings.twin_updates_per_second = budget("twin_updates_per_second");

  const auto* devices = table.find("devices");
  std::string_view dps_key;
  for (const std::string_view key : {"first_poll", "id_case", "dps_endpoint", "group_key", "id_scope"})
    if (keys.has(key)) dps_key = key;
  const bool by_string = keys.has("connection_string") || (devices && dps_key.empty());

  settings.connection_string = keys.secret_of("connection_string");
  settings.secondary_connection_string = keys.secret_of("secondary_connection_string");
  if (keys.has("secondary_connection_string") && !keys.has("connection_string"))
    keys.refuse("secondary_connection_string", "stands beside a connection_string only");
  if (devices && devices->value.is == node::kind::table)
    settings.devices = read_devices(devices->value, name, !dps_key.empty(), into);
  else if (devices)
    into.refuse(devices->at, errc::config_invalid_value, "devices in " + keys.shown() + " is not a table");

  if (by_string && !dps_key.empty())
    keys.refuse(dps_key, "belongs to DPS, but the section has connection strings; make it two sections");
  else if (!dps_key.empty())
    read_dps(keys, devices != nullptr, settings);
  else if (!by_string)
    keys.require("connection_string", "or devices, or id_scope and group_key for DPS");

  if (by_string && keys.has("registrations_per_minute"))
    keys.refuse("registrations_per_minute", "is for DPS, which this section does not use");
  if (settings.kind == azure_kind::iot_central) {
    if (by_string) keys.refuse("kind", "IoT Central is reached through DPS: id_scope and group_key");
    for (const std::string_view key : {"tier", "units"})
      if (keys.has(key)) keys.refuse(key, "IoT Central has quotas of its own; leave it out");
  }
  return settings;
}

} // namespace

std::vector<azure_settings> read_azure_sections(const node& root, reading& into) {
  std::vector<azure_settings> sections;
  const auto* azure = table_of(root, "azure", into);
  if (!azure) return sections;
  for (const auto& [name, at, value] : azure->members) {
    if (value.is != node::kind::table) {
      into.refuse(at, errc::config_unknown_key,
                  "\"" + name +
                      "\" in [azure]; sections have names: write [azure.NAME] and the key under it");
      continue;
    }
    const bool plain =
        !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789-_") == std::string::npos;
    if (!plain)
      into.refuse(at, errc::config_invalid_value,
                  "the name of [azure." + json_quoted(name) + "] may have letters, digits, - and _ only");
    sections.push_back(read_azure(name, at, value, into));
  }
  return sections;
}

} // namespace causeway::config
