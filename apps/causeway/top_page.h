// SPDX-License-Identifier: Apache-2.0
// What `causeway top` shows, from two looks at the running gateway. Pure; any thread.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace causeway {

// A look at the gateway. Counters are since its start.
struct top_sample {
  struct bucket {
    double most_seconds = 0; // infinity for the last
    double count = 0;        // of all up to there
  };
  double at_seconds = 0; // of the clock of whoever looks
  boost::json::object status;
  double received = 0, refused = 0, sent = 0, connects = 0;
  std::vector<bucket> latency; // in the order of their bounds
};

// metrics: Prometheus' text format. What is absent is 0.
top_sample make_top_sample(double at_seconds, boost::json::object status, std::string_view metrics);

// The bound of the bucket in which that part (0 to 1) of what was counted between the two lies; negative:
// nothing was.
double latency_between(const top_sample& before, const top_sample& now, double part);

struct top_line {
  enum class tone : std::uint8_t { plain, good, bad };
  std::string text;
  tone is = tone::plain;
};
// before: null at the first look, and then there are no rates; nor where the gateway was started in between.
std::vector<top_line> make_top_page(const top_sample* before, const top_sample& now);
// Cut to the window; the last row says how many lines are left out. Both at least 1.
std::string draw_top_page(const std::vector<top_line>& page, std::size_t columns, std::size_t rows,
                          bool coloured);

} // namespace causeway
