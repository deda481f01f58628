// SPDX-License-Identifier: Apache-2.0
#include "config/section.h"

#include "base/check.h"
#include "base/encoding.h"
#include "base/mask.h"
#include "config/toml_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace causeway::config {
namespace {

std::string in_quotes(std::string_view text) {
  return "\"" + std::string{text} + "\"";
}

std::string_view node_word(value_kind kind) {
  switch (kind) {
  case value_kind::integer:
    return "an integer";
  case value_kind::size:
    return "a number of bytes, or text such as \"4 GiB\"";
  case value_kind::duration:
    return "a duration such as \"90s\", \"15m\", \"72h\" or \"7d\"";
  case value_kind::boolean:
    return "true or false";
  case value_kind::choices:
    return "a list of texts";
  case value_kind::word:
    return "text or an integer";
  case value_kind::json:
    return "a table or a list";
  default:
    return "text";
  }
}

std::string choices_in_words(std::string_view choices) {
  std::string words;
  for (const auto word : split_choices(choices))
    words += (words.empty() ? "" : ", ") + in_quotes(word);
  return words;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string way_out_of(std::string_view kind) {
  if (kind == "a connection string") return "put it into a file and name that with connection_string_file";
  if (kind == "an API key of The Things Stack") return "put it into a file and name that with api_key_file";
  if (kind == "a URL with a password in it") return "leave user and password out";
  if (kind == "a shared access signature")
    return "such a token ends; Causeway signs its own with the key of a connection string";
  return "put it into a file and write that file's name";
}

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 3> units{
      {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  unsigned shift = 0;
  for (const auto& [unit, bits] : units) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    while (text.ends_with(' '))
      text.remove_suffix(1);
    shift = bits;
    break;
  }
  const auto number = parse_number(text);
  if (!number || *number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return *number << shift;
}

std::optional<seconds> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<char, std::uint64_t>, 4> units{
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}}};
  constexpr std::uint64_t longest = 10'000ULL * 86'400;
  if (text.empty()) return std::nullopt;
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const auto& candidate) { return candidate.first == text.back(); });
  const auto number = parse_number(text.substr(0, text.size() - 1));
  if (unit == units.end() || !number || *number < 1 || *number > longest / unit->second) return std::nullopt;
  return seconds{*number * unit->second};
}

bool is_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > 65535) return false;
  auto host = text.substr(0, colon);
  if (host.front() == '[') {
    return host.size() > 2 && host.back() == ']' &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
               std::string_view::npos;
  }
  return host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
         std::string_view::npos;
}

section::section(const node* table, place at, std::string_view name, std::string shown, reading& into,
                 std::span<const std::string_view> tables, std::string path)
    : table_{table}, at_{at}, name_{name}, shown_{std::move(shown)}, into_{into} {
  if (!table_) return;
  if (path.empty()) path = shown_.substr(1, shown_.size() - 2);
  into_.places.set(path, at_);
  for (const auto& key : keys())
    if (key.section == name_ && has(key.name))
      into_.places.set(path + "." + std::string{key.name}, place_of(key.name));
  auto known = spellings(name_);
  known.insert(known.end(), tables.begin(), tables.end());
  for (const auto& [key, key_at, value] : table_->members) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    auto detail = in_quotes(key) + " in " + shown_;
    if (const auto meant = nearest(key, known); !meant.empty()) {
      detail += "; did you mean " + in_quotes(meant) + "?";
      misspelt_.insert(meant);
    } else {
      detail += "; this section has";
      for (const auto& one : known)
        detail += (&one == &known.front() ? " " : ", ") + one;
    }
    into_.refuse(key_at, errc::config_unknown_key, std::move(detail));
  }
}

const key_entry& section::entry(std::string_view name, std::initializer_list<value_kind> kinds) const {
  const auto* found = find_key(name_, name);
  CAUSEWAY_CHECK(found && std::find(kinds.begin(), kinds.end(), found->kind) != kinds.end());
  return *found;
}

