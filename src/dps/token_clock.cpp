// SPDX-License-Identifier: Apache-2.0
#include "dps/token_clock.h"

namespace causeway::dps {
namespace {

// A service whose clock runs wild is no reason for a storm.
constexpr seconds corrections_apart{60};

} // namespace

moment token_clock::by_theirs(moment now) const {
  return clocks_ == nullptr ? now : moment{now.mono, clocks_->time(service_, now)};
}

void token_clock::on_answer(const std::vector<std::pair<std::string, std::string>>& headers, moment now) {
  if (clocks_ != nullptr) clocks_->on_answer(service_, service_clocks::owner::azure, headers, now);
}

bool token_clock::is_everybodys(errc code) const {
  return clocks_ != nullptr &&
         (code == errc::clock_skew || code == errc::tls_untrusted || code == errc::local_authentication_off);
}

bool token_clock::corrects(mono_time sent_at, mono_time now) {
  // Those that were under way when it was corrected, or are answered with it, are part of it.
  const bool belongs_to_last = corrected_at_ && sent_at < *corrected_at_;
  if (belongs_to_last) return true;
  if (corrected_at_ && *corrected_at_ != now && now - *corrected_at_ <= corrections_apart) return false;
  corrected_at_ = now;
  return true;
}

} // namespace causeway::dps
