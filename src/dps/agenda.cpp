// SPDX-License-Identifier: Apache-2.0
#include "dps/agenda.h"

namespace causeway::dps {

void agenda::schedule(candidate& which, mono_time at) {
  if (which.scheduled == at) return;
  which.scheduled = at;
  items_.push({at, which.number});
}

void agenda::strike(candidate& which) {
  which.ready = false;
  which.scheduled = mono_time::max();
}

candidate* agenda::take_due(mono_time now) {
  while (!items_.empty() && items_.top().at <= now) {
    const auto [at, number] = items_.top();
    items_.pop();
    auto* const due = table_.find(number);
    if (due == nullptr || due->scheduled != at) continue;
    due->scheduled = mono_time::max();
    return due;
  }
  return nullptr;
}

void agenda::make_ready(candidate& which, request_kind kind) {
  which.ready = true;
  of(kind).push_back(which.number);
}

candidate* agenda::first_ready(request_kind kind) {
  auto& waiting = of(kind);
  while (!waiting.empty()) {
    auto* const first = table_.find(waiting.front());
    if (first != nullptr && first->ready) return first;
    waiting.pop_front();
  }
  return nullptr;
}

void agenda::take_ready(request_kind kind) {
  auto& waiting = of(kind);
  if (auto* const first = table_.find(waiting.front())) first->ready = false;
  waiting.pop_front();
}

} // namespace causeway::dps
