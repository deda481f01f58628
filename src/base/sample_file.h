// SPDX-License-Identifier: Apache-2.0
// For tests: a file of tests/data.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace causeway::testing {

// name: below tests/data. A file that is not there is a failure of the test.
inline std::string read_sample(const std::string& name) {
  std::ifstream file{CAUSEWAY_TEST_DATA "/" + name, std::ios::binary};
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace causeway::testing
