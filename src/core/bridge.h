// SPDX-License-Identifier: Apache-2.0
// The heart: decides what becomes of each event, and brings each device to its hub. Knows no wire, disk,
// clock or thread: events come in, calls on the ports go out, time is a parameter. Never waits, never throws.
// One thread.
//
// Promise: an event whose ticket was answered `stored` is in the spool until the hub has accepted it or it is
// a dead letter; the one exception is what the operator has asked for with spool_limits (drop_oldest,
// max_age): the oldest that is not with the hub is given up, counted and logged. Order: for each device in
// the order accepted, one message in flight, always.
#pragma once

#include "base/backoff.h"
#include "base/log_limiter.h"
#include "core/device_table.h"
#include "core/outbox.h"
#include "core/refusal_watch.h"
#include "core/rules.h"
#include "core/spool_room.h"
#include "core/words.h"
#include "model/dead_letter.h"
#include "model/device_status.h"
#include "model/forgetting.h"
#include "model/formatter.h"
#include "model/hub_link.h"
#include "model/journal.h"
#include "model/provisioner.h"
#include "model/registry.h"
#include "model/start_image.h"
#include "model/timeline.h"
#include "model/totals.h"

#include <array>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <unordered_map>

namespace causeway::core {

struct bridge_ports {
  model::spool& spool;
  model::device_store& devices;
  model::hub_link& hub;
  model::provisioner& provisioner;
  model::registry& registry;
  model::formatter& formatter;
  model::answers& answers;
};

struct bridge_options {
  std::size_t body_cache_bytes = 32 * 1024 * 1024;
  std::size_t read_back_batch = 256;
  // IoT Hub's own limit. Of several applications one may have spool_limits::application_share of them. The
  // events of further ones are answered `devices_full` or `device_share_full`; further ones of a listing are
  // left.
  std::uint32_t max_devices = 1'000'000;
  std::size_t max_in_progress = 100'000; // events being formatted or stored; further ones are answered `full`
  backoff_policy transient{milliseconds{2'000}, milliseconds{300'000}, 2.0, 0.25};
  backoff_policy permanent{milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25};
  std::function<double()> random{};    // uniform in [0, 1)
  model::timeline* timeline = nullptr; // gets phase::first_send; nothing = off
  spool_limits limits{};
  refusal_limits refusals{};
};

// What a start has still to do. Not inside bridge: clang takes initialisers there for no default constructor.
struct start_work {
  std::uint32_t places = 0; // of the table: devices beyond them have come since
  std::vector<start_image::assigned> assignments;
  std::vector<std::uint32_t> by_age; // of these, once sorted: the oldest first,
  std::size_t placed = 0;            // so many of them done
  std::set<device_key> lost;         // that do not count any more
  bool has_order = false;
  std::vector<device_ref> to_connect; // in this order,
  std::size_t connected = 0;          // so many of them done
};

class bridge final : public door,
                     public formatter_events,
                     public registry_events,
                     public hub_link_events,
                     public provisioner_events {
public:
  bridge(std::vector<application_rules> rules, bridge_ports ports, bridge_options options, moment now);

  // Once, before any other event. Devices with an assignment that still fits are attached, those with waiting
  // messages first. Of the others, those that the registry has named (and has not switched off), that wait to
  // send or whose hub is found at no cost are provisioned. Where the registry is followed and has not named a
  // device, the device waits for it; a record that was listed tells that there is a list to go by.
  void start(start_image image, moment now);
  // The same in pieces, so that events are taken meanwhile: first this, then start_some for at most so many
  // devices, until it says false. No device is connected before all have the assignments that are on disk.
  void begin(start_image image, moment now);
  bool start_some(std::size_t most, moment now);

  // From the door.
  void on_event(ticket which, model::event event, moment now) override;
  // Its format has not answered yet.
  bool is_formatting(ticket which) const override { return formatting_.count(which) != 0; }
  void on_formatted(ticket which, result<std::vector<message>> messages, moment now) override;
  // From the operator: a dead letter is tried again, and goes in the transaction that stores what has become
  // of it. Answered by answers::on_answer: stored; duplicate (it is not there any more); unwanted (its
  // application, kind or device is not, or its format makes nothing of it), dead_lettered (it would be
  // refused again), full, share_full, unavailable: the dead letter stays as it is. The message keeps its id
  // and goes to the end of its device's queue; the event goes through its format, and nothing is a duplicate
  // of it but the copy that is on its way meanwhile: then it is answered `unavailable`.
  void replay(ticket which, std::uint64_t letter, const device_key& from, message what, moment now);
  void replay(ticket which, std::uint64_t letter, model::event event, moment now);
  // From the spool.
  void on_spooled(const spool_result& what, moment now);
  void on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now);
  // How many dead letters there are, before on_spooled of the commit that has changed it.
  void on_dead_letters_counted(const dead_letter_amounts& are);
  // From the provisioner.
  void on_assignment(device_ref which, result<assignment> where, moment now) override;
  // From the registry: one device of a listing; then, once, that the application's first listing is whole.
  // Until then a device that no listing ever named waits with its messages.
  void on_registered(const registered_device& what, moment now) override;
  void on_listed(const application_id& application, moment now) override;
  void on_looked_up(device_ref which, result<registered_device> what, moment now) override;
  // From the hub link.
  void on_device_attached(device_ref which, moment now) override;
  void on_device_detached(device_ref which, const error& why, bool link_retries, moment now) override;
  void on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) override;
  // From the operator: the device goes, with its assignment, and comes back when it sends something or the
  // registry names it. drop_messages: what waits for it becomes dead letters; else such a device stays.
  forgetting forget(const device_key& key, bool drop_messages, moment now);
  // Those of an application behind `after`, at most `limit`; looks at 65,536 places at most.
  forget_page forget_some(const application_id& application, forgettable which, bool drop_messages,
                          std::optional<device_ref> after, std::size_t limit, moment now);
  // At deadline() or later.
  void on_tick(moment now);
  // The wall time has jumped: devices that were refused because of their tokens, which have a time in them,
  // are tried again now.
  void on_clock_set(moment now);
  std::optional<mono_time> deadline() const;

  shard_totals totals() const;
  std::uint64_t sent() const { return totals_.sent; } // of these
  // By application, in the order of the rules.
  std::vector<spool_use> spool_by_application() const;
  // How long the oldest message that is not with a hub has waited; nothing when there is none.
  std::optional<seconds> oldest_age(moment now) const;
  // For how long this store has been open in all its life, as far as it knows; to be saved each minute. The
  // only clock by which anything is given up: neither a stopped process nor a machine's wrong clock moves it.
  std::uint32_t open_seconds(moment now) const;
  // Whether a device that is online still has messages that only wait for their turn, of those accepted
  // before next_seq() was this: what a stop may wait for.
  bool is_sending(spool_seq before = std::numeric_limits<spool_seq>::max()) const;
  spool_seq next_seq() const { return next_seq_; }
  std::optional<device_status> status(const device_key& key) const;
  // The devices behind `after` (nothing: from the first) in this state (nothing: in any), at most `limit`. A
  // call looks at 65,536 devices at most, so a page may be short, even empty, and yet have a next one.
  device_page list(std::optional<device_ref> after, std::size_t limit,
                   std::optional<device_state> state = {}) const;
  const device_table& devices() const { return table_; }

