// SPDX-License-Identifier: Apache-2.0
// What The Things Stack's registry says of devices, and what follows.
#include "core/bridge.h"

#include "base/log.h"

#include <utility>

namespace causeway::core {

bool bridge::is_switched_off(const device& d) const {
  const auto& rules = rules_of(d);
  return rules.follows_registry && (d.listed || d.deleted) && !d.said().value_or(rules.enabled_by_default);
}

void bridge::look_up(device_ref which, moment now) {
  auto& d = table_.at(which);
  set_state(d, device_state::unlisted, now);
  d.looking_up = true;
  ++totals_.registry.look_ups;
  ports_.registry.look_up(which, names_.key_of(d));
}

bool bridge::is_news(const device& d, const registered_device& what) const {
  if (!d.listed || d.said() != what.integration || table_.model_of(d) != what.model_id) return true;
  const auto eui = parse_eui(what.dev_eui);
  return eui && (!d.has_eui || d.eui != *eui);
}

void bridge::take_word(device_ref which, const registered_device& what, moment now) {
  auto& d = table_.at(which);
  if (!d.listed) ++totals_.registry.listed;
  d.listed = true;
  d.deleted = false;
  d.integration_said = what.integration.has_value();
  d.integration = what.integration.value_or(false);
  if (const auto eui = parse_eui(what.dev_eui)) take_eui(which, *eui, now);
  table_.set_model(d, what.model_id);
  ++totals_.registry.changes;
}

void bridge::on_registered(const registered_device& what, moment now) {
  const auto application = rules_.find(what.key.application);
  if (!application || !rules_.at(*application).follows_registry || !is_valid_tts_id(what.key.device.str()))
    return;
  ++totals_.registry.words;
  auto ref = table_.find(*application, what.key.device.str());
  if (const auto full = ref ? std::nullopt : census_.lacks_place(*application)) {
    if (totals_.registry.over_limit++ == 0)
      log::error("devices_over_limit", {{"application", what.key.application},
                                        {"reason", to_string(*full)},
                                        {"max_devices", options_.max_devices}});
    return;
  }
  if (!ref) ref = add(what.key, *application, device_state::known, now);
  auto& d = table_.at(*ref);
  d.named = true;
  asked_.erase(*ref);            // what is answered to an older question is old
  if (!is_news(d, what)) return; // most of them, at each start
  const auto model_before = names_.model_of(d);
  const bool was_awaited = awaits_registry(d);
  take_word(*ref, what, now);
  ports_.devices.save_device(record_of(*ref, d));
  if (is_switched_off(d)) {
    if (d.state != device_state::off) switch_off(*ref, now);
    return;
  }
  switch (d.state) {
  case device_state::off:
    d.silenced = false;
    [[fallthrough]];
  case device_state::known:
  case device_state::unlisted:
  case device_state::removed:
    d.failures = 0;
    return connect(*ref, now);
  case device_state::parked:
    // What the registry had not said, or has now said differently.
    if (was_awaited || d.reason == errc::identity_incomplete) {
      d.failures = 0;
      connect(*ref, now);
    }
    return;
  case device_state::attaching:
  case device_state::online:
    if (names_.model_of(d) == model_before) return;
    // The hub learns the model when the link is opened.
    ports_.hub.detach(*ref);
    if (d.in_flight) {
      ++totals_.resent;
      outbox_.set_in_flight(*ref, d, false);
    }
    end_first_send(*ref, errc::stopped, now);
    ++totals_.detaches;
    return attach(*ref, now);
  case device_state::provisioning: // what it is attached with is decided then
    return;
  }
}

void bridge::on_listed(const application_id& application, moment now) {
  const auto index = rules_.find(application);
  if (!index) return;
  has_list_[*index] = true;
  table_.for_each([&](device_ref ref, device& d) {
    if (d.application != *index) return;
    if (d.state == device_state::unlisted && d.waiting != 0 && !d.looking_up) look_up(ref, now);
    // That the list lacks it is no word about it: the device itself is asked for.
    if (d.listed && !d.named) suspect(ref);
    d.named = false;
  });
}

void bridge::on_looked_up(device_ref which, result<registered_device> what, moment now) {
  const bool was_suspect = asked_.erase(which) != 0;
  if (!table_.contains(which)) return;
  auto& d = table_.at(which);
  d.looking_up = false;
  if (what) {
    what->key = names_.key_of(d);
    on_registered(*what, now);
  } else if (d.state == device_state::unlisted) { // else a listing has named it meanwhile
    park(which, what.fault(), now);
  } else if (was_suspect && d.listed && what.fault().code() == errc::device_unlisted) {
    on_deleted(which, now);
  } else if (was_suspect && d.listed && what.fault().cls() != error_class::permanent) {
    suspect(which);
    next_suspect_ = now.mono + seconds{60};
  }
}

void bridge::switch_off(device_ref which, moment now) {
  auto& d = table_.at(which);
  const bool was_wanted = d.state != device_state::known || d.waiting != 0;
  end_link(which, errc::device_switched_off, now);
  d.failures = 0;
  set_state(d, device_state::off, now);
  note_refused(which, now);
  // One that was never on is told of when it sends something.
  if (was_wanted) log_switched_off(d);
}

void bridge::log_switched_off(device& d) {
  if (d.silenced) return;
  d.silenced = true;
  log::info("device_switched_off",
            {{"application", rules_of(d).id}, {"device", d.name()}, {"waiting", d.waiting}});
}

// Whatever leads to its hub; what is with the hub comes again. The state is the caller's matter.
void bridge::end_link(device_ref which, errc why, moment now) {
  auto& d = table_.at(which);
  if (d.state == device_state::provisioning) ports_.provisioner.call_off(which);
  if (d.state == device_state::attaching || d.state == device_state::online) {
    ports_.hub.detach(which);
    ++totals_.detaches;
  }
  end_first_send(which, why, now);
  if (d.in_flight) outbox_.set_in_flight(which, d, false);
}

} // namespace causeway::core
