// SPDX-License-Identifier: Apache-2.0
#include "hub/outage.h"

#include "base/backoff.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace causeway::hub {
namespace {

constexpr backoff_policy reconnect{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
// Connections to one hub are begun this far apart, so that a fleet that comes back is no storm of handshakes.
constexpr milliseconds between_openings{2};
// After so long without any connection the hub may have been replaced: DPS is asked, for one device
// (azure-iot-wire.md E.6: 15 to 30 minutes). A name that is gone says it sooner.
constexpr seconds suspicious{900}, suspicious_without_a_name{120};

} // namespace

mono_time outage::may_connect(std::uint32_t line, std::optional<mono_time>& slot, bool any_up,
                              mono_time not_before, mono_time now) {
  if (const auto first = std::max(next_try_, not_before); first > now) return first;
  if (failures_ != 0 && !any_up) {
    if (probe_ && *probe_ != line) return mono_time::max();
    probe_ = line;
  }
  if (!slot) {
    slot = std::max(now, next_opening_);
    next_opening_ = *slot + between_openings;
  }
  return *slot;
}

void outage::on_unwanted(std::uint32_t line) {
  if (probe_ == line) probe_.reset();
}

void outage::on_open() {
  mute_closes_ = 0;
  failing_since_.reset();
  needs_attention_ = false;
  probe_.reset();
}

void outage::on_lost(const error& why, bool proven, mono_time now) {
  if (why.code() != errc::peer_closed && why.code() != errc::connection_lost &&
      why.code() != errc::hub_speaks_no_amqp)
    mute_closes_ = 0;
  if (proven && now >= next_try_) failures_ = 0;
  if (!failing_since_) failing_since_ = now;
  if (now >= next_try_) next_try_ = now + pause_after(reconnect, failures_++, random_());
  probe_.reset();
}

error outage::name_mute(error why) {
  constexpr std::uint32_t no_accident = 3;
  if (++mute_closes_ < no_accident) return why;
  return error{errc::hub_speaks_no_amqp, "it has closed the connection " + std::to_string(mute_closes_) +
                                             " times in a row without an answer to AMQP's header"};
}

bool outage::needs_attention(const error& why) {
  const bool lasts = why.cls() == error_class::config || why.cls() == error_class::permanent;
  return lasts && !std::exchange(needs_attention_, true);
}

bool outage::suspects_gone(const error& why, mono_time now) const {
  const auto patience = why.code() == errc::name_unresolved ? suspicious_without_a_name : suspicious;
  return failing_since_ && now - *failing_since_ >= patience && now >= next_scout_;
}

void outage::on_scout_sent(mono_time now) {
  next_scout_ = now + suspicious;
}

void outage::try_now(mono_time now) {
  failures_ = 0;
  next_try_ = now;
}

void log_attention(const std::string& host, std::uint64_t devices, const error& why) {
  log::error("hub_needs_attention",
             {{"hub", host}, {"devices", devices}, {"error", why.name()}, {"detail", why.detail()}});
}

} // namespace causeway::hub
