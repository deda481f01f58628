// SPDX-License-Identifier: Apache-2.0
// Commands: [commands], and what an application says of them.
#include "base/encoding.h"
#include "config/readers.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace causeway::config {
namespace {

constexpr std::uint64_t highest_port = 223;
constexpr std::size_t longest_name = 256;
// Answered by Causeway itself, whatever is configured.
constexpr std::string_view built_in_method = "downlink";

seconds read_duration(section& keys, std::string_view name, seconds least, std::string_view in_words) {
  const auto found = keys.duration(name);
  if (found && *found < least) keys.refuse(name, "must be at least \"" + std::string{in_words} + "\"");
  return found.value_or(least);
}

// Nothing for anything but "10/24h".
std::optional<downlink_brake> parse_brake(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  downlink_brake brake;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + slash, brake.count);
  const auto within = parse_duration(text.substr(slash + 1));
  if (fault != std::errc{} || stop != text.data() + slash || brake.count < 1 || !within) return std::nullopt;
  brake.within = *within;
  return brake;
}

std::optional<downlink_brake> read_brake(section& keys) {
  const auto text = keys.text("max_downlinks");
  if (text.empty()) return std::nullopt;
  const auto brake = parse_brake(text);
  if (!brake)
    keys.refuse("max_downlinks",
                json_quoted(text) + " is not a number of downlinks and a time, such as \"10/24h\"");
  return brake;
}

std::optional<seconds> read_twin_interval(section& keys) {
  const auto text = keys.text("twin_interval");
  if (text == "never") return std::nullopt;
  const auto interval = parse_duration(text);
  if (!interval || *interval < seconds{60})
    keys.refuse("twin_interval", json_quoted(text) + " is neither a time of at least \"1m\" nor \"never\"");
  return interval;
}

settle_when settle_of(std::string_view word) {
  if (word == "queued") return settle_when::queued;
  if (word == "acknowledged") return settle_when::acknowledged;
  return settle_when::stored;
}

// What is wrong with the name of a command; empty when nothing is.
std::string fault_of_name(std::string_view name) {
  if (equals_ignoring_case(name, built_in_method))
    return "is the method that Causeway has built in; take another name";
  const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789-._*") == std::string_view::npos;
  if (name.empty() || name.size() > longest_name || !plain)
    return "may have 1 to 256 characters: letters, digits and - . _ *";
  return {};
}

named_command read_named(const member& entry, const std::string& path, reading& into) {
  const auto shown = "[application.command." + entry.name + "]";
  section keys{&entry.value, entry.at, "application.command.NAME", shown, into, {}, path + "." + entry.name};
  named_command made;
  made.name = entry.name;
  made.port = static_cast<std::uint8_t>(keys.number("port", highest_port));
  made.confirmed = keys.boolean("confirmed");
  made.priority = keys.word("priority");
  made.replace = keys.text("queue") == "replace";
  made.payload = keys.json("payload");
  return made;
}

// What stands in a table of commands without being one, or under a name that none can have.
bool is_refused(const member& entry, reading& into) {
  const std::string write = "; write [application.command.NAME] and the key under it";
  if (entry.value.is != node::kind::table) {
    into.refuse(entry.at, errc::config_unknown_key,
                "\"" + entry.name + "\" in [application.command]; commands have names" + write);
    return true;
  }
  const auto why = fault_of_name(entry.name);
  if (!why.empty())
    into.refuse(entry.at, errc::config_invalid_value,
                "the name of [application.command." + json_quoted(entry.name) + "] " + why);
  return !why.empty();
}

std::vector<named_command> read_named_commands(const member& all, const std::string& path, reading& into) {
  std::vector<named_command> made;
  if (all.value.is != node::kind::table) {
    into.refuse(all.at, errc::config_invalid_value,
                "command in [[application]] is " + std::string{describe(all.value.is)} +
                    "; write [application.command.NAME] and its keys under it (whether there are commands "
                    "at all is the key commands)");
    return made;
  }
  std::vector<const member*> in_order;
  for (const auto& entry : all.value.members)
    in_order.push_back(&entry);
  std::ranges::stable_sort(in_order, {}, &member::at);
  std::map<std::string, const member*> names;
  for (const auto* entry : in_order) {
    if (is_refused(*entry, into)) continue;
    const auto [other, is_new] = names.try_emplace(to_lower(entry->name), entry);
    if (!is_new)
      into.refuse(entry->at, errc::config_invalid_value,
                  "the name of [application.command." + entry->name + "] differs from " +
                      json_quoted(other->second->name) + " in line " +
                      std::to_string(other->second->at.line) + " by letter case alone");
    made.push_back(read_named(*entry, path, into));
  }
  return made;
}

void warn_of_idle_keys(const section& keys, const application_settings& settings, reading& into) {
  constexpr std::array<std::string_view, 6> of_commands{"settle", "command_timeout", "max_downlinks",
                                                        "twin",   "command",         "commands"};
  for (const auto key : {"twin_first", "twin_interval", "twin_decoded"})
    if (keys.has(key) && !settings.twin)
      into.warn(keys.place_of(key),
                std::string{key} + " in [[application]]: counts for nothing where twin is not true");
  for (const auto key : of_commands) {
    if (!keys.has(key) || (key == "commands" && !settings.commands)) continue;
    if (key == "twin" && !settings.twin) continue;
    const auto name = std::string{key} + " in [[application]]: ";
    if (!settings.commands)
      into.warn(keys.place_of(key), name + "counts for nothing where commands = false");
    else if (!keys.has("api_key"))
      into.warn(keys.place_of(key), name + "without an api_key (api_key_file), which needs the right to "
                                           "write downlinks, every command is refused");
  }
}

} // namespace

command_settings read_commands(section keys) {
  command_settings settings;
  settings.history = read_duration(keys, "history", seconds{3 * 86'400}, "3d");
  settings.max_commands = static_cast<std::uint32_t>(keys.number("max_commands", 10'000'000, 100));
  settings.share = static_cast<std::uint32_t>(keys.number("share", 100));
  return settings;
}

void read_commands_of(section& keys, const node& table, const std::string& path,
                      application_settings& settings, reading& into) {
  settings.commands = keys.boolean("commands");
  settings.settle = settle_of(keys.text("settle"));
  settings.command_timeout = read_duration(keys, "command_timeout", seconds{10}, "10s");
  settings.max_downlinks = read_brake(keys);
  settings.twin = keys.boolean("twin");
  settings.sends_first_twin = keys.text("twin_first") == "send";
  settings.twin_interval = read_twin_interval(keys);
  settings.twin_decoded = keys.boolean("twin_decoded");
  if (const auto* named = table.find("command"))
    settings.named_commands = read_named_commands(*named, path + ".command", into);
  warn_of_idle_keys(keys, settings, into);
}

} // namespace causeway::config
