// SPDX-License-Identifier: Apache-2.0
// IoT Hub for the core: which hub a device goes to, and that no two devices have one identity of it. Each hub
// of a section has a fleet for each shard that goes there; what concerns it is in fleet.h.
//
// Calls are model::hub_link's, with the time. What they bring about is told by model::hub_link_events, and
// what hubs have for devices by model::hub_command_events: later, from inside advance, line_events or
// line_lost.
//
// Pure: the owner carries bytes and time, and does what is ordered (line_orders). One thread.
#pragma once

#include "hub/fleet.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace causeway::hub {

class fleet_set {
public:
  struct options {
    std::vector<fleet_terms> sections;
    std::function<double()> random; // uniform in [0, 1)
    std::string client_version;     // "causeway/0.1.0"
    model::timeline* spans = nullptr;
  };
  // events, commands, orders and spans must live as long.
  fleet_set(options with, model::hub_link_events& events, model::hub_command_events& commands,
            line_orders& orders);
  ~fleet_set();
  fleet_set(const fleet_set&) = delete;
  fleet_set& operator=(const fleet_set&) = delete;

  // A section that is new, or has other terms, which count at once for all of its fleets.
  void take_section(fleet_terms terms, mono_time now);
  // It has left: devices that are there stay until they are detached, and none comes.
  void drop_section(const azure_name& section, mono_time now);

  void attach(device_ref device, const model::assignment& where, const model::connect_wish& wish, moment now);
  void detach(device_ref device, moment now);
  void hurry(device_ref device);
  void send(device_ref device, spool_seq seq, const model::message& what, moment now);
  void settle(device_ref device, model::delivery_number which, model::c2d_settlement how, moment now);
  void answer(device_ref device, model::delivery_number which, const model::method_answer& what);
  void read_twin(device_ref device, bool urgent);
  void report_twin(device_ref device, std::string patch, bool urgent);
  // The lines are told one after the other, a turn each: a hub's devices are a thousand flows a line.
  void take_c2d(bool can_store);
  model::link_progress progress(device_ref device, mono_time now) const;

  // As fleet's, of all.
  void renew_tokens(moment now);
  void try_now(mono_time now);

  // As fleet's.
  void advance(moment now);
  mono_time deadline() const;

  // Of all hubs' fleets of the shard, as fleet::leave; hub_link_events::on_shard_closed follows. A time that
  // is not after now: its identities are free at once.
  void close(model::shard_number which, mono_time until, moment now);

  // The end, in this order. From stop on nothing is connected, sent or attached.
  void stop() { context_.closing = true; }
  bool any_in_flight() const;
  void close(moment now);
  bool any_up() const;
  bool cut_one();

  // By hub, whichever of its names is in use.
  std::map<std::string, model::hub_totals> totals(mono_time now) const;

private:
  struct due_answer {
    device_ref device{};
    std::optional<error> refusal; // none: it is attached already
  };
  const std::shared_ptr<const fleet_terms>* terms_of(const azure_name& section) const;
  void share_budgets(const hub_host& hub, mono_time now);
  using shard_fleets = std::map<std::string, std::unique_ptr<fleet>>; // by section and hub
  fleet* fleet_of(const model::assignment& where, model::shard_number shard, mono_time now);
  void answer(due_answer what);
  void tell_scouts(device_ref device, const fleet* hub);
  void tell_due(moment now);
  bool is_leaving(model::shard_number which) const;
  void forget(model::shard_number which, moment now);
  void tell_closed(moment now);
  void tell_next_line();
  // The hub's, of a device that is attached; null: it is not.
  twin_turns* turns_of(device_ref device);
  void serve_twins(moment now);
  // At the desk of the connection that the device is on, if it is on one.
  template <class Do>
  void at_desk(device_ref device, const Do& what) {
    auto* const who = context_.devices.find(device);
    if (who == nullptr) return;
    auto& line = who->hub->line_of(device);
    auto* const on = line.open();
    if (on == nullptr) return;
    what(on->commands());
    context_.orders.flush(line);
  }
  template <class Do>
  void for_each_of(model::shard_number which, const Do& what) const {
    if (const auto found = fleets_.find(which); found != fleets_.end())
      for (const auto& [key, hub] : found->second)
        what(*hub);
  }
  template <class Do>
  void for_each(const Do& what) const {
    for (const auto& [shard, hubs] : fleets_)
      for_each_of(shard, what);
  }

  std::vector<std::shared_ptr<const fleet_terms>> sections_;
  fleet_context context_;
  std::vector<due_answer> due_;
  std::vector<line*> untold_;                                   // of what take_c2d has said last
  std::map<std::string, std::shared_ptr<hub_budgets>> budgets_; // by hub
  std::map<model::shard_number, shard_fleets> fleets_;
  std::map<model::shard_number, bool> closing_; // nobody has been told yet; its devices are gone already
};

} // namespace causeway::hub
