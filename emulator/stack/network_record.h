// SPDX-License-Identifier: Apache-2.0
// The network server's record of a device as GET /api/v3/ns/applications/{app}/devices/{dev} shows it, and
// what its field mask may ask for (real-stack-facts.md 2.1, 2.2). Pure.
#pragma once

#include "emulator/stack/network_device.h"

namespace causeway::emulator {

struct record_mask {
  std::vector<std::string> paths;
  std::vector<std::string> forbidden; // not empty: the whole is refused, whoever asks
  bool is_empty = false;              // there was one, and nothing in it: refused
  bool needs_keys = false;            // only with RIGHT_APPLICATION_DEVICES_READ_KEYS
};

// Of the query, percent-decoded as parse_query gives it; all field_mask parameters count.
record_mask parse_record_mask(const std::vector<std::pair<std::string, std::string>>& query);

// Ids and times always, beside them what the paths name. supports_join stands for OTAA.
boost::json::object format_record(const network_device& device, const std::vector<std::string>& paths);

} // namespace causeway::emulator
