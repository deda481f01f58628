// SPDX-License-Identifier: Apache-2.0
#include "hub/line.h"

#include "base/check.h"

#include <utility>

namespace causeway::hub {
namespace {

// A connection that has lived this long starts the pauses from the first one again.
constexpr seconds lasting{10};

} // namespace

void line::tick(moment now) {
  if (const auto due = connection_->deadline(); due && *due <= now.mono) connection_->tick(now);
}

void line::begin_connecting(mono_time now) {
  CAUSEWAY_CHECK(is_idle());
  connecting_ = true;
  since_ = now;
  slot.reset();
}

void line::begin(std::uint32_t number, connection_options options, token_source& tokens, moment now) {
  CAUSEWAY_CHECK(connecting_);
  connecting_ = false;
  number_ = number;
  since_ = now.mono;
  connection_.emplace(std::move(options), tokens, now);
}

void line::end() {
  connecting_ = over_ = false;
  connection_.reset();
  opened_at_.reset();
  fault_.reset();
  refused_.clear();
}

bool line::has_lasted(mono_time now) const {
  return opened_at_ && now - *opened_at_ > lasting;
}

std::string line::waits_for() const {
  if (connecting_) return "the connection to the hub (name, TCP, TLS)";
  if (is_over()) return {};
  const auto owed = connection_->waiting_for();
  return owed.empty() ? std::string{} : "the hub's " + std::string{owed};
}

std::vector<event> line::take_events() {
  return connection_ ? connection_->take_events() : std::vector<event>{};
}

std::vector<command_news> line::take_commands() {
  return connection_ ? connection_->commands().take_news() : std::vector<command_news>{};
}

bool line::notice_end() {
  return connection_ && connection_->is_closed() && !std::exchange(over_, true);
}

} // namespace causeway::hub
