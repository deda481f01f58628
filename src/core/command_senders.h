// SPDX-License-Identifier: Apache-2.0
// Who waits for what becomes of a command: the hub, which holds its message, callers of direct methods, and
// the operator who has called it off. What they are told, and until when. Owned by commands; one thread.
#pragma once

#include "base/clock.h"
#include "core/command_entry.h"
#include "core/outlet.h"
#include "core/words.h"
#include "model/command_translator.h"
#include "model/command_view.h"
#include "model/hub_command.h"
#include "model/hub_link.h"

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::core {

// A delivery is settled within this time of its coming, or not at all: the hub's lock lasts 60 s, and a dead
// lock token can cost the link. The outcome waits for the redelivery then.
inline constexpr seconds lock_is_sure{55};

class command_senders {
public:
  // Both must live as long.
  command_senders(const outlet<model::hub_link>& hub, const outlet<model::command_translator>& words)
      : hub_{hub}, words_{words} {}

  // The hub's message is settled when the step is reached, or cannot be; without one, when the command is
  // durable.
  void hold(const command_entry& one, device_ref device, delivery_number which, moment now);
  // The caller is answered then, or when its time is over: that the command goes on.
  void wait(const command_entry& one, device_ref device, delivery_number which, awaited_step until,
            seconds at_most, moment now);
  // Where it stands now; refused: by the stack, with this name, so that nothing was sent.
  void on_changed(const command_entry& one, std::string_view refused);
  // Nobody knows yet what became of its push: callers wait no longer.
  void on_unanswered(const command_entry& one);
  // It never came to be: its message comes again, and its callers are told.
  void on_not_stored(const command_id& id, const error& why);

  // The operator is told once it is durable.
  void call_off(const command_id& which, model::calling_told told);
  // The last of it that was on its way to the disk is there, or is not.
  void on_saved(const command_id& which, bool durable);

  // Precondition of both: a delivery that nothing waits for. A method that is refused, with its status.
  void settle(device_ref device, delivery_number which, c2d_settlement how) const;
  void refuse(device_ref device, delivery_number which, const error& why) const;
  void answer(device_ref device, delivery_number which, int status, const command_entry& one) const;

  // Nobody waits any more: callers are told that theirs goes on, those whose command is not durable yet when
  // it is.
  template <class Find>
  void close(Find find) {
    is_closed_ = true;
    std::vector<const command_entry*> all;
    for (const auto& [id, some] : waiting_)
      if (const auto* const one = find(id); one != nullptr && one->durable) all.push_back(one);
    for (const auto* const one : all)
      on_unanswered(*one);
  }
  // Ends what has waited long enough. find: a command by its id.
  template <class Find>
  void tick(moment now, Find find) {
    while (!due_.empty() && due_.begin()->first <= now.mono) {
      const auto id = due_.begin()->second;
      due_.erase(due_.begin());
      end_overdue(id, find(id), now);
    }
  }
  std::optional<mono_time> deadline() const;

private:
  struct sender {
    device_ref device{};
    delivery_number which{};
    std::optional<awaited_step> until{}; // nothing: stored
    mono_time at_most{};
    bool is_method = false;
  };
  void add(const command_entry& one, const sender& who);
  bool tell(const sender& who, const command_entry& one, std::string_view refused) const;
  void end_overdue(const command_id& id, const command_entry* one, moment now);
  // Those of a command of which `ends` says so, after it has told them what there is to tell. False: none
  // waits any more.
  template <class Ends>
  bool end_some(const command_id& id, const Ends& ends);

  const outlet<model::hub_link>& hub_;
  const outlet<model::command_translator>& words_;
  std::map<command_id, std::vector<sender>> waiting_;
  std::set<std::pair<mono_time, command_id>> due_;
  std::map<command_id, std::vector<model::calling_told>> calling_off_;
  bool is_closed_ = false;
};

// Of a refusal: 400 what is wrong with the call, 404 an unknown method, 409 a device that has never joined,
// 429 no room, 502 refused by the stack, 503 not now.
int status_of(const error& why);
int status_of_refusal(std::string_view stack_error);

} // namespace causeway::core
