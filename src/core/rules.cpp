// SPDX-License-Identifier: Apache-2.0
#include "core/rules.h"

#include <algorithm>

namespace causeway::core {
namespace {

constexpr std::size_t longest_identity = 128;

bool is_identity_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"-.%_#*?!(),=@$'"}.find(c) != std::string_view::npos;
}

} // namespace

result<identity> expand_identity(const std::string& identity_template, const device_key& key,
                                 const dev_eui& eui) {
  std::string out;
  for (std::size_t at = 0; at < identity_template.size();) {
    const auto rest = std::string_view{identity_template}.substr(at);
    const auto take = [&](std::string_view placeholder, const std::string& text) {
      if (!rest.starts_with(placeholder)) return false;
      out += text;
      at += placeholder.size();
      return true;
    };
    if (take("{device_id}", key.device.str()) || take("{application_id}", key.application.str())) continue;
    if (take("{dev_eui}", eui.str())) {
      if (eui.empty())
        return error{errc::identity_incomplete,
                     "the identity template needs {dev_eui}, which the device has not sent"};
      continue;
    }
    out += identity_template[at++];
  }
  if (out.empty() || out.size() > longest_identity ||
      !std::all_of(out.begin(), out.end(), is_identity_character))
    return error{errc::identity_invalid, "\"" + out + "\""};
  return identity{std::move(out)};
}

} // namespace causeway::core
