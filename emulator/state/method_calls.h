// SPDX-License-Identifier: Apache-2.0
// The direct method calls of an emulated hub: they wait for the device, then for its answer
// (azure-iot-wire.md B.7, D.1). Knows no protocol: who has the device's links takes what is due for it, and
// brings its answers. Pure: time is a parameter. One thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "emulator/state/guid.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::emulator {

inline constexpr std::size_t most_method_bytes = 128 * 1024; // each way

struct method_request {
  identity device;
  std::string name;
  std::string payload;                           // JSON text
  std::chrono::milliseconds connect_wait{0};     // for a device that is not there
  std::chrono::milliseconds answer_wait{30'000}; // from when the device is there
};

enum class method_end : std::uint8_t {
  answered,
  not_online,      // 404103: the device did not come in time
  without_answer,  // 504101: it has not answered in time
  too_many,        // 429001: most_calls wait already
  answer_too_large // 502: beyond most_method_bytes
};

struct method_result {
  method_end how{};
  std::int64_t status = 0; // answered: the device's own
  std::string payload;     // likewise: JSON text
};

struct method_totals {
  std::uint64_t called = 0;
  std::uint64_t delivered = 0;
  std::uint64_t answered = 0;
  std::uint64_t not_online = 0, without_answer = 0, too_many = 0;
  std::uint64_t stray_answers = 0; // to no call that waits

  method_totals& operator+=(const method_totals& more);
};

class method_calls {
public:
  static constexpr std::size_t most_calls = 10'000;
  // Called once for each call, from within call(), answer() or pass(); it may call call().
  using on_end = std::function<void(const method_result&)>;

  explicit method_calls(const std::string& seed) : guids_{seed + "/methods"} {}

  struct waiting_call {
    guid id; // the correlation id
    method_request request;
  };
  // is_there: the device can take calls now.
  void call(method_request request, bool is_there, mono_time now, on_end done);
  // The device can take calls from now on: those that wait for it become due.
  void come(const identity& device, mono_time now);
  // The next call for a device that is there; null when there is none. Good until the next call.
  const waiting_call* next(const identity& device) const;
  // It has been handed to the device.
  void note_delivery(const guid& id);
  // False: no call of this device waits for it.
  bool answer(const identity& device, const guid& id, std::int64_t status, std::string payload);

  // Calls whose time is over.
  void pass(mono_time now);
  std::optional<mono_time> next_due() const;
  std::size_t waiting() const { return calls_.size(); }
  const method_totals& totals() const { return totals_; }

private:
  enum class step : std::uint8_t { waits_for_device, due, delivered };
  struct entry {
    waiting_call call;
    on_end done;
    step at = step::waits_for_device;
    mono_time deadline{};
  };
  void end(const guid& id, method_result result);
  void set_deadline(entry& of, mono_time to);

  guid_maker guids_;
  std::map<guid, entry> calls_;
  std::unordered_map<identity, std::deque<guid>> undelivered_; // in the order of the calls
  std::set<std::pair<mono_time, guid>> deadlines_;
  method_totals totals_;
};

} // namespace causeway::emulator
