// SPDX-License-Identifier: Apache-2.0
#include "watch/timeline_view.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <unordered_map>

namespace causeway::watch {
namespace {

namespace json = boost::json;

// A first message that comes this long after the device was online belongs to no start.
constexpr seconds start_is_over{10};

double ms_of(std::chrono::nanoseconds duration) {
  return std::round(std::chrono::duration<double, std::micro>(duration).count()) / 1'000;
}

// Counts durations in steps of less than 2 % each, so that a quantile needs no sorting.
class histogram {
public:
  void add(std::chrono::nanoseconds duration) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)) / 1'000;
    ++counts_[std::min(place_of(us), counts_.size() - 1)];
    ++total_;
    longest_ = std::max(longest_, duration);
  }
  double quantile_ms(double share) const {
    if (total_ == 0) return 0;
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (below >= std::max<std::uint64_t>(rank, 1)) return std::min(middle_us(i) / 1'000, longest_ms());
    }
    return longest_ms();
  }
  double longest_ms() const { return ms_of(longest_); }
  std::uint64_t total() const { return total_; }

private:
  static constexpr unsigned step_bits = 5;
  static constexpr std::uint64_t steps = 1U << step_bits;
  static std::size_t place_of(std::uint64_t us) {
    if (us < 2 * steps) return static_cast<std::size_t>(us);
    const auto shift = static_cast<unsigned>(std::bit_width(us)) - step_bits - 1;
    return static_cast<std::size_t>(shift * steps + (us >> shift));
  }
  static double middle_us(std::size_t place) {
    if (place < 2 * steps) return static_cast<double>(place);
    const auto shift = place / steps - 1;
    const auto low = static_cast<double>((place - shift * steps) << shift);
    return low + static_cast<double>((1ULL << shift) - 1) / 2;
  }

  std::array<std::uint32_t, 36 * steps> counts_{}; // up to 2^40 µs
  std::uint64_t total_ = 0;
  std::chrono::nanoseconds longest_{0};
};

bool begins_a_way(model::phase what) {
  return what == model::phase::dps_queue || what == model::phase::hub_queue;
}

waterfall_bar bar_of(const model::span& from, const model::timeline& in) {
  waterfall_bar bar;
  bar.what = from.what;
  bar.begin_ms = std::chrono::duration<double, std::milli>(from.begin - in.started().mono).count();
  bar.duration_ms = std::chrono::duration<double, std::milli>(from.duration).count();
  if (from.fault) bar.fault = describe(*from.fault).name;
  if (!from.device) bar.shared = from.connection;
  return bar;
}

bool earlier(const model::span& left, const model::span& right) {
  return left.begin < right.begin;
}

void drop_late_first_sends(std::vector<model::span>& spans) {
  auto end = mono_time::min();
  for (const auto& one : spans)
    if (one.what != model::phase::first_send) end = std::max(end, one.begin + one.duration);
  if (end == mono_time::min()) return;
  std::erase_if(spans, [&](const model::span& one) {
    return one.what == model::phase::first_send && one.begin > end + start_is_over;
  });
}

// Spans of one device in the order of their begin: where each of its ways begins. A way is over when the
// device is attached; a device that tries again without having been attached is still on it.
std::vector<std::size_t> ways_of(const std::vector<model::span>& own) {
  std::vector<std::size_t> begins{0};
  bool arrived = false;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (arrived && begins_a_way(own[i].what)) {
      begins.push_back(i);
      arrived = false;
    }
    if (own[i].what == model::phase::attach && !own[i].fault) arrived = true;
  }
  return begins;
}

// Which of a device's ways; with what the connections that it names did in that time.
std::vector<model::span> cut_way(std::vector<model::span> spans, bool last) {
  std::erase_if(spans, [](const model::span& one) { return is_of_command(one.what); });
  std::vector<model::span> own, shared;
  for (const auto& one : spans)
    (one.device ? own : shared).push_back(one);
  if (own.empty()) return spans;
  std::ranges::stable_sort(own, earlier);
  const auto begins = ways_of(own);
  const auto first = static_cast<std::ptrdiff_t>(last ? begins.back() : 0);
  const auto behind = last || begins.size() < 2 ? static_cast<std::ptrdiff_t>(own.size())
                                                : static_cast<std::ptrdiff_t>(begins[1]);
  std::vector<model::span> way{own.begin() + first, own.begin() + behind};
  drop_late_first_sends(way);
  const auto uses = [&](model::connection_number number) {
    return std::ranges::any_of(way, [&](const model::span& one) { return one.connection == number; });
  };
  std::ranges::copy_if(shared, std::back_inserter(way),
                       [&](const model::span& one) { return uses(one.connection); });
  std::ranges::stable_sort(way, earlier);
  return way;
}

std::string label_of(const std::optional<model::device_key>& key, device_ref ref) {
  return key ? key->device.str() : "#" + std::to_string(index_of(ref));
}

} // namespace

std::vector<model::span> last_way(std::vector<model::span> spans) {
  return cut_way(std::move(spans), true);
}

