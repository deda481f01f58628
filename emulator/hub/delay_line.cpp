// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/delay_line.h"

namespace causeway::emulator {

void delay_line::push(std::string bytes, mono_time now) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  const auto due = now + std::chrono::duration_cast<mono_time::duration>(delay_);
  parts_.push_back({due, std::move(bytes)});
}

bool delay_line::take(mono_time now, std::string& out) {
  bool taken = false;
  while (!parts_.empty() && parts_.front().due <= now) {
    bytes_ -= parts_.front().bytes.size();
    out += parts_.front().bytes;
    parts_.pop_front();
    taken = true;
  }
  return taken;
}

std::optional<mono_time> delay_line::next() const {
  if (parts_.empty()) return std::nullopt;
  return parts_.front().due;
}

void delay_line::clear() {
  parts_.clear();
  bytes_ = 0;
}

} // namespace causeway::emulator