const node* section::typed(const key_entry& key, node::kind kind) {
  const auto* found = find(key.name);
  if (!found) {
    if (key.required) require(key.name);
    return nullptr;
  }
  if (found->value.is == kind) return &found->value;
  into_.refuse(found->value.at, errc::config_invalid_value,
               std::string{key.name} + " in " + shown_ + " is " + std::string{describe(found->value.is)} +
                   ", not " + std::string{node_word(key.kind)});
  return nullptr;
}

bool section::is_choice(const key_entry& key, const node& value) {
  const auto words = split_choices(key.choices);
  if (std::find(words.begin(), words.end(), value.text) != words.end()) return true;
  into_.refuse(value.at, errc::config_invalid_value,
               std::string{key.name} + " in " + shown_ + ": " + json_quoted(value.text) +
                   "; this version has " + choices_in_words(key.choices));
  return false;
}

bool section::is_misplaced(std::string_view name, const node& value) {
  // A program may say anything.
  if (name == "transform") return false;
  const auto kind = kind_of_secret(value.text);
  // Names may look random.
  if (kind.empty() ||
      (kind == "a key" &&
       entry(name, {value_kind::text, value_kind::choice, value_kind::path, value_kind::address}).kind !=
           value_kind::path))
    return false;
  refuse(name, "this is " + std::string{kind} + ", which does not belong here; " + way_out_of(kind));
  return true;
}

std::string section::text(std::string_view name) {
  const auto& key = entry(name, {value_kind::text, value_kind::choice, value_kind::address});
  const auto* value = typed(key, node::kind::text);
  std::string fallback{key.fallback};
  if (!value || is_misplaced(name, *value)) return fallback;
  if (key.kind == value_kind::choice) return is_choice(key, *value) ? value->text : fallback;
  if (key.kind == value_kind::address && !is_listen_address(value->text)) {
    refuse(name, json_quoted(value->text) + " is not an address such as \"127.0.0.1:8080\" or \"[::]:8443\"");
    return fallback;
  }
  if (value->text.empty() && key.required) refuse(name, "is empty");
  return value->text;
}

std::filesystem::path section::path(std::string_view name) {
  const auto& key = entry(name, {value_kind::path});
  const auto* value = typed(key, node::kind::text);
  if (value && value->text.empty()) refuse(name, "is empty");
  if (value && is_misplaced(name, *value)) value = nullptr;
  if (value && !value->text.empty())
    return place_of_file(value->text, value->at, std::string{name} + " in " + shown_).value_or("");
  const std::filesystem::path given{key.fallback};
  return given.empty() || given.is_absolute() ? given : into_.folder / given;
}

std::optional<std::filesystem::path> section::place_of_file(const std::string& text, place at,
                                                            const std::string& label) {
  constexpr std::string_view credentials = "${CREDENTIALS_DIRECTORY}/";
  const std::filesystem::path given{text};
  if (!text.starts_with(credentials)) return given.is_absolute() ? given : into_.folder / given;
  const auto directory = into_.secrets.variable("CREDENTIALS_DIRECTORY");
  if (!directory || directory->empty()) {
    into_.refuse(
        at, errc::config_invalid_value,
        label + ": CREDENTIALS_DIRECTORY is not set. systemd sets it for a unit with LoadCredential=; by "
                "hand, set it to the directory that has the files");
    return std::nullopt;
  }
  return std::filesystem::path{std::string{directory->reveal()}} / text.substr(credentials.size());
}

