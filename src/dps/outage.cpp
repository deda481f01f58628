// SPDX-License-Identifier: Apache-2.0
#include "dps/outage.h"

#include <utility>

namespace causeway::dps {
namespace {

constexpr backoff_policy between_tries{milliseconds{1'000}, milliseconds{60'000}, 2.0, 0.25};
constexpr std::uint32_t most_server_faults = 8;

} // namespace

outage::outage(std::function<double()> random) : random_{std::move(random)}, pauses_{between_tries} {}

std::optional<milliseconds> outage::on_trouble(const error& why, mono_time sent_at, mono_time now) {
  if (trouble_ && sent_at < since_) return std::nullopt;
  const auto pause = pauses_.next(random_());
  trouble_.emplace(why.code(), why.detail());
  since_ = now;
  next_try_ = now + pause;
  return pause;
}

bool outage::on_server_fault() {
  return ++server_faults_ >= most_server_faults;
}

bool outage::on_reached() {
  server_faults_ = 0;
  if (!trouble_) return false;
  trouble_.reset();
  try_now();
  return true;
}

void outage::try_now() {
  pauses_.reset();
  next_try_ = mono_time::min();
}

} // namespace causeway::dps
