// SPDX-License-Identifier: Apache-2.0
// Something for each application, by its number: applications may come while the process runs, and what a
// new one has is T{}. Owned by the organ whose it is; one thread.
#pragma once

#include <cstdint>
#include <deque>

namespace causeway::core {

template <class T>
class by_application {
public:
  T& operator[](std::uint32_t application) {
    if (application >= all_.size()) all_.resize(application + std::size_t{1});
    return all_[application];
  }
  const T& operator[](std::uint32_t application) const {
    static const T none{};
    return application < all_.size() ? all_[application] : none;
  }

private:
  std::deque<T> all_; // what it gives out stays where it is
};

} // namespace causeway::core
