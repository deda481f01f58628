// SPDX-License-Identifier: Apache-2.0
// All registrations at one DPS: which request may go out now, and what its answer means. Tens of thousands
// may be under way; one that waits costs memory only (bound: the number of devices). Whose turn it is, how
// often polls may go out, which may be early, and what it means that DPS is gone is decided by its parts
// (registration_turns, poll_quota, early_polls, outage); here they come together.
//
// A registration waits for its turn, registers, waits as long as Retry-After says or for an early poll, and
// polls until it is assigned. Retry-After of a 429 holds that kind of request for the whole service, of a 202
// that device alone.
//
// Owned by who carries its requests and answers. Pure: time is a parameter. One thread.
#pragma once

#include "base/log_limiter.h"
#include "base/service_clocks.h"
#include "dps/agenda.h"
#include "dps/early_polls.h"
#include "dps/enrolment.h"
#include "dps/outage.h"
#include "dps/past_polls.h"
#include "dps/poll_quota.h"
#include "dps/registration.h"
#include "dps/registration_table.h"
#include "dps/registration_turns.h"
#include "dps/token_clock.h"
#include "model/assignment.h"
#include "model/cloud_totals.h"
#include "model/connect_wish.h"
#include "model/timeline.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::dps {

class fleet {
public:
  // by and timeline must live as long; timeline may be null. random: uniform in [0, 1).
  fleet(const enrolment& by, std::function<double()> random, model::timeline* timeline, moment now);
  fleet(const fleet&) = delete;
  fleet& operator=(const fleet&) = delete;

  // Tokens are made by DPS's time, as far as clocks knows it, and it hears of each answer's Date. From then
  // on what is no device's own trouble (a clock that differs, a certificate that is not trusted, keys that
  // are switched off) is no finding: one registration at a time tries for all, and the others wait. clocks
  // must live as long.
  void by_clocks(service_clocks& clocks) { clock_.follow(clocks); }
  // What was in the way may have gone: no more waiting for the next try.
  void try_now() { outage_.try_now(); }
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
  std::optional<errand> next_poll(moment now);
  std::optional<errand> next_repeat(moment now);
  std::optional<errand> next_first(moment now);
  errand send(candidate& which, bool metered, moment now);
  // What an answer says of the pace, whoever it is for.
  void account(const errand& what, int status, const header_list& headers, mono_time now);
  void on_early_poll_refused(mono_time now);
  void on_trouble(const error& why, mono_time sent_at, mono_time now);
  void on_reached();
  // It waits for another thing from now on.
  void end_phase(candidate& which, model::phase what, mono_time now, std::optional<errc> fault);
  // No device's own trouble: the registration begins anew when its turn comes again.
  void put_back(candidate& which, const error& why, mono_time sent_at, moment now);
  void conclude(const candidate& which, moment now);
  void log_setback(const candidate& which, const error& why, mono_time now);

  const enrolment& enrolment_;
  std::function<double()> random_;
  model::timeline* timeline_;
  std::string fingerprint_;
  token_clock clock_;
  registration_table table_;
  agenda agenda_;
  registration_turns turns_;
  poll_quota polls_;
  early_polls early_;
  past_polls past_polls_;
  outage outage_;
  std::vector<finding> findings_;
  log_limiter setback_log_{1}, refused_log_;
  model::dps_totals totals_;
};

} // namespace causeway::dps
