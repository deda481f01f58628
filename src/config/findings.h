// SPDX-License-Identifier: Apache-2.0
// What the stages of a check find in a configuration, each with its place in the file. Value types, any
// thread.
#pragma once

#include "base/error.h"
#include "config/document.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

struct fault {
  place at;
  error what;
};

struct warning {
  place at;
  std::string text;
};

// What looks like a secret in a text is masked on its way in, whoever wrote the text.
struct findings {
  std::vector<fault> faults;
  std::vector<warning> warnings;

  void refuse(place at, const error& what);
  void warn(place at, std::string_view text);
};

// Where each value of the file stands. Sections are named "webhook", "azure.plant",
// "azure.plant.devices."meter-17"", "application.0" (by their order); keys as in the key table, a secret's
// without _file and _env.
class places {
public:
  void set(std::string path, place at) { at_.insert_or_assign(std::move(path), at); }
  // Whether the file itself has this key.
  bool has(std::string_view section, std::string_view key) const;
  // Of the key's value; where the file lacks it, of its section; else the file's start.
  place of(std::string_view section, std::string_view key) const;

private:
  std::map<std::string, place, std::less<>> at_;
};

} // namespace causeway::config
