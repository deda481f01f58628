// SPDX-License-Identifier: Apache-2.0
// What stack counts, and what of it is shown (figure.h). Plain values; monotonic since the start unless said
// so.
#pragma once

#include "model/door.h"
#include "model/figure.h"

namespace causeway::model {

// Of all applications.
struct webhook_totals {
  std::map<int, std::uint64_t> by_status;
  std::map<errc, std::uint64_t> refused; // by reason
  std::uint64_t needless_paths = 0;      // posts whose path says more than the application beside a body that
                                         // names its device
};
extern const figure_table<webhook_totals> webhook_figures;

// Of one application's connection to the MQTT server.
struct mqtt_line_totals {
  bool connected = false;
  std::chrono::nanoseconds lasts{0}; // connected, or away, for so long
  std::optional<error> fault{}; // why it is away; nothing while connected, and before the first try has ended
  std::optional<int> connack{}; // of the last CONNACK that refused, while away
  std::uint64_t connects = 0;   // times that it was connected and subscribed
  std::uint64_t losses = 0;     // times that a connection was lost
  std::uint64_t refusals = 0;   // tries that came to nothing
  std::chrono::milliseconds away{0}; // in all, the present episode included. What the stack published then is
                                     // missing: it keeps nothing for who is not there.
};

// Why a message that had arrived is lost.
enum class mqtt_loss : std::uint8_t {
  inbox_full,   // the loop was too slow
  backlog_full, // the core took nothing for too long
  not_taken,    // the core did not take it within a minute
  stopped,      // it had not been taken when Causeway stopped
};
inline constexpr std::size_t mqtt_losses = 4;
std::string_view to_string(mqtt_loss why);

// Of one application.
struct mqtt_totals {
  mqtt_line_totals line;
  std::uint64_t messages = 0; // that arrived
  std::uint64_t waiting = 0;  // now, or in hand
  // By answer; `full`, `share_full` and `unavailable` are tries that came to nothing.
  std::array<std::uint64_t, model::answers_known> answered{};
  std::map<errc, std::uint64_t> refused;         // messages that are no event of this application, by reason
  std::array<std::uint64_t, mqtt_losses> lost{}; // by reason
};
extern const figure_table<mqtt_totals> mqtt_figures;

// Of one application.
struct registry_totals {
  std::uint64_t listed = 0;     // devices, of the last listing (or the one under way)
  std::uint64_t pages = 0;      // of it, the empty last one included
  std::uint64_t duplicates = 0; // of it
  std::uint64_t skipped = 0;    // of it: entries without a valid id, or of another application
  std::uint64_t ignored = 0;    // of it: devices with an attribute that was ignored
  std::uint64_t requests = 0;   // all, look-ups included
  std::uint64_t throttled = 0;  // answered with 429
  std::uint64_t polls = 0;      // that ended well: what has changed since the one before
  std::uint64_t changes = 0;    // devices that these have shown, repetitions included
  std::uint64_t hints = 0;      // devices of which the event stream has said something
  bool hears_events = false;    // the event stream is open
  bool complete = false;        // a listing has come to its end
  std::optional<wall_time> completed_at;
  std::chrono::nanoseconds took{0}; // the last whole listing
  std::optional<error> last_error;  // since then
};
extern const figure_table<registry_totals> registry_figures;

// Of one application: pushes and reads of its devices' downlinks.
struct downlink_totals {
  std::uint64_t taken = 0, refused = 0, later = 0, not_made = 0, unanswered = 0; // pushes, by their end
  std::uint64_t reads = 0, reads_failed = 0;
  std::uint64_t throttled = 0; // answered with 429
};

// Of one application.
struct backfill_totals {
  std::uint64_t requests = 0;
  std::uint64_t records = 0;    // that the storage has shown, repetitions included
  std::uint64_t stored = 0;     // of these, what had been missing
  std::uint64_t unreadable = 0; // of these
  bool whole = false;           // nothing is missing that is known of
  wall_time cursor{};
  std::optional<error> last_error; // since the last answer
};
extern const figure_table<backfill_totals> backfill_figures;

} // namespace causeway::model
