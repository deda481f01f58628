// SPDX-License-Identifier: Apache-2.0
// What waits in the spool, device by device, in the order of acceptance: 24 bytes of RAM a message; the
// bodies are on disk, and some of the youngest also in the body cache. For each device that has something
// that is not with the hub it also knows the oldest of that, by application (about 60 bytes a device). Owned
// by the shard; one thread. Bounded by spool_limits.
#pragma once

#include "core/waiting_message.h"
#include "model/message.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace causeway::core {

struct device;

class outbox {
public:
  struct place {
    spool_seq seq = 0;
    device_ref device{};
  };

  // The seqs rise from call to call.
  void push(device_ref ref, device& to, const waiting_message& message);
  // The oldest. Precondition: the device has one.
  const waiting_message& front(const device& of) const;
  // Takes the oldest away; nothing of the device is in flight then. Precondition: the device has one.
  void pop(device_ref ref, device& of);
  // The oldest goes to the hub, or is back. Precondition: the device has one, and it is a change.
  void set_in_flight(device_ref ref, device& of, bool in_flight);

  // The oldest that is not with the hub; null when there is none.
  const waiting_message* idle(const device& of) const;
  // Takes it away. Precondition: there is one.
  void drop_idle(device_ref ref, device& of);
  // The oldest of all that are not with the hub, of one application or of all.
  std::optional<place> oldest(std::uint32_t application) const;
  std::optional<place> oldest() const;

  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

private:
  static constexpr std::size_t block_nodes = 4096;

  using order = std::map<spool_seq, device_ref>;

  order& order_of(const device& d);
  void note_idle(device_ref ref, const device& d);
  void forget_idle(const device& d);
  void release(std::uint32_t index);
  waiting_message& at(std::uint32_t index) { return blocks_[index / block_nodes][index % block_nodes]; }
  const waiting_message& at(std::uint32_t index) const {
    return blocks_[index / block_nodes][index % block_nodes];
  }

  std::vector<order> idle_; // by application: idle() of each device that has one
  std::vector<std::unique_ptr<waiting_message[]>>
      blocks_;                    // blocks, so that growth neither copies nor doubles
  std::uint32_t next_unused_ = 1; // 0 is the end of a chain
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
