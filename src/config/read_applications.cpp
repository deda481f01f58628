// SPDX-License-Identifier: Apache-2.0
// [[application]].
#include "base/encoding.h"
#include "config/readers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace causeway::config {
namespace {

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
  const bool envelope = keys.text("transform_output") == "envelope";
  if (!in_place && !in_file) {
    if (keys.has("transform_output")) keys.refuse("transform_output", "there is no transform");
    return std::nullopt;
  }
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
  found.envelope = envelope;
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
    constexpr std::array<std::string_view, 1> tables{"command"};
    const auto path = "application." + std::to_string(next_++);
    section keys{&table, table.at, "application", "[[application]]", into_, tables, path};
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
    settings.removed_grace = keys.duration("removed_grace").value_or(settings.removed_grace);
    if (settings.ingress.empty()) keys.refuse("ingress", "is empty, so nothing could come in");

    settings.webhook_username = keys.text("webhook_username");
    if (settings.webhook_username.empty()) settings.webhook_username = webhook_.username;
    read_commands_of(keys, table, path, settings, into_);
    settings.api_key = keys.secret_of("api_key");
    check_one_line(keys, "api_key", settings.api_key);
    if (settings.api_key && stack_.base_url.empty())
      keys.refuse("api_key", "needs base_url in [things_stack]");
    settings.backfill = keys.boolean("backfill");
    if (settings.backfill && !keys.has("api_key"))
      keys.refuse("backfill", "needs an api_key (api_key_file) with the right to read application traffic");
    read_mqtt_key(settings, keys);
    if (settings.webhook_username.find(':') != std::string::npos)
      keys.refuse("webhook_username", "has a colon, which HTTP's Basic log-in cannot carry");
    auto [header, value] =
        read_header_credential(keys, "webhook_header", "webhook_value", "webhook_password");
    const bool has_own =
        keys.has("webhook_password") || keys.has("webhook_header") || keys.has("webhook_value");
    settings.webhook_header = std::move(header);
    if (value) {
      settings.webhook_password = std::move(*value);
    } else if (auto own = keys.secret_of("webhook_password")) {
      settings.webhook_password = std::move(*own);
    } else if (!has_own && webhook_.password) {
      settings.webhook_header = webhook_.header;
      settings.webhook_password = webhook_.password->clone();
    } else if (!has_own && !webhook_.password_is_bad && settings.takes("webhook")) {
      keys.require(
          "webhook_password",
          "give it one of its own (webhook_password_file, or webhook_header with webhook_value_file), or "
          "[webhook] a password_file");
    }

    check(settings, keys);
    return settings;
  }

  void warn_of_unused_sections(const std::vector<application_settings>& applications) {
    for (const auto& section : azure_) {
      const bool used = std::any_of(applications.begin(), applications.end(),
                                    [&](const auto& one) { return one.azure == section.name; });
      if (!used)
        into_.warn(into_.places.of("azure." + section.name.str(), ""),
                   "[azure." + section.name.str() + "] is not used by any application");
    }
  }

private:
  // What is sent in a header.
  static void check_one_line(section& keys, std::string_view name, const std::optional<secret>& key) {
    if (key && key->reveal().find_first_of("\r\n") != std::string_view::npos)
      keys.refuse(name, "has a line end inside: there is more in it than the key");
  }
  void read_mqtt_key(application_settings& settings, section& keys) {
    settings.mqtt_key = keys.secret_of("mqtt_key");
    check_one_line(keys, "mqtt_key", settings.mqtt_key);
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
  std::size_t next_ = 0;
};

} // namespace

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
  reader.warn_of_unused_sections(applications);
  return applications;
}

} // namespace causeway::config
