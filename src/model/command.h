// SPDX-License-Identifier: Apache-2.0
// What somebody in Azure wants a device to get, and what is heard of it on its way. A command is what the hub
// sent; an item is its one push in the stack's queue, which the stack names as:downlink:<ULID>; a step is
// what is heard of an item. Plain values; any thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "model/downlink.h"
#include "model/event.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::model {

// 32 lower-case hex digits.
using command_id = text_id<struct command_tag>;

enum class command_source : std::uint8_t { c2d, method, twin };
std::string_view to_string(command_source source); // "c2d", "method", "twin"

enum class command_state : std::uint8_t {
  stored,       // in the ledger; not pushed
  pushing,      // under way to the stack, or without an answer that says what became of it
  queued,       // in the device's queue at the stack
  sent,         // a gateway has taken it
  acknowledged, // by the device
  nacked,       // sent so many times, and not acknowledged; the stack tries again
  failed,       // for good, with the stack's word for it
  expired,      // its time came while it was stored
  replaced,     // put out of the queue by a later one, as far as is known
  cancelled,    // by the operator: before the push, or with all of the queue, as far as is known
  no_word,      // it was accepted, is in no place any more, and nothing has been heard
  in_doubt,     // whether its push has arrived cannot be known
};
inline constexpr std::size_t command_states = 12;
std::string_view to_string(command_state state); // as written above

// What became of a command, and when: what is shown of its way.
struct command_mark {
  command_state state{};
  wall_time at{}; // as the stack says, else ours
  std::optional<std::uint32_t> f_cnt{}, attempt{};
  friend bool operator==(const command_mark&, const command_mark&) = default;
};

// What a caller waits for, or a hub's message is held for.
enum class awaited_step : std::uint8_t { queued, sent, acknowledged };

// When a command that is still stored is not pushed any more.
struct command_expiry {
  // By the clock of services, as the hub said, or of a call.
  std::optional<wall_time> by_wall;
  // By the clock of what is given up by age: open seconds (start_image).
  std::optional<std::uint32_t> open_seconds;
  friend bool operator==(const command_expiry&, const command_expiry&) = default;
};
// service_time: nothing: no service has told its time; our own clock alone ends nothing.
bool has_come(const command_expiry& what, const std::optional<wall_time>& service_time,
              std::uint32_t open_seconds);

struct command {
  command_id id;
  command_source source = command_source::c2d;
  device_key to;
  downlink what;
  std::string message_id, correlation_id; // of the hub's message; empty when it has none
  // The hub's message is held until this is reached, by a lock that runs out; nothing: it was completed when
  // the command was stored.
  std::optional<awaited_step> held_for;
  command_expiry expiry;
  // Of the hub's message, as the hub says: its number, and when the hub took it.
  std::optional<std::int64_t> sequence_number{};
  std::optional<wall_time> enqueued{};
  // Of the device that it is for, where its identity is made of it; the device id may be another's later.
  std::optional<std::uint64_t> dev_eui{};
  friend bool operator==(const command&, const command&) = default;
};

// A direct method's call.
struct downlink_call {
  downlink what;
  awaited_step wait = awaited_step::queued;
  seconds wait_for{25};
  std::string id; // by which a repeated call is known; empty: none
};

// What is told of a command's making, for its id. Fields that are absent are empty.
struct c2d_origin {
  std::string_view hub; // as connected to: its first label counts, in lower case
  std::optional<std::int64_t> sequence_number;
  std::optional<std::int64_t> enqueued_ms; // since 1970
  std::string_view message_id;
};
struct method_origin {
  std::string_view name;
  std::string_view id;                   // the caller's; empty: each call is a command of its own
  std::array<std::uint8_t, 16> random{}; // fresh bits: what tells such calls apart
};
struct twin_origin {
  std::string_view object;  // what is desired, in canonical form
  std::int64_t version = 0; // $version at which it was first seen
};
// The first 16 bytes of SHA-256 over the source's word, application, device and the origin, each behind its
// length, in hex. The same in every version: a message that comes again finds its command. Of a C2D message
// its id stands in for a sequence number or an enqueued time that is absent.
command_id make_command_id(const device_key& to, const c2d_origin& from);
command_id make_command_id(const device_key& to, const method_origin& from);
command_id make_command_id(const device_key& to, const twin_origin& from);
// Under which the ledger keeps what it knows of the device's twin: no command's.
command_id make_twin_record_id(const device_key& of);
// By which a read of the device's record is known that is about no command.
command_id make_class_read_id(const device_key& of);

// The correlation id by which its item is known in the stack: "causeway:" and the id, 41 characters of the
// 100 that the stack takes (real-stack-facts.md 1.4).
std::string correlation_id_of(const command_id& id);
// Among an item's correlation ids: the first that is a command's. Nothing: it is not ours.
std::optional<command_id> command_among(std::span<const std::string> correlation_ids);
// The stack's name of the item, "as:downlink:<ULID>"; empty: there is none.
std::string item_among(std::span<const std::string> correlation_ids);

// In the order of an item's way: of two with the same time the higher one is later.
enum class step_kind : std::uint8_t { queued, sent, nack, failed, ack };
std::string_view to_string(step_kind kind);

// What is heard of an item. A step is known again by kind, session, f_cnt and attempt: an item can be sent
// with one counter in two sessions (real-stack-facts.md 2.7).
struct command_step {
  step_kind kind = step_kind::queued;
  std::string item;    // the stack's name of it; empty: not known, as of an answer to a push
  std::string session; // session_key_id, base64; empty: none, as of ABP devices
  std::optional<std::uint32_t> f_cnt;
  std::optional<std::uint32_t> attempt;
  // Nanoseconds since 1970, the event's own; nothing: it is ordered by its arrival.
  std::optional<std::int64_t> received_at;
  std::string error_name, error_text; // of a failed one: "pkg/networkserver:transmission"
  bool by_network = false;            // of a failed one: the network server's, so it was in the queue
  bool without_payload = false;       // of a queued one: an empty frame will be sent
};
// Of an event about one item; nothing for any other, and for one that is simulated: nothing was sent.
std::optional<command_step> step_of(const event& from);

} // namespace causeway::model
