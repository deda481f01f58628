// SPDX-License-Identifier: Apache-2.0
// Rows of figures as members of the status' objects. For watch's own files.
#pragma once

#include "watch/figure_walk.h"

#include <boost/json.hpp>

#include <cmath>
#include <string_view>
#include <vector>

namespace causeway::watch {

// To so many parts of one: division gives the number that is written shortest.
inline double rounded(double value, double parts) {
  return std::round(value * parts) / parts;
}

// Collects the members of one object from the rows that have a place in it.
class figure_object {
public:
  // Only rows whose key begins so; members are named by the rest.
  explicit figure_object(std::string_view prefix = {}) : prefix_{prefix} {}
  void add(int order, std::string_view key, boost::json::value value);
  template <class Of>
  void add(model::figure_table<Of> table, const Of& of) {
    for (const auto& row : table)
      if (const std::string_view key{row.status.key}; !key.empty() && key.starts_with(prefix_))
        add(row.status.order, key.substr(prefix_.size()), value_of(row, of));
  }
  // For walk_figures.
  template <class Of>
  void one(model::figure_table<Of> table, const Of& of) {
    add(table, of);
  }
  template <class Of, class Several>
  void each(const char*, model::figure_table<Of>, const Several&) {} // they have lists of their own

  // In the order of the rows, those with a higher `order` later; "a.b" is b in the object a.
  boost::json::object take();

private:
  struct member {
    int order;
    std::string_view key;
    boost::json::value value;
  };

  template <class Of>
  static boost::json::value value_of(const model::figure<Of>& row, const Of& of) {
    if (row.status.as_sum) {
      std::uint64_t sum = 0;
      row.from.read(of, [&](std::string_view, const model::figure_value& value) {
        if (const auto* count = std::get_if<std::uint64_t>(&value)) sum += *count;
      });
      return sum;
    }
    boost::json::value out;
    if (*row.label != '\0') out = boost::json::object{};
    row.from.read(of, [&](std::string_view label, const model::figure_value& value) {
      (*row.label == '\0' ? out : out.as_object()[label]) = as_json(value, row.status.parts);
    });
    return out;
  }
  static boost::json::value as_json(const model::figure_value& value, double parts);

  std::string_view prefix_;
  std::vector<member> members_;
};

} // namespace causeway::watch
