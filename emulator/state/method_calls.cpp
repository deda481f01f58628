// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/method_calls.h"

#include <algorithm>

namespace causeway::emulator {

method_totals& method_totals::operator+=(const method_totals& more) {
  called += more.called;
  delivered += more.delivered;
  answered += more.answered;
  not_online += more.not_online;
  without_answer += more.without_answer;
  too_many += more.too_many;
  stray_answers += more.stray_answers;
  return *this;
}

void method_calls::call(method_request request, bool is_there, mono_time now, on_end done) {
  ++totals_.called;
  if (!is_there && request.connect_wait.count() == 0) {
    ++totals_.not_online;
    return done({method_end::not_online, 0, {}});
  }
  if (calls_.size() >= most_calls) {
    ++totals_.too_many;
    return done({method_end::too_many, 0, {}});
  }
  const auto id = guids_.next();
  const auto device = request.device;
  auto& made = calls_[id];
  made.call = {id, std::move(request)};
  made.done = std::move(done);
  const auto& waits = made.call.request;
  if (is_there) made.at = step::due;
  set_deadline(made, now + (is_there ? waits.answer_wait : waits.connect_wait));
  undelivered_[device].push_back(id);
}

void method_calls::come(const identity& device, mono_time now) {
  const auto waiting = undelivered_.find(device);
  if (waiting == undelivered_.end()) return;
  for (const auto& id : waiting->second) {
    auto& call = calls_.at(id);
    if (call.at != step::waits_for_device) continue;
    call.at = step::due;
    set_deadline(call, now + call.call.request.answer_wait);
  }
}

const method_calls::waiting_call* method_calls::next(const identity& device) const {
  const auto waiting = undelivered_.find(device);
  if (waiting == undelivered_.end()) return nullptr;
  const auto& call = calls_.at(waiting->second.front());
  return call.at == step::due ? &call.call : nullptr;
}

void method_calls::note_delivery(const guid& id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.at == step::delivered) return;
  found->second.at = step::delivered;
  ++totals_.delivered;
  const auto waiting = undelivered_.find(found->second.call.request.device);
  std::erase(waiting->second, id);
  if (waiting->second.empty()) undelivered_.erase(waiting);
}

bool method_calls::answer(const identity& device, const guid& id, std::int64_t status, std::string payload) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.at != step::delivered ||
      found->second.call.request.device != device) {
    ++totals_.stray_answers;
    return false;
  }
  ++totals_.answered;
  if (payload.size() > most_method_bytes)
    end(id, {method_end::answer_too_large, 0, {}});
  else
    end(id, {method_end::answered, status, std::move(payload)});
  return true;
}

void method_calls::pass(mono_time now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto id = deadlines_.begin()->second;
    const bool came = calls_.at(id).at != step::waits_for_device;
    ++(came ? totals_.without_answer : totals_.not_online);
    end(id, {came ? method_end::without_answer : method_end::not_online, 0, {}});
  }
}

std::optional<mono_time> method_calls::next_due() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void method_calls::set_deadline(entry& of, mono_time to) {
  deadlines_.erase({of.deadline, of.call.id});
  of.deadline = to;
  deadlines_.emplace(to, of.call.id);
}

void method_calls::end(const guid& id, method_result result) {
  const auto found = calls_.find(id);
  const auto done = std::move(found->second.done);
  deadlines_.erase({found->second.deadline, id});
  const auto waiting = undelivered_.find(found->second.call.request.device);
  if (waiting != undelivered_.end()) {
    std::erase(waiting->second, id);
    if (waiting->second.empty()) undelivered_.erase(waiting);
  }
  calls_.erase(found);
  done(result);
}

} // namespace causeway::emulator
