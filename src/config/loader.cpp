// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include "config/readers.h"
#include "config/shown_configuration.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

namespace causeway::config {

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

namespace {

constexpr std::uintmax_t longest_file = 16 * 1024 * 1024;

void check_top_level(const node& root, reading& into) {
  static const std::vector<std::string> known{"state",    "things_stack", "webhook",   "azure", "application",
                                              "commands", "admin",        "telemetry", "log",   "spool"};
  for (const auto& [name, at, value] : root.members) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto detail = "\"" + name + "\" at the top level";
    if (const auto meant = nearest(name, known); !meant.empty())
      detail += "; did you mean \"" + meant + "\"?";
    into.refuse(at, errc::config_unknown_key, std::move(detail));
  }
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

// toml++ quotes what it could not read; only a short word of it can be no part of a secret.
std::string without_long_quotes(std::string_view text) {
  constexpr std::size_t longest_word = 12;
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('\'');
    const auto close = open == std::string_view::npos ? open : text.find('\'', open + 2);
    if (close == std::string_view::npos) return out.append(text);
    const auto quoted = text.substr(open + 1, close - open - 1);
    out.append(text.substr(0, open + 1)).append(quoted.size() > longest_word ? "…" : quoted).append("'");
    text.remove_prefix(close + 1);
  }
  return out;
}

// It goes into a header as it is; who guesses has no log-in to be slowed down at.
std::optional<secret> read_admin_token(section& keys) {
  constexpr std::size_t shortest = 16;
  auto token = keys.secret_of("token");
  if (!token) return token;
  const auto text = token->reveal();
  if (text.size() < shortest)
    keys.refuse("token", "has less than 16 characters");
  else if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; }))
    keys.refuse("token", "has a space or a character that is not ASCII, which no header carries as it is");
  return token;
}

configuration read(const node& root, reading& into) {
  check_top_level(root, into);
  configuration all;
  auto state = top_section(root, "state", into);
  all.state.directory = state.path("directory");
  all.state.max_devices = static_cast<std::uint32_t>(state.number("max_devices", 1'000'000));
  const auto webhook = read_webhook(top_section(root, "webhook", into), into);
  all.webhook = webhook.settings;
  all.things_stack = read_things_stack(top_section(root, "things_stack", into), into);
  all.azure = read_azure_sections(root, into);
  all.applications = read_applications(root, all.azure, webhook, all.things_stack, into);
  all.commands = read_commands(top_section(root, "commands", into));
  auto admin = top_section(root, "admin", into);
  all.admin = {admin.text("listen"), admin.path("socket"), read_admin_token(admin)};
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
  all.shown = show_configuration(root);
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

void config_report::add(findings later) {
  const auto earlier = faults.size();
  for (auto& one : later.faults) {
    const bool told = std::any_of(
        faults.begin(), faults.begin() + static_cast<std::ptrdiff_t>(earlier), [&](const auto& other) {
          const auto code = other.what.code();
          const bool of_value = code == errc::config_invalid_value || code == errc::secret_unreadable;
          return other.at == one.at && (of_value || other.what == one.what);
        });
    if (!told) faults.push_back(std::move(one));
  }
  for (auto& one : later.warnings)
    warnings.push_back(std::move(one));
  std::ranges::stable_sort(faults, {}, &fault::at);
  std::ranges::stable_sort(warnings, {}, &warning::at);
  if (faults.empty() || !value) return;
  draft = std::move(value);
  value.reset();
}

std::vector<std::string> config_report::lines() const {
  std::vector<std::pair<place, std::string>> all;
  for (const auto& one : warnings)
    all.emplace_back(one.at, format(one));
  for (const auto& one : faults)
    all.emplace_back(one.at, format(one));
  std::ranges::stable_sort(all, {}, [](const auto& one) { return one.first; });
  std::vector<std::string> out;
  out.reserve(all.size());
  for (auto& [at, line] : all)
    out.push_back(std::move(line));
  return out;
}

config_report parse(std::string_view text, const std::filesystem::path& file_name, secret_reader& secrets) {
  config_report report;
  report.file = file_name.string();
  const auto document = parse_toml(text);
  if (!document.root) {
    findings found;
    found.refuse(document.fault_at, error{errc::config_syntax, without_long_quotes(document.fault)});
    report.add(std::move(found));
    return report;
  }
  reading into{secrets, file_name.parent_path(), {}, {}};
  report.value = read(*document.root, into);
  report.value->places = std::move(into.places);
  report.add(std::move(into.found));
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
