// SPDX-License-Identifier: Apache-2.0
#include "watch/live_feed.h"

#include "watch/api_call.h"
#include "watch/status_page.h"

#include <algorithm>
#include <utility>

namespace causeway::watch {

// Shared by the feed and the connection's source, whichever goes first.
struct live_feed::seat {
  std::shared_ptr<const std::string> reading, next; // next: the newest that came meanwhile
  std::size_t offset = 0;                           // of reading
  mono_time begun{};                                // to read it
  bool ended = false, left = false;
  std::function<void()> ready;

  void offer(std::shared_ptr<const std::string> event, mono_time now) {
    if (reading) {
      next = std::move(event);
      return;
    }
    reading = std::move(event);
    offset = 0;
    begun = now;
    if (ready) ready();
  }
  void end() {
    ended = true;
    if (ready) ready();
  }
};

class live_feed::source final : public net::http_source {
public:
  explicit source(std::shared_ptr<seat> of) : seat_{std::move(of)} {}
  ~source() override {
    seat_->left = true;
    seat_->ready = nullptr;
  }
  net::http_piece read(std::span<char> into) override {
    auto& s = *seat_;
    if (s.ended) return {net::http_piece::kind::end};
    if (!s.reading) return {net::http_piece::kind::later};
    const auto size = s.reading->copy(into.data(), into.size(), s.offset);
    s.offset += size;
    if (s.offset == s.reading->size()) {
      s.reading = std::move(s.next);
      s.next = nullptr;
      s.offset = 0;
    }
    return {net::http_piece::kind::some, size};
  }
  void on_ready(std::function<void()> ready) override { seat_->ready = std::move(ready); }
  void wind_up() override { seat_->end(); }

private:
  std::shared_ptr<seat> seat_;
};

void live_feed::on_tick(moment now) {
  std::erase_if(seats_, [&](const auto& one) {
    if (!one->left && !one->ended && one->reading && now.mono >= one->begun + patience) one->end();
    return one->left || one->ended;
  });
  const bool due = !seats_.empty() && (!published_ || now.mono >= *published_ + interval);
  if (!due && !history_.is_due(now.mono)) return;
  const auto figures = fleet_.figures();
  if (history_.is_due(now.mono)) history_.note(figures, now);
  if (due) publish(figures, now);
}

void live_feed::publish(const snapshot& figures, moment now) {
  const auto& points = history_.points();
  newest_ = std::make_shared<const std::string>(
      "event: status\ndata: {\"status\":" + to_text(status_json(figures, version_, now.wall)) +
      ",\"point\":" + (points.empty() ? "null" : point_json(points.back())) + "}\n\n");
  published_ = now.mono;
  for (const auto& one : seats_)
    one->offer(newest_, now.mono);
}

net::http_response live_feed::listen() {
  const auto now = fleet_.now();
  std::erase_if(seats_, [](const auto& one) { return one->left || one->ended; });
  if (listeners() >= most_listeners)
    return refuse(503, error{errc::request_memory_spent, std::to_string(most_listeners) + " listen already"});
  auto made = std::make_shared<seat>();
  if (!published_ || now.mono >= *published_ + interval) publish(fleet_.figures(), now);
  made->offer(newest_, now.mono);
  net::http_response out;
  out.content_type = "text/event-stream; charset=utf-8";
  out.source = std::make_unique<source>(made);
  seats_.push_back(std::move(made));
  return out;
}

std::size_t live_feed::listeners() const {
  return static_cast<std::size_t>(
      std::count_if(seats_.begin(), seats_.end(), [](const auto& one) { return !one->left && !one->ended; }));
}

} // namespace causeway::watch
