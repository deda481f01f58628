// SPDX-License-Identifier: Apache-2.0
#include "base/shared_texts.h"

#include "base/check.h"

namespace causeway {
namespace {

const std::string no_text;

} // namespace

std::uint32_t shared_texts::hold(std::string_view text) {
  if (text.empty()) return 0;
  if (const auto found = numbers_.find(text); found != numbers_.end()) {
    ++entries_[found->second - 1]->holders;
    return found->second;
  }
  if (free_.empty()) {
    entries_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
  }
  const auto number = free_.back();
  free_.pop_back();
  entries_[number - 1] = std::make_unique<entry>(entry{std::string{text}, 1});
  numbers_.emplace(entries_[number - 1]->text, number);
  return number;
}

void shared_texts::release(std::uint32_t number) {
  if (number == 0) return;
  auto& held = entries_[number - 1];
  CAUSEWAY_CHECK(held != nullptr && held->holders > 0);
  if (--held->holders > 0) return;
  numbers_.erase(held->text);
  held.reset();
  free_.push_back(number);
}

const std::string& shared_texts::at(std::uint32_t number) const {
  return number == 0 ? no_text : entries_[number - 1]->text;
}

} // namespace causeway
