// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace causeway {

struct try_transform_options {
  std::string configuration;
  std::string application; // empty: the sample's own
  std::string sample;      // a file, or "-" for stdin
  bool json = false;
};

// Prints what would be sent for an event of The Things Stack. 0: it is sent, or there is nothing to be sent;
// 1: the sample or the format refuses; 2: the configuration cannot be used, or lacks the application.
int verb_try_transform(const try_transform_options& options);

} // namespace causeway
