// SPDX-License-Identifier: Apache-2.0
// One section of the file, read key by key as the key table says. Internal to config.
#pragma once

#include "base/clock.h"
#include "config/document.h"
#include "config/key_table.h"
#include "config/loader.h"

#include <set>

namespace causeway::config {

// What the reading of one file gathers.
struct reading {
  secret_reader& secrets;
  std::filesystem::path folder;
  findings found;
  config::places places;

  void refuse(place at, errc code, std::string detail) { found.refuse(at, error{code, std::move(detail)}); }
  void warn(place at, std::string_view text) { found.warn(at, text); }
};

class section {
public:
  // table: null when the file does not have the section; all keys then have their defaults.
  // name: in the key table ("azure.NAME"). shown: for errors ("[azure.field]"). at: where a missing key is
  // reported. path: in configuration::places; shown without its brackets when empty. Reports the keys that
  // the table does not know, but for those in `tables`.
  section(const node* table, place at, std::string_view name, std::string shown, reading& into,
          std::span<const std::string_view> tables = {}, std::string path = {});

  // Each returns the value or, when it is not there or not good (then reported), the default.
  // Precondition: the key is in the key table.
  std::string text(std::string_view name);
  std::filesystem::path path(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t most,
                       std::uint64_t least = 1); // integer and size
  std::string word(std::string_view name);       // an integer's digits, too
  std::string json(std::string_view name);       // empty when the key is not there
  // Nothing when the key is not there and has no default.
  std::optional<seconds> duration(std::string_view name);
  bool boolean(std::string_view name);
  std::vector<std::string> list(std::string_view name);
  std::optional<secret> secret_of(std::string_view name);

  // Whether the key is in the file, for a secret in any form.
  bool has(std::string_view name) const;
  // Of the key's value where it is there, else of the section.
  place place_of(std::string_view name) const;
  place at() const { return at_; }
  const std::string& shown() const { return shown_; }
  void refuse(std::string_view name, const std::string& why);
  void require(std::string_view name, const std::string& why = {});

private:
  // Of a file that a value names: relative ones are beside the configuration; those that begin with
  // ${CREDENTIALS_DIRECTORY}/ where systemd keeps what LoadCredential= names. Nothing (reported): it has
  // given this process none.
  std::optional<std::filesystem::path> place_of_file(const std::string& text, place at,
                                                     const std::string& label);
  const key_entry& entry(std::string_view name, std::initializer_list<value_kind> kinds) const;
  const member* find(std::string_view name) const { return table_ ? table_->find(name) : nullptr; }
  // The member when it is of this kind; null when it is not there or reported.
  const node* typed(const key_entry& key, node::kind kind);
  bool is_choice(const key_entry& key, const node& value);
  // Reports a secret that stands where a name or an address belongs.
  bool is_misplaced(std::string_view name, const node& value);

  const node* table_;
  place at_;
  std::string_view name_;
  std::string shown_;
  reading& into_;
  std::set<std::string, std::less<>> misspelt_; // known names that an unknown key seems to mean
};

// Bytes of "4 GiB", "512 KiB", "1024"; nothing for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text);
// From 1 second of "90s", "15m", "72h", "7d" to 10,000 days; nothing for anything else.
std::optional<seconds> parse_duration(std::string_view text);
// Whether text is "host:port" with port 0 to 65535; IPv6 in brackets.
bool is_listen_address(std::string_view text);

} // namespace causeway::config
