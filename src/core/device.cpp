// SPDX-License-Identifier: Apache-2.0
#include "core/device.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace causeway::core {

std::string_view to_string(device_state state) {
  switch (state) {
  case device_state::known:
    return "known";
  case device_state::provisioning:
    return "provisioning";
  case device_state::attaching:
    return "attaching";
  case device_state::online:
    return "online";
  case device_state::parked:
    return "parked";
  case device_state::unlisted:
    return "unlisted";
  case device_state::off:
    return "off";
  }
  return "unknown";
}

namespace {

constexpr std::uint64_t first_capacity = 2;

std::uint64_t capacity_for(std::uint64_t count) {
  return std::min(recent_keys::size, std::max(first_capacity, std::bit_ceil(count)));
}

} // namespace

bool recent_keys::contains(std::uint64_t hash) const {
  if (!kept_) return false;
  const auto* first = kept_.get() + 1;
  const auto* last = first + std::min(kept_[0], size);
  return std::find(first, last, hash) != last;
}

void recent_keys::add(std::uint64_t hash) {
  const std::uint64_t count = kept_ ? kept_[0] : 0;
  if (count < size && (!kept_ || capacity_for(count) != capacity_for(count + 1))) {
    auto grown = std::make_unique<std::uint64_t[]>(1 + capacity_for(count + 1));
    if (kept_) std::copy_n(kept_.get(), 1 + count, grown.get());
    kept_ = std::move(grown);
  }
  kept_[1 + count % size] = hash;
  kept_[0] = count + 1;
}

std::string_view device::name() const {
  if (kept_name == nullptr) return {};
  std::uint16_t length = 0;
  std::memcpy(&length, kept_name, sizeof(length));
  return {kept_name + sizeof(length), length};
}

causeway::dev_eui device::dev_eui() const {
  if (!has_eui) return {};
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[text.size() - 1 - i] = "0123456789ABCDEF"[eui >> (4 * i) & 0xf];
  return causeway::dev_eui{std::move(text)};
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
