// SPDX-License-Identifier: Apache-2.0
// Every key of the configuration, once: the loader, the search for a misspelt key's nearest name and
// docs/config.md all read this table. Immutable, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

enum class value_kind : std::uint8_t {
  text,
  secret,   // the key itself, or with _file or _env at its end
  path,     // relative paths start at the configuration file's folder
  integer,  // from 1
  size,     // bytes, or "64 KiB", "16 MiB", "4 GiB"
  duration, // "90s", "15m", "72h", "7d"
  boolean,
  choice,  // one of `choices`
  choices, // a list of these
  address, // "host:port"
  word,    // text, or an integer, which stands for its digits
  json,    // a table or a list, which is passed on as JSON
};

struct key_entry {
  std::string_view section; // "webhook", "azure.NAME", …
  std::string_view name;
  value_kind kind;
  std::string_view fallback; // the value when the key is not there, as text; lists with commas
  bool required;
  bool restart;             // a change takes effect at the next start only
  std::string_view choices; // "lower|keep"
  std::string_view meaning;
};

struct section_entry {
  std::string_view name;
  std::string_view heading; // "[azure.NAME]"
  std::string_view meaning;
};

std::span<const section_entry> sections();
std::span<const key_entry> keys();
// Null when there is no such key.
const key_entry* find_key(std::string_view section, std::string_view name);
// The names that may stand in this section, those of secrets in all three forms.
std::vector<std::string> spellings(std::string_view section);
std::vector<std::string_view> split_choices(std::string_view choices);

// The one of `known` with the least edit distance (insert, delete, replace, swap neighbours); empty when none
// is near.
std::string nearest(std::string_view misspelt, std::span<const std::string> known);

// docs/config.md, without its title.
std::string describe_keys_markdown();

} // namespace causeway::config
