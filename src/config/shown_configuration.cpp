// SPDX-License-Identifier: Apache-2.0
#include "config/shown_configuration.h"

#include "base/encoding.h"
#include "base/mask.h"
#include "config/key_table.h"
#include "config/toml_json.h"

#include <array>
#include <utility>

namespace causeway::config {
namespace {

constexpr std::size_t most_devices = 1'000;

std::string quoted_masked(std::string_view text) {
  return json_quoted(mask_secrets(text));
}

std::string value_json(const key_entry& key, const node& value) {
  switch (value.is) {
  case node::kind::text:
    return quoted_masked(value.text);
  case node::kind::boolean:
  case node::kind::integer:
  case node::kind::real:
    return to_json(value).text;
  case node::kind::list:
  case node::kind::table:
  case node::kind::date:
    break;
  }
  const auto text = to_json(value).text;
  return key.kind == value_kind::choices ? text : quoted_masked(text);
}

std::string fallback_json(const key_entry& key) {
  if (key.fallback.empty()) return "null";
  return json_quoted(key.fallback);
}

class showing {
public:
  // With a key's default where the table lacks it, unless only_given.
  void add(std::string_view section, const std::string& heading, const node* table, bool only_given = false) {
    out_ += out_.empty() ? "" : ",";
    out_ += "{\"section\":" + json_quoted(heading) + ",\"keys\":[";
    first_ = true;
    for (const auto& key : keys())
      if (key.section == section) add(key, table, only_given);
    out_ += "]}";
  }
  void add_azure(const member& named) {
    const auto heading = "azure." + named.name;
    add("azure.NAME", "[" + heading + "]", &named.value);
    const auto* devices = named.value.find("devices");
    if (devices == nullptr) return;
    for (const auto& one : devices->value.members) {
      if (++devices_ <= most_devices)
        add("azure.NAME.devices.ID", "[" + heading + ".devices." + one.name + "]", &one.value, true);
    }
  }
  void add_application(const node& table) {
    const auto* id = table.find("id");
    const auto name = id != nullptr ? " " + id->value.text : std::string{};
    add("application", "[[application]]" + name, &table);
    const auto* commands = table.find("command");
    if (commands == nullptr) return;
    for (const auto& one : commands->value.members)
      add("application.command.NAME", "[application.command." + one.name + "]" + name, &one.value);
  }
  std::string take() && {
    const auto left_out = devices_ > most_devices ? devices_ - most_devices : 0;
    return "{\"sections\":[" + std::move(out_) + "],\"left_out\":" + std::to_string(left_out) + "}";
  }

private:
  void add(const key_entry& key, const node* table, bool only_given) {
    const auto text = key.kind == value_kind::secret ? secret_json(key, table) : plain_json(key, table);
    if (only_given && text.find("\"given\":false") != std::string::npos) return;
    out_ += (std::exchange(first_, false) ? "{\"key\":" : ",{\"key\":") + json_quoted(key.name) + text + "}";
  }
  static std::string plain_json(const key_entry& key, const node* table) {
    const auto* found = table == nullptr ? nullptr : table->find(key.name);
    return ",\"value\":" + (found != nullptr ? value_json(key, found->value) : fallback_json(key)) +
           (found != nullptr ? ",\"given\":true" : ",\"given\":false");
  }
  static std::string secret_json(const key_entry& key, const node* table) {
    constexpr std::array<std::pair<const char*, const char*>, 3> ways{
        {{"_file", "file"}, {"_env", "environment"}, {"", "inline"}}};
    for (const auto& [ending, way] : ways) {
      const auto* found = table == nullptr ? nullptr : table->find(std::string{key.name} + ending);
      if (found == nullptr) continue;
      const auto where = *ending == '\0' ? "null" : quoted_masked(found->value.text);
      return std::string{",\"secret\":true,\"by\":\""} + way + "\",\"where\":" + where + ",\"given\":true";
    }
    return ",\"secret\":true,\"by\":null,\"where\":null,\"given\":false";
  }

  std::string out_;
  std::size_t devices_ = 0;
  bool first_ = true;
};

} // namespace

std::string show_configuration(const node& root) {
  showing all;
  for (const auto& section : sections()) {
    const auto* found = root.find(section.name.substr(0, section.name.find('.')));
    if (section.name == "azure.NAME") {
      if (found != nullptr)
        for (const auto& one : found->value.members)
          all.add_azure(one);
    } else if (section.name == "application") {
      if (found != nullptr)
        for (const auto& one : found->value.items)
          all.add_application(one);
    } else if (section.name.find('.') == std::string_view::npos) {
      all.add(section.name, std::string{section.heading}, found != nullptr ? &found->value : nullptr);
    }
  }
  return std::move(all).take();
}

} // namespace causeway::config
