// SPDX-License-Identifier: Apache-2.0
// Devices as they are met: in an event, in the registry's word, on disk at start. Known ones are found, new
// ones get a place, and what is said of them is noted. Owned by the shard; one thread.
#pragma once

#include "core/frame_watch.h"
#include "core/waiting_message.h"
#include "model/door.h"
#include "model/event.h"
#include "model/registry.h"
#include "model/start_image.h"
#include "model/totals.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace causeway::core {

struct backlog;
class census;
class device_table;
class holdings;
class journey;
class naming;
class open_time;
class rule_book;

class reception {
public:
  // All must live as long.
  reception(const rule_book& rules, const naming& names, device_table& table, census& counts,
            backlog& waiting, const open_time& time, const holdings& here, journey& ways,
            shard_totals& totals)
      : rules_{rules},
        names_{names},
        table_{table},
        census_{counts},
        waiting_{waiting},
        time_{time},
        here_{here},
        ways_{ways},
        totals_{totals},
        frames_{totals} {}

  // What is answered to an event of a device before anything is made of it: `control`, `unwanted` (switched
  // off), or that there is no place for one more; nothing: it is to be taken.
  // known: the device, where it is in the table; likewise below.
  std::optional<answer> refuses(const model::event& event, std::uint32_t application,
                                std::optional<device_ref> known, bool is_full, moment now);
  // Whose it is, a new device where it is not known. Precondition: not refused.
  device_ref meet(const model::event& event, std::uint32_t application, std::optional<device_ref> known,
                  moment now);
  // Whose a row is that another process, or this one before it had the shard, has appended: a new device
  // where it is not known. Nothing: its shard is not here, or its application is not configured; it stays on
  // the disk.
  std::optional<device_ref> meet(const row_owner& whose, moment now);
  // Whose the dead letter is, likewise; or what is answered.
  struct met {
    std::optional<device_ref> device{};
    answer instead = answer::unwanted;
  };
  met meet_again(const device_key& from, std::optional<std::uint32_t> application, bool is_full, moment now);

  // As shard's.
  void on_registered(const registered_device& what, moment now);
  void on_listed(const application_id& application, moment now);
  void on_suspected(const device_key& key);
  void on_looked_up(device_ref which, result<registered_device> what, moment now);

  // A shard has come, whose image speaks of places of its own: it is given refs of this table.
  void make_places(start_image& image);
  // Who was there, with what waits; refs are the table's, and of devices that are not in it yet the places
  // are free. Time has been restored.
  struct restored {
    std::vector<waiting_message> strays; // of applications that are not configured any more
    std::vector<spool_seq> duplicates;
  };
  restored restore(const start_image& image, moment now);

private:
  void restore(const device_record& record, moment now);
  device_ref add(const device_key& key, std::uint32_t application, const std::optional<std::uint64_t>& eui,
                 moment now);
  void note_eui(device_ref which, const std::optional<std::uint64_t>& eui, moment now);
  void take_word(device_ref which, const registered_device& what, moment now);

  const rule_book& rules_;
  const naming& names_;
  device_table& table_;
  census& census_;
  backlog& waiting_;
  const open_time& time_;
  const holdings& here_;
  journey& ways_;
  shard_totals& totals_;
  frame_watch frames_;
};

} // namespace causeway::core
