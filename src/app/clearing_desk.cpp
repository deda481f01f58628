// SPDX-License-Identifier: Apache-2.0
#include "app/clearing_desk.h"

#include "net/wake_up.h"

#include <memory>
#include <optional>
#include <utility>

namespace causeway::app {
namespace {

// The core gives up its turn after 15 s, a push its answer after 40 s.
constexpr seconds patience{75};

struct waiter {
  explicit waiter(net::loop& on) : bell{on} {}
  net::wake_up bell;
  std::optional<model::queue_clearing> told;
};

} // namespace

net::task<model::queue_clearing> clear_queue(net::loop& on, core::command_side& core, model::device_key of) {
  const auto mine = std::make_shared<waiter>(on);
  core.clear(
      of,
      [mine](const model::queue_clearing& what) {
        mine->told = what;
        mine->bell.notify();
      },
      on.now());
  if (!mine->told) static_cast<void>(co_await mine->bell.wait_until(on.now().mono + patience));
  co_return mine->told.value_or(model::queue_clearing{model::clearing_end::unanswered, {}, {}, 0});
}

} // namespace causeway::app
