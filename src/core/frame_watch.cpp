// SPDX-License-Identifier: Apache-2.0
#include "core/frame_watch.h"

#include "base/log.h"

#include <algorithm>
#include <limits>

namespace causeway::core {

// What comes late, or is fetched after an outage, makes nothing older that is known already.
void frame_watch::hear(device& d, const model::event& event, moment now) {
  d.last_seen = now.wall;
  const auto* frame = uplink_of(event);
  if (frame != nullptr && frame->received_at && !event.simulated.value_or(false))
    d.newest_uplink = std::max(d.newest_uplink, *frame->received_at);
}

void frame_watch::note(device& d, const model::event& event, moment now) {
  hear(d, event, now);
  const auto* frame = uplink_of(event);
  if (event.kind != event_kind::uplink || event.simulated.value_or(false) || frame == nullptr ||
      !frame->f_cnt)
    return;
  const auto f_cnt = *frame->f_cnt;
  constexpr std::uint16_t no_session = 1;
  const auto named = [](std::uint16_t hash) {
    return hash == 0xffff ? hash : static_cast<std::uint16_t>(hash + no_session);
  };
  const auto session = frame->session ? named(*frame->session) : std::max(d.session, no_session);
  if (session != d.session) { // a join: its counter says nothing of the one before
    d.session = session;
    d.last_f_cnt = f_cnt;
    return;
  }
  // An ABP device's counter may start again in its only session: neither late nor a gap of four billion
  // frames. A 0 behind the 1 is rather the frame that came before it.
  constexpr std::uint32_t plausible_gap = 16384;
  const bool may_restart = session == no_session || !frame->session;
  if (f_cnt > d.last_f_cnt) {
    const std::uint32_t skipped = f_cnt - d.last_f_cnt - 1;
    if (skipped < plausible_gap) {
      d.gaps += skipped;
      totals_.frames_missing += skipped;
    }
    d.last_f_cnt = f_cnt;
  } else if (f_cnt != d.last_f_cnt && d.last_f_cnt - f_cnt < plausible_gap &&
             (f_cnt != 0 || !may_restart || d.last_f_cnt == 1)) {
    if (d.late < std::numeric_limits<decltype(d.late)>::max()) ++d.late;
    ++totals_.frames_late;
  } else {
    d.last_f_cnt = f_cnt;
  }
}

void frame_watch::note_portless(const model::event& event, std::uint32_t application) {
  ++totals_.portless;
  if (told_portless_[application]) return;
  told_portless_[application] = true;
  log::info("uplink_without_port", {{"application", event.from.application},
                                    {"device", event.from.device},
                                    {"detail", "sent without fPort; the webhook's field mask has no "
                                               "up.uplink_message.f_port"}});
}

} // namespace causeway::core
