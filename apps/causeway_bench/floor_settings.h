// SPDX-License-Identifier: Apache-2.0
// What the floor is told by who starts it: a file of JSON.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace causeway::bench {

struct floor_application {
  std::string id;
  std::string authorization; // the whole header value that a post must have
  bool by_policy =
      false; // the connection string's token serves all devices; else the group's key makes each its own
  std::vector<std::string> devices; // their names here and in the hub
};

struct floor_settings {
  std::uint16_t webhook_port = 0, admin_port = 0;
  std::string directory; // there and empty
  std::string hub;       // "localhost:15671"
  std::string ca_file, connection_string_file, group_key_file;
  std::string certificate_file, key_file; // of the webhook; empty: plain HTTP
  std::vector<floor_application> applications;
};

// Errors: state_unusable, naming the file.
result<void> write_floor_settings(const floor_settings& what, const std::string& file);
result<floor_settings> read_floor_settings(const std::string& file);

} // namespace causeway::bench
