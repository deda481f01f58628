// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_stream.h"

#include <utility>

namespace causeway::emulator {

void hub_stream::feed(std::string_view bytes, const std::function<bool(const amqp::sasl_init&)>& admit,
                      mono_time now) {
  if (engine_)
    engine_->feed(frames_.from_client(bytes));
  else
    feed_sasl(bytes, admit, now);
}

void hub_stream::feed_sasl(std::string_view bytes, const std::function<bool(const amqp::sasl_init&)>& admit,
                           mono_time now) {
  using step = amqp::sasl_server::step;
  auto fed = sasl_->feed(bytes);
  if (!fed) {
    out_ += sasl_->take_output();
    close_after_output_ = true;
    return;
  }
  if (*fed == step::init) {
    if (admit(sasl_->init()))
      sasl_->accept();
    else
      sasl_->refuse();
  }
  out_ += sasl_->take_output();
  switch (sasl_->at()) {
  case step::plain:
  case step::done:
    start_engine(sasl_->take_rest(), now);
    break;
  case step::refused:
    close_after_output_ = true;
    break;
  case step::more:
  case step::init:
    break;
  }
}

void hub_stream::start_engine(const std::string& first_bytes, mono_time now) {
  amqp::engine_options options;
  options.side = amqp::role::server;
  options.container_id = container_id_;
  options.host_name = "localhost";
  options.max_frame = 65536;
  options.channel_max = 8191;
  options.idle_time_out = hub_idle_time_out;
  engine_.emplace(std::move(options));
  engine_->tick(now);
  engine_->feed(frames_.from_client(first_bytes));
}

void hub_stream::feed_end() {
  if (!engine_ || frozen())
    cut_ = true;
  else
    engine_->feed_end();
}

bool hub_stream::take_output(std::string& out) {
  if (cut_ || frozen()) return false;
  if (engine_) flush();
  if (out_.empty()) return false;
  out += out_;
  out_.clear();
  return true;
}

bool hub_stream::finished() const {
  if (cut_) return true;
  if (frozen() || !out_.empty()) return false;
  return close_after_output_ || (engine_ && engine_->finished());
}

std::optional<mono_time> hub_stream::tick(mono_time now) {
  if (frozen_since_) {
    const auto end = *frozen_since_ + 2 * hub_idle_time_out;
    if (now >= end) cut_ = true;
    return cut_ ? std::nullopt : std::optional{end};
  }
  return is_live() ? engine_->tick(now) : std::nullopt;
}

void hub_stream::flush() {
  std::string bytes;
  if (engine_->take_output(bytes) || frames_.has_answers()) frames_.to_client(bytes, out_);
}

void hub_stream::wake() {
  if (wake_) wake_();
}

void hub_stream::close(const amqp::condition& why) {
  if (!is_live()) return;
  engine_->close(why);
  flush();
  wake();
}

void hub_stream::freeze(mono_time now) {
  frozen_since_ = now;
  out_.clear();
}

} // namespace causeway::emulator