json::object span_json(const model::span& of, const model::timeline& in, const name_device& names) {
  json::object out;
  if (of.device) {
    const auto key = names(*of.device);
    out["application"] = key ? json::value(key->application.str()) : json::value(nullptr);
    out["device"] = key ? json::value(key->device.str()) : json::value(nullptr);
  }
  out["phase"] = model::to_string(of.what);
  out["begin"] = format_rfc3339(in.wall_of(of.begin));
  out["begin_ms"] = ms_of(of.begin - in.started().mono);
  out["ms"] = ms_of(of.duration);
  if (of.connection != 0) out["connection"] = of.connection;
  if (of.fault) out["fault"] = describe(*of.fault).name;
  return out;
}

json::array spans_json(const std::vector<model::span>& spans, const model::timeline& in,
                       const name_device& names) {
  json::array out;
  for (const auto& one : spans)
    out.push_back(span_json(one, in, names));
  return out;
}

span_page page_of(const model::timeline& of, std::uint64_t after, std::size_t limit,
                  const std::function<bool(const model::span&)>& wanted, const name_device& names) {
  span_page page;
  page.missed = of.first_kept() > after ? of.first_kept() - after : 0;
  page.next = std::min(std::max(after, of.first_kept()), of.noted());
  const auto end = std::min(of.noted(), page.next + most_looked_at);
  while (page.next < end && page.spans.size() < limit) {
    const auto& one = of.at(page.next++);
    if (wanted(one)) page.spans.push_back(span_json(one, of, names));
  }
  page.more = page.next < of.noted();
  return page;
}

json::object summary_json(const model::timeline& of) {
  struct sums {
    histogram durations;
    std::chrono::nanoseconds sum{0};
    std::uint64_t faults = 0;
  };
  std::vector<sums> all(model::phases);
  for (auto number = of.first_kept(); number < of.noted(); ++number) {
    const auto& one = of.at(number);
    auto& into = all[static_cast<std::size_t>(one.what)];
    into.durations.add(one.duration);
    into.sum += one.duration;
    if (one.fault) ++into.faults;
  }
  json::array phases;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& one = all[i];
    if (one.durations.total() == 0) continue;
    phases.push_back(json::object{{"phase", model::to_string(static_cast<model::phase>(i))},
                                  {"count", one.durations.total()},
                                  {"seconds", std::round(ms_of(one.sum) * 1'000) / 1'000'000},
                                  {"p50_ms", one.durations.quantile_ms(0.5)},
                                  {"p99_ms", one.durations.quantile_ms(0.99)},
                                  {"max_ms", one.durations.longest_ms()},
                                  {"faults", one.faults}});
  }
  return {{"noted", of.noted()}, {"kept", of.noted() - of.first_kept()}, {"phases", std::move(phases)}};
}

waterfall_row last_session(std::vector<model::span> spans, const model::timeline& in, std::string label) {
  waterfall_row row{std::move(label), {}};
  for (const auto& one : cut_way(std::move(spans), true))
    row.bars.push_back(bar_of(one, in));
  return row;
}

std::vector<waterfall_row> first_sessions(const model::timeline& of, std::size_t limit,
                                          const name_device& names) {
  std::unordered_map<device_ref, std::size_t> place;
  std::vector<std::pair<device_ref, std::vector<model::span>>> devices;
  std::unordered_map<model::connection_number, std::vector<model::span>> lines;
  // A way of one device has a dozen spans; one that tries for hours has no more than this in the picture.
  constexpr std::size_t most_spans = 64;
  for (auto number = of.first_kept(); number < of.noted(); ++number) {
    const auto& one = of.at(number);
    if (!one.device) {
      auto& line = lines[one.connection];
      if (line.size() < most_spans) line.push_back(one);
      continue;
    }
    if (is_of_command(one.what)) continue;
    auto found = place.find(*one.device);
    if (found == place.end()) {
      if (devices.size() >= limit) continue;
      found = place.emplace(*one.device, devices.size()).first;
      devices.push_back({*one.device, {}});
    }
    auto& spans = devices[found->second].second;
    if (spans.size() < most_spans) spans.push_back(one);
  }
  std::vector<waterfall_row> rows;
  for (auto& [ref, spans] : devices) {
    std::vector<model::connection_number> used;
    for (const auto& one : spans)
      if (one.connection != 0 && std::ranges::find(used, one.connection) == used.end())
        used.push_back(one.connection);
    for (const auto number : used)
      if (const auto line = lines.find(number); line != lines.end())
        spans.insert(spans.end(), line->second.begin(), line->second.end());
    waterfall_row row{label_of(names(ref), ref), {}};
    for (const auto& one : cut_way(std::move(spans), false))
      row.bars.push_back(bar_of(one, of));
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(
      rows, {}, [](const waterfall_row& row) { return row.bars.empty() ? 0.0 : row.bars.front().begin_ms; });
  return rows;
}

} // namespace causeway::watch
