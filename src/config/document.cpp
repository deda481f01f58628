// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>

namespace causeway::config {
namespace {

place place_of(const toml::source_region& region) {
  return {std::max(region.begin.line, 1U), std::max(region.begin.column, 1U)};
}

node convert(const toml::node& from) {
  node to;
  to.at = place_of(from.source());
  if (const auto* table = from.as_table()) {
    to.is = node::kind::table;
    for (const auto& [key, value] : *table)
      to.members.push_back({std::string{key.str()}, place_of(key.source()), convert(value)});
  } else if (const auto* list = from.as_array()) {
    to.is = node::kind::list;
    for (const auto& item : *list)
      to.items.push_back(convert(item));
  } else if (const auto* text = from.as_string()) {
    to.is = node::kind::text;
    to.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    to.is = node::kind::integer;
    to.integer = integer->get();
  } else if (const auto* real = from.as_floating_point()) {
    to.is = node::kind::real;
    to.real = real->get();
  } else if (const auto* boolean = from.as_boolean()) {
    to.is = node::kind::boolean;
    to.boolean = boolean->get();
  }
  return to;
}

} // namespace

const member* node::find(std::string_view name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.name == name; });
  return found == members.end() ? nullptr : &*found;
}

document parse_toml(std::string_view text) {
  const auto parsed = toml::parse(text);
  if (!parsed)
    return {std::nullopt, place_of(parsed.error().source()), std::string{parsed.error().description()}};
  return {convert(parsed.table()), {}, {}};
}

std::string_view describe(node::kind kind) {
  switch (kind) {
  case node::kind::text:
    return "text";
  case node::kind::integer:
    return "an integer";
  case node::kind::boolean:
    return "true or false";
  case node::kind::list:
    return "a list";
  case node::kind::table:
    return "a table";
  case node::kind::real:
    return "a number with a fraction";
  case node::kind::date:
    break;
  }
  return "a date or a time";
}

} // namespace causeway::config
