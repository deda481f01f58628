// SPDX-License-Identifier: Apache-2.0
// The formats that need no process of their own, as the core's formatter: answers from inside the call.
// Loop's thread only.
#pragma once

#include "core/bridge.h"

#include <functional>

namespace causeway::app {

class built_in_formatter final : public core::formatter {
public:
  // random: 64 random bits, for the ids of messages without a de-duplication key.
  explicit built_in_formatter(std::function<std::uint64_t()> random) : random_{std::move(random)} {}
  // Before the first format.
  void answer_to(core::bridge& bridge) { bridge_ = &bridge; }
  void format(core::ticket which, const core::uplink& event, moment now) override;

private:
  std::function<std::uint64_t()> random_;
  core::bridge* bridge_ = nullptr;
};

} // namespace causeway::app
