// SPDX-License-Identifier: Apache-2.0
// How long messages wait for a device that may not be attached: removed_grace since they came or the device
// was first refused, whichever is later, in open seconds. Only an attach ends it. Owned by the shard; one
// thread.
#pragma once

#include "base/clock.h"
#include "core/words.h"
#include "model/journal.h"
#include "model/totals.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace causeway::core {

struct backlog;
class connecting;
class delivery;
struct device;
class device_table;
class open_time;
class rule_book;

class grace {
public:
  // All must live as long.
  grace(const rule_book& rules, device_table& table, const backlog& waiting, const connecting& states,
        delivery& out, const open_time& time, shard_totals& totals);

  // The device is where it is. True: its time begins now, which its record is to say.
  bool note(device_ref which, moment now);
  // At start, what its record says.
  void restore(device_ref which, std::uint32_t refused_at);
  // It was attached, or is another now, or gone. True: its time had begun.
  bool end(device_ref which) { return !refused_.empty() && refused_.erase(which) != 0; }
  // Refused for a reason of its own, so that its time runs.
  bool is_refused_now(const device& d) const;
  // In open seconds; 0: its time has not begun.
  std::uint32_t refused_at(device_ref which) const;
  // Until its oldest is a dead letter; nothing where that is not counted.
  std::optional<seconds> left(device_ref which) const;

  // Looks at a part of the devices at a time, and gives up what is over.
  struct round {
    std::vector<device_ref> to_save; // their records
    std::vector<device_ref> emptied; // nothing waits for them any more
  };
  round tick(moment now);
  std::optional<mono_time> deadline() const;

private:
  struct refused_device {     // in open seconds
    std::uint32_t since = 0;  // moves on while a hub or a service is in trouble
    std::uint32_t looked = 0; // until then it is counted
    std::uint32_t saved = 0;  // the `since` that is on disk
  };

  int give_up_overdue(device_ref which, std::uint32_t since, int most, moment now);
  std::int64_t due_of(const device& d, std::uint32_t since) const;

  const rule_book& rules_;
  device_table& table_;
  const backlog& waiting_;
  const connecting& states_;
  delivery& out_;
  const open_time& time_;
  shard_totals& totals_;
  std::map<device_ref, refused_device> refused_; // while messages waited for them
  device_ref next_{};                            // where the next look at them begins
  mono_time looked_{};                           // the last one
};

} // namespace causeway::core
