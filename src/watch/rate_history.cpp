// SPDX-License-Identifier: Apache-2.0
#include "watch/rate_history.h"

#include "watch/figure_json.h"
#include "watch/json_text.h"

#include <numeric>
#include <span>

namespace causeway::watch {
namespace {

namespace json = boost::json;

// Within the bucket as if its values lay evenly; those above the last bound count as that.
std::optional<double> quantile_ms(std::span<const std::uint64_t> counts, double part) {
  const auto all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (all == 0) return std::nullopt;
  auto left = part * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < model::latency_bounds_ms.size(); ++i) {
    const auto count = static_cast<double>(counts[i]);
    const double bound = model::latency_bounds_ms[i];
    if (count > 0 && left <= count) return below + (bound - below) * left / count;
    left -= count;
    below = bound;
  }
  return below;
}

json::value number_json(const std::optional<double>& of) {
  return of ? json::value(rounded(*of, 100)) : json::value(nullptr);
}

json::array columns_of(const rate_point& of) {
  return {std::chrono::duration_cast<milliseconds>(of.at.time_since_epoch()).count(),
          rounded(of.stored, 10),
          rounded(of.sent, 10),
          of.waiting,
          of.online,
          number_json(of.p50_ms),
          number_json(of.p99_ms),
          rounded(of.lag_ms, 100)};
}

double a_second(std::uint64_t before, std::uint64_t after, std::chrono::nanoseconds passed) {
  if (after <= before || passed.count() <= 0) return 0;
  return static_cast<double>(after - before) / std::chrono::duration<double>(passed).count();
}

} // namespace

void rate_history::note(const snapshot& figures, moment now) {
  const reading next{now.mono, figures.store.appended_total, figures.shard.sent, figures.shard.latency};
  if (last_) {
    rate_point point;
    point.at = now.wall;
    point.stored = a_second(last_->stored, next.stored, now.mono - last_->at);
    point.sent = a_second(last_->sent, next.sent, now.mono - last_->at);
    point.waiting = figures.shard.waiting_messages;
    point.online = figures.shard.devices[static_cast<std::size_t>(model::device_state::online)];
    buckets fresh{};
    for (std::size_t i = 0; i < fresh.size(); ++i)
      fresh[i] = next.latency[i] - std::min(next.latency[i], last_->latency[i]);
    point.p50_ms = quantile_ms(fresh, 0.5);
    point.p99_ms = quantile_ms(fresh, 0.99);
    point.lag_ms = std::chrono::duration<double, std::milli>(figures.loop_lag).count();
    if (points_.size() >= most) points_.pop_front();
    points_.push_back(point);
  }
  last_ = next;
}

std::string point_json(const rate_point& of) {
  return to_text(columns_of(of));
}

std::string history_json(const rate_history& of) {
  json::array points;
  for (const auto& one : of.points())
    points.push_back(columns_of(one));
  return to_text(json::object{
      {"interval_seconds", rate_history::interval.count()},
      {"columns",
       {"at_ms", "stored_a_second", "sent_a_second", "waiting", "online", "p50_ms", "p99_ms", "loop_lag_ms"}},
      {"points", std::move(points)}});
}

} // namespace causeway::watch