private:
  struct in_progress { // between on_uplink and on_formatted
    device_ref device{};
    model::event event;
    std::optional<std::uint64_t> letter{}; // replayed
  };
  struct appending { // between append and on_spooled
    ticket which{};
    device_ref device{};
    std::optional<kept_key> key;
    std::vector<outbox::waiting_message> messages;
    amount what;          // of these, or of the refused event
    bool refused = false; // the event itself, for the dead letters
  };
  struct pending_key {
    device_ref device{};
    std::uint64_t hash = 0;
    friend bool operator==(const pending_key&, const pending_key&) = default;
  };
  struct pending_key_hash {
    std::size_t operator()(const pending_key& k) const noexcept { return k.hash ^ index_of(k.device); }
  };
  struct copy { // of an event that is between on_uplink and on_spooled
    ticket which{};
    device_ref device{};
    model::event event;
  };
  struct timer {
    mono_time at;
    device_ref device{};
    friend auto operator<=>(const timer& left, const timer& right) { return left.at <=> right.at; }
  };

  // bridge.cpp
  void answer_now(ticket which, answer what);
  void conclude(ticket which, device_ref device, std::optional<kept_key> key, answer what, moment now);
  void judge(copy one, moment now);
  void judge_again(moment now);
  bool is_duplicate(const device& d, const model::event& event, const kept_key& key) const;
  void note_portless(const model::event& event, std::uint32_t application);
  void store(ticket which, append_request request, std::vector<message> messages, moment now,
             const amount& leaves = {});
  void append(ticket which, append_request request, std::vector<outbox::waiting_message> messages,
              moment now);
  std::optional<std::uint32_t> rules_of(const application_id& id) const;
  const application_rules& rules_of(const device& d) const { return rules_[d.application]; }
  device_ref add(const device_key& key, std::uint32_t application, device_state state, moment now);
  device_ref seen(const model::event& event, std::uint32_t application, moment now);
  std::optional<answer> lacks_place(std::uint32_t application) const;
  void note_frame(device& d, const model::event& event, moment now);
  void set_eui(device& d, std::uint64_t eui);

  // bridge_start.cpp
  void restore(const start_image& image, moment now);
  void sort_assignments();
  void place(const start_image::assigned& one);
  void order_to_connect();

  // bridge_claims.cpp
  struct claimed_name {
    std::uint64_t hash = 0;
    std::string text;
  };
  std::optional<claimed_name> name_of(const device& d) const;
  claimed_name name_of(const device& d, const identity& wanted) const;
  std::optional<device_ref> holder_of(const claimed_name& name) const;
  bool claim(device_ref which, const identity& wanted);
  void unclaim(device_ref which);

  // bridge_forget.cpp
  std::set<device_ref> in_storing() const;
  void erase_device(device_ref which, moment now);

  // bridge_grace.cpp
  bool is_refused(const device& d) const;
  bool is_refused_now(const device& d) const;
  void note_refused(device_ref which, moment now);
  void tick_grace(moment now);
  int give_up_overdue(device_ref which, std::uint32_t since, int most, moment now);

  // bridge_registry.cpp
  bool is_switched_off(const device& d) const;
  bool awaits_registry(const device& d) const {
    return rules_of(d).follows_registry && !d.listed && !d.deleted;
  }
  void suspect(device_ref which);
  void tick_suspects(moment now);
  void on_deleted(device_ref which, moment now);
  void leave(device_ref which, moment now);
  void end_link(device_ref which, errc why, moment now);
  void lose_assignment(device_ref which);
  bool names_by_eui(const device& d) const;
  void take_eui(device_ref which, std::uint64_t eui, moment now);
  bool is_succeeded(device_ref which) const;
  void become_other(device_ref which, moment now);
  void bury_former(device_ref which, spool_seq until, moment now);
  void tick_successions(moment now);
  void look_up(device_ref which, moment now);
  void switch_off(device_ref which, moment now);
  void log_switched_off(device& d);
  bool is_news(const device& d, const registered_device& what) const;
  void take_word(device_ref which, const registered_device& what, moment now);

  // bridge_connection.cpp
  const std::string& origin_of(std::uint32_t application);
  const std::string& model_of(const device& d) const;
  identity identity_of(const device& d) const;
  void set_identity(device& d, const identity& is);
  connect_wish wish_of(const device& d) const;
  void set_state(device& d, device_state to, moment now);
  void connect(device_ref which, moment now);
  void try_again(device_ref which, moment now);
  void provision(device_ref which, moment now);
  void attach(device_ref which, moment now);
  void refused(device_ref which, const error& why, moment now);
  void park(device_ref which, const error& why, moment now, bool ask_first = false,
            std::optional<mono_time> until = {});
  void pause(device_ref which, const error& why, moment now);
  milliseconds pause_for(const device& d, const error& why) const;
  static void count_failure(device& d);
  static void set_reason(device& d, const error& why);

  // bridge_delivery.cpp
  void pump(device_ref which, moment now);
  void send(device_ref which, spool_seq seq, const message& body, moment now);
  void want_body(device_ref which);
  void read_wanted();
  using room_change = void (spool_room::*)(std::uint32_t application, const amount& what);
  void leave_outbox(device_ref which, spool_seq seq, room_change to, moment now);
  void bury(device_ref which, spool_seq seq, const error& why, moment now);
  void on_sent(device_ref which, spool_seq seq, moment now);
  void end_first_send(device_ref which, std::optional<errc> fault, moment now);

  // bridge_refusals.cpp
  refusal_watch::place place_of(const device& d) const { return {d.hub, d.application}; }
  bool passes_gate(device_ref which, moment now);
  void on_refused_unknown(device_ref which, spool_seq seq, const error& why, moment now);
  void release(refusal_watch::place at, std::string_view why);
  void probe(refusal_watch::place at, moment now);
  void tick_gates(moment now);

  // bridge_replay.cpp
  std::optional<device_ref> replay_to(ticket which, const device_key& from, moment now);

  // bridge_room.cpp
  std::optional<answer> make_room(std::uint32_t application, const amount& more, moment now,
                                  const amount& leaves = {});
  void tell_of_letters(moment now);
  bool drop_oldest(std::optional<std::uint32_t> application, drop_reason why, moment now);
  void drop_overdue(moment now);
  void note_drop(drop_reason why, const amount& what, moment now);
  void end_drop_episode(moment now);
  std::int32_t since_start(moment now) const;
  std::optional<outbox::waiting_message> oldest() const;

  // bridge_status.cpp
  device_key key_of(const device& d) const { return {rules_of(d).id, device_id{std::string{d.name()}}}; }
  device_record record_of(device_ref ref, const device& d) const;
  device_status status_of(device_ref ref, const device& d) const;

  std::vector<application_rules> rules_;
  std::unordered_map<application_id, std::uint32_t> rule_index_;
  std::vector<std::optional<std::string>> origins_; // by application, once worked out
  std::vector<bool> has_list_;                      // by application: the registry's list is there
  std::vector<bool> told_portless_;                 // by application
  bridge_ports ports_;
  bridge_options options_;
  mono_time started_;

  device_table table_;
  std::optional<start_work> starting_; // until all are on their way
  outbox outbox_;
  std::deque<outbox::waiting_message> strays_; // of applications that are not configured any more
  spool_room room_;
  std::vector<std::uint64_t> share_refusals_, drops_;  // by application
  std::vector<std::optional<mono_time>> letters_told_; // by application: that they take half of its share
  mono_time letters_looked_{};
  body_cache cache_;
  spool_seq next_seq_ = 1;

  std::unordered_map<ticket, in_progress> formatting_;
  std::unordered_map<spool_seq, appending> appending_; // by first seq
  // Of events between on_uplink and on_spooled: the copies that came meanwhile.
  std::unordered_map<pending_key, std::vector<copy>, pending_key_hash> pending_keys_;
  std::size_t pending_copies_ = 0;
  std::deque<copy> again_; // copies of what was not stored: empty between events
  bool judging_ = false;
  std::deque<device_ref> wanted_;                         // devices whose oldest body must be read back
  std::vector<std::pair<device_ref, spool_seq>> reading_; // the read that is under way
  // Drops that are closer together are one episode, told of at its begin and at its end.
  static constexpr seconds drop_pause{60};
  struct drop_episode { // no initialisers: clang takes one inside a class for no default constructor
    mono_time began, last;
    amount what;
    std::array<std::uint64_t, drop_reasons> by_reason;
  };
  std::optional<drop_episode> drop_episode_;
  // Devices that could not be attached while messages waited for them; in bridge::open_seconds.
  struct refused_device {
    std::uint32_t since = 0;  // moves on while a hub or a service is in trouble
    std::uint32_t looked = 0; // until then it is counted
    std::uint32_t saved = 0;  // the `since` that is on disk
  };
  std::map<device_ref, refused_device> refused_devices_;
  device_ref grace_next_{}; // where the next look at them begins
  std::uint32_t open_at_start_ = 0;
  std::vector<std::uint64_t> online_;                                // by application
  std::vector<std::uint64_t> device_counts_, device_share_refusals_; // by application
  std::unordered_map<std::uint64_t, device_ref> claims_;             // who has which identity, by its hash
  std::deque<device_ref> suspects_; // to be looked up: a listing lacks them, or another claims their name
  std::set<device_ref> asked_;      // of these, under way
  static constexpr std::size_t most_asked = 4;
  mono_time next_suspect_{};
  // Under an identity by EUI another EUI is another device: what waited for the one before goes first.
  struct succession {
    std::uint64_t eui = 0;
    spool_seq until = 0; // the last that is the former's
    mono_time::duration worked{};
    mono_time looked{};
  };
  std::map<device_ref, succession> successions_;
  log_limiter eui_log_;
  refusal_watch watch_;
  std::map<refusal_watch::place, std::deque<device_ref>> held_; // that wait for a gate; each has its mark
  std::deque<device_ref> released_;                             // whose gate has opened, to be sent on
  std::priority_queue<timer, std::vector<timer>, std::greater<>> timers_;
  std::unordered_map<device_ref, mono_time> first_sends_; // under way, for the timeline
  log_limiter park_log_, letter_log_;
  shard_totals totals_;
};

} // namespace causeway::core
