// SPDX-License-Identifier: Apache-2.0
// The operator's emptyings of devices' queues at the stack, each a turn of its device like a push: never
// while one is under way, nor before it is known what became of one. They go before what is stored for the
// device, which stays. Owned by commands; one thread.
#pragma once

#include "base/clock.h"
#include "core/outlet.h"
#include "core/push_turns.h"
#include "core/words.h"
#include "model/command_view.h"
#include "model/downlinks.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace causeway::core {

class queue_clearings {
public:
  // One whose turn has not come by then is not begun any more.
  static constexpr seconds waits_for_its_turn{15};

  // Both must live as long.
  queue_clearings(push_turns& turns, const outlet<model::downlinks>& stack) : turns_{turns}, stack_{stack} {}

  // told: once, when it has ended. Of one device there is one: who asks for another is told of that.
  void add(device_ref device, const device_key& of, std::uint32_t application, clearing_told told,
           mono_time now);
  // The turn of this number has come. False: it is none of these.
  bool start(const command_id& which, moment now);

  struct leaving {
    device_ref device{};
    mono_time since{};
  };
  // Nothing: it is none of these, or has not been started.
  std::optional<leaving> find(const command_id& which) const;

  // What became of one that was started; its turn is over then. Nothing: it goes on, and its turn comes
  // again.
  struct ended {
    device_key of;
    wall_time began{};
    std::vector<clearing_told> told; // to be called by who has this
  };
  std::optional<ended> on_outcome(const command_id& which, const push_outcome& what, mono_time now);

  // Those that have not been started are not begun any more: of this device, or all.
  void drop(device_ref device, clearing_end why, mono_time now);
  void close(mono_time now);
  void tick(mono_time now);
  std::optional<mono_time> deadline() const;
  void add_devices(std::set<device_ref>& to) const;

private:
  struct clearing {
    device_ref device{};
    device_key of;
    std::uint32_t application = 0;
    mono_time overdue{};
    std::optional<moment> began{};
    std::vector<clearing_told> told;
  };
  using clearings = std::map<command_id, clearing>;
  void give_up(clearings::iterator which, clearing_end why, mono_time now);

  push_turns& turns_;
  const outlet<model::downlinks>& stack_;
  clearings all_;
  std::uint64_t last_ = 0;
};

} // namespace causeway::core
