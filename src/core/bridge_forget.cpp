// SPDX-License-Identifier: Apache-2.0
// Devices that the operator has forgotten.
#include "core/bridge.h"

namespace causeway::core {

// Devices with an event on its way from the door to the disk.
std::set<device_ref> bridge::in_storing() const {
  std::set<device_ref> all;
  for (const auto& [which, one] : formatting_)
    all.insert(one.device);
  for (const auto& [first, one] : appending_)
    all.insert(one.device);
  return all;
}

// Precondition: no event of it is being stored.
void bridge::erase_device(device_ref which, moment now) {
  auto& d = table_.at(which);
  end_link(which, errc::stopped, now);
  set_state(d, device_state::known, now);
  while (d.waiting != 0)
    bury(which, outbox_.front(d).seq, error{errc::device_forgotten}, now);
  if (!table_.contains(which)) return;
  const auto key = names_.key_of(d);
  lose_assignment(which);
  watch_.forget(which);
  refused_devices_.erase(which);
  successions_.erase(which);
  asked_.erase(which);
  --totals_.devices[static_cast<std::size_t>(d.state)];
  if (d.listed) --totals_.registry.listed;
  census_.remove(d.application);
  table_.remove(which);
  ports_.devices.forget_device(which, key);
}

forgetting bridge::forget(const device_key& key, bool drop_messages, moment now) {
  const auto application = rules_.find(key.application);
  const auto ref = application ? table_.find(*application, key.device.str()) : std::nullopt;
  if (!ref) return forgetting::unknown;
  if (in_storing().contains(*ref)) return forgetting::busy;
  if (table_.at(*ref).waiting != 0 && !drop_messages) return forgetting::messages_wait;
  erase_device(*ref, now);
  return forgetting::forgotten;
}

forget_page bridge::forget_some(const application_id& application, forgettable which, bool drop_messages,
                                std::optional<device_ref> after, std::size_t limit, moment now) {
  constexpr std::uint32_t most_looked_at = 65'536;
  forget_page page;
  const auto index = rules_.find(application);
  if (!index) return page;
  const auto busy = in_storing();
  const std::uint32_t first = after ? index_of(*after) + 1 : 0;
  for (auto i = first; i < table_.places(); ++i) {
    if (page.forgotten >= limit || i - first >= most_looked_at) {
      page.next = static_cast<device_ref>(i - 1);
      return page;
    }
    const auto ref = static_cast<device_ref>(i);
    if (!table_.contains(ref)) continue;
    const auto& d = table_.at(ref);
    const bool is_meant =
        d.application == *index && (which == forgettable::unlisted ? rules_of(d).follows_registry && !d.listed
                                                                   : !d.attached && !d.listed);
    if (!is_meant) continue;
    if (busy.contains(ref) || (d.waiting != 0 && !drop_messages)) {
      ++page.left;
      continue;
    }
    page.letters += d.waiting;
    erase_device(ref, now);
    ++page.forgotten;
  }
  return page;
}

} // namespace causeway::core
