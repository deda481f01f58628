// SPDX-License-Identifier: Apache-2.0
#include "core/device.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace causeway::core {

namespace {

// How many hashes a ring has ever taken, its capacity and its kind, in one word.
struct ring_head {
  std::uint64_t count;
  std::uint64_t capacity;
  char kind;

  explicit ring_head(std::uint64_t word)
      : count{word >> 16}, capacity{word >> 8 & 0xff}, kind{static_cast<char>(word & 0xff)} {}
  ring_head(char of, std::uint64_t most) : count{0}, capacity{most}, kind{of} {}
  std::uint64_t word() const { return count << 16 | capacity << 8 | static_cast<std::uint8_t>(kind); }
};

constexpr std::uint64_t first_capacity = 2;

} // namespace

const std::uint64_t* recent_keys::find(char kind) const {
  const auto* const end = kept_.get() + 1 + kept_[0];
  for (const auto* ring = kept_.get() + 1; ring != end;) {
    const ring_head head{*ring};
    if (head.kind == kind) return ring;
    ring += 1 + head.capacity;
  }
  return nullptr;
}

bool recent_keys::contains(char kind, std::uint64_t hash) const {
  const auto* const ring = kept_ ? find(kind) : nullptr;
  if (ring == nullptr) return false;
  const ring_head head{*ring};
  const auto* const last = ring + 1 + std::min(head.count, head.capacity);
  return std::find(ring + 1, last, hash) != last;
}

// Of the kind's ring, new where there is none; 0 takes it away.
void recent_keys::resize(char kind, std::uint64_t capacity) {
  const auto* const old = kept_ ? find(kind) : nullptr;
  const auto old_words = old == nullptr ? 0 : 1 + ring_head{*old}.capacity;
  const auto words = (kept_ ? kept_[0] : 0) - old_words + (capacity == 0 ? 0 : 1 + capacity);
  auto made = std::make_unique<std::uint64_t[]>(1 + words);
  made[0] = words;
  auto* to = made.get() + 1;
  if (kept_) {
    const auto* const first = kept_.get() + 1;
    const auto* const end = first + kept_[0];
    to = std::copy(first, old == nullptr ? end : old, to);
    if (old != nullptr) to = std::copy(old + old_words, end, to);
  }
  if (capacity != 0) {
    ring_head head{kind, capacity};
    if (old != nullptr) {
      head.count = ring_head{*old}.count;
      std::copy_n(old + 1, old_words - 1, to + 1);
    }
    *to = head.word();
  }
  kept_ = std::move(made);
}

void recent_keys::add(char kind, std::uint64_t hash) {
  const auto* ring = kept_ ? find(kind) : nullptr;
  if (ring == nullptr) {
    resize(kind, first_capacity);
  } else if (const ring_head head{*ring}; head.count == head.capacity && head.capacity < size) {
    resize(kind, head.capacity * 2);
  }
  ring = find(kind);
  ring_head head{*ring};
  auto* const place = kept_.get() + (ring - kept_.get());
  place[1 + head.count % head.capacity] = hash;
  ++head.count;
  *place = head.word();
  // What stands before 32 newer ones would have been forgotten by now.
  if (kind != kept_key::former && head.count >= size && has_former()) resize(kept_key::former, 0);
}

std::string_view device::name() const {
  if (kept_name == nullptr) return {};
  std::uint16_t length = 0;
  std::memcpy(&length, kept_name, sizeof(length));
  return {kept_name + sizeof(length), length};
}

causeway::dev_eui device::dev_eui() const {
  return has_eui ? format_eui(eui) : causeway::dev_eui{};
}

dev_eui format_eui(std::uint64_t eui) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[text.size() - 1 - i] = "0123456789ABCDEF"[eui >> (4 * i) & 0xf];
  return dev_eui{std::move(text)};
}

std::optional<std::uint64_t> parse_eui(const dev_eui& text) {
  const auto& digits = text.str();
  std::uint64_t value = 0;
  if (!is_valid_eui(digits) ||
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16).ec != std::errc{})
    return std::nullopt;
  return value;
}

} // namespace causeway::core
