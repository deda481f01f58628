// SPDX-License-Identifier: Apache-2.0
// The events of The Things Stack over MQTT 3.1.1 (things-stack-wire.md A): one connection an application,
// made again after growing pauses and subscribed anew each time. Loop's thread only.
//
// The way of a message: Paho's thread → mqtt_inbox (bounded; full: dropped, counted) → mqtt_backlog of its
// application (bounded; full: dropped, counted) → the core. The server gives each message once and keeps
// none (A.4): what the core had no room for, or could not store, is tried again for a minute, then it is
// lost, counted and logged. At most a share of what waits is one application's.
#pragma once

#include "base/token_bucket.h"
#include "model/door.h"
#include "model/stack_totals.h"
#include "net/task_group.h"
#include "net/wake_up.h"
#include "stack/answer_desk.h"
#include "stack/mqtt_line.h"
#include "stack/mqtt_settings.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace causeway::stack {

using model::mqtt_loss;
using model::mqtt_losses;
using model::mqtt_totals;

// Who wants to know when events may be missing.
class mqtt_watcher {
public:
  virtual ~mqtt_watcher() = default;
  virtual void on_mqtt_up(const application_id& application) = 0;
  // since: the last moment at which events certainly came.
  virtual void on_mqtt_down(const application_id& application, wall_time since) = 0;
  // Messages that arrived from then on may have been lost.
  virtual void on_mqtt_lost(const application_id& application, wall_time since) = 0;
};

class mqtt_source {
public:
  // random: uniform in [0, 1). on, tasks, to and desk must outlive this.
  mqtt_source(net::loop& on, net::task_group& tasks, mqtt_settings settings,
              std::vector<mqtt_application> applications, model::door& to, answer_desk& desk,
              std::function<double()> random);
  ~mqtt_source(); // as ~mqtt_clients

  // Before start().
  void tell(mqtt_watcher& whom) { watcher_ = &whom; }
  void start();
  // Says goodbye to the server, then hands in what has arrived; what the core has not taken at the deadline
  // is lost and counted. The tasks must still run.
  net::task<> stop(mono_time deadline);

  std::map<application_id, mqtt_totals> totals() const;

private:
  struct application;

  net::task<> run();
  bool work();
  void take_item(mqtt_item item);
  void take_message(application& of, mqtt_item item);
  void take_news(application& of, const mqtt_item& item);
  void go_down(application& of, error why, std::optional<int> connack);
  void hand_in(application& of, mqtt_message one);
  void on_answer(application& of, mqtt_message one, model::answer what);
  void refuse(application& of, const error& why);
  void lose(application& of, mqtt_loss why, std::uint64_t count, wall_time since);
  void count_dropped(application& of);
  void keep_lines();
  std::optional<mono_time> deadline() const;
  bool is_idle() const;

  net::loop& loop_;
  net::task_group& tasks_;
  mqtt_settings settings_;
  model::door& door_;
  answer_desk& desk_;
  std::function<double()> random_;
  mqtt_watcher* watcher_ = nullptr;
  std::shared_ptr<net::wake_up> awake_;
  std::vector<std::unique_ptr<application>> applications_;
  mqtt_inbox inbox_;
  std::unique_ptr<mqtt_clients> clients_; // before inbox_ goes
  std::vector<mqtt_item> taken_;
  std::uint64_t last_number_ = 0;
  std::size_t in_hand_ = 0;
  std::size_t turn_ = 0; // of the application that is next
  bool stopping_ = false, stopped_ = false;
  token_bucket log_budget_; // who floods with nonsense does not flood the log
  std::uint64_t unlogged_ = 0;
};

} // namespace causeway::stack
