// SPDX-License-Identifier: Apache-2.0
#include "app/built_in_formatter.h"

#include "formats/flat.h"

#include <cstring>

namespace causeway::app {

void built_in_formatter::format(core::ticket which, const core::uplink& event, moment now) {
  formats::format_context context;
  context.accepted_at = now.wall;
  if (!event.key) {
    const std::uint64_t bits[]{random_(), random_()};
    std::memcpy(context.random_id.data(), bits, sizeof bits);
  }
  bridge_->on_formatted(which, formats::format_flat(event, context), now);
}

} // namespace causeway::app
