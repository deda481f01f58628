// SPDX-License-Identifier: Apache-2.0
// By whose time the tokens for one DPS are made, and what of a refusal is nobody's own trouble. Without
// service_clocks it is this machine's time, and each refusal the device's own. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/service_clocks.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace causeway::dps {

class token_clock {
public:
  // service: as service_clocks names it.
  explicit token_clock(std::string service) : service_{std::move(service)} {}
  // From now on. clocks must live as long.
  void follow(service_clocks& clocks) { clocks_ = &clocks; }

  // By which a token is made now.
  moment by_theirs(moment now) const;
  // The headers of an answer, of which the Date counts.
  void on_answer(const std::vector<std::pair<std::string, std::string>>& headers, moment now);
  // A clock that differs, a certificate that is not trusted, keys that are switched off.
  bool is_everybodys(errc code) const;
  // A token was refused for its time, and the answer has told theirs: one made by it is worth trying at once.
  // False: that has been tried, and they are held for now.
  bool corrects(mono_time sent_at, mono_time now);

private:
  std::string service_;
  service_clocks* clocks_ = nullptr;
  std::optional<mono_time> corrected_at_;
};

} // namespace causeway::dps
