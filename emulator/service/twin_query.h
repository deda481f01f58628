// SPDX-License-Identifier: Apache-2.0
// The simplest forms of an IoT hub's query language (azure-iot-wire.md D.1): SELECT * FROM devices, with
// WHERE path = literal, joined by AND. Pure.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::emulator {

class twin_query {
public:
  // Keywords in any letter case; a literal is 'text', a number, true or false. Nothing for another query.
  static std::optional<twin_query> parse(std::string_view text);
  // Of a twin as REST shows it.
  bool takes(const boost::json::object& twin) const;

private:
  struct condition {
    std::vector<std::string> path;
    boost::json::value literal;
  };
  std::vector<condition> conditions_;
};

} // namespace causeway::emulator
