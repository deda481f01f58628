// SPDX-License-Identifier: Apache-2.0
// One hub of one section, for the devices of one shard: those that are here, the connections they are placed
// on, and what to do when the hub is gone. Whose turn it is, when lines may connect and which devices move is
// decided by its parts (connect_turns, send_turns, outage, token_moves, rotation); here they come together.
//
// A device's way: placed on a line at once (so that the line is opened), queued when its line is open, let
// through by the budget of connects, attached. A line that is lost brings its devices back the same way.
//
// Owned by fleet_set. Pure: the owner carries bytes and time. One thread.
#pragma once

#include "base/log_limiter.h"
#include "hub/connect_turns.h"
#include "hub/fleet_context.h"
#include "hub/line_set.h"
#include "hub/outage.h"
#include "hub/placement.h"
#include "hub/rotation.h"
#include "hub/send_turns.h"
#include "hub/signing.h"
#include "hub/token_moves.h"
#include "model/cloud_totals.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace causeway::hub {

// How long each step of making a stream has taken; they follow one another from the order to open it.
struct stream_steps {
  std::chrono::nanoseconds dns{0}, tcp{0}, tls{0};
};

// A hub by the address that it is reached at, and by its one name (hub_address::hub).
struct hub_place {
  explicit hub_place(azure::hub_address of) : address{std::move(of)}, name{address.hub()} {}
  azure::hub_address address;
  hub_host name;
};

class fleet {
public:
  fleet(fleet_context& context, std::shared_ptr<const fleet_terms> terms, azure::hub_address address,
        std::shared_ptr<hub_budgets> budgets);
  fleet(const fleet&) = delete;
  fleet& operator=(const fleet&) = delete;

  const fleet_terms& terms() const { return *terms_; }
  // The section's terms are others: they count from the next connection and the next token on, and what is
  // open goes on; but where devices sign otherwise than before (auth), all connections are made anew.
  void take_terms(std::shared_ptr<const fleet_terms> terms);
  const hub_place& where() const { return where_; }
  model::hub_totals totals(mono_time now) const;

  // Precondition: the member has been added, with this fleet; its stage is absent.
  void attach(device_ref device, mono_time now);
  void detach(device_ref device, moment now);
  void hurry(device_ref device);
  // Precondition: attached, and nothing of the device's under way.
  void send(device_ref device, spool_seq seq, const model::message& what, moment now);
  model::link_progress progress(device_ref device, mono_time now) const;
  // Tokens are made by another time than before: all are put anew.
  void renew_tokens(moment now);
  // What was in the way may have gone: what waits for its next try is tried now.
  void try_now(mono_time now);
  // What DPS has told a device that asked it: where it did on behalf of all, whether the hub is another now.
  void on_told(device_ref device, bool another_hub);

  // To be called at deadline(); before it nothing happens. After it or any other call there may be another
  // deadline; mono_time::max(): only an event can bring anything about.
  void advance(moment now);
  mono_time deadline() const { return due_; }

  // A stream is there. False: it is not wanted any more, and may be dropped. Precondition: it was ordered.
  bool line_opened(line& which, const stream_steps& took, moment now);
  // Tells what the line has to tell.
  void line_events(line& which, moment now);
  // There is no stream any more, or none could be made; why counts where the connection has not ended before.
  // Precondition: it was ordered, and not lost since.
  void line_lost(line& which, const error& why, moment now);

  // Says CLOSE on every line, and sends nothing more.
  void close(moment now);
  // The shard goes (hub_link::close): what is with the hub is told until it has its outcome, or until then.
  // Then the lines are closed, and at that time cut. Who comes meanwhile waits until that is over.
  void leave(mono_time until);
  bool is_leaving() const { return leaving_.has_value(); }
  const line_set& lines() const { return lines_; }
  // Precondition: the device is here.
  line& line_of(device_ref device) const { return lines_.at(placement_.find(device).value()); }

private:
  // deadline() is now.
  void stir();
  void place(device_ref device);
  void enqueue(device_ref device, mono_time since);
  void release(device_ref device, moment now);
  // The device is no longer here; its owner has been told, or is told next.
  void forget(device_ref device, mono_time now);
  mono_time open_lines(mono_time now);
  mono_time rotate_some(moment now);
  // A kind of event that is not here does not compile.
  void on_event(line& which, const opened& what, moment now);
  void on_event(line& which, const attached& what, moment now);
  void on_event(line& which, const detached& what, moment now);
  void on_event(line& which, const sent& what, moment now);
  void on_event(line& which, const closed& what, moment now);
  // Its hub has refused the device, or taken it away, while the connection goes on. True: it stays here.
  bool stays(line& which, const detached& what, bool was_released, mono_time now);
  void on_lost(line& which, const error& why, bool proven, moment now);
  void send_scout(device_ref scout, const error& why, moment now);
  void give_up(const error& why, moment now);
  void go_on_leaving(moment now);

  struct departure { // no initialisers: clang takes one inside a class for no default constructor
    mono_time until;
    bool has_said_close;
  };
  fleet_context& context_;
  std::shared_ptr<const fleet_terms> terms_;
  hub_place where_;
  signing signing_;
  placement placement_;
  line_set lines_;
  connect_turns connects_;
  send_turns sends_;
  outage outage_;
  token_moves moves_;
  rotation rotation_;
  std::vector<std::uint32_t> empty_; // connections that are used up, and have lost their last device
  mono_time due_ = mono_time::max();
  std::optional<departure> leaving_;
  std::optional<device_ref> scout_;
  bool hub_is_another_ = false; // as the scout was told
  bool two_links_a_session_ = false;
  log_limiter detached_log_;
  model::hub_totals totals_;
};

} // namespace causeway::hub
