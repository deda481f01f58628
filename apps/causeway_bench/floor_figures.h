// SPDX-License-Identifier: Apache-2.0
// What pairs of runs, the floor and the gateway in turns, say together. Pure.
#pragma once

#include <string>
#include <vector>

namespace causeway::bench {

struct floor_pair {
  double floor = 0, gateway = 0;           // µs of CPU an uplink
  double floor_rows = 0, gateway_rows = 0; // a commit
};

struct floor_summary {
  double floor = 0, gateway = 0;           // medians
  double floor_rows = 0, gateway_rows = 0; // likewise
  double ratio = 0;                        // the median of the pairs' own ratios
  double least = 0, greatest = 0;          // of these
};

// Precondition: at least one pair, and no floor of 0.
floor_summary summary_of(const std::vector<floor_pair>& pairs);

// One line of JSON. rate: "max" or a number.
std::string to_json(const std::vector<floor_pair>& pairs, const std::string& rate);
// For a person.
std::string to_text(const std::vector<floor_pair>& pairs, const std::string& rate);

} // namespace causeway::bench
