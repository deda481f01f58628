// SPDX-License-Identifier: Apache-2.0
#include "app/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace causeway::app {

void raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

std::uint64_t open_files_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : std::numeric_limits<rlim_t>::max();
}

open_files_share share_open_files(std::uint64_t limit, std::size_t wanted, std::size_t others) {
  constexpr std::uint64_t most_admin = 256, least_admin = 8;
  const auto admin = std::clamp<std::uint64_t>(limit / 16, least_admin, most_admin);
  const auto kept = others + 2 * admin;
  const auto left = std::max(limit > kept ? limit - kept : 0, limit / 4);
  return {std::min<std::uint64_t>(wanted, left), admin};
}

} // namespace causeway::app
