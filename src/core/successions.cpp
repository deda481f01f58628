// SPDX-License-Identifier: Apache-2.0
#include "core/successions.h"

#include "base/log.h"
#include "core/appends.h"
#include "core/device_table.h"
#include "core/grace.h"
#include "core/naming.h"
#include "core/outbox.h"
#include "core/rule_book.h"

#include <algorithm>

namespace causeway::core {

successions::successions(const naming& names, const rule_book& rules, device_table& table,
                         const outbox& queue, const grace& refused, const appends& stored)
    : names_{names}, rules_{rules}, table_{table}, queue_{queue}, grace_{refused}, stored_{stored} {}

bool successions::take(device_ref which, std::uint64_t eui, moment now) {
  auto& d = table_.at(which);
  const auto* const next = heir_of(which);
  if (next != nullptr ? next->eui == eui : d.has_eui && d.eui == eui) return false;
  if (d.has_eui) {
    if (const auto more = log_.admit(errc::identifiers_mismatch, now.mono))
      log::warning("device_eui_changed", {{"application", rules_.of(d).id},
                                          {"device", d.name()},
                                          {"before", d.dev_eui()},
                                          {"now", format_eui(eui)},
                                          {"more", *more}});
  }
  if (!d.has_eui || !names_.is_by_eui(d)) {
    names_.set_eui(d, eui);
    return false;
  }
  auto& one = all_[which];
  one = {{eui, stored_.last_row, stored_.last}, {}, now.mono};
  return is_over(one.next, d);
}

// Numbers come with the rows: what was on its way when the heir came is the former's as well.
void successions::note(device_ref which, spool_seq seq, append_id by) {
  if (all_.empty()) return;
  const auto found = all_.find(which);
  if (found != all_.end() && by <= found->second.next.last_append)
    found->second.next.until = std::max(found->second.next.until, seq);
}

const successions::heir* successions::heir_of(device_ref which) const {
  if (all_.empty()) return nullptr;
  const auto found = all_.find(which);
  return found == all_.end() ? nullptr : &found->second.next;
}

bool successions::is_former(device_ref which, const std::optional<std::uint64_t>& eui) const {
  return eui && (heir_of(which) != nullptr || table_.at(which).eui != *eui);
}

bool successions::is_over(device_ref which) const {
  const auto* const next = heir_of(which);
  return next != nullptr && is_over(*next, table_.at(which));
}

bool successions::is_over(const heir& next, const device& d) const {
  if (next.last_append > stored_.answered) return false;
  return d.waiting == 0 || queue_.front(d).seq > next.until;
}

successions::heir successions::take_out(device_ref which) {
  return all_.extract(which).mapped().next;
}

std::optional<mono_time> successions::deadline() const {
  if (all_.empty()) return std::nullopt;
  return looked_ + seconds{1};
}

// A minute in which its hub works is what the former has: online, or refused for a reason of its own.
std::vector<device_ref> successions::tick(moment now) {
  constexpr seconds most{60};
  looked_ = now.mono;
  std::vector<device_ref> over;
  for (auto& [which, one] : all_) {
    const auto& d = table_.at(which);
    if (d.state() == device_state::online || grace_.is_refused_now(d)) one.worked += now.mono - one.looked;
    one.looked = now.mono;
    if ((one.worked >= most || is_over(which)) && !d.in_flight) over.push_back(which);
  }
  return over;
}

} // namespace causeway::core
