// SPDX-License-Identifier: Apache-2.0
// For tests: a page of docs/ that has a table of transitions in it, as the code prints it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace causeway::core::testing {

// The stages of a set, one bit each, in the words of the table.
template <class Stage>
std::string words_of(std::uint32_t from, std::size_t stages) {
  if (from == (1U << stages) - 1) return "any";
  std::string text;
  for (std::size_t i = 0; i < stages; ++i)
    if ((from >> i & 1U) != 0)
      text += (text.empty() ? "" : ", ") + std::string{to_string(static_cast<Stage>(i))};
  return text;
}

// page: in docs/; it has the table between "made by core_test: NAME" and "end". CAUSEWAY_WRITE_STATES=1
// writes it anew.
inline void expect_page_has(const std::string& page_name, const std::string& name, const std::string& table) {
  const std::string path = CAUSEWAY_TEST_DATA "/../../docs/" + page_name;
  std::ifstream in{path};
  const std::string page{std::istreambuf_iterator<char>{in}, {}};
  const std::string begin = "<!-- made by core_test: " + name + " -->\n", end = "<!-- end -->\n";
  const auto first = page.find(begin), last = page.find(end);
  ASSERT_NE(first, std::string::npos) << path;
  ASSERT_NE(last, std::string::npos) << path;
  const auto made = page.substr(0, first + begin.size()) + table + page.substr(last);
  if (std::getenv("CAUSEWAY_WRITE_STATES") != nullptr) {
    std::ofstream{path} << made;
    return;
  }
  EXPECT_EQ(page, made) << "CAUSEWAY_WRITE_STATES=1 writes it";
}

} // namespace causeway::core::testing
