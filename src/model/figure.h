// SPDX-License-Identifier: Apache-2.0
// A figure is declared once: its field in the struct that a module fills, and its row in the table beside
// that struct. watch walks the tables and makes /metrics, the status and docs/metrics.md of them. Plain
// values; any thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace causeway::model {

// counter: only rises, from 0 at the start of the process; its name ends in _total.
enum class figure_kind : std::uint8_t { counter, gauge };

// Durations are seconds. Of nothing (std::monostate) a metric says 0, the status null.
using figure_value = std::variant<std::monostate, bool, std::uint64_t, double, wall_time, error>;
// label: empty, unless the figure has several values.
using figure_sink = std::function<void(std::string_view label, const figure_value& value)>;

// How a figure is read from its struct. Made by at, each, each_by_name, or by hand.
template <class Of>
struct figure_reader {
  void (*read)(const Of& from, const figure_sink& to);
  void (*gather)(Of& sum, const Of& one) = nullptr; // see gather below
};

// Where the status shows it.
struct status_place {
  const char* key = ""; // "a.b": b in the object a; empty: nowhere
  int order = 0;        // among the members of its object; those alike stand as in the table
  double parts = 0;     // rounded to so many parts of one; 0: as it is
  bool as_sum = false;  // of several values; otherwise they are an object, by label
};

template <class Of>
struct figure {
  const char* metric; // empty: only the status shows it, and kind and help are not looked at
  figure_kind kind;
  const char* help;
  figure_reader<Of> from;
  status_place status{};
  const char* label = ""; // what tells the values of one struct apart
};

template <class Of>
using figure_table = std::span<const figure<Of>>;

template <class T>
struct member_traits;
template <class Of, class T>
struct member_traits<T Of::*> {
  using owner = Of;
};
template <auto Member>
using owner_of = typename member_traits<decltype(Member)>::owner;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
figure_value to_figure_value(const T& from) {
  if constexpr (is_optional<T>)
    return from ? to_figure_value(*from) : figure_value{};
  else if constexpr (is_duration<T>)
    return std::chrono::duration<double>(from).count();
  else if constexpr (std::is_same_v<T, errc>)
    return error{from};
  else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, wall_time> || std::is_same_v<T, error>)
    return from;
  else if constexpr (std::is_floating_point_v<T>)
    return double{from};
  else
    return static_cast<std::uint64_t>(from);
}

template <class T>
void gather_member(T& sum, const T& one) {
  if constexpr (std::is_same_v<T, std::uint64_t>)
    sum += one;
  else if constexpr (is_optional<T>) {
    if (one) sum = one;
  } else
    sum = one;
}

// The member itself, or the member of a member.
template <auto First, auto... Rest>
inline constexpr figure_reader<owner_of<First>> at{[](const owner_of<First>& from, const figure_sink& to) {
                                                     to({}, to_figure_value(((from.*First).*....*Rest)));
                                                   },
                                                   [](owner_of<First>& sum, const owner_of<First>& one) {
                                                     gather_member(((sum.*First).*....*Rest),
                                                                   ((one.*First).*....*Rest));
                                                   }};

inline std::string figure_label(int number) {
  return std::to_string(number);
}
inline std::string figure_label(errc code) {
  return std::string{describe(code).name};
}
inline const std::string& figure_label(const std::string& name) {
  return name;
}

// Each of an array's values, by the name of Enum at its index, in Enum's order; or each of a map's.
template <auto Member, class Enum = void>
inline constexpr figure_reader<owner_of<Member>> each{
    [](const owner_of<Member>& from, const figure_sink& to) {
      if constexpr (std::is_void_v<Enum>)
        for (const auto& [key, value] : from.*Member)
          to(figure_label(key), to_figure_value(value));
      else
        for (std::size_t i = 0; i < (from.*Member).size(); ++i)
          to(to_string(static_cast<Enum>(i)), to_figure_value((from.*Member)[i]));
    }};

// The same, in the order of the labels.
template <auto Member, class Enum = void>
inline constexpr figure_reader<owner_of<Member>> each_by_name{
    [](const owner_of<Member>& from, const figure_sink& to) {
      std::map<std::string, figure_value> sorted;
      each<Member, Enum>.read(
          from, [&](std::string_view label, const figure_value& value) { sorted.emplace(label, value); });
      for (const auto& [label, value] : sorted)
        to(label, value);
    }};

// Two structs of the same thing are one: counts add up, of everything else the later one that says something
// holds. Of tables whose rows are all made by `at`.
template <class Of>
void gather(figure_table<Of> table, Of& sum, const Of& one) {
  for (const auto& row : table)
    row.from.gather(sum, one);
}

} // namespace causeway::model
