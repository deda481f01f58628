// SPDX-License-Identifier: Apache-2.0
// A hub counts every device that a connection has ever authorised, also those that have left. Opening one
// anew gives their places back: worth it when a tenth is lost. Its devices move to other connections first, a
// few at a time; one connection at a time. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "hub/placement.h"

#include <cstdint>
#include <optional>

namespace causeway::hub {

class rotation {
public:
  // A device has left this connection. True: the others are to leave it too, and it takes nobody any more.
  bool begin_if_worth_it(placement& places, std::uint32_t connection, mono_time now);
  // Whose devices move.
  std::optional<std::uint32_t> connection() const { return rotating_; }
  // It is empty.
  void end() { rotating_.reset(); }
  // It has been opened anew by itself.
  void on_opened(std::uint32_t connection);

private:
  std::optional<std::uint32_t> rotating_;
  mono_time next_{};
};

} // namespace causeway::hub
