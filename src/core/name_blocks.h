// SPDX-License-Identifier: Apache-2.0
// Names of devices, one after the other in blocks of memory, each behind its length. A name that is given
// back makes room for one of about its length, so what is kept of each length is what there once was of it at
// the same time. Owned by the device table; one thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace causeway::core {

class name_blocks {
public:
  // Until it is given back it stays where it is: its length (std::uint16_t), then its bytes. Precondition: it
  // has less than 64 KiB.
  const char* keep(std::string_view name);
  // Precondition: keep has given it. Nobody reads it any more.
  void give_back(const char* kept);
  // What memory is spent on.
  std::size_t bytes() const { return bytes_; }

private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t bytes_ = 0;                          // of all of these
  std::size_t room_ = 0;                           // in the last one,
  char* next_ = nullptr;                           // from here on
  std::map<std::size_t, std::vector<char*>> free_; // by their room
};

} // namespace causeway::core
