// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include "base/encoding.h"
#include "config/section.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

namespace causeway::config {
namespace {

constexpr std::uintmax_t longest_file = 16 * 1024 * 1024;

// Null when the file has no such table; reports what is no table.
const node* table_of(const node& root, std::string_view name, reading& into) {
  const auto* found = root.find(name);
  if (!found) return nullptr;
  if (found->value.is == node::kind::table) return &found->value;
  into.refuse(found->at, errc::config_invalid_value,
              std::string{name} + " is " + std::string{describe(found->value.is)} + "; write [" +
                  std::string{name} + "]");
  return nullptr;
}

section top_section(const node& root, std::string_view name, reading& into) {
  const auto* table = table_of(root, name, into);
  const auto* found = root.find(name);
  return {table, found ? found->at : place{}, name, "[" + std::string{name} + "]", into};
}

void check_top_level(const node& root, reading& into) {
  static const std::vector<std::string> known{"state", "things_stack", "webhook", "azure", "application",
                                              "admin", "telemetry",    "log",     "spool"};
  for (const auto& [name, at, value] : root.members) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto detail = "\"" + name + "\" at the top level";
    if (const auto meant = nearest(name, known); !meant.empty())
      detail += "; did you mean \"" + meant + "\"?";
    into.refuse(at, errc::config_unknown_key, std::move(detail));
  }
}

// "http://host" or "https://host", without a slash at the end. Empty when it is not there or not good.
std::string read_url(section& keys, std::string_view name) {
  auto url = keys.text(name);
  while (url.ends_with('/'))
    url.pop_back();
  if (url.empty()) return url;
  const auto scheme = url.find("://");
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (web && url.size() > scheme + 3 && url.find_first_of(" ?#@") == std::string::npos) return url;
  keys.refuse(name, json_quoted(url) + " is not a URL such as https://host:port");
  return {};
}

// "mqtts://host[:port]" or "mqtt://host[:port]".
std::optional<mqtt_server> parse_mqtt_address(std::string_view text) {
  mqtt_server server;
  server.tls = text.starts_with("mqtts://");
  if (!server.tls && !text.starts_with("mqtt://")) return std::nullopt;
  text.remove_prefix(text.find("://") + 3);
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  server.host = text.substr(0, host_end);
  server.port = server.tls ? 8883 : 1883;
  if (server.host.empty() || server.host.find_first_of(" /?#@\"") != std::string::npos) return std::nullopt;
  text.remove_prefix(host_end);
  if (text.empty()) return server;
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), server.port);
  if (fault != std::errc{} || end != text.data() + text.size() || server.port == 0) return std::nullopt;
  return server;
}

// The authority of a URL without its port.
std::string host_of(const std::string& url) {
  const auto start = url.find("://") + 3;
  const auto end = url[start] == '[' ? url.find(']', start) + 1 : url.find_first_of(":/", start);
  return url.substr(start, end == std::string::npos ? end : end - start);
}

void read_mqtt(section& keys, reading& into, things_stack_settings& settings) {
  settings.tenant = keys.text("tenant");
  if (!settings.tenant.empty() && !is_valid_tts_id(settings.tenant))
    keys.refuse("tenant",
                json_quoted(settings.tenant) + " is not a tenant's id, such as \"acme\" or \"ttn\"");
  const auto address = keys.text("mqtt_address");
  if (address.empty()) {
    if (const auto& url = settings.application_server_url; !url.empty())
      settings.mqtt = mqtt_server{host_of(url), 8883, true};
    return;
  }
  settings.mqtt = parse_mqtt_address(address);
  if (!settings.mqtt) {
    keys.refuse("mqtt_address", json_quoted(address) + " is not an address such as mqtts://host:8883");
    settings.mqtt.emplace(); // there, but reported already
    return;
  }
  const auto& host = settings.mqtt->host;
  const bool loopback = host.starts_with("127.") || host == "[::1]" || host == "localhost";
  if (!settings.mqtt->tls && !loopback)
    into.warn(
        keys.place_of("mqtt_address"),
        "mqtt_address in [things_stack]: without TLS API keys cross the network readable; use mqtts://");
}