std::uint64_t section::number(std::string_view name, std::uint64_t most, std::uint64_t least) {
  const auto& key = entry(name, {value_kind::integer, value_kind::size});
  // A key without a default is only read when it is there: what is returned for a bad value is not used.
  const auto fallback = parse_size(key.fallback.empty() ? "1" : key.fallback);
  CAUSEWAY_CHECK(fallback.has_value());
  const auto* found = find(name);
  std::optional<std::uint64_t> number;
  if (found && found->value.is == node::kind::text && key.kind == value_kind::size) {
    number = parse_size(found->value.text);
    if (!number) {
      refuse(name, json_quoted(found->value.text) + " is not " + std::string{node_word(key.kind)});
      return *fallback;
    }
  } else if (const auto* value = typed(key, node::kind::integer)) {
    number = value->integer < 0 ? 0 : static_cast<std::uint64_t>(value->integer);
  }
  if (!number) return *fallback;
  if (*number < least || *number > most) {
    refuse(name, "must be from " + std::to_string(least) + " to " + std::to_string(most));
    return *fallback;
  }
  return *number;
}

std::optional<seconds> section::duration(std::string_view name) {
  const auto& key = entry(name, {value_kind::duration});
  const auto* value = typed(key, node::kind::text);
  if (!value) return parse_duration(key.fallback);
  const auto parsed = parse_duration(value->text);
  if (!parsed) refuse(name, json_quoted(value->text) + " is not " + std::string{node_word(key.kind)});
  return parsed;
}

bool section::boolean(std::string_view name) {
  const auto& key = entry(name, {value_kind::boolean});
  const auto* value = typed(key, node::kind::boolean);
  return value ? value->boolean : key.fallback == "true";
}

std::vector<std::string> section::list(std::string_view name) {
  const auto& key = entry(name, {value_kind::choices});
  std::vector<std::string> words;
  const auto* value = typed(key, node::kind::list);
  if (!value) {
    auto rest = key.fallback;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      words.emplace_back(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return words;
  }
  for (const auto& item : value->items) {
    if (item.is != node::kind::text)
      into_.refuse(item.at, errc::config_invalid_value,
                   std::string{name} + " in " + shown_ + " has " + std::string{describe(item.is)} +
                       " among its texts");
    else if (is_choice(key, item) && std::find(words.begin(), words.end(), item.text) == words.end())
      words.push_back(item.text);
  }
  return words;
}

std::string section::word(std::string_view name) {
  const auto& key = entry(name, {value_kind::word});
  const auto* found = find(name);
  if (found && found->value.is == node::kind::integer) return std::to_string(found->value.integer);
  const auto* value = typed(key, node::kind::text);
  return value ? value->text : std::string{key.fallback};
}

std::string section::json(std::string_view name) {
  const auto& key = entry(name, {value_kind::json});
  const auto* found = find(name);
  const bool is_list = found && found->value.is == node::kind::list;
  const auto* value = found ? typed(key, is_list ? node::kind::list : node::kind::table) : nullptr;
  if (!value) return {};
  auto made = to_json(*value);
  if (made.fault)
    into_.refuse(made.fault->at, errc::config_invalid_value,
                 std::string{name} + " in " + shown_ + " has " +
                     (made.fault->is == node::kind::date ? "a date or a time" : "inf or nan") +
                     ", which JSON does not have; write it as text");
  return std::move(made.text);
}

bool section::has(std::string_view name) const {
  if (find(name)) return true;
  const auto* key = find_key(name_, name);
  const std::string base{name};
  return key && key->kind == value_kind::secret && (find(base + "_file") || find(base + "_env"));
}

place section::place_of(std::string_view name) const {
  const std::string base{name};
  for (const auto& spelling : {base, base + "_file", base + "_env"})
    if (const auto* found = find(spelling)) return found->value.at;
  return at_;
}

void section::refuse(std::string_view name, const std::string& why) {
  into_.refuse(place_of(name), errc::config_invalid_value, std::string{name} + " in " + shown_ + ": " + why);
}

void section::require(std::string_view name, const std::string& why) {
  for (const auto ending : {"", "_file", "_env"}) // a misspelt key is one fault, not two
    if (misspelt_.contains(std::string{name} + ending)) return;
  into_.refuse(at_, errc::config_missing_key,
               std::string{name} + " in " + shown_ + (why.empty() ? std::string{} : ": " + why));
}

} // namespace causeway::config
