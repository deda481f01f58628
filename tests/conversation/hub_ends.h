// SPDX-License-Identifier: Apache-2.0
// The hub's ends of one gateway's connections: streams in memory instead of sockets, and at the other end of
// each the emulated hub. Bytes cross in segments that take their time, on the manual clock, so that traffic,
// webhooks and commits fall into each other.
#pragma once

#include "emulator/hub/hub_connection.h"
#include "net/stream.h"
#include "net/task_group.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace causeway::conversation {

// What happens when so many bytes, both directions together, have crossed a connection.
struct break_plan {
  std::deque<std::size_t> after; // one for each connection to come; none left: it lasts
  std::size_t breaks = 0;        // so far
};

// Where the hub runs. Not the gateways' loop: they may stand still, or die.
struct hub_place {
  hub_place(const manual_clock& by, emulator::hub_service& of) : loop{by}, tasks{loop}, hub{of} {}
  ~hub_place();

  net::loop loop;
  net::task_group tasks;
  emulator::hub_service& hub;
};
// Ends all tasks of `group`, which wait in the loop `of`, or for something at the hub. No time passes.
void stop_by_hand(net::task_group& group, net::loop& of, net::loop& hub);

class hub_ends {
public:
  // at and breaks must live as long. on_break: told of each connection that breaks.
  hub_ends(hub_place& at, break_plan& breaks, std::function<void()> on_break = {});
  ~hub_ends();
  hub_ends(const hub_ends&) = delete;
  hub_ends& operator=(const hub_ends&) = delete;

  // What the gateway connects with.
  net::connector connector();
  // The gateway is no more: the hub sees its connections end, and none comes.
  void cut();
  // Told when the hub begins and ends to do something on one of them.
  void watch(std::function<void(bool begins)> at_work) { at_work_ = std::move(at_work); }

  // As the hub sees them.
  std::size_t telemetry_links() const;
  // Of the connection that was made last.
  std::size_t bytes_carried() const { return carried_; }

private:
  struct end;
  net::task<result<net::connected_stream>> connect();
  net::task<> read(std::shared_ptr<end> on);
  net::task<> write(std::shared_ptr<end> on);
  // How many of these bytes cross, before it breaks.
  std::size_t carry(end& on, std::size_t bytes);
  bool breaks(end& on);
  void lose(end& on);
  template <class Do>
  void work(const Do& what) {
    if (at_work_) at_work_(true);
    what();
    if (at_work_) at_work_(false);
  }

  hub_place& at_;
  break_plan& plan_;
  std::function<void()> on_break_;
  std::function<void(bool)> at_work_;
  std::vector<std::shared_ptr<end>> ends_;
  std::size_t carried_ = 0;
  bool is_cut_ = false;
};

} // namespace causeway::conversation