things_stack_settings read_things_stack(section keys, reading& into) {
  things_stack_settings settings{read_url(keys, "base_url"), keys.path("ca_file")};
  settings.application_server_url = read_url(keys, "application_server_url");
  if (settings.application_server_url.empty()) settings.application_server_url = settings.base_url;
  settings.storage_delay = keys.duration("storage_delay").value_or(settings.storage_delay);
  read_mqtt(keys, into, settings);
  const bool loopback = settings.base_url.starts_with("http://127.") ||
                        settings.base_url.starts_with("http://[::1]") ||
                        settings.base_url.starts_with("http://localhost");
  if (settings.base_url.starts_with("http://") && !loopback)
    into.warn(keys.place_of("base_url"), "base_url in [things_stack]: API keys cross the network readable");
  return settings;
}

struct webhook_reading {
  webhook_settings settings;
  std::string username;
  std::optional<secret> password; // of applications without one
  bool password_is_bad = false;   // there, but reported already
};

webhook_reading read_webhook(section keys, reading& into) {
  webhook_reading webhook{{keys.text("listen"), keys.path("tls_certificate"), keys.path("tls_key")},
                          keys.text("username"),
                          keys.secret_of("password"),
                          false};
  webhook.password_is_bad = keys.has("password") && !webhook.password;
  auto& settings = webhook.settings;
  if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
    const auto there = settings.tls_key.empty() ? "tls_certificate" : "tls_key";
    keys.refuse(there,
                settings.tls_key.empty() ? "tls_key must be there too" : "tls_certificate must be there too");
  }
  const bool loopback = settings.listen.starts_with("127.") || settings.listen.starts_with("[::1]") ||
                        settings.listen.starts_with("localhost:");
  if (!settings.tls() && !loopback)
    into.warn(keys.place_of("listen"),
              "listen in [webhook]: plain HTTP on an address that others may reach; passwords "
              "cross the network readable unless a proxy adds TLS");
  if (webhook.username.empty()) keys.refuse("username", "is empty");
  return webhook;
}

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

void read_dps(section& keys, bool has_devices, azure_settings& settings) {
  azure_settings::dps_settings dps;
  dps.endpoint = keys.text("dps_endpoint");
  dps.id_scope = keys.text("id_scope");
  dps.id_case = keys.text("id_case") == "keep" ? id_case::keep : id_case::lower;
  if (dps.endpoint.empty() || dps.endpoint.find_first_of("/ @?#") != std::string::npos)
    keys.refuse("dps_endpoint", json_quoted(dps.endpoint) + " is not a host name, or host:port");
  if (!keys.has("id_scope"))
    keys.require("id_scope", "DPS needs it");
  else if (dps.id_scope.empty())
    keys.refuse("id_scope", "is empty");
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

  const auto* devices = table.find("devices");
  std::string_view dps_key;
  for (const std::string_view key : {"id_case", "dps_endpoint", "group_key", "id_scope"})
    if (keys.has(key)) dps_key = key;
  const bool by_string = keys.has("connection_string") || (devices && dps_key.empty());

  settings.connection_string = keys.secret_of("connection_string");
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

// What is wrong with an identity template; empty when nothing is.
std::string fault_of_template(std::string_view text) {
  constexpr std::string_view placeholders = "{device_id}, {application_id} and {dev_eui}";
  bool tells_devices_apart = false;
  while (!text.empty()) {
    if (text.front() == '{') {
      const auto close = text.find('}');
      if (close == std::string_view::npos) return "lacks a closing brace";
      const auto name = text.substr(1, close - 1);
      if (name == "device_id" || name == "dev_eui")
        tells_devices_apart = true;
      else if (name != "application_id")
        return "the placeholder {" + std::string{name} + "} is not known; there are " +
               std::string{placeholders};
      text.remove_prefix(close + 1);
      continue;
    }
    const char c = text.front();
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alphanumeric && std::string_view{"-._%#*?!(),=@$'"}.find(c) == std::string_view::npos)
      return "has a character that identities in IoT Hub cannot have: " + json_quoted(text.substr(0, 1));
    text.remove_prefix(1);
  }
  return tells_devices_apart ? "" : "needs {device_id} or {dev_eui}, or all devices would be one";
}

