// SPDX-License-Identifier: Apache-2.0
// What pairs of runs, the floor and the gateway in turns, say together. Pure.
#pragma once

#include <string>
#include <vector>

namespace causeway::bench {

// µs of CPU an uplink.
struct floor_pair {
  double floor = 0, gateway = 0;
};

struct floor_summary {
  double floor = 0, gateway = 0;     // medians
  double ratio = 0;                  // the median of the pairs' own ratios
  double least = 0, greatest = 0;    // of these
};

// Precondition: at least one pair, and no floor of 0.
floor_summary summary_of(const std::vector<floor_pair>& pairs);

// One line of JSON. rate: "max" or a number.
std::string to_json(const std::vector<floor_pair>& pairs, const std::string& rate);
// For a person.
std::string to_text(const std::vector<floor_pair>& pairs, const std::string& rate);

} // namespace causeway::bench
