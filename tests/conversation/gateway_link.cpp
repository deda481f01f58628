// SPDX-License-Identifier: Apache-2.0
#include "conversation/gateway_link.h"

#include "core/command_side.h"

#include <utility>

namespace causeway::conversation {

gateway_link::gateway_link(const manual_clock& clock, hub_place& at,
                           const std::vector<cloud::azure_section>& sections, core::shard& core,
                           break_plan& breaks, std::function<void()> on_break)
    : at_{at},
      core_{&core},
      loop_{clock},
      ends_{at, breaks, std::move(on_break)},
      pool_{loop_, tasks_, ends_.connector(), *this, core.commands(), sections, clocks_, [] { return 0.5; }},
      signs_by_policy_{sections.front().policy} {}

gateway_link::~gateway_link() {
  core_ = nullptr;
  ends_.cut();
  stop_by_hand(tasks_, loop_, at_.loop);
}

model::hub_totals gateway_link::totals() const {
  const auto all = pool_.totals();
  return all.empty() ? model::hub_totals{} : all.begin()->second; // there is one hub
}

std::uint64_t gateway_link::renewals() const {
  const auto now = totals();
  return now.tokens_put - (signs_by_policy_ ? now.connections_made : attached_);
}

void gateway_link::on_device_attached(device_ref device, moment now) {
  ++attached_;
  if (core_ != nullptr) core_->on_device_attached(device, now);
}

void gateway_link::on_device_detached(device_ref device, const error& why, bool link_retries, moment now) {
  if (!link_retries) ++own_detaches_;
  if (core_ != nullptr) core_->on_device_detached(device, why, link_retries, now);
}

void gateway_link::on_send_outcome(device_ref device, spool_seq seq, const result<void>& outcome,
                                   moment now) {
  if (core_ != nullptr) core_->on_send_outcome(device, seq, outcome, now);
}

void gateway_link::on_shard_closed(model::shard_number which, moment now) {
  if (core_ != nullptr) core_->on_shard_closed(which, now);
}

} // namespace causeway::conversation