message_format format_of(std::string_view word) {
  if (word == "things-stack") return message_format::things_stack;
  if (word == "devmobile") return message_format::devmobile;
  return message_format::flat;
}

// The file's text; nothing where it cannot be had, then `why` says it.
std::optional<std::string> read_program(const std::filesystem::path& file, std::string& why) {
  constexpr std::uintmax_t longest_program = 64 * 1024;
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(file, unreadable);
  if (unreadable) {
    why = unreadable.message();
  } else if (size > longest_program) {
    why = "is larger than 64 KiB";
  } else if (std::ifstream in{file, std::ios::binary}; in) {
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  } else {
    why = std::strerror(errno);
  }
  return std::nullopt;
}

std::optional<transform_settings> read_transform(section& keys) {
  const bool in_place = keys.has("transform"), in_file = keys.has("transform_file");
  if (!in_place && !in_file) return std::nullopt;
  transform_settings found{keys.text("transform"), "transform", keys.place_of("transform")};
  if (in_place && in_file) {
    keys.refuse("transform_file", "transform is there already; keep one of them");
  } else if (in_file) {
    const auto file = keys.path("transform_file");
    if (file.empty()) return std::nullopt; // reported
    found = {{}, "transform_file " + file.string(), keys.place_of("transform_file")};
    std::string why;
    auto program = read_program(file, why);
    if (!program) {
      keys.refuse("transform_file", file.string() + ": " + why);
      return std::nullopt;
    }
    found.program = std::move(*program);
  }
  const std::string_view key = in_file ? "transform_file" : "transform";
  if (found.program.find('\0') != std::string::npos) keys.refuse(key, "has a null character");
  if (keys.has("format"))
    keys.refuse("format", std::string{key} + " makes the messages; keep one of the two");
  return found;
}

class application_reader {
public:
  application_reader(const node& root, const std::vector<azure_settings>& azure,
                     const webhook_reading& webhook, const things_stack_settings& stack, reading& into)
      : azure_{azure}, webhook_{webhook}, stack_{stack}, into_{into} {
    if (const auto* table = root.find("azure"); table && table->value.is == node::kind::table)
      for (const auto& entry : table->value.members)
        azure_names_.push_back(entry.name);
  }

  application_settings read(const node& table) {
    section keys{&table, table.at, "application", "[[application]]", into_};
    application_settings settings;
    settings.id = application_id{keys.text("id")};
    settings.azure = azure_name{keys.text("azure")};
    settings.enabled_by_default = keys.boolean("enabled_by_default");
    settings.model_id = keys.text("model_id");
    settings.identity = keys.text("identity");
    settings.format = format_of(keys.text("format"));
    settings.transform = read_transform(keys);
    settings.events = keys.list("events");
    settings.ingress = keys.list("ingress");
    if (settings.ingress.empty()) keys.refuse("ingress", "is empty, so nothing could come in");

    settings.webhook_username = keys.text("webhook_username");
    if (settings.webhook_username.empty()) settings.webhook_username = webhook_.username;
    settings.commands = keys.boolean("commands");
    settings.api_key = keys.secret_of("api_key");
    if (settings.api_key && stack_.base_url.empty())
      keys.refuse("api_key", "needs base_url in [things_stack]");
    settings.backfill = keys.boolean("backfill");
    if (settings.backfill && !keys.has("api_key"))
      keys.refuse("backfill", "needs an api_key (api_key_file) with the right to read application traffic");
    read_mqtt_key(settings, keys);
    if (settings.webhook_username.find(':') != std::string::npos)
      keys.refuse("webhook_username", "has a colon, which HTTP's Basic log-in cannot carry");
    if (auto own = keys.secret_of("webhook_password"))
      settings.webhook_password = std::move(*own);
    else if (webhook_.password)
      settings.webhook_password = webhook_.password->clone();
    else if (!keys.has("webhook_password") && !webhook_.password_is_bad && settings.takes("webhook"))
      keys.require("webhook_password",
                   "give it one of its own (webhook_password_file), or [webhook] a password_file");

    check(settings, keys);
    return settings;
  }

