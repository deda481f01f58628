// SPDX-License-Identifier: Apache-2.0
// What The Things Stack's event stream says of an application's devices (things-stack-wire.md E.7; the real
// one: tests/data/things-stack/real-event-stream.txt). Only a hint: events are lost, come twice and out of
// order, and bring no values. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::tts {

// The events that are asked for.
inline constexpr std::array<std::string_view, 4> registry_event_names{
    "end_device.create", "end_device.update", "end_device.delete", "end_device.batch.delete"};

struct registry_event {
  enum class kind : std::uint8_t {
    other,   // the start of the stream; nothing that concerns us: an update of paths that are not read
    changed, // devices that are new, or other than they were
    deleted,
  };
  kind what = kind::other;
  std::vector<device_id> devices; // those of the application, with valid ids
  std::optional<wall_time> at;    // by the stack's clock
};

// One record, {"result":{…}}.
// Errors: registry_protocol (no such record), registry_unauthorized and registry_unavailable (it is an error,
// in the stack's own words).
result<registry_event> parse_registry_event(std::string_view record, const application_id& application);

// Body of POST /api/v3/events. after: events from then on, where the stack keeps them.
std::string format_event_request(const application_id& application, std::optional<wall_time> after);

// Cuts a stream into its records, each of which is a line; empty lines separate them.
class record_cutter {
public:
  // most: bytes of a record.
  explicit record_cutter(std::size_t most) : most_{most} {}
  // False: take does not want more, or a record is too long.
  bool add(std::string_view bytes, const std::function<bool(std::string_view record)>& take);

private:
  std::size_t most_;
  std::string begun_;
};

} // namespace causeway::tts
