// SPDX-License-Identifier: Apache-2.0
// The operator's questions about dead letters, between the admin API, the store and the shard. Bounded by
// the connections of the admin listeners. Loop's thread only.
#pragma once

#include "core/shard.h"
#include "stack/answer_desk.h"
#include "store/store.h"
#include "watch/dead_letter_api.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace causeway::app {

class dead_letter_desk final : public watch::dead_letter_view {
public:
  dead_letter_desk(net::loop& on, stack::answer_desk& desk) : loop_{on}, desk_{desk} {}
  // Before the first question.
  void ask(store::store& of, core::shard& shard) {
    store_ = &of;
    shard_ = &shard;
  }

  net::task<result<model::dead_letter_page>> list(model::dead_letter_query query) override;
  net::task<result<model::dead_letter>> find(std::uint64_t id) override;
  net::task<result<model::answer>> replay(std::uint64_t id) override;
  net::task<result<std::vector<std::uint64_t>>> drop(std::vector<std::uint64_t> ids) override;

  // From the store.
  void on_dead_letters(std::uint64_t request, result<model::dead_letter_page> page);

private:
  struct entry {
    std::optional<result<model::dead_letter_page>> page;
    std::unique_ptr<boost::asio::steady_timer> waiter;
  };
  // Opens a request; its number.
  std::uint64_t open();
  // Errors: store_unavailable when the answer does not come.
  net::task<result<model::dead_letter_page>> wait(std::uint64_t request);

  net::loop& loop_;
  stack::answer_desk& desk_;
  store::store* store_ = nullptr;
  core::shard* shard_ = nullptr;
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, entry> open_;
};

} // namespace causeway::app
