// SPDX-License-Identifier: Apache-2.0
// Secrets of a section: from a file, from a variable, or in place.
#include "base/encoding.h"
#include "base/mask.h"
#include "config/section.h"

#include <algorithm>

namespace causeway::config {
namespace {

// Whether a value may be shown where a file's name is expected, or a variable's: passwords land there, too.
bool looks_like_a_file(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return true;
  const auto ending = text.substr(std::min(text.size(), text.rfind('.') + 1));
  return ending.size() < text.size() && ending.size() >= 2 && ending.size() <= 5 &&
         std::all_of(ending.begin(), ending.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool looks_like_a_variable(std::string_view text) {
  const bool joined = text.find('_') != std::string_view::npos;
  return std::all_of(text.begin(), text.end(), [joined](char c) {
    return (c >= 'A' && c <= 'Z') || c == '_' || (joined && c >= '0' && c <= '9');
  });
}

constexpr const char* not_shown = " (which is not shown here, for it may be the secret itself)";

// What editors and shells of Windows put before a text, and nobody sees; empty when nothing.
std::string_view fault_of_coding(std::string_view secret) {
  if (secret.starts_with("\xef\xbb\xbf"))
    return "it begins with a byte order mark (BOM), which an editor has put there; save it as UTF-8 without "
           "one";
  if (secret.starts_with("\xff\xfe") || secret.starts_with("\xfe\xff"))
    return "it is UTF-16, as a redirection in PowerShell writes it; save it as UTF-8";
  if (secret.find('\0') != std::string_view::npos) return "it has a null character";
  return {};
}

secret without_line_end(const secret& from) {
  auto text = from.reveal();
  while (text.ends_with('\n') || text.ends_with('\r'))
    text.remove_suffix(1);
  return secret{std::string{text}};
}

} // namespace

std::optional<secret> section::secret_of(std::string_view name) {
  const auto& key = entry(name, {value_kind::secret});
  const std::string inline_name{name}, file_name = inline_name + "_file", env_name = inline_name + "_env";
  const member* given = nullptr;
  for (const auto& spelling : {inline_name, file_name, env_name}) {
    const auto* one = find(spelling);
    if (!one) continue;
    if (given) {
      into_.refuse(one->at, errc::config_invalid_value,
                   spelling + " in " + shown_ + ": " + given->name + " is there already; keep one of them");
      return std::nullopt;
    }
    given = one;
  }
  if (!given) {
    if (key.required) require(name);
    return std::nullopt;
  }
  const auto& value = given->value;
  const auto label = given->name + " in " + shown_;
  if (value.is != node::kind::text) {
    into_.refuse(value.at, errc::config_invalid_value,
                 label + " is " + std::string{describe(value.is)} + ", not text");
    return std::nullopt;
  }
  secret found;
  if (given->name == file_name) {
    const auto place = place_of_file(value.text, value.at, label);
    if (!place) return std::nullopt;
    const auto& file = *place;
    auto read = into_.secrets.read(file);
    if (!read) {
      if (const auto kind = kind_of_secret(value.text); !kind.empty())
        into_.refuse(value.at, errc::config_invalid_value,
                     label + ": this is " + std::string{kind} +
                         ", not the name of a file: put it into a file, or use " + inline_name);
      else if (!looks_like_a_file(value.text))
        into_.refuse(value.at, errc::secret_unreadable,
                     label + ": there is no file of this name" + not_shown);
      else
        into_.found.refuse(value.at, std::move(read).fault().in(label));
      return std::nullopt;
    }
    if (read->others_can_read)
      into_.warn(value.at, label + ": others can read " + file.string() + "; chmod 600 it");
    found = without_line_end(read->content);
  } else if (given->name == env_name) {
    auto variable = into_.secrets.variable(value.text);
    if (!variable) {
      if (const auto kind = kind_of_secret(value.text); !kind.empty())
        into_.refuse(value.at, errc::config_invalid_value,
                     label + ": this is " + std::string{kind} +
                         ", not the name of an environment variable: put it into one, or use " + inline_name);
      else
        into_.refuse(value.at, errc::secret_unreadable,
                     looks_like_a_variable(value.text)
                         ? label + ": the environment variable " + json_quoted(value.text) + " is not set"
                         : label + ": there is no environment variable of this name" + not_shown);
      return std::nullopt;
    }
    found = without_line_end(*variable);
  } else {
    into_.warn(value.at, label + ": the secret stands in the configuration itself; " + file_name + " or " +
                             env_name + " keeps it out");
    found = secret{value.text};
  }
  if (const auto why = fault_of_coding(found.reveal()); !why.empty()) {
    into_.refuse(value.at, given->name == inline_name ? errc::config_invalid_value : errc::secret_unreadable,
                 label + ": " + std::string{why});
    return std::nullopt;
  }
  if (found.empty()) {
    into_.refuse(value.at, given->name == inline_name ? errc::config_invalid_value : errc::secret_unreadable,
                 label + ": the secret is empty");
    return std::nullopt;
  }
  return found;
}

} // namespace causeway::config
