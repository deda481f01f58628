// SPDX-License-Identifier: Apache-2.0
// What the twins of devices ask for, in lorawan.downlink and in IoT Central's properties, each by itself: a
// change of the desired properties is only a signal, on which the twin is read, whole; what is read is
// compared by content with what is kept for the device, on whatever hub it is; and what is new becomes a
// command. What has become of it is told in the reported properties, and put right there by each read. Owned
// by the shard; one thread.
//
// Promise: what is asked for once becomes one command: what is kept of a twin and the command made of it are
// one append. So where a twin asks for several at once they are made one after another.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/log_limiter.h"
#include "core/command_watch.h"
#include "core/commands.h"
#include "core/desired_watch.h"
#include "core/outlet.h"
#include "core/twin_record.h"
#include "model/command_translator.h"
#include "model/hub_link.h"
#include "model/journal.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::core {

class twins final : public command_watch {
public:
  struct grounds {
    const rule_book& rules;
    const naming& names;
    const device_table& table;
    draft& changes;
    appends& stored;
  };
  struct outlets {
    const outlet<model::hub_link>& hub;
    const outlet<model::command_translator>& words;
  };
  // All must live as long.
  // random: uniform in [0, 1).
  twins(core::commands& down, const grounds& on, const outlets& to, std::function<double()> random)
      : down_{down}, on_{on}, to_{to}, random_{std::move(random)} {}

  // Once; devices are in the table. Takes its rows out of what the disk has of the ledger.
  void begin(std::vector<kept_command>& rows);

  // Precondition of these: the device is in the table.
  void on_open(device_ref which, moment now);
  void on_changed(device_ref which, const std::string& patch, moment now);
  void on_read(device_ref which, const result<std::string>& document, moment now);
  void on_reported(device_ref which, const result<void>& outcome, moment now);
  // What it says of the device is told, if it is time for that.
  void on_uplink(device_ref which, const model::event& from, moment now);

  void on_ordered(const command& what, const result<void>& outcome, moment now) override;
  void on_moved(const command& what, moment now) override;
  // False: none of ours.
  bool on_appended(const model::appended& what, moment now);
  // It is not in the table any more, or is another device under the same name.
  void on_forgotten(device_ref which, const device_key& key);

  void tick(moment now);
  std::optional<mono_time> deadline() const;

private:
  struct twin {
    std::optional<twin_record> kept{};     // as on disk, but that its version may be a later one
    std::optional<twin_record> next{};     // on its way there
    std::vector<desired_downlink> asked{}; // read, and not all of it judged
    // By property, as the hub has it; absent: nothing is there.
    std::map<std::string, std::string> told{};
    // Under way: of which, and what; nothing: no report is.
    std::optional<std::pair<std::string, std::string>> telling{};
    // What an uplink has said of the device: as the hub has it, empty where nobody knows; on its way.
    std::string state_told{};
    std::optional<std::string> telling_state{};
    mono_time state_at = mono_time::min(); // told from then on
    std::optional<mono_time> due{};        // when it is read again by itself
    std::uint8_t failures = 0;             // in a row, of reads, reports and appends
    bool is_open = false;                  // changes are told
    bool was_read = false;                 // since then
    bool is_reading = false;
    bool reads_again = false; // as soon as what is under way has ended

    bool is_telling() const { return telling || telling_state; }
  };
  std::optional<device_ref> find(const device_key& key) const;
  void read(device_ref which, twin& one, bool urgent);
  void read_later(device_ref which, twin& one, moment now);
  void set_due(device_ref which, twin& one, std::optional<mono_time> at);
  void judge(device_ref which, twin& one, moment now);
  twin_slot see(device_ref which, const desired_downlink& desired, moment now);
  // False: it goes on elsewhere, when the one that is under way is durable, or when the twin is read again.
  bool order(device_ref which, twin& one, twin_record& next, const desired_downlink& desired, moment now);
  void keep(device_ref which, twin& one, twin_record what, moment now);
  void on_kept(device_ref which, const result<void>& outcome, moment now);
  void tell(device_ref which, twin& one);

  core::commands& down_;
  grounds on_;
  outlets to_;
  std::function<double()> random_;
  std::unordered_map<device_ref, twin> twins_; // of devices with an open one, or with a record
  std::map<append_id, device_ref> keeping_;
  std::set<std::pair<mono_time, device_ref>> due_;
  log_limiter not_read_{}, not_told_{}, seen_{};
};

} // namespace causeway::core
