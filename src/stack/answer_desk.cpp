// SPDX-License-Identifier: Apache-2.0
#include "stack/answer_desk.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace causeway::stack {

namespace asio = boost::asio;

model::ticket answer_desk::open() {
  const auto which = model::ticket{++last_};
  open_.emplace(which, entry{});
  return which;
}

model::ticket answer_desk::open(std::function<void(model::answer)> then) {
  const auto which = open();
  open_.at(which).then = std::move(then);
  return which;
}

net::task<model::answer> answer_desk::wait(model::ticket which, std::chrono::milliseconds patience) {
  const auto found = open_.find(which);
  if (found == open_.end()) co_return model::answer::unavailable;
  if (!found->second.answer) {
    found->second.waiter = std::make_unique<asio::steady_timer>(loop_.executor(), patience);
    boost::system::error_code ignored; // cancelled by on_answer: the entry tells
    co_await found->second.waiter->async_wait(
        asio::redirect_error(asio::use_awaitable_t<asio::any_io_executor>{}, ignored));
  }
  // The entry was left alone meanwhile: only this task erases it, and references into the map stay valid.
  const auto node = open_.extract(which);
  co_return node.mapped().answer.value_or(model::answer::unavailable);
}

void answer_desk::on_answer(model::ticket which, model::answer what) {
  const auto found = open_.find(which);
  if (found == open_.end()) return; // the waiter has lost its patience
  if (found->second.then) {
    const auto node = open_.extract(found); // it may open others
    return node.mapped().then(what);
  }
  found->second.answer = what;
  if (found->second.waiter) found->second.waiter->cancel();
}

} // namespace causeway::stack
