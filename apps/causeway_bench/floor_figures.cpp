// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_figures.h"

#include "causeway_bench/connect_figures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace causeway::bench {
namespace {

std::vector<double> all_of(const std::vector<floor_pair>& pairs, double floor_pair::*figure) {
  std::vector<double> out;
  out.reserve(pairs.size());
  for (const auto& one : pairs)
    out.push_back(one.*figure);
  return out;
}

std::vector<double> ratios_of(const std::vector<floor_pair>& pairs) {
  std::vector<double> out;
  out.reserve(pairs.size());
  for (const auto& one : pairs)
    out.push_back(one.gateway / one.floor);
  return out;
}

} // namespace

floor_summary summary_of(const std::vector<floor_pair>& pairs) {
  const auto ratios = ratios_of(pairs);
  const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
  floor_summary out;
  out.floor = median(all_of(pairs, &floor_pair::floor));
  out.gateway = median(all_of(pairs, &floor_pair::gateway));
  out.floor_rows = median(all_of(pairs, &floor_pair::floor_rows));
  out.gateway_rows = median(all_of(pairs, &floor_pair::gateway_rows));
  out.ratio = median(ratios);
  out.least = *least;
  out.greatest = *greatest;
  return out;
}

std::string to_json(const std::vector<floor_pair>& pairs, const std::string& rate) {
  const auto all = summary_of(pairs);
  return fmt::format(
      R"({{"pairs":{},"rate":"{}","floor_us_per_uplink":{:.1f},"gateway_us_per_uplink":{:.1f},)"
      R"("floor_rows_per_commit":{:.1f},"gateway_rows_per_commit":{:.1f},)"
      R"("ratio":{:.2f},"least_ratio":{:.2f},"greatest_ratio":{:.2f},"ratios":[{:.2f}]}})",
      pairs.size(), rate, all.floor, all.gateway, all.floor_rows, all.gateway_rows, all.ratio, all.least,
      all.greatest, fmt::join(ratios_of(pairs), ","));
}

std::string to_text(const std::vector<floor_pair>& pairs, const std::string& rate) {
  const auto all = summary_of(pairs);
  return fmt::format("{} pair(s) at rate {}: the gateway takes {:.2f} times the floor's CPU ({:.2f} to "
                     "{:.2f}); medians {:.1f} "
                     "and {:.1f} µs an uplink, {:.1f} and {:.1f} rows a commit",
                     pairs.size(), rate, all.ratio, all.least, all.greatest, all.gateway, all.floor,
                     all.gateway_rows, all.floor_rows);
}

} // namespace causeway::bench
