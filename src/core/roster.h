// SPDX-License-Identifier: Apache-2.0
// What The Things Stack's registry says of devices, and whom to ask it for: devices that no listing names,
// and suspects, which a listing lacks or whose identity another one claims. Owned by the shard; one thread.
#pragma once

#include "core/by_application.h"
#include "core/device_table.h"
#include "core/naming.h"
#include "core/outlet.h"
#include "model/journal.h"
#include "model/registry.h"
#include "model/totals.h"

#include <deque>
#include <optional>
#include <set>
#include <vector>

namespace causeway::core {

class roster {
public:
  // All must live as long.
  roster(const rule_book& rules, const naming& names, device_table& table, const outlet<registry>& stack,
         shard_totals& totals);

  // Its registry is followed, and has not named it.
  bool awaits(const device& d) const { return rules_.of(d).follows_registry && !d.listed && !d.deleted; }
  // By its registry, or because its application is out of service.
  bool is_switched_off(const device& d) const;
  // There is a list to go by, and it is not being asked for the device.
  bool may_be_asked(const device& d) const { return has_list_[d.application] && !d.looking_up; }

  // Precondition of all with a device: it is in the table. At start, as its record says.
  void restore(device_ref which, const device_record& from);
  // The registry is asked for it now; suspects when their turn comes, a few at a time.
  void look_up(device_ref which);
  void suspect(device_ref which);
  void tick(moment now);
  std::optional<mono_time> deadline() const;

  // A word about the device. False: it is no news, as most of them are at each start.
  bool hear(device_ref which, const registered_device& word);
  // What it says, but for the EUI.
  void take(device_ref which, const registered_device& word);
  // A listing of the application is whole: those that wait for it and are in it not.
  std::vector<device_ref> on_listed(std::uint32_t application);
  // The answer to a look-up is there, whatever it says. True: it was asked for as a suspect.
  bool on_answered(device_ref which);
  // It is looked up again, in a minute.
  void put_off(device_ref which, moment now);
  // By the registry's word about the device itself.
  void mark_deleted(device_ref which);
  // It is deleted, and speaks: the registry is to say whether it is there again.
  void doubt_deletion(device_ref which) { table_.at(which).deleted = false; }
  // It goes for good.
  void forget(device_ref which);
  // Once, until it is on again.
  void tell_switched_off(device_ref which);

private:
  bool is_news(const device& d, const registered_device& word) const;

  static constexpr std::size_t most_asked = 4;
  const rule_book& rules_;
  const naming& names_;
  device_table& table_;
  const outlet<registry>& stack_;
  shard_totals& totals_;
  by_application<bool> has_list_;
  std::deque<device_ref> suspects_;
  std::set<device_ref> asked_; // of these, under way
  mono_time next_suspect_{};
};

} // namespace causeway::core
