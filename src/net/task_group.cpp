// SPDX-License-Identifier: Apache-2.0
#include "net/task_group.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <list>
#include <random>
#include <vector>

namespace causeway::net {
namespace {

constexpr backoff_policy restart_pause{std::chrono::milliseconds{100}, std::chrono::milliseconds{30'000}, 2.0,
                                       0.25};
// A task that ran this long starts again with the shortest pause.
constexpr std::chrono::seconds steady{60};

double uniform() {
  static thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.0, 1.0}(source);
}

} // namespace

struct task_group::state {
  struct entry {
    std::string name;
    restart_policy policy;
    std::function<task<>()> make;
    asio::cancellation_signal cancel;
  };

  explicit state(asio::any_io_executor e) : executor{std::move(e)}, emptied{executor, mono_time::max()} {}

  asio::any_io_executor executor;
  std::list<std::shared_ptr<entry>> entries;
  asio::steady_timer emptied;
  bool stopping = false;

  // True when it ended by a fault.
  bool log_fault(const entry& e, std::exception_ptr fault) const;
  static task<> supervise(std::shared_ptr<state> s, std::shared_ptr<entry> e);
};

bool task_group::state::log_fault(const entry& e, std::exception_ptr fault) const {
  std::string reason = "an exception that is not a std::exception";
  try {
    std::rethrow_exception(std::move(fault));
  } catch (const boost::system::system_error& x) {
    if (stopping && x.code() == asio::error::operation_aborted) return false;
    reason = x.what();
  } catch (const std::exception& x) {
    reason = x.what();
  } catch (...) {
  }
  log::error("task_fault", {{"task", e.name}, {"reason", reason}});
  return true;
}

task<> task_group::state::supervise(std::shared_ptr<state> s, std::shared_ptr<entry> e) {
  backoff pauses{restart_pause};
  for (;;) {
    const auto started = std::chrono::steady_clock::now();
    std::exception_ptr fault;
    try {
      auto body = e->make();
      co_await std::move(body);
    } catch (...) {
      fault = std::current_exception();
    }
    const bool again = fault && s->log_fault(*e, fault) && e->policy == restart_policy::on_fault;
    if (!again || s->stopping) co_return;
    if (std::chrono::steady_clock::now() - started > steady) pauses.reset();
    const auto pause = pauses.next(uniform());
    co_await sleep_for(pause);
    if (s->stopping) co_return;
  }
}

task_group::task_group(loop& on) : state_{std::make_shared<state>(on.executor())} {}

task_group::~task_group() {
  state_->stopping = true;
}

void task_group::spawn(std::string name, restart_policy policy, std::function<task<>()> make) {
  if (state_->stopping) return;
  auto e = std::make_shared<state::entry>();
  e->name = std::move(name);
  e->policy = policy;
  e->make = std::move(make);
  const auto place = state_->entries.insert(state_->entries.end(), e);
  asio::co_spawn(state_->executor, state::supervise(state_, e),
                 asio::bind_cancellation_slot(e->cancel.slot(), [s = state_, place](std::exception_ptr) {
                   // Moved out, so that what its make captured goes after the list is in order again.
                   const auto ended = std::move(*place);
                   s->entries.erase(place);
                   if (s->entries.empty()) s->emptied.cancel();
                 }));
}

task<> task_group::stop() {
  const auto s = state_;
  s->stopping = true;
  const std::vector<std::shared_ptr<state::entry>> tasks{s->entries.begin(), s->entries.end()};
  for (const auto& e : tasks)
    e->cancel.emit(asio::cancellation_type::terminal);
  while (!s->entries.empty()) {
    // An empty slot: this wait cannot be cancelled from outside.
    co_await s->emptied.async_wait(
        asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::as_tuple(asio::use_awaitable)));
  }
}

std::size_t task_group::running() const {
  return state_->entries.size();
}

} // namespace causeway::net
