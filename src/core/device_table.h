// SPDX-License-Identifier: Apache-2.0
// Every device that Causeway knows, by its ref and by its key. Owned by the bridge; one thread.
#pragma once

#include "base/backoff.h"
#include "core/assignment.h"
#include "core/ports.h"

#include <array>
#include <deque>
#include <optional>
#include <unordered_map>

namespace causeway::core {

enum class device_state : std::uint8_t {
  known,        // seen, nothing asked of Azure yet
  provisioning, // its hub is being found
  attaching,    // its hub is known; waits for the connection or the hub's answer
  online,       // attached: messages flow
  parked,       // left alone until next_try, with a reason
};
inline constexpr std::size_t device_states = 5;
std::string_view to_string(device_state state);

// The last 32 key hashes of a device, oldest overwritten first.
class recent_keys {
public:
  static constexpr std::size_t size = 32;
  bool contains(std::uint64_t hash) const;
  void add(std::uint64_t hash);

private:
  std::array<std::uint64_t, size> hashes_{};
  std::uint32_t count_ = 0;
};

struct device {
  device_id id;
  causeway::dev_eui dev_eui;
  causeway::identity identity;   // in its hub; empty until assigned
  std::uint32_t application = 0; // index into the rules
  std::uint32_t hub = 0;         // index into device_table::hubs(); meaningful while an assignment is held
  bool assigned = false;
  bool distrusted = false; // the assignment was refused by the hub; DPS has been asked again once
  device_state state = device_state::known;
  errc reason = errc::internal;                                   // parked only
  std::uint32_t failures = 0;                                     // in a row; feeds the pause
  std::uint32_t waiting_first = 0, waiting_last = 0, waiting = 0; // the outbox's chain
  bool paused = false;     // online, but its last message was refused for now
  spool_seq in_flight = 0; // 0 = nothing
  bool reading_back = false;
  mono_time next_try{};      // parked or paused
  mono_time attached_at{};   // online
  std::string reason_detail; // parked only
  recent_keys keys;
  std::uint32_t last_f_cnt = 0;
  std::uint32_t gaps = 0, late = 0; // frames skipped, frames that came after a later one
  std::uint64_t sent = 0;
  wall_time last_seen{};
};

class device_table {
public:
  std::optional<device_ref> find(const device_key& key) const;
  device& at(device_ref ref) { return devices_[index_of(ref)]; }
  const device& at(device_ref ref) const { return devices_[index_of(ref)]; }
  bool contains(device_ref ref) const { return index_of(ref) < devices_.size() && used_[index_of(ref)]; }
  // A new device gets the next ref.
  device_ref add(const device_key& key, std::uint32_t application);
  // At start: puts a stored device where it was.
  void restore(device_ref ref, const device_key& key, std::uint32_t application);
  // Refs below this one are never given to a new device.
  void reserve(std::uint32_t next_ref);
  std::size_t size() const { return by_key_.size(); }

  // Host and section repeat for thousands of devices; each distinct pair is kept once.
  struct hub {
    hub_host host;
    azure_name section;
    std::string fingerprint;
    friend bool operator==(const hub&, const hub&) = default;
  };
  std::uint32_t intern(const hub& h);
  const hub& hub_of(const device& d) const { return hubs_[d.hub]; }

  template <class Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < devices_.size(); ++i)
      if (used_[i]) visit(static_cast<device_ref>(i), devices_[i]);
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < devices_.size(); ++i)
      if (used_[i]) visit(static_cast<device_ref>(i), devices_[i]);
  }

private:
  struct key_hash {
    std::size_t operator()(const device_key& key) const noexcept;
  };
  std::deque<device> devices_; // addresses stay
  std::vector<bool> used_;
  std::unordered_map<device_key, std::uint32_t, key_hash> by_key_;
  std::vector<hub> hubs_;
};

} // namespace causeway::core
