// SPDX-License-Identifier: Apache-2.0
// All registrations at one DPS: which request may go out now, and what its answer means. Tens of thousands
// may be under way; one that waits costs memory only (bound: the number of devices).
//
// Registrations start in turns (fair_queue) and within the quota, which is learnt where DPS enforces a lower
// one. A repeated register request takes from the same quota, a poll only once DPS has throttled a poll, and
// then from a quota of its own. Retry-After of a 429 holds that kind of request for the whole service, of a
// 202 that device alone. When DPS cannot be reached, or has nothing but 5xx to say, everything waits and one
// request at a time tries for all, with growing pauses.
//
// Early polls (enrolment::first_poll) are what the quota of polls has to spare: an early poll may be in vain,
// and each registration needs one that is not. So there is room for one as long as those in vain, together
// with a poll for each registration of the last minute and each that waits for its turn, are within the
// quota; and new registrations wait while those in vain have used up what they need. A 429 to an early poll
// ends them for an hour; what would have been early is asked when Retry-After says.
//
// Pure: the owner carries requests and answers; time is a parameter. One thread.
#pragma once

#include "base/backoff.h"
#include "base/budget.h"
#include "base/fair_queue.h"
#include "base/log_limiter.h"
#include "base/service_clocks.h"
#include "dps/enrolment.h"
#include "dps/registration.h"
#include "model/assignment.h"
#include "model/cloud_totals.h"
#include "model/connect_wish.h"
#include "model/timeline.h"

#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

namespace causeway::dps {

class fleet {
public:
  // by and timeline must live as long; timeline may be null. random: uniform in [0, 1).
  fleet(const enrolment& by, std::function<double()> random, model::timeline* timeline, moment now);

  // Tokens are made by DPS's time, as far as clocks knows it, and it hears of each answer's Date. From then
  // on what is no device's own trouble (a clock that differs, a certificate that is not trusted, keys that
  // are switched off) is no finding: one registration at a time tries for all, and the others wait. clocks
  // must live as long.
  void by_clocks(service_clocks& clocks) { clocks_ = &clocks; }
  // What was in the way may have gone: no more waiting for the next try.
  void try_now();
  model::link_progress progress(device_ref device) const;

  // Ends in one finding for the device, unless it is called off. Devices of one registration id share a
  // registration. Asked twice for one device, the last word counts.
  void find(device_ref device, const identity& wanted, const model::connect_wish& wish, moment now);
  void call_off(device_ref device);
  void hurry(device_ref device);

  struct errand {
    std::uint64_t registration = 0;
    request_kind kind{};
    http_request request;
    mono_time sent_at{};
    bool metered = false;
    bool early = false;          // a poll that did not wait for Retry-After
    wall_time::duration lead{0}; // of the clock that its token was made by
  };
  // What to send now, or nothing. Each errand is answered once, by on_answer or on_fault.
  std::optional<errand> next_errand(moment now);
  void on_answer(const errand& what, int status, const header_list& headers, std::string_view body,
                 moment now);
  // No answer: the network, or a time-out.
  void on_fault(const errand& what, error fault, moment now);
  // Ends what is over time. next_errand does so, too.
  void advance(moment now);
  // When advance, or with can_send next_errand, has something to do; mono_time::max() when nothing but an
  // event can bring it about.
  mono_time deadline(mono_time now, bool can_send) const;

  struct finding {
    device_ref device{};
    result<model::assignment> where;
  };
  std::vector<finding> take_findings() { return std::exchange(findings_, {}); }

  const std::string& fingerprint() const { return fingerprint_; }
  model::dps_totals totals(mono_time now) const;

private:
  struct entry {
    registration_id id;
    std::string model_id;
    std::vector<device_ref> devices; // the first one stands in the queue
    std::uint32_t lane = 0;
    bool urgent = false;
    bool ready = false;                     // its step is due and waits for the quota
    mono_time since{};                      // of the phase it is in
    mono_time scheduled = mono_time::max(); // the one item in agenda_ that counts
    std::optional<registration> machine{};  // from its turn on
  };
  struct item {
    mono_time at;
    std::uint64_t registration;
    friend auto operator<=>(const item& left, const item& right) { return left.at <=> right.at; }
  };

  void schedule(std::uint64_t number, entry& e, mono_time at);
  void forget(std::uint64_t number);
  void conclude(std::uint64_t number, moment now);
  std::optional<errand> send(std::uint64_t number, bool metered, moment now);
  std::optional<errand> next_poll(moment now);
  void keep_polls(const entry& e, mono_time now);
  void forget_old(mono_time now);
  double polls_a_minute() const;
  bool has_early_turn(mono_time now);
  mono_time next_first_turn(mono_time now) const;
  void on_early_poll_refused(mono_time now);
  std::optional<errand> next_repeat(moment now);
  std::optional<errand> next_first(moment now);
  void drop_stale(std::deque<std::uint64_t>& ready);
  void account(const errand& what, int status, const header_list& headers, moment now);
  void limit_polls(mono_time sent_at, milliseconds pause, mono_time now);
  void on_unreachable(const error& why, mono_time sent_at, mono_time now);
  void on_reached();
  void note(const entry& e, model::phase what, mono_time begin, mono_time end, std::optional<errc> fault);
  void log_setback(const entry& e, const error& why, mono_time now);

  const enrolment& enrolment_;
  std::function<double()> random_;
  model::timeline* timeline_;
  std::string fingerprint_;

  budget registrations_;
  std::optional<budget> polls_;        // once DPS has throttled one
  std::deque<mono_time> recent_polls_; // until then: those that were answered well in the last minute
  mono_time polls_held_until_ = mono_time::min();
  // Kept where polls may be early: the registrations of the last minute and of as long as they may wait for
  // their poll; the early polls of the last minute that have not brought a hub.
  std::deque<mono_time> recent_registrations_, early_in_vain_;
  mono_time no_early_until_ = mono_time::min();
  // Of registrations that ended without a hub: DPS counts a device's polls over all of them.
  std::unordered_map<registration_id, std::vector<mono_time>> polls_before_;
  std::deque<std::pair<mono_time, registration_id>> polls_kept_; // when each was, the oldest first

  std::unordered_map<std::uint64_t, entry> entries_;
  std::unordered_map<std::uint32_t, std::uint64_t> by_device_;
  std::unordered_map<registration_id, std::uint64_t> by_id_;
  std::uint64_t numbers_ = 0;
  fair_queue queue_; // those without a machine
  std::deque<std::uint64_t> polls_ready_, repeats_ready_;
  std::priority_queue<item, std::vector<item>, std::greater<>> agenda_;
  std::vector<finding> findings_;
  std::size_t under_way_ = 0; // errands

  // No device's own trouble: the registration begins anew when its turn comes again.
  bool is_everybodys(errc code) const;
  void put_back(std::uint64_t number, const error& why, mono_time sent_at, moment now);
  // By the clock that tokens are made by.
  moment by_their_clock(moment now) const;

  service_clocks* clocks_ = nullptr;
  std::string clock_name_;
  std::optional<mono_time> corrected_at_; // a refused token was made anew at once, by their time
  std::optional<errc> unreachable_;
  std::string unreachable_detail_;
  backoff outage_;
  mono_time down_since_{}, down_until_ = mono_time::min();
  std::uint32_t server_faults_ = 0; // in a row

  mono_time setback_logged_ = mono_time::min();
  std::uint64_t setbacks_unlogged_ = 0;
  log_limiter refused_log_;
  model::dps_totals totals_;
};

} // namespace causeway::dps
