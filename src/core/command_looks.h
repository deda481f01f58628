// SPDX-License-Identifier: Apache-2.0
// The looks that are under way for commands: those for a push without an answer, and those for an item of
// which nothing is heard. Few reads at a time, for pushes before the others. Owned by commands; one thread.
#pragma once

#include "base/clock.h"
#include "base/log_limiter.h"
#include "core/outlet.h"
#include "core/push_inquiry.h"
#include "core/silence_inquiry.h"
#include "core/words.h"
#include "model/downlinks.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace causeway::core {

class command_looks {
public:
  static constexpr std::size_t most_reads = 8;
  using finding = std::variant<push_finding, silence_finding>;

  // to must live as long.
  explicit command_looks(const outlet<model::downlinks>& to) : to_{to} {}

  // What became of its push; where it is. A look for the same command that is under way is over.
  void ask(const command_id& id, const device_key& of, const push_times& when, mono_time now);
  void ask(const command_id& id, const device_key& of, mono_time now);
  // It has been heard of.
  void drop(const command_id& id);

  // Sends the reads whose time has come.
  void pump(mono_time now);
  // What a look has come to, which is over then; nothing: not known yet, or nobody asks any more.
  std::optional<finding> on_queue_read(const command_id& id, const queue_reading& what, mono_time now);
  std::optional<finding> on_record_read(const command_id& id, const record_reading& what, mono_time now);
  // When pump has something to do.
  std::optional<mono_time> deadline() const;

private:
  struct inquiry {
    device_key of;
    std::variant<push_inquiry, silence_inquiry> what;
    std::optional<mono_time> due{}; // as it stands in due_
    bool is_urgent = false;
  };
  struct turn {
    mono_time due;
    bool can_wait;
    command_id id;
    friend auto operator<=>(const turn&, const turn&) = default;
  };
  void begin(const command_id& id, inquiry made, mono_time now);
  void schedule(const command_id& id, inquiry& one, mono_time now);
  void unschedule(const command_id& id, inquiry& one);
  // The inquiry that the answer is for.
  inquiry* take_answer(const command_id& id);
  void tell_failures(const command_id& id, const inquiry& one, const char* read, mono_time now);
  std::optional<finding> conclude(const command_id& id, std::optional<finding> found, mono_time now);

  const outlet<model::downlinks>& to_;
  std::map<command_id, inquiry> inquiries_;
  std::set<turn> due_;
  std::map<command_id, bool> reading_; // whether somebody still wants the answer
  log_limiter failing_{};
};

} // namespace causeway::core