  void warn_of_shared_identities(const std::vector<application_settings>& applications) {
    std::map<std::pair<azure_name, std::string>, const application_settings*> first;
    for (const auto& one : applications) {
      if (one.identity.find("{application_id}") != std::string::npos) continue;
      const auto [found, is_new] = first.try_emplace({one.azure, one.identity}, &one);
      if (!is_new)
        into_.warn(places_[one.id], "application \"" + one.id.str() + "\" shares [azure." + one.azure.str() +
                                        "] with \"" + found->second->id.str() +
                                        "\" and their identity templates lack " +
                                        "{application_id}: devices of one id would be one device there");
    }
    for (const auto& section : azure_) {
      const bool used = std::any_of(applications.begin(), applications.end(),
                                    [&](const auto& one) { return one.azure == section.name; });
      if (!used) into_.warn({}, "[azure." + section.name.str() + "] is not used by any application");
    }
  }

private:
  void read_mqtt_key(application_settings& settings, section& keys) {
    settings.mqtt_key = keys.secret_of("mqtt_key");
    if (!settings.takes("mqtt")) return;
    if (!settings.mqtt_key && settings.api_key) settings.mqtt_key = settings.api_key->clone();
    if (!settings.mqtt_key && !keys.has("mqtt_key") && !keys.has("api_key"))
      keys.require("mqtt_key", "MQTT needs it, or an api_key");
    if (!stack_.mqtt) keys.refuse("ingress", "\"mqtt\" needs base_url or mqtt_address in [things_stack]");
  }

  void check(const application_settings& settings, section& keys) {
    const auto& id = settings.id.str();
    if (keys.has("id") && !id.empty() && !is_valid_tts_id(id))
      keys.refuse("id", json_quoted(id) + " is not an application id of The Things Stack");
    if (!id.empty()) {
      const auto [found, is_new] = places_.try_emplace(settings.id, keys.place_of("id"));
      if (!is_new)
        keys.refuse("id",
                    json_quoted(id) + " is configured already in line " + std::to_string(found->second.line));
    }
    const auto& name = settings.azure.str();
    if (!name.empty() && std::find(azure_names_.begin(), azure_names_.end(), name) == azure_names_.end()) {
      const auto meant = nearest(name, azure_names_);
      keys.refuse("azure", "there is no [azure." + name + "]" +
                               (meant.empty() ? std::string{} : "; did you mean \"" + meant + "\"?"));
    }
    if (const auto why = fault_of_template(settings.identity); !why.empty())
      keys.refuse("identity", json_quoted(settings.identity) + " " + why);
  }

  const std::vector<azure_settings>& azure_;
  std::vector<std::string> azure_names_;
  const webhook_reading& webhook_;
  const things_stack_settings& stack_;
  reading& into_;
  std::map<application_id, place> places_;
};

std::vector<application_settings> read_applications(const node& root,
                                                    const std::vector<azure_settings>& azure,
                                                    const webhook_reading& webhook,
                                                    const things_stack_settings& stack, reading& into) {
  std::vector<application_settings> applications;
  const auto* found = root.find("application");
  const bool is_list = found && found->value.is == node::kind::list;
  if (!found) {
    into.refuse({}, errc::config_missing_key, "[[application]]: at least one is needed");
    return applications;
  }
  application_reader reader{root, azure, webhook, stack, into};
  for (const auto& item : found->value.items)
    if (item.is == node::kind::table) applications.push_back(reader.read(item));
  if (!is_list || applications.size() != found->value.items.size())
    into.refuse(found->at, errc::config_invalid_value,
                "application is not a list of tables; write [[application]]");
  else if (applications.empty())
    into.refuse(found->at, errc::config_missing_key, "[[application]]: at least one is needed");
  reader.warn_of_shared_identities(applications);
  return applications;
}

