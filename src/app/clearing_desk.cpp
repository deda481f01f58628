// SPDX-License-Identifier: Apache-2.0
#include "app/clearing_desk.h"

#include "net/wake_up.h"

#include <memory>
#include <optional>
#include <utility>

namespace causeway::app {
namespace {

// The core gives up its turn after 15 s, a push its answer after 40 s.
constexpr seconds clearing_patience{75};
// A disk that has not said a word by then is a disk that refuses.
constexpr seconds disk_patience{10};

template <class Said>
struct waiter {
  explicit waiter(net::loop& on) : bell{on} {}
  net::wake_up bell;
  std::optional<Said> told;
};

// begin: is given the function to be called once.
template <class Said, class Begin>
net::task<Said> wait_for(net::loop& on, Begin begin, seconds patience, Said otherwise) {
  const auto mine = std::make_shared<waiter<Said>>(on);
  begin([mine](const Said& what) {
    mine->told = what;
    mine->bell.notify();
  });
  if (!mine->told) static_cast<void>(co_await mine->bell.wait_until(on.now().mono + patience));
  co_return mine->told.value_or(otherwise);
}

} // namespace

net::task<model::queue_clearing> clear_queue(net::loop& on, core::command_side& core, model::device_key of) {
  return wait_for<model::queue_clearing>(
      on, [&on, &core, of](model::clearing_told told) { core.clear(of, std::move(told), on.now()); },
      clearing_patience, {model::clearing_end::unanswered, {}, {}, 0});
}

net::task<model::calling_off> call_off(net::loop& on, core::command_side& core, model::command_id which) {
  return wait_for<model::calling_off>(
      on, [&on, &core, which](model::calling_told told) { core.cancel(which, std::move(told), on.now()); },
      disk_patience, model::calling_off::unavailable);
}

} // namespace causeway::app
