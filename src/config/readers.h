// SPDX-License-Identifier: Apache-2.0
// What each part of the file is read by. Internal to config: the loader calls these in the order of the
// file's sections, and each reports what is wrong into the reading.
#pragma once

#include "config/configuration.h"
#include "config/section.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

// Null when the file has no such table; reports what is no table.
const node* table_of(const node& root, std::string_view name, reading& into);
section top_section(const node& root, std::string_view name, reading& into);
// "http://host" or "https://host", without a slash at the end. Empty when it is not there or not good.
std::string read_url(section& keys, std::string_view name);

things_stack_settings read_things_stack(section keys, reading& into);

struct webhook_reading {
  webhook_settings settings;
  std::string username;
  std::string header;             // instead of a user name
  std::optional<secret> password; // or the header's value: of applications without one
  bool password_is_bad = false;   // there, but reported already
};
// The header that shows a credential, and its value, which is in the other key. Empty: there is none.
std::pair<std::string, std::optional<secret>> read_header_credential(section& keys,
                                                                     std::string_view header_key,
                                                                     std::string_view value_key,
                                                                     std::string_view password_key);
webhook_reading read_webhook(section keys, reading& into);

std::vector<azure_settings> read_azure_sections(const node& root, reading& into);

command_settings read_commands(section keys);
// Of an application, whose section of configuration::places is path: whether there are commands, and what is
// said of them.
void read_commands_of(section& keys, const node& table, const std::string& path,
                      application_settings& settings, reading& into);

std::vector<application_settings> read_applications(const node& root,
                                                    const std::vector<azure_settings>& azure,
                                                    const webhook_reading& webhook,
                                                    const things_stack_settings& stack, reading& into);

} // namespace causeway::config
