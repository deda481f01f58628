// SPDX-License-Identifier: Apache-2.0
#include "core/device_classes.h"

#include "model/command.h"

namespace causeway::core {

bool device_classes::is_class_a(device_ref device, mono_time now) const {
  const auto found = known_.find(device);
  return found != known_.end() && found->second.class_a && now < found->second.until;
}

void device_classes::ask(device_ref device, const device_key& key, mono_time now) {
  const auto found = known_.find(device);
  if (found != known_.end() && now < found->second.until) return;
  const auto id = make_class_read_id(key);
  if (reading_.size() >= most_reads || !reading_.emplace(id, device).second) return;
  to_->read_record(id, key);
}

std::optional<device_classes::answer>
device_classes::on_record_read(const command_id& which, const record_reading& what, mono_time now) {
  const auto read = reading_.extract(which);
  if (read.empty()) return std::nullopt;
  const answer found{read.mapped(), what.how == read_end::seen && what.what.class_a};
  if (what.how == read_end::failed) return found; // no look: asked for again with the next command
  if (known_.size() >= most_known) known_.clear();
  known_[found.device] = {found.class_a, now + counts_for};
  return found;
}

} // namespace causeway::core
