// SPDX-License-Identifier: Apache-2.0
// Several gateways with one journal between them, and one IoT hub: who owns which shard is moved by the test.
// Real: core::shard, cloud::hub_pool with all below it, and the emulated hub, whose arrivals and stolen links
// are the witnesses. Of the test's own: the journal, what a process believes to own, and the streams.
#pragma once

#include "conversation/gateway_link.h"
#include "conversation/memory_journal.h"
#include "conversation/traffic.h"
#include "model/tenure.h"

#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace causeway::conversation {

struct cluster_options {
  hub::auth mode = hub::auth::policy;
  std::size_t devices = 8;
  std::uint16_t shards = 4;
  std::size_t processes = 2;
  std::size_t body_cache_bytes = 2 * 1024; // small, so that bodies are read back as well
};

class cluster_world final : public plant {
public:
  using process_number = std::size_t;
  enum class death : std::uint8_t { before_commit, after_commit };

  explicit cluster_world(cluster_options options = {});
  ~cluster_world();

  memory_journal journal;
  webhooks stack;

  core::shard& core(process_number which);
  surroundings& around(process_number which);
  model::shard_number shard_of(std::size_t device) const { return journal.shard_of(key_of(device)); }
  std::vector<model::shard_number> all_shards() const;
  std::vector<std::size_t> devices_of(model::shard_number which) const;

  // To whichever process is next, owner or not; none that stands still or is dead.
  void post(std::size_t device);
  // One of each device, in batches of some with a millisecond in between.
  void post_round();

  // What a process is told, and what is so at the journal.
  void adopt(process_number which, model::shard_number shard);
  void release(process_number which, model::shard_number shard); // by three seconds from now
  void take_away(model::shard_number shard) { journal.take_away(shard); }
  void stop_believing(process_number which, model::shard_number shard);
  void fence(process_number which, model::shard_number shard);
  // A planned move: released, and adopted as soon as the journal has it; is_under_way until then.
  void move(model::shard_number shard, process_number from, process_number to);
  bool is_under_way() const { return !moves_.empty(); }

  // It stands still; what it has written goes its way.
  void freeze(process_number which, bool still);
  // Its connections break, and what it has not committed is lost.
  void kill(process_number which, death when);
  // A new one, with nothing.
  void start(process_number which);

  // Once, when so many steps of the world have been made. A step is what can be done at one time in one
  // place.
  void at_step(std::size_t step, std::function<void()> what);
  // Likewise, when so much time has passed.
  void after(milliseconds time, std::function<void()> what);
  std::size_t steps() const { return steps_; }
  void run_for(milliseconds time);
  // Until nothing waits and no move is under way. False when something still does.
  bool run_until_delivered(milliseconds longest);

  // By the arrivals: how many messages of this shard have come over connections of this process.
  std::size_t arrived_through(process_number which, model::shard_number shard) const;
  // As webhooks::expect_arrived; and nothing waits in a process or in the journal, nobody has written what it
  // must not, and the devices of each shard are online at its owner, and nowhere else.
  void expect_all_delivered(const std::map<model::shard_number, process_number>& owners,
                            order in = order::as_posted) const;

private:
  struct process;
  struct planned {
    model::shard_number shard{};
    process_number to = 0;
  };

  process& at(process_number which) const { return *processes_[which]; }
  bool step();
  bool count(bool done);
  void happen();
  // False: there is nothing to do.
  bool serve_link(process& of);
  bool serve_format(process& of);
  bool serve_disk(process& of);
  bool open_some(process& of);
  bool serve_timer(process& of);
  bool finish_moves();
  std::optional<mono_time> deadline() const;

  cluster_options options_;
  dice dice_;
  break_plan no_breaks_;
  hub_place there_{clock, hub};
  std::vector<std::unique_ptr<process>> processes_; // null: dead
  std::vector<planned> moves_;
  process_number next_to_post_ = 0;
  std::size_t steps_ = 0;
  std::multimap<std::size_t, std::function<void()>> due_at_step_;
  std::multimap<mono_time, std::function<void()>> due_at_;
  std::optional<process_number> carrying_; // on whose connection the hub works now
  std::map<std::pair<process_number, model::shard_number>, std::size_t> arrived_through_;
};

} // namespace causeway::conversation
