// SPDX-License-Identifier: Apache-2.0
#include "tts/writable_property.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <string>

namespace causeway::tts {
namespace {

struct place {
  std::string_view component, name; // component: empty for none

  explicit place(std::string_view property) : name{property} {
    const auto star = property.find('*');
    if (star == std::string_view::npos) return;
    component = property.substr(0, star);
    name.remove_prefix(star + 1);
  }
  std::string_view member() const { return component.empty() ? name : component; }
  // What a twin has under these is something else.
  bool can_be() const {
    constexpr std::array<std::string_view, 3> taken{"lorawan", "decodedPayload", "rawDownlink"};
    return !name.empty() && std::find(taken.begin(), taken.end(), member()) == taken.end();
  }
};

json_span value_at(const json_span& section, const place& at) {
  const auto found = member_of(section, at.member());
  if ((member_of(found, "__t").string() == "c") == at.component.empty()) return {};
  return at.component.empty() ? found : member_of(found, at.name);
}

void append_member(std::string& to, std::string_view name, std::string_view value) {
  if (!to.empty()) to += ',';
  to.append(json_quoted(name)).append(":").append(value);
}

// A merge patch that is the whole of `after`, and takes away what only `before` has.
std::string replacing(const json_span& before, const json_span& after) {
  if (!after.is_object()) return after.compact();
  std::string members;
  for (json_cursor at{after}; at.next();)
    append_member(members, at.key(), replacing(member_of(before, at.key()), at.value()));
  for (json_cursor at{before}; before.is_object() && at.next();)
    if (!member_of(after, at.key()).present()) append_member(members, at.key(), "null");
  return "{" + members + "}";
}

std::string format_acknowledgement(const model::twin_answer& what) {
  auto words = what.state;
  for (const auto& more : {what.error_name, what.error_text})
    if (!more.empty()) words += ": " + more;
  std::string members;
  append_member(members, "value", what.value);
  append_member(members, "ac", std::to_string(what.status));
  append_member(members, "av", std::to_string(what.version));
  append_member(members, "ad", json_quoted(words));
  return "{" + members + "}";
}

} // namespace

std::vector<model::desired_downlink> read_properties(const json_span& desired, const json_span& reported,
                                                     std::int64_t version, named_downlinks named) {
  std::vector<model::desired_downlink> all;
  for (const auto& one : named) {
    const place at{one.name};
    if (!at.can_be()) continue;
    model::desired_downlink made;
    made.property = one.name;
    made.version = version;
    if (const auto value = value_at(desired, at); value.present()) {
      made.object = json_quoted(one.name) + ":" + value.canonical();
      made.value = value.compact();
      made.what = read_named(one, at.name, value.text());
    }
    if (const auto told = value_at(reported, at); told.is_object()) made.told = told.text();
    all.push_back(std::move(made));
  }
  return all;
}

bool has_property(named_downlinks named, std::string_view member) {
  return std::any_of(named.begin(), named.end(), [&](const named_downlink& one) {
    const place at{one.name};
    return at.can_be() && at.member() == member;
  });
}

model::twin_report write_acknowledgement(std::string_view property, std::string_view told,
                                         const std::optional<model::twin_answer>& what) {
  model::twin_report made;
  if (what) made.told = format_acknowledgement(*what);
  const auto before = parse_json(told), after = parse_json(made.told);
  if ((before ? before->canonical() : "") == (after ? after->canonical() : "")) return made;
  const place at{property};
  const json_span nothing;
  std::string members;
  if (!at.component.empty()) append_member(members, "__t", R"("c")");
  append_member(members, at.name, after ? replacing(before ? *before : nothing, *after) : "null");
  made.patch = "{" + members + "}";
  if (!at.component.empty()) made.patch = "{" + json_quoted(at.component) + ":" + made.patch + "}";
  return made;
}

} // namespace causeway::tts
