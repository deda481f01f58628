// SPDX-License-Identifier: Apache-2.0
// What waits in the spool, device by device, in the order of acceptance: 24 bytes of RAM a message; the
// bodies are on disk, and some of the youngest also in the body cache. Owned by the bridge; one thread.
// Bounded by the spool's own limit.
#pragma once

#include "core/device.h"
#include "core/message.h"

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

namespace causeway::core {

class outbox {
public:
  struct waiting_message {
    spool_seq seq = 0;
    std::uint32_t bytes = 0;
    std::uint32_t accepted_ms =
        0; // milliseconds since the bridge started, for the latency; wraps after 49 days
  };

  void push(device& to, const waiting_message& message);
  // The oldest. Precondition of both: the device has one.
  const waiting_message& front(const device& of) const;
  void pop(device& of);

  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

private:
  struct node {
    waiting_message message;
    std::uint32_t next = 0;
  };
  static_assert(sizeof(node) <= 24);
  static constexpr std::size_t block_nodes = 4096;

  node& at(std::uint32_t index) { return blocks_[index / block_nodes][index % block_nodes]; }
  const node& at(std::uint32_t index) const { return blocks_[index / block_nodes][index % block_nodes]; }

  std::vector<std::unique_ptr<node[]>> blocks_; // blocks, so that growth neither copies nor doubles
  std::uint32_t next_unused_ = 1;               // 0 is the end of a chain
  std::uint32_t free_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

// The bodies of messages that will probably be sent before they need to be read back. Over the budget the
// oldest go.
class body_cache {
public:
  explicit body_cache(std::size_t budget_bytes) : budget_{budget_bytes} {}
  void keep(spool_seq seq, message body);
  const message* find(spool_seq seq) const;
  void drop(spool_seq seq);
  std::size_t bytes() const { return bytes_; }
  std::size_t entries() const { return kept_.size(); } // places that it takes, dead ones among them

private:
  std::size_t budget_;
  std::size_t bytes_ = 0;
  std::unordered_map<spool_seq, message> bodies_;
  std::deque<spool_seq> kept_; // in the order kept; entries whose body is gone are skipped
};

} // namespace causeway::core
