// SPDX-License-Identifier: Apache-2.0
// How records of the ledger are written: their fields in order, texts behind their length, numbers in eight
// bytes, most significant first. What may be absent has a byte before it. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "core/command_entry.h"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace causeway::core {

inline constexpr std::size_t number_bytes = 8;

template <class Way, class Mark>
void pass_mark(Way& in, Mark& of) {
  in.field(of.state);
  in.field(of.at);
  in.field(of.f_cnt);
  in.field(of.attempt);
}

// One list of fields serves both ways: `in` writes them, or reads them.
class record_writer {
public:
  explicit record_writer(std::string& out) : out_{out} {}

  void number(std::uint64_t value) {
    for (std::size_t i = number_bytes; i-- > 0;)
      out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  template <class Number>
  requires std::is_enum_v<Number> || std::integral<Number>
  void field(Number value) { number(static_cast<std::uint64_t>(value)); }
  void field(const std::string& text) {
    number(text.size());
    out_ += text;
  }
  void field(wall_time at) {
    field(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  }
  void field(mono_time at) {
    field(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  }
  template <class T>
  void field(const std::optional<T>& what) {
    field(what.has_value());
    if (what) field(*what);
  }
  // Without what was known then: rows had this part first.
  void field(const push_mark& what) {
    field(what.wall);
    field(what.mono);
  }
  void field(const known_uplink& what) {
    field(what.received_at);
    field(what.leaves_after);
  }
  void field(const std::vector<std::uint64_t>& all) {
    number(all.size());
    for (const auto one : all)
      number(one);
  }
  void field(const std::vector<command_mark>& all) {
    number(all.size());
    for (const auto& one : all)
      pass_mark(*this, one);
  }

private:
  std::string& out_;
};

class record_reader {
public:
  explicit record_reader(std::string_view rest) : rest_{rest} {}
  // All was there, and nothing more.
  bool is_whole() const { return whole_ && rest_.empty(); }
  bool has_more() const { return whole_ && !rest_.empty(); }

  std::uint64_t number() {
    if (rest_.size() < number_bytes) {
      whole_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < number_bytes; ++i)
      value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(number_bytes);
    return value;
  }
  template <class Number>
  requires std::is_enum_v<Number> || std::integral<Number>
  void field(Number& value) { value = static_cast<Number>(number()); }
  void field(std::string& text) {
    const auto size = number();
    if (size > rest_.size()) {
      whole_ = false;
      return;
    }
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void field(wall_time& at) { at = wall_time{nanoseconds()}; }
  void field(mono_time& at) { at = mono_time{nanoseconds()}; }
  template <class T>
  void field(std::optional<T>& what) {
    bool is_there = false;
    field(is_there);
    if (!is_there) return what.reset();
    T value{};
    field(value);
    what = std::move(value);
  }
  void field(push_mark& what) {
    field(what.wall);
    field(what.mono);
  }
  void field(known_uplink& what) {
    field(what.received_at);
    field(what.leaves_after);
  }
  void field(std::vector<std::uint64_t>& all) {
    const auto count = number();
    // Before reserving: a damaged count must not ask for more memory than the record could fill.
    if (count > rest_.size() / number_bytes) {
      whole_ = false;
      return;
    }
    all.resize(count);
    for (auto& one : all)
      one = number();
  }
  void field(std::vector<command_mark>& all) {
    const auto count = number();
    if (count > most_marks) {
      whole_ = false;
      return;
    }
    all.resize(count);
    for (auto& one : all)
      pass_mark(*this, one);
  }

private:
  std::chrono::nanoseconds nanoseconds() {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(number())};
  }

  std::string_view rest_;
  bool whole_ = true;
};

} // namespace causeway::core
