// SPDX-License-Identifier: Apache-2.0
// Which of a hub's devices asks for its twin now, within the hub's budgets of twin reads and twin updates:
// reads that something has changed for before those that only look again, each in the order asked; reports in
// theirs, in turns with the devices that are to subscribe. At most one of a kind waits for a device. Of all
// fleets of a hub. Pure; one thread.
//
// What a subscription counts as, IoT Hub's pages do not say; here it is an update, the scarcer of the two.
#pragma once

#include "base/fair_queue.h"
#include "hub/command_news.h"
#include "hub/hub_budgets.h"
#include "model/cloud_totals.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace causeway::hub {

class twin_turns {
public:
  struct turn {
    device_ref device{};
    twin_request what{};
    std::string patch; // of a report
  };

  explicit twin_turns(std::shared_ptr<hub_budgets> budgets) : budgets_{std::move(budgets)} {}

  // One that waits already keeps its place, unless it has become urgent.
  void subscribe(device_ref device) { subscriptions_.push(device, 0, false); }
  void read(device_ref device, bool urgent) { reads_.push(device, 0, urgent); }
  // In place of one that waits. urgent: before those that are not.
  void report(device_ref device, std::string patch, bool urgent);
  // What waits for the device is not wanted any more.
  void forget(device_ref device);

  // The next one, if it may go now; it is counted. is_wanted: whether it could be asked; what could not is
  // forgotten, and costs nothing.
  using is_wanted = std::function<bool(device_ref device, twin_request what)>;
  std::optional<turn> take(const is_wanted& asks, mono_time now);
  // The hub has refused one that was asked then; learns where it is for the pace.
  void on_refused(twin_request what, const error& why, mono_time asked, mono_time now);

  // When take() is worth trying again; mono_time::max() while none waits.
  mono_time next(mono_time now) const;
  void add_to(model::hub_totals& of) const;

private:
  std::optional<turn> take_read(const is_wanted& asks);
  std::optional<turn> take_update(const is_wanted& asks);

  std::shared_ptr<hub_budgets> budgets_;
  fair_queue subscriptions_, reads_, reports_;
  std::unordered_map<device_ref, std::string> patches_; // of those in reports_
  bool is_reports_turn_ = false;                        // where both wait
  std::uint64_t read_ = 0, updated_ = 0, refused_ = 0;
};

} // namespace causeway::hub
