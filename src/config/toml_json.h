// SPDX-License-Identifier: Apache-2.0
// A value of a TOML file as JSON, for what is passed on to others. Pure; any thread.
#pragma once

#include "config/document.h"

#include <string>

namespace causeway::config {

struct json_reading {
  std::string text;            // without white space; the members of a table in the order of the file
  const node* fault = nullptr; // what JSON has no form for: a date, a time, inf or nan
};

json_reading to_json(const node& value);

} // namespace causeway::config
