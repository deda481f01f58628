// SPDX-License-Identifier: Apache-2.0
// What the core asks of the world. Each call returns at once; answers come back as bridge events on the same
// thread, never from inside the call unless said so. Tests implement these with hand-written fakes that
// record.
#pragma once

#include "core/assignment.h"
#include "core/message.h"
#include "core/spool_room.h"
#include "core/uplink.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace causeway::core {

// One waiting HTTP request or MQTT message. Never used twice in a process.
enum class ticket : std::uint64_t {};

struct spool_row {
  spool_seq seq = 0;
  device_ref device{};
  message body;
};

// An event that its format has refused, as received: a dead letter from the start.
struct refused_event {
  device_key from;
  std::string raw;
  error reason;
};

// A de-duplication key as it is kept: for each device and kind the last 32.
struct kept_key {
  char kind = '\0';       // letter_of
  std::uint64_t hash = 0; // short_hash
  friend bool operator==(const kept_key&, const kept_key&) = default;
};

// What one event leaves behind: its messages, or itself with the reason why there are none. All of it goes
// into one transaction.
struct append_request {
  spool_seq first = 0; // by which it is answered; of rows.front() where there are rows
  device_ref device{};
  // With rows: to be remembered, and the dead letter of an event of this key goes. With a refused event: what
  // its dead letter is kept under. There is one dead letter a key: a longer event takes the place of a
  // shorter one, which a field mask has cut; any other finds it there already.
  std::optional<kept_key> key;
  std::vector<spool_row> rows;
  std::optional<refused_event> refused{}; // exactly when there are no rows
  // The dead letter that goes as the rows come; when it is not there any more, nothing is stored and the
  // answer is not_found.
  std::optional<std::uint64_t> replays{};
  // Whose it is, in words: kept with each row and refused event, so that damage never makes it another's.
  device_key from{};
  std::optional<std::uint64_t> dev_eui{}; // as known now
  std::uint32_t accepted_at = 0;          // bridge::open_seconds
};

// What The Things Stack's registry says of a device (things-stack-wire.md E.3).
struct registered_device {
  device_key key;
  causeway::dev_eui dev_eui; // empty: not said
  std::optional<bool>
      integration;      // attribute `azureintegration`, any letter case; absent: not there or unreadable
  std::string model_id; // attribute `dtdlmodelid`; empty: none
  friend bool operator==(const registered_device&, const registered_device&) = default;
};

struct device_record {
  device_ref ref{};
  device_key key;
  causeway::dev_eui dev_eui;
  // As the registry said last; meaningful once it has said anything.
  bool listed = false;
  std::optional<bool> integration{};
  std::string model_id{};
  bool deleted = false; // it was listed, and the registry has no such device any more
  // When it could not be attached first with messages waiting, of bridge::open_seconds; 0: not so.
  std::uint32_t refused_at = 0;
  // Its DevEUI, and its identity with it, was another one: what waits up to this is the former device's; 0:
  // nothing.
  spool_seq former_until = 0;
  bool attached = false; // once at least
};

struct spool_result {
  spool_seq first = 0;  // of the append
  result<void> outcome; // durable, or why not
  amount letters{};     // dead letters that have come with it
};

// Durable, ordered, on disk. Calls take effect in the order made.
class spool {
public:
  virtual ~spool() = default;
  // Answered by bridge.on_spooled(first seq, …) when durable or not. Limits of what may wait are the caller's
  // (spool_limits). Errors, at once: store_unavailable, store_closed.
  virtual result<void> append(append_request request) = 0;
  // Delivered, or given up: the row may go. Not answered; a crash before it is durable sends the message
  // again with the same id.
  virtual void mark_done(spool_seq seq) = 0;
  // The row moves to the dead letters with this reason.
  virtual void dead_letter(spool_seq seq, const error& reason) = 0;
  // Answered by one bridge.on_read_back. It may stop early: what is neither among its rows nor among the gone
  // must be asked for again. Gone: not in the spool any more, or unreadable; then the spool has made it a
  // dead letter itself.
  virtual void read_back(std::vector<spool_seq> seqs) = 0;
};

