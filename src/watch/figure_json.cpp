// SPDX-License-Identifier: Apache-2.0
#include "watch/figure_json.h"

#include <algorithm>

namespace causeway::watch {

namespace json = boost::json;

void figure_object::add(int order, std::string_view key, json::value value) {
  members_.push_back({order, key, std::move(value)});
}

json::object figure_object::take() {
  std::stable_sort(members_.begin(), members_.end(),
                   [](const member& left, const member& right) { return left.order < right.order; });
  json::object out;
  for (auto& one : members_) {
    const auto dot = one.key.find('.');
    if (dot == one.key.npos) {
      out[one.key] = std::move(one.value);
      continue;
    }
    auto& inner = out[one.key.substr(0, dot)];
    if (!inner.is_object()) inner.emplace_object();
    inner.get_object()[one.key.substr(dot + 1)] = std::move(one.value);
  }
  return out;
}

json::value figure_object::as_json(const model::figure_value& value, double parts) {
  return std::visit(
      [&](const auto& of) -> json::value {
        using kind = std::decay_t<decltype(of)>;
        if constexpr (std::is_same_v<kind, std::monostate>)
          return nullptr;
        else if constexpr (std::is_same_v<kind, wall_time>)
          return json::value(format_rfc3339(of));
        else if constexpr (std::is_same_v<kind, error>)
          return json::object{{"error", of.name()}, {"detail", of.detail()}};
        else if constexpr (std::is_same_v<kind, double>)
          return parts > 0 ? rounded(of, parts) : of;
        else
          return of;
      },
      value);
}

} // namespace causeway::watch
