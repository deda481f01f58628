// SPDX-License-Identifier: Apache-2.0
// How much, how long and how often, where the owner of a shard may choose. Plain values.
#pragma once

#include "base/backoff.h"
#include "base/budget.h"
#include "base/clock.h"
#include "core/words.h"
#include "model/amount.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

// That a hub can have.
inline constexpr std::uint32_t devices_of_a_hub = 1'000'000;

// Between one try of a device to connect and the next.
struct connect_pauses {
  backoff_policy transient{milliseconds{2'000}, milliseconds{300'000}, 2.0, 0.25};
  backoff_policy permanent{milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25};
};

// Of refusals for no known reason: refusal_watch.
struct refusal_limits {
  std::size_t many_devices = 5;
  seconds bury_after{4 * 3600};
  seconds longest_gap{600};
  seconds closed_at_most{4 * 3600};
  seconds probe_time{60}; // a probe without an outcome is none any more
  backoff_policy probes{milliseconds{2'000}, milliseconds{60'000}, 2.0, 0.25};
};

enum class when_full : std::uint8_t { refuse, drop_oldest };

// Of what waits: spool_room.
struct spool_limits {
  amount most{10'000'000, 4ULL * 1024 * 1024 * 1024};
  std::uint32_t application_share = 100; // percent of both; a lone application has all
  when_full policy = when_full::refuse;
  std::optional<seconds> max_age; // nothing: none
};

// Of commands: the ledger.
struct command_limits {
  std::size_t most = 1'000'000;
  std::uint32_t application_share = 50; // percent, while another has commands; otherwise all
  seconds history{7 * 24 * 3600};       // how long one is kept after its last step
  std::size_t pushes_under_way = 8;     // for the whole stack
  // Pushes of one application a second: The Things Stack says itself what it takes (X-Rate-Limit-*).
  budget_options pace{.ceiling = 100, .burst = 100};
};

} // namespace causeway::core
