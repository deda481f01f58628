// SPDX-License-Identifier: Apache-2.0
// When which registration has its next step, and which steps are due and wait for the quota: polls and
// repeated register requests, each in the order in which they became due. Alone writes candidate::scheduled
// and candidate::ready. Pure; one thread.
#pragma once

#include "dps/registration_table.h"

#include <array>
#include <deque>
#include <queue>
#include <vector>

namespace causeway::dps {

class agenda {
public:
  // of must live as long.
  explicit agenda(registration_table& of) : table_{of} {}

  // Its next step is then, and none before. mono_time::max(): it has none.
  void schedule(candidate& which, mono_time at);
  // Neither scheduled nor ready.
  void strike(candidate& which);
  // The next whose time has come, which is not scheduled any more; nullptr: none now.
  candidate* take_due(mono_time now);
  // Its step, of this kind, waits for the quota.
  void make_ready(candidate& which, request_kind kind);
  // The first that does; nullptr: none.
  candidate* first_ready(request_kind kind);
  // The first one waits no longer. Precondition: first_ready gave one.
  void take_ready(request_kind kind);

  // When take_due is worth a try; mono_time::max(): never.
  mono_time next() const { return items_.empty() ? mono_time::max() : items_.top().at; }
  // first_ready is worth a try.
  bool may_have_ready(request_kind kind) const { return !of(kind).empty(); }

private:
  struct item {
    mono_time at;
    std::uint64_t number;
    friend auto operator<=>(const item& left, const item& right) { return left.at <=> right.at; }
  };
  using line = std::deque<std::uint64_t>;
  line& of(request_kind kind) { return ready_[static_cast<std::size_t>(kind)]; }
  const line& of(request_kind kind) const { return ready_[static_cast<std::size_t>(kind)]; }

  registration_table& table_;
  std::priority_queue<item, std::vector<item>, std::greater<>> items_;
  std::array<line, 2> ready_; // by kind
};

} // namespace causeway::dps
