// SPDX-License-Identifier: Apache-2.0
#include "core/spool_room.h"

#include "base/check.h"

#include <algorithm>

namespace causeway::core {
namespace {

amount operator+(amount left, const amount& right) {
  left += right;
  return left;
}

bool exceeds(const amount& there, const amount& more, const amount& most) {
  return there.messages + more.messages > most.messages || there.bytes + more.bytes > most.bytes;
}

// Without overflow, and never nothing.
std::uint64_t part_of(std::uint64_t whole, std::uint32_t percent) {
  return std::max<std::uint64_t>(1, whole / 100 * percent + whole % 100 * percent / 100);
}

} // namespace

spool_room::spool_room(const spool_limits& limits, std::size_t applications)
    : most_{limits.most}, share_{limits.most}, share_percent_{limits.application_share} {
  divide(applications);
}

void spool_room::divide(std::size_t applications) {
  share_ = most_;
  if (applications < 2) return;
  share_ = {part_of(most_.messages, share_percent_), part_of(most_.bytes, share_percent_)};
}

std::optional<spool_room::shortage> spool_room::lacks(std::uint32_t application, const amount& more) const {
  if (exceeds(total_ + letters_, more, most_)) return shortage::spool;
  const auto& own = by_application_[application];
  if (exceeds(own.waiting + own.letters, more, share_)) return shortage::share;
  return std::nullopt;
}

bool spool_room::can_ever_take(std::uint32_t application, const amount& more) const {
  return !exceeds(letters_, more, most_) && !exceeds(by_application_[application].letters, more, share_);
}

void spool_room::take(std::uint32_t application, const amount& what) {
  by_application_[application].waiting += what;
  total_ += what;
}

void spool_room::give(std::uint32_t application, const amount& what) {
  auto& own = by_application_[application].waiting;
  CAUSEWAY_CHECK(own.messages >= what.messages && own.bytes >= what.bytes);
  own -= what;
  total_ -= what;
}

void spool_room::bury(std::uint32_t application, const amount& what) {
  give(application, what);
  by_application_[application].letters += what;
  letters_ += what;
}

void spool_room::set_letters(std::uint32_t application, const amount& are) {
  auto& own = by_application_[application].letters;
  letters_ -= own;
  own = are;
  letters_ += own;
}

void spool_room::set_stray_letters(const amount& are) {
  letters_ -= stray_letters_;
  stray_letters_ = are;
  letters_ += stray_letters_;
}

double spool_room::letters_part(std::uint32_t application) const {
  const auto& own = by_application_[application].letters;
  const auto part = [](std::uint64_t of, std::uint64_t whole) {
    return static_cast<double>(of) / static_cast<double>(std::max<std::uint64_t>(1, whole));
  };
  return std::max(part(own.messages, share_.messages), part(own.bytes, share_.bytes));
}

} // namespace causeway::core
