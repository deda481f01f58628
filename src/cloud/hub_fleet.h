// SPDX-License-Identifier: Apache-2.0
// One hub of one section: its devices, the connections they are placed on, the budgets of connects and sends,
// and what to do when the hub is gone. Part of hub_pool. Loop's thread only.
//
// A device's way: placed on a line at once (so that the line is opened), queued when its line is open, let
// through by the budget of connects, attached. A line that is lost brings its devices back the same way.
#pragma once

#include "base/backoff.h"
#include "base/budget.h"
#include "base/log_limiter.h"
#include "cloud/daily_quota.h"
#include "cloud/fair_queue.h"
#include "cloud/hub_line.h"
#include "cloud/hub_pool.h"
#include "core/device_table.h"
#include "hub/placement.h"
#include "net/wake_up.h"

#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace causeway::cloud {

// What all fleets of one hub share: the hub counts for all of them.
struct hub_budgets {
  budget connects, sends;
  daily_quota day{};

  // One message may go now, and is counted.
  bool take_send(mono_time now);
};

// A device as the pool knows it.
struct pool_member {
  enum class stage : std::uint8_t {
    absent,
    placed,   // its line is not open
    queued,   // waits for the budget
    released, // on its way
    attached,
  };
  hub_fleet* hub = nullptr;
  causeway::identity identity;
  std::uint32_t model = 0; // held in pool_state::models
  std::uint32_t lane = 0;
  stage at = stage::absent;
  bool commands = false, urgent = false, sending = false;
  mono_time since{};    // placed or queued: since when
  mono_time taken_at{}; // from the budget: of connects while released, of sends while sending
};

// What the pool's parts share.
struct pool_state {
  net::loop& loop;
  net::task_group& tasks;
  service_clocks& clocks;
  std::function<double()> random;
  model::timeline* spans;
  model::hub_link_events* bridge = nullptr;
  bool closing = false;
  model::connection_number connections = 0; // so far
  std::deque<pool_member> members{};        // by device
  core::shared_texts models{};
  std::size_t scouts = 0;                                        // fleets that wait for one
  std::unordered_map<std::uint64_t, device_ref> owners{};        // by a hash of hub and identity
  std::map<std::string, std::shared_ptr<hub_budgets>> budgets{}; // by hub
  std::map<std::string, std::unique_ptr<hub_fleet>> fleets{}; // by section and hub; declared last: goes first
  std::shared_ptr<int> alive = std::make_shared<int>();       // for what is posted

  pool_member* find(device_ref device);
  pool_member& at(device_ref device) { return members[index_of(device)]; }
  // Its identity is free for another device, and its model's text is let go. Precondition: its hub is set.
  void disown(device_ref device);
  void note(model::phase what, mono_time begin, std::chrono::nanoseconds duration,
            std::optional<device_ref> device, model::connection_number connection,
            std::optional<errc> fault = {});
};

class hub_fleet {
public:
  hub_fleet(pool_state& pool, const azure_section& section, azure::hub_address address,
            std::shared_ptr<hub_budgets> budgets);
  ~hub_fleet();

  const azure_section& section() const { return section_; }
  const azure::hub_address& address() const { return address_; }
  section_tokens& tokens() { return tokens_; }
  hub_totals totals() const;
  // It has shown that its sessions hold two links.
  bool two_links_a_session() const { return two_links_a_session_; }

  // Precondition: the member's fields are set, its stage is absent.
  void attach(device_ref device);
  void detach(device_ref device);
  void hurry(device_ref device);
  // Precondition: attached.
  void send(device_ref device, spool_seq seq, const model::message& what);
  void close();
  // One line that is still up is cut; it ends a moment later. False: there is none.
  bool cut_one();
  bool any_open() const;
  bool any_in_flight() const; // sent, and without an outcome
  model::link_progress progress(device_ref device) const;
  // As hub_pool.
  void renew_tokens();
  void try_now();
  // The device that asks DPS on behalf of all whether the hub is another now; and what it was told.
  bool is_scout(device_ref device) const { return scout_ == device; }
  void on_scout_told(bool another_hub);

  // From the lines.
  // Whether it has devices to carry.
  bool wants(const hub_line& which);
  // When this line may try to connect; in the past or now: now. max: when another line has shown that the hub
  // is there; the line is woken then.
  mono_time may_connect(hub_line& which, mono_time now);
  void on_made(hub_line& which);
  void on_open(hub_line& which, const hub::opened& how);
  // Nothing more goes out on its connection. What follows are the connection's last events.
  void on_over(hub_line& which);
  void on_attached(hub_line& which, const hub::attached& what);
  void on_detached(hub_line& which, const hub::detached& what, bool line_is_over);
  void on_sent(const hub::sent& what);
  // We have refused it ourselves: the hub has seen nothing of it.
  void on_not_sent(const hub::sent& what);
  // proven: it has lasted.
  void on_lost(hub_line& which, const error& why, bool proven);
  // A peer that closes without a word, by the name that it has earned.
  error name_mute(error why);
  // Before on_lost: the connection's counters are there for the last time.
  void on_gone(hub_line& which);

private:
  struct pending_send {
    spool_seq seq = 0;
    model::message what;
  };
  hub_line& line_of(device_ref device);
  void place(device_ref device);
  void enqueue(device_ref device, mono_time now);
  void release(device_ref device, mono_time now);
  // The device is no longer here; its owner has been told, or is told next.
  void forget(device_ref device);
  void give_up(const error& why);
  error not_today(mono_time now) const;
  void send_now(device_ref device, spool_seq seq, const model::message& what, mono_time now);
  net::task<> pace();
  void pace_connects(mono_time now);
  void pace_sends(mono_time now);
  void consider_rotation(std::uint32_t connection);
  void on_trouble(device_ref device, const error& why);
  void on_probe_ended(device_ref device);
  bool moves_for_tokens(hub_line& which, device_ref device);
  bool rotate_some(mono_time now);

  pool_state& pool_;
  const azure_section& section_;
  azure::hub_address address_;
  section_tokens tokens_;
  std::shared_ptr<hub_budgets> budgets_;
  hub::placement placement_;
  std::vector<std::unique_ptr<hub_line>> lines_; // by their number in the placement
  fair_queue queue_;                             // of connects
  fair_queue send_queue_;
  std::unordered_map<std::uint32_t, pending_send> sends_; // of those in send_queue_
  std::size_t send_bytes_ = 0;
  net::wake_up work_;

  std::uint32_t failures_ = 0; // in a row, over all lines
  mono_time next_try_{};
  mono_time next_opening_{};
  // Connections that are made because another one takes no more devices: not before, and how many in a row.
  mono_time next_replacement_{}, replaced_at_{};
  std::uint32_t replacements_ = 0;
  std::unordered_set<std::uint32_t>
      moved_; // devices that such a connection was made for, and that are not attached
  mono_time next_rotation_{};
  // What keeps every device of the hub away and is none's own fault: one at a time tries for all.
  std::optional<error> trouble_;
  std::uint32_t trouble_failures_ = 0;
  mono_time next_trial_{};
  std::optional<device_ref> on_trial_;
  std::uint32_t mute_closes_ = 0; // in a row
  std::optional<mono_time> failing_since_;
  std::optional<std::uint32_t> probe_; // nothing is open: the one line that tries
  std::optional<device_ref> scout_;
  mono_time next_scout_{};
  std::optional<std::uint32_t> rotating_;
  bool needs_attention_ = false; // said so in the log
  bool two_links_a_session_ = false;
  log_limiter detached_log_;
  hub_totals totals_;
};

} // namespace causeway::cloud
