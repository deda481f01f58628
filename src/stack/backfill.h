// SPDX-License-Identifier: Apache-2.0
// After an outage, asks the Storage Integration of The Things Stack for what it received meanwhile
// (things-stack-wire.md G) and hands it in like any other event; the core tells what is new by its key. Which
// time is asked for is backfill_window's. Uplinks, and joins where they are wanted: other kinds have no
// reliable key in the storage. Loop's thread only.
#pragma once

#include "base/backoff.h"
#include "base/secret.h"
#include "model/door.h"
#include "model/stack_totals.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "net/wake_up.h"
#include "stack/backfill_window.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace causeway::tts {
struct stored_event;
}

namespace causeway::stack {

struct backfill_application {
  application_id id;
  secret api_key; // with the right to read traffic
  bool joins = false;
};

struct backfill_settings {
  std::string base_url; // of the Application Server: "https://host[:port]", no slash at the end
  std::string ca_file;  // empty: the system's
  backfill_options window;
  std::uint32_t page_size = 1'000; // records; fewer when an answer would be too large
  std::size_t in_hand = 64;        // records handed in and not yet answered
  std::size_t max_answer = 16 * 1024 * 1024;
  std::chrono::milliseconds time_out{60'000};
  seconds heartbeat{10}; // how often cursors are kept
  backoff_policy unavailable{milliseconds{1'000}, milliseconds{300'000}, 2.0, 0.25};
  backoff_policy refused{milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25}; // an operator must act
  backoff_policy full{milliseconds{1'000}, milliseconds{30'000}, 2.0, 0.25};        // the spool has no room
};

using model::backfill_totals;

class backfill_events {
public:
  virtual ~backfill_events() = default;
  // done is called once, on the loop, possibly from inside the call.
  virtual void take(model::event event, std::function<void(model::answer)> done) = 0;
  // To be given to start() next time.
  virtual void save_cursor(const application_id& application, wall_time cursor) = 0;
};

class backfill {
public:
  // random: uniform in [0, 1). events must live as long.
  backfill(net::loop& on, net::task_group& tasks, backfill_settings settings,
           std::vector<backfill_application> applications, std::function<double()> random,
           backfill_events& events);
  ~backfill();
  void start(const std::map<application_id, wall_time>& cursors);

  // Each does nothing for an application that is not filled up. After start.
  // Events come in, now.
  void on_live(const application_id& application);
  // They do not; the last moment at which they certainly did.
  void on_down(const application_id& application, wall_time since);
  // Some may have been turned away since then.
  void on_missing(const application_id& application, wall_time since);

  // Keeps all cursors: the last thing before the store is closed.
  void save_cursors();
  std::map<application_id, backfill_totals> totals() const;

private:
  struct application;
  struct page_state;

  application* find(const application_id& id);
  net::task<> fill(application* of);
  net::task<> keep_cursors();
  net::task<result<void>> ask_all(application* of, backfill_window::question what, wall_time asked);
  net::task<result<void>> ask_for_kind(application* of, std::string kind, backfill_window::question what,
                                       std::optional<wall_time> asked);
  net::task<result<std::vector<tts::stored_event>>> ask(application* of, std::string kind, wall_time after,
                                                        wall_time before, std::uint32_t limit);
  net::task<result<void>> hand_in(application* of, std::vector<tts::stored_event> records);

  net::loop& loop_;
  net::task_group& tasks_;
  backfill_settings settings_;
  std::function<double()> random_;
  backfill_events& events_;
  net::http_client client_;
  std::vector<std::unique_ptr<application>> applications_;
};

} // namespace causeway::stack
