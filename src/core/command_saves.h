// SPDX-License-Identifier: Apache-2.0
// Commands on their way to the journal: each with its reports, in one append, so that a crash finds a step
// and its report, or neither. What the journal refuses is tried again, with what has come since. Owned by
// commands; one thread.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "base/result.h"
#include "core/outlet.h"
#include "core/words.h"
#include "model/command.h"
#include "model/door.h"
#include "model/journal.h"
#include "model/totals.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace causeway::core {

struct appends;
struct command_entry;
class device_table;
class ledger;

class command_saves {
public:
  // What is to be done once it is durable.
  enum class purpose : std::uint8_t {
    note,    // nothing
    storing, // a new one: only then it is there
    pushing, // only then its push leaves
  };
  struct saved {
    command_id id;
    purpose what{};
    result<void> outcome;
  };
  struct grounds {
    const device_table& table;
    appends& stored;
    shard_totals& totals;
  };

  // All must live as long. random: uniform in [0, 1).
  command_saves(ledger& book, const grounds& on, const outlet<model::answers>& answers,
                std::function<double()> random)
      : book_{book}, on_{on}, answers_{answers}, random_{std::move(random)} {}

  // As it stands now. device: nothing: it is not in the table, and nobody is told. told_by: the event that
  // says so, which is answered when it is durable, or when it cannot be. Answered by on_appended; an error at
  // once: the journal takes nothing. Of a note it is tried again by itself.
  result<void> save(command_entry& one, std::optional<device_ref> device, purpose what,
                    std::optional<ticket> told_by, moment now);
  // One more event that is answered with what is on its way of this command. False: nothing is.
  bool join(const command_id& id, ticket told_by);
  // Nothing: it is none of ours.
  std::optional<saved> on_appended(const model::appended& what, moment now);
  // Of an event that brings nothing to be stored.
  void answer_event(ticket which, answer what);
  // It is not to be tried again.
  void forget(const command_id& id) { unsaved_.erase(id); }

  // What is to be tried again now: all that the journal has refused.
  std::vector<command_id> take_unsaved(moment now);
  std::optional<mono_time> deadline() const {
    return unsaved_.empty() && !failing_ ? std::nullopt : std::optional{retry_at_};
  }
  // The journal has refused the last one, and it is not yet time to try again.
  bool is_failing(moment now) const { return failing_ && now.mono < retry_at_; }
  // What has become of it is to be tried again.
  bool is_unsaved(const command_id& id) const { return unsaved_.contains(id); }
  bool is_saving(const command_id& id) const;
  // Devices with reports on their way to the disk.
  void add_devices(std::set<device_ref>& to) const;

private:
  struct errand {
    command_id id;
    purpose what{};
    std::optional<device_ref> device{}; // of the reports
    std::vector<message> reports;       // to be tried again where it fails
    std::vector<ticket> told_by;
  };
  void on_refused(errand& of, moment now);

  ledger& book_;
  grounds on_;
  const outlet<model::answers>& answers_;
  std::function<double()> random_;
  std::map<append_id, errand> under_way_;
  std::set<command_id> unsaved_;
  backoff retry_{backoff_policy{milliseconds{500}, milliseconds{30'000}, 2.0, 0.25}};
  mono_time retry_at_{};
  bool failing_ = false;
};

} // namespace causeway::core
