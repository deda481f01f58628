// SPDX-License-Identifier: Apache-2.0
#include "config/masked.h"

#include "base/encoding.h"
#include "base/mask.h"
#include "config/key_table.h"

#include <algorithm>
#include <vector>

namespace causeway::config {
namespace {

using is_file_test = std::function<bool(std::string_view)>;

bool is_section(std::string_view name) {
  return std::ranges::any_of(sections(), [&](const auto& one) { return one.name == name; });
}

// Of the key table: what stands for the names that the operator gives is in capitals there.
std::string child_section(const std::string& parent, const std::string& name) {
  if (parent == "azure") return "azure.NAME";
  if (parent == "azure.NAME.devices") return "azure.NAME.devices.ID";
  if (parent == "application.command") return "application.command.NAME";
  return parent.empty() ? name : parent + "." + name;
}

// Whether keys or further sections of the key table may stand there.
bool leads_somewhere(const std::string& section) {
  return is_section(section) || std::ranges::any_of(sections(), [&](const auto& one) {
           return one.name.starts_with(section + ".");
         });
}

std::string show_value(const node& value) {
  switch (value.is) {
  case node::kind::text:
    return json_quoted(mask_secrets(value.text));
  case node::kind::integer:
    return std::to_string(value.integer);
  case node::kind::real:
    return std::to_string(value.real);
  case node::kind::boolean:
    return value.boolean ? "true" : "false";
  case node::kind::list: {
    std::string all;
    for (const auto& one : value.items)
      all += (all.empty() ? "" : ", ") + show_value(one);
    return "[" + all + "]";
  }
  case node::kind::table:
  case node::kind::date:
    break;
  }
  return "(" + std::string{describe(value.is)} + ", not shown)";
}

std::string show_key(const std::string& section, const member& one, const is_file_test& is_file) {
  std::string_view name = one.name;
  const auto* key = find_key(section, name);
  if (key != nullptr && key->kind == value_kind::secret) return "(a secret, not shown)";
  if (key != nullptr) return key->kind == value_kind::json ? "(a payload, not shown)" : show_value(one.value);
  for (const std::string_view ending : {"_file", "_env"}) {
    if (!name.ends_with(ending)) continue;
    key = find_key(section, name.substr(0, name.size() - ending.size()));
    if (key == nullptr || key->kind != value_kind::secret) continue;
    if (ending == "_env") return "(an environment variable, not shown)";
    if (one.value.is != node::kind::text || !is_file(one.value.text)) return "(no such file, not shown)";
    return show_value(one.value);
  }
  return "(an unknown key, not shown)";
}

void show_table(const node& table, const std::string& section, const std::string& heading,
                const is_file_test& is_file, std::string& out);

// A table, or a list of them, is a section of its own where the key table has none of that name as a key.
void show_below(const member& one, const std::string& section, const std::string& heading,
                const is_file_test& is_file, std::string& out) {
  const auto child = child_section(section, one.name);
  const auto named = (heading.empty() ? "" : heading + ".") + mask_secrets(one.name);
  if (!leads_somewhere(child)) {
    out += "[" + named + "]\n(an unknown section, not shown)\n\n";
    return;
  }
  if (one.value.is == node::kind::table) {
    show_table(one.value, child, named, is_file, out);
    return;
  }
  for (const auto& item : one.value.items)
    show_table(item, child, named, is_file, out);
}

bool is_below(const std::string& section, const member& one) {
  if (find_key(section, one.name) != nullptr) return false;
  return one.value.is == node::kind::table || (one.value.is == node::kind::list && !one.value.items.empty() &&
                                               std::ranges::all_of(one.value.items, [](const node& item) {
                                                 return item.is == node::kind::table;
                                               }));
}

void show_table(const node& table, const std::string& section, const std::string& heading,
                const is_file_test& is_file, std::string& out) {
  std::vector<const member*> in_order; // of the file
  for (const auto& one : table.members)
    in_order.push_back(&one);
  std::ranges::stable_sort(in_order, {}, &member::at);
  std::string keys;
  for (const auto* one : in_order)
    if (!is_below(section, *one))
      keys += mask_secrets(one->name) + " = " + show_key(section, *one, is_file) + "\n";
  if (!heading.empty() && (!keys.empty() || is_section(section))) out += "[" + heading + "]\n";
  if (!keys.empty() || is_section(section)) out += keys + "\n";
  for (const auto* one : in_order)
    if (is_below(section, *one)) show_below(*one, section, heading, is_file, out);
}

} // namespace

std::string show_masked(const node& root, const is_file_test& is_file) {
  std::string out;
  show_table(root, {}, {}, is_file, out);
  return out;
}

} // namespace causeway::config
