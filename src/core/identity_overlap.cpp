// SPDX-License-Identifier: Apache-2.0
#include "core/identity_overlap.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::core {
namespace {

constexpr std::uint8_t longest_id = 36, least_alnum = 3, eui_digits = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c);
}

// One character of the template, or a placeholder for texts of a kind.
struct part {
  enum class kind : std::uint8_t { letter, device_id, dev_eui } is = kind::letter;
  char letter = 0;
};

// How much of a name is read: in which part, and how far in its text.
struct position {
  std::uint32_t part = 0;
  std::uint8_t length = 0; // of the placeholder's text
  std::uint8_t alnum = 0;  // of it, up to least_alnum
  bool dash = false;       // its last one
  friend auto operator<=>(const position&, const position&) = default;
};

class name_pattern {
public:
  name_pattern(const identity_rule& rule, bool any_case) : any_case_{any_case} {
    std::string_view rest = rule.identity_template;
    const auto take = [&](std::string_view placeholder) {
      if (!rest.starts_with(placeholder)) return false;
      rest.remove_prefix(placeholder.size());
      return true;
    };
    while (!rest.empty()) {
      if (take("{device_id}")) {
        parts_.push_back({part::kind::device_id});
      } else if (take("{dev_eui}")) {
        parts_.push_back({part::kind::dev_eui});
      } else if (take("{application_id}")) {
        for (const char c : rule.application.str())
          parts_.push_back({part::kind::letter, c});
      } else {
        parts_.push_back({part::kind::letter, any_case ? to_lower(rest.substr(0, 1)).front() : rest.front()});
        rest.remove_prefix(1);
      }
    }
  }

  const std::vector<part>& parts() const { return parts_; }

  bool is_end(position at) const {
    skip_to_match(at);
    return at.part == parts_.size() || (may_end(at) && at.part + 1 == parts_.size());
  }

  // Where a reader may be after this character.
  void read(position at, char c, std::vector<position>& into) const {
    step(at, c, into);
    if (at.part < parts_.size() && may_end(at)) step({at.part + 1}, c, into);
  }

private:
  // A placeholder's text that is as long as it gets has ended.
  void skip_to_match(position& at) const {
    if (at.part < parts_.size() && parts_[at.part].is == part::kind::dev_eui && at.length == eui_digits)
      at = {at.part + 1};
  }
  bool may_end(const position& at) const {
    return parts_[at.part].is == part::kind::device_id && at.alnum == least_alnum && !at.dash;
  }
  void step(position at, char c, std::vector<position>& into) const {
    if (at.part >= parts_.size()) return;
    switch (parts_[at.part].is) {
    case part::kind::letter:
      if (c == parts_[at.part].letter) into.push_back({at.part + 1});
      return;
    case part::kind::dev_eui:
      if (!is_digit(c) && !(any_case_ ? c >= 'a' && c <= 'f' : c >= 'A' && c <= 'F')) return;
      ++at.length;
      skip_to_match(at);
      into.push_back(at);
      return;
    case part::kind::device_id:
      if (at.length == longest_id || (c == '-' ? at.dash || at.length == 0 : !is_alnum(c))) return;
      ++at.length;
      at.dash = c == '-';
      if (!at.dash) at.alnum = static_cast<std::uint8_t>(std::min<int>(at.alnum + 1, least_alnum));
      into.push_back(at);
      return;
    }
  }

  std::vector<part> parts_;
  bool any_case_;
};

// The letters of both templates, and one of each kind that placeholders tell apart.
std::vector<char> alphabet(const name_pattern& left, const name_pattern& right) {
  std::set<char> all;
  for (const auto* pattern : {&left, &right})
    for (const auto& one : pattern->parts())
      if (one.is == part::kind::letter) all.insert(one.letter);
  constexpr std::array<std::string_view, 5> kinds{"0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF",
                                                  "-"};
  for (const auto kind : kinds) {
    const auto other = std::find_if(kind.begin(), kind.end(), [&](char c) { return !all.contains(c); });
    if (other != kind.end()) all.insert(*other);
  }
  return {all.begin(), all.end()};
}

// How many letters stand before the only DevEUI; nothing where it is not alone, or something of an open
// length stands before it.
std::optional<std::size_t> place_of_eui(const name_pattern& pattern) {
  const auto& parts = pattern.parts();
  const auto is_eui = [](const part& one) { return one.is == part::kind::dev_eui; };
  if (std::count_if(parts.begin(), parts.end(), is_eui) != 1) return std::nullopt;
  const auto first =
      std::find_if(parts.begin(), parts.end(), [](const part& one) { return one.is != part::kind::letter; });
  if (!is_eui(*first)) return std::nullopt;
  return static_cast<std::size_t>(first - parts.begin());
}

} // namespace

bool can_meet(const identity_rule& left, const identity_rule& right, bool any_case) {
  const name_pattern one{left, any_case}, other{right, any_case};
  if (left.has_registered_euis && right.has_registered_euis) {
    const auto here = place_of_eui(one), there = place_of_eui(other);
    if (here && here == there) return false; // one name would be one DevEUI
  }
  const auto letters = alphabet(one, other);
  using pair = std::pair<position, position>;
  std::set<pair> seen{{}};
  std::vector<pair> open{{}};
  std::vector<position> from_one, from_other;
  while (!open.empty()) {
    const auto [at, beside] = open.back();
    open.pop_back();
    if (one.is_end(at) && other.is_end(beside)) return true;
    for (const char c : letters) {
      from_one.clear();
      from_other.clear();
      one.read(at, c, from_one);
      if (from_one.empty()) continue;
      other.read(beside, c, from_other);
      for (const auto& next : from_one)
        for (const auto& next_beside : from_other)
          if (seen.emplace(next, next_beside).second) open.emplace_back(next, next_beside);
    }
  }
  return false;
}

} // namespace causeway::core
