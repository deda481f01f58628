// SPDX-License-Identifier: Apache-2.0
// Texts that thousands share, each kept once and only as long as somebody holds it. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway {

class shared_texts {
public:
  // The number of this text, held once more. 0 = the empty text.
  std::uint32_t hold(std::string_view text);
  void release(std::uint32_t number);
  const std::string& at(std::uint32_t number) const;
  std::size_t size() const { return numbers_.size(); }

private:
  struct entry {
    std::string text;
    std::uint32_t holders = 0;
  };
  std::vector<std::unique_ptr<entry>> entries_; // number - 1; addresses stay, for the views below
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::uint32_t> free_;
};

} // namespace causeway