class device_store {
public:
  virtual ~device_store() = default;
  virtual void save_device(const device_record& record) = 0;
  virtual void save_assignment(device_ref device, const assignment& where) = 0;
  virtual void forget_assignment(device_ref device) = 0;
  // With its assignment and its keys; what waits for it has become dead letters. The ref is never used again.
  virtual void forget_device(device_ref device, const device_key& key) = 0;
};

// How a device is to be brought to its hub. Devices with waiting messages go first; among equals the
// applications take turns, so that a large one does not keep a small one waiting.
struct connect_wish {
  std::string model_id;          // empty = none
  bool commands = false;         // a link for cloud-to-device messages, too
  std::uint32_t application = 0; // whose turn it is
  bool urgent = false;           // messages wait for it
};

// What a device that is not online yet waits for, as far as that is known.
struct link_progress {
  std::string waits_for;               // "the hub's OPEN"; empty: nothing that is under way
  mono_time since{};                   // it has waited for that since then
  std::optional<error> fault{};        // what stands in its way now; nothing that has been overcome since
  std::optional<mono_time> next_try{}; // when that is looked at again
};

// IoT Hub as devices see it.
class hub_link {
public:
  virtual ~hub_link() = default;
  // Answered by on_device_attached or on_device_detached. When the connection to the hub is lost or cannot be
  // made, the link brings its devices back by itself (on_device_detached with link_retries, later
  // on_device_attached): the core calls attach again only after on_device_detached without link_retries.
  virtual void attach(device_ref device, const assignment& where, const connect_wish& wish) = 0;
  // Not answered.
  virtual void detach(device_ref device) = 0;
  // Messages wait for the device now: it goes before those that nothing waits for. No effect once it is
  // attached.
  virtual void hurry(device_ref device) = 0;
  // Precondition: attached, and nothing in flight for the device. Answered by on_send_outcome, or
  // on_device_detached.
  virtual void send(device_ref device, spool_seq seq, const message& what) = 0;
  // Of a device that is being attached.
  virtual link_progress progress(device_ref /*device*/) const { return {}; }
};

// Finds a device's hub: from the connection string at once, or through DPS.
class provisioner {
public:
  virtual ~provisioner() = default;
  // Answered by bridge.on_assignment, unless it is called off.
  virtual void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                        const connect_wish& wish) = 0;
  // The device is no longer wanted; there may be an answer all the same.
  virtual void call_off(device_ref device) = 0;
  // As hub_link::hurry.
  virtual void hurry(device_ref device) = 0;
  // Of a device whose hub is being found.
  virtual link_progress progress(device_ref /*device*/) const { return {}; }
  // The fingerprint an assignment made now would have; for telling a stale one.
  virtual std::string fingerprint(const azure_name& section) const = 0;
};

// The Things Stack's registry, one device at a time. What it lists on its own account comes as
// bridge.on_registered and bridge.on_listed.
class registry {
public:
  virtual ~registry() = default;
  // For a device that has sent an event and is in no listing. Answered by bridge.on_looked_up.
  virtual void look_up(device_ref device, const device_key& key) = 0;
};

class formatter {
public:
  virtual ~formatter() = default;
  // Answered by bridge.on_formatted(which, …): for built-in formats from inside this call, for a transform
  // later; a device's events in the order of the calls. A transient error: not now, the sender may try again.
  // Any other: the event goes to the dead letters. event stays where it is until the answer.
  virtual void format(ticket which, const uplink& event, moment now) = 0;
};

// What became of an event that somebody handed in.
enum class answer : std::uint8_t {
  stored,            // durable now
  duplicate,         // the first copy is durable
  control,           // a frame without application data: noted, not sent
  unwanted,          // a kind that is switched off or unknown, or a device that is switched off
  dead_lettered,     // refused by its format; durable with the reason
  full,              // the spool has no room
  unavailable,       // could not be made durable
  share_full,        // its application has taken its share of the spool
  devices_full,      // its device would be one more than Causeway keeps
  device_share_full, // its device would be one more than its application's share of these
  transform_busy,    // its application's transform has not come to it in time
};
inline constexpr std::size_t answers_known = 11;
std::string_view to_string(answer what);
// Nothing is wrong with the event, and the same may be taken a moment later.
bool is_for_now(answer what);

class answers {
public:
  virtual ~answers() = default;
  // Once for each ticket; from inside bridge.on_uplink when the answer needs no disk.
  virtual void on_answer(ticket which, answer what) = 0;
};

} // namespace causeway::core
