// SPDX-License-Identifier: Apache-2.0
#include "net/handshake_pool.h"

#include <boost/asio/post.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace causeway::net {
namespace {

constexpr unsigned most_threads = 4;
constexpr int niceness = 5;

struct job {
  std::function<void()> work, done;
};

} // namespace

struct handshake_pool::state {
  explicit state(asio::any_io_executor e) : loop{std::move(e)} {}

  asio::any_io_executor loop;
  std::mutex mutex;
  std::condition_variable wanted;
  std::deque<std::shared_ptr<job>> queue; // under mutex
  bool ending = false;                    // under mutex
  std::vector<std::thread> threads;

  void serve();
};

void handshake_pool::state::serve() {
  // On Linux a thread has a niceness of its own; without the right to it nothing is lost.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness));
  std::unique_lock lock{mutex};
  for (;;) {
    wanted.wait(lock, [this] { return ending || !queue.empty(); });
    if (ending) return;
    auto next = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    next->work();
    // Moved along, so that it is not this thread that destroys it.
    asio::post(loop, [next = std::move(next)] { next->done(); });
    lock.lock();
  }
}

handshake_pool::handshake_pool(asio::any_io_executor loop)
    : state_{std::make_unique<state>(std::move(loop))} {
  const auto cores = std::max(std::thread::hardware_concurrency(), 2U);
  for (unsigned i = 0; i < std::min(cores - 1, most_threads); ++i)
    state_->threads.emplace_back([s = state_.get()] { s->serve(); });
}

handshake_pool::~handshake_pool() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->ending = true;
  }
  state_->wanted.notify_all();
  for (auto& thread : state_->threads)
    thread.join();
}

void handshake_pool::run(std::function<void()> work, std::function<void()> done) {
  auto added = std::make_shared<job>(job{std::move(work), std::move(done)});
  {
    const std::lock_guard lock{state_->mutex};
    state_->queue.push_back(std::move(added));
  }
  state_->wanted.notify_one();
}

std::size_t handshake_pool::waiting() const {
  const std::lock_guard lock{state_->mutex};
  return state_->queue.size();
}

} // namespace causeway::net
