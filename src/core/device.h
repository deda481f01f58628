// SPDX-License-Identifier: Apache-2.0
// What the core keeps of one device: 120 bytes, because there may be half a million. What most devices do not
// have (a refusal's text, an identity unlike the template's) is behind a pointer; what many share (hub, model
// id) is a number of a table.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "core/words.h"
#include "model/device_status.h"
#include "model/journal.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::core {

// The last 32 key hashes of a device and kind, oldest overwritten first. 8 bytes until the first; grows with
// them.
class recent_keys {
public:
  static constexpr std::uint64_t size = 32;
  // kind: as of kept_key.
  bool contains(char kind, std::uint64_t hash) const;
  void add(char kind, std::uint64_t hash);
  bool has_former() const { return kept_ && find(kept_key::former) != nullptr; }

private:
  const std::uint64_t* find(char kind) const;
  void resize(char kind, std::uint64_t capacity);

  // Rings one behind the other, each a head (ring_head) and its hashes; the first word is how many words
  // follow.
  std::unique_ptr<std::uint64_t[]> kept_;
};

// Where a device stands on its way to its hub: connecting alone moves it.
class standing {
public:
  device_state state() const { return state_; }
  // In this state; online: when it was attached.
  mono_time since() const { return since_; }
  // Parked or paused; else, the earliest next question to DPS that has not answered.
  mono_time next_try() const { return next_try_; }
  bool paused() const { return state_ == device_state::online && held_; } // until next_try
  // Parked or paused: why; the detail is null where there is none.
  errc reason() const { return reason_; }
  const std::string* reason_detail() const { return reason_detail_.get(); }
  // In a row, stays at the largest; feeds the pause.
  std::uint8_t failures() const { return failures_; }
  // The hub refused the assignment: another refusal parks the device.
  bool is_distrusted() const { return distrusted_; }
  // Once at least, in all its life.
  bool was_attached() const { return was_attached_; }
  // Parked: DPS is asked before the hub.
  bool asks_first() const { return ask_first_; }

private:
  friend class connecting;
  std::unique_ptr<std::string> reason_detail_;
  mono_time since_{}, next_try_{};
  errc reason_ = errc::internal;
  device_state state_ = device_state::known;
  std::uint8_t failures_ = 0;
  bool was_attached_ : 1 = false;
  bool distrusted_ : 1 = false;
  bool ask_first_ : 1 = false;
  bool held_ : 1 =
      false; // for the reason; online: its last message was refused; attaching: its link was lost
};

struct device : standing {
  // The outbox's chain. Here, for the room that `standing` leaves at its end.
  std::uint32_t waiting_first = 0, waiting_last = 0, waiting = 0;
  const char* kept_name = nullptr;           // in the table's names: read it with name()
  std::uint64_t eui = 0;                     // meaningful with has_eui
  std::unique_ptr<std::string> own_identity; // in its hub, where it is not what the template gives
  recent_keys keys;
  wall_time last_seen{};
  // The largest uplink_message.received_at that has come in since this process began, nanoseconds since 1970;
  // 0: none. Feeds known_uplink.h.
  std::int64_t newest_uplink = 0;
  std::uint32_t last_f_cnt = 0;
  std::uint32_t gaps = 0;    // frames skipped
  std::uint16_t late = 0;    // frames that came after a later one; stays at the largest
  std::uint16_t session = 0; // of last_f_cnt: 0 = no frame was counted yet, 1 = in no session
  std::uint32_t sent = 0;
  std::uint32_t hub = 0;   // device_table::set_hub; 0: none yet. Meaningful while assigned or remembered
  std::uint32_t model = 0; // its own, of device_table::text; 0 = none
  std::uint32_t assigned_at = 0; // seconds since 1970
  std::uint16_t application = 0; // index into the rules
  bool used : 1 = false;         // the place holds a device
  bool has_eui : 1 = false;
  bool assigned : 1 = false;
  bool listed : 1 = false; // the registry has named it
  bool integration_said : 1 = false, integration : 1 = false;
  bool looking_up : 1 = false;   // the registry is being asked for it
  bool named : 1 = false;        // by the listing under way
  bool suspected : 1 = false;    // waits to be looked up
  bool remembered : 1 = false;   // its identity is on disk
  bool deleted : 1 = false;      // from the registry; what waits is delivered first
  bool in_flight : 1 = false;    // the oldest waiting message is with the hub
  bool reading_back : 1 = false; // its body is being read
  bool unproven : 1 = false;     // online: nothing has been sent since
  bool silenced : 1 = false;     // off: it has been logged
  bool gated : 1 = false;        // waits for its application's gate (refusal_watch.h)

  std::string_view name() const;
  std::optional<bool> said() const {
    return integration_said ? std::optional<bool>{integration} : std::nullopt;
  }
  causeway::dev_eui dev_eui() const;
};

// 16 hex digits, and the number that they are; nothing for any other text.
dev_eui format_eui(std::uint64_t eui);
std::optional<std::uint64_t> parse_eui(const dev_eui& text);

} // namespace causeway::core
