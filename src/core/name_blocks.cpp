// SPDX-License-Identifier: Apache-2.0
#include "core/name_blocks.h"

#include "base/check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace causeway::core {
namespace {

constexpr std::size_t block_bytes = 64UL * 1024;

std::uint16_t length_of(const char* kept) {
  std::uint16_t length = 0;
  std::memcpy(&length, kept, sizeof(length));
  return length;
}

// In steps, so that names of nearly one length find each other's room.
std::size_t room_for(std::size_t length) {
  constexpr std::size_t step = 4;
  return (sizeof(std::uint16_t) + length + step - 1) / step * step;
}

} // namespace

const char* name_blocks::keep(std::string_view name) {
  CAUSEWAY_CHECK(name.size() <= std::numeric_limits<std::uint16_t>::max());
  const auto length = static_cast<std::uint16_t>(name.size());
  const auto wanted = room_for(length);
  char* kept = nullptr;
  if (const auto found = free_.find(wanted); found != free_.end()) {
    kept = found->second.back();
    found->second.pop_back();
    if (found->second.empty()) free_.erase(found);
  } else {
    if (wanted > room_) {
      room_ = std::max(block_bytes, wanted);
      blocks_.push_back(std::make_unique<char[]>(room_));
      bytes_ += room_;
      next_ = blocks_.back().get();
    }
    kept = next_;
    next_ += wanted;
    room_ -= wanted;
  }
  std::memcpy(kept, &length, sizeof(length));
  std::copy(name.begin(), name.end(), kept + sizeof(length));
  return kept;
}

void name_blocks::give_back(const char* kept) {
  // All of it is in a block of ours.
  free_[room_for(length_of(kept))].push_back(const_cast<char*>(kept));
}

} // namespace causeway::core
