// SPDX-License-Identifier: Apache-2.0
#include "hub/token_moves.h"

#include "azure/limits.h"
#include "base/backoff.h"

#include <algorithm>

namespace causeway::hub {
namespace {

constexpr backoff_policy between_replacements{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
// Connections that are replaced one after another, or by chance.
constexpr std::chrono::minutes forgotten_after{10};
constexpr auto most_tokens = static_cast<std::uint32_t>(azure::max_tokens_per_connection);

} // namespace

token_moves::meaning token_moves::on_refused(placement& places, std::uint32_t connection, std::size_t taken,
                                             device_ref device, mono_time now) {
  if (taken == 0 || !moved_.insert(device).second) return meaning::the_device;
  places.retire(connection);
  if (now < next_) return meaning::the_connection; // the same connection, or one that has gone the same way
  // What the hub has taken, or half of what we thought: it may not always count the same.
  const auto half = std::min<std::uint32_t>(places.tokens_per_connection(), most_tokens) / 2;
  places.lower_tokens(std::max(static_cast<std::uint32_t>(taken), half));
  if (now - replaced_at_ > forgotten_after) replacements_ = 0;
  replaced_at_ = now;
  next_ = now + pause_after(between_replacements, replacements_++, random_());
  return meaning::fewer_tokens;
}

void token_moves::try_now(mono_time now) {
  replacements_ = 0;
  next_ = now;
}

} // namespace causeway::hub
