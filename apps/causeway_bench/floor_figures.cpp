// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_figures.h"

#include "causeway_bench/connect_figures.h"

#include <fmt/format.h>

#include <algorithm>

namespace causeway::bench {
namespace {

template <class Figure>
std::vector<double> all_of(const std::vector<floor_pair>& pairs, Figure figure) {
  std::vector<double> out;
  for (const auto& one : pairs)
    out.push_back(figure(one));
  return out;
}

double ratio_of(const floor_pair& one) {
  return one.gateway / one.floor;
}

} // namespace

floor_summary summary_of(const std::vector<floor_pair>& pairs) {
  const auto ratios = all_of(pairs, ratio_of);
  const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
  return {median(all_of(pairs, [](const floor_pair& one) { return one.floor; })),
          median(all_of(pairs, [](const floor_pair& one) { return one.gateway; })), median(ratios), *least,
          *greatest};
}

std::string to_json(const std::vector<floor_pair>& pairs, const std::string& rate) {
  const auto all = summary_of(pairs);
  std::string ratios;
  for (const auto& one : pairs)
    ratios += fmt::format("{}{:.2f}", ratios.empty() ? "" : ",", ratio_of(one));
  return fmt::format(R"({{"pairs":{},"rate":"{}","floor_us_per_uplink":{:.1f},"gateway_us_per_uplink":{:.1f},)"
                     R"("ratio":{:.2f},"least_ratio":{:.2f},"greatest_ratio":{:.2f},"ratios":[{}]}})",
                     pairs.size(), rate, all.floor, all.gateway, all.ratio, all.least, all.greatest, ratios);
}

std::string to_text(const std::vector<floor_pair>& pairs, const std::string& rate) {
  const auto all = summary_of(pairs);
  return fmt::format("{} pair(s) at rate {}: the gateway takes {:.2f} times the floor's CPU ({:.2f} to {:.2f}); medians "
                     "{:.1f} and {:.1f} µs an uplink",
                     pairs.size(), rate, all.ratio, all.least, all.greatest, all.gateway, all.floor);
}

} // namespace causeway::bench