log_settings read_log(section keys) {
  constexpr std::array<std::pair<std::string_view, log::level>, 5> levels{{{"debug", log::level::debug},
                                                                           {"info", log::level::info},
                                                                           {"warning", log::level::warning},
                                                                           {"error", log::level::error},
                                                                           {"off", log::level::off}}};
  log_settings settings;
  const auto level = keys.text("level");
  for (const auto& [word, value] : levels)
    if (word == level) settings.level = value;
  settings.format = keys.text("format") == "json" ? log::format::json : log::format::logfmt;
  return settings;
}

configuration read(const node& root, reading& into) {
  check_top_level(root, into);
  configuration all;
  auto state = top_section(root, "state", into);
  all.state.directory = state.path("directory");
  const auto webhook = read_webhook(top_section(root, "webhook", into), into);
  all.webhook = webhook.settings;
  all.things_stack = read_things_stack(top_section(root, "things_stack", into), into);
  all.azure = read_azure_sections(root, into);
  all.applications = read_applications(root, all.azure, webhook, all.things_stack, into);
  auto admin = top_section(root, "admin", into);
  all.admin = {admin.text("listen"), admin.path("socket")};
  if (all.admin.socket.empty()) all.admin.socket = all.state.directory / "admin.sock";
  auto telemetry = top_section(root, "telemetry", into);
  all.telemetry = {read_url(telemetry, "otlp_endpoint"),
                   telemetry.secret_of("application_insights_connection_string")};
  all.log = read_log(top_section(root, "log", into));
  auto spool = top_section(root, "spool", into);
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  all.spool = {spool.number("max_bytes", most),
               spool.number("max_messages", std::numeric_limits<std::uint32_t>::max()),
               spool.text("when_full") == "drop-oldest",
               static_cast<std::uint32_t>(spool.number("application_share", 100)), spool.duration("max_age")};
  if (all.spool.drop_oldest)
    into.warn(spool.place_of("when_full"), "when_full in [spool]: messages that got a 200 are given up when "
                                           "the spool is full");
  if (all.spool.max_age)
    into.warn(spool.place_of("max_age"),
              "max_age in [spool]: messages that got a 200 are given up when they have waited for so long");
  return all;
}

std::string at_place(const std::string& file, place at) {
  return file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
}

} // namespace

std::string config_report::format(const fault& one) const {
  return at_place(file, one.at) + std::string{one.what.name()} + ": " + one.what.message();
}

std::string config_report::format(const warning& one) const {
  return at_place(file, one.at) + "warning: " + one.text;
}

config_report parse(std::string_view text, const std::filesystem::path& file_name, secret_reader& secrets) {
  config_report report;
  report.file = file_name.string();
  const auto document = parse_toml(text);
  if (!document.root) {
    report.faults.push_back({document.fault_at, error{errc::config_syntax, document.fault}});
    return report;
  }
  reading into{secrets, file_name.parent_path(), {}, {}};
  auto value = read(*document.root, into);
  report.faults = std::move(into.faults);
  report.warnings = std::move(into.warnings);
  std::ranges::stable_sort(report.faults, {}, &fault::at);
  std::ranges::stable_sort(report.warnings, {}, &warning::at);
  if (report.faults.empty()) report.value = std::move(value);
  return report;
}

config_report load(const std::filesystem::path& file) {
  system_secret_reader secrets;
  return load(file, secrets);
}

config_report load(const std::filesystem::path& file, secret_reader& secrets) {
  const auto refuse = [&](const std::string& why) {
    config_report report;
    report.file = file.string();
    report.faults.push_back({{}, error{errc::config_unreadable, file.string() + ": " + why}});
    return report;
  };
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(file, unreadable);
  if (unreadable) return refuse(unreadable.message());
  if (size > longest_file) return refuse("is larger than 16 MiB");
  std::ifstream in{file, std::ios::binary};
  if (!in) return refuse(std::strerror(errno));
  std::ostringstream text;
  if (size > 0) text << in.rdbuf();
  if (!in || !text) return refuse("cannot be read");
  return parse(text.str(), file, secrets);
}

} // namespace causeway::config
