// SPDX-License-Identifier: Apache-2.0
// Device ids that come back as another device: under an identity by EUI another EUI is another device, and
// what waited for the one before goes first. Owned by the shard; one thread.
#pragma once

#include "base/clock.h"
#include "base/log_limiter.h"
#include "core/words.h"
#include "model/journal.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace causeway::core {

struct appends;
struct device;
class device_table;
class grace;
class naming;
class outbox;
class rule_book;

class successions {
public:
  struct heir {
    std::uint64_t eui = 0;
    // What is the former's: rows up to this one, and those of appends up to this one that are on their way.
    spool_seq until = 0;
    append_id last_append{};
  };

  // All must live as long.
  successions(const naming& names, const rule_book& rules, device_table& table, const outbox& queue,
              const grace& refused, const appends& stored);

  // The device has this EUI now. True: it is another device, and nothing of the former waits.
  bool take(device_ref which, std::uint64_t eui, moment now);
  // A row of it has come: the former's, or the heir's.
  void note(device_ref which, spool_seq seq, append_id by);
  // Nothing of the former device waits any more.
  bool is_over(device_ref which) const;
  // Who follows; null where nobody does.
  const heir* heir_of(device_ref which) const;
  // Of what is for the device with this EUI alone: the device id is another's now, or is about to be.
  // Nothing: it is for whoever has the id. Precondition: the device is in the table.
  bool is_former(device_ref which, const std::optional<std::uint64_t>& eui) const;
  // Precondition: heir_of.
  heir take_out(device_ref which);
  void forget(device_ref which) { all_.erase(which); }
  // Those that are over, or whose former device has had its minute.
  std::vector<device_ref> tick(moment now);
  // A minute is counted second by second.
  std::optional<mono_time> deadline() const;

private:
  bool is_over(const heir& next, const device& d) const;

  struct succession {
    heir next;
    mono_time::duration worked{};
    mono_time looked{};
  };

  const naming& names_;
  const rule_book& rules_;
  device_table& table_;
  const outbox& queue_;
  const grace& grace_;
  const appends& stored_;
  std::map<device_ref, succession> all_;
  mono_time looked_{};
  log_limiter log_;
};

} // namespace causeway::core
