// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/telemetry_intake.h"

#include "azure/limits.h"
#include "emulator/hub/d2c_decoder.h"

#include <algorithm>
#include <utility>

namespace causeway::emulator {

void telemetry_intake::take(telemetry_message message, moment now) {
  const auto wait = hub_.sends_.admit(now.mono);
  auto& totals = hub_.totals_;
  if (!wait) {
    ++totals.sends_throttled;
    links_.replenish(*message.on, telemetry_credit);
    return reject(message.delivery, "com.microsoft:device-container-throttled",
                  hub_.describe(429001, "Too many requests: the limit of device-to-cloud sends is exceeded.",
                                hub_.time_at(now)));
  }
  if (wait->count() == 0) return on_turn(std::move(message), now);
  ++totals.sends_shaped;
  message.due = now.mono + std::chrono::duration_cast<mono_time::duration>(*wait);
  shaped_.push_back(std::move(message)); // at most two seconds' worth
}

void telemetry_intake::on_turn(telemetry_message message, moment now) {
  if (hub_.faults().active(fault_kind::hub_hang)) {
    held_.push_back(std::move(message)); // as many as there is credit for
    return;
  }
  judge(message, now);
}

void telemetry_intake::judge(const telemetry_message& received, moment now) {
  auto& on = *received.on;
  auto delivery = received.delivery;
  const auto& payload = received.payload;
  if (on.closing) {
    delivery.settle({amqp::outcome_kind::released, {}});
    return;
  }
  links_.replenish(on, telemetry_credit);
  if (payload.size() > azure::max_d2c_bytes)
    return reject(delivery, "amqp:link:message-size-exceeded", "The message is larger than 262144 bytes.");
  if (!hub_.faults().empty() && refuse_for_fault(on, delivery)) return;
  auto messages = decode_d2c(payload, received.format);
  if (!messages) return reject(delivery, "amqp:decode-error", messages.fault().message());
  std::uint64_t pieces = 0;
  for (const auto& one : *messages)
    pieces += hub_.meter_.pieces(metered_bytes(one.message));
  if (!hub_.meter_.admit(pieces, hub_.time_at(now))) {
    ++hub_.totals_.sends_over_quota;
    return reject(delivery, "amqp:resource-limit-exceeded", describe_exhausted_quota(hub_.time_at(now)));
  }
  for (auto& [message, encoded] : *messages) {
    if (hub_.events_ != nullptr) keep_event(on, encoded.empty() ? payload : encoded, hub_.time_at(now));
    hub_.arrivals().record(on.device, std::move(message), now.wall, hub_.index());
  }
  accept(on, delivery, now.mono);
}

bool telemetry_intake::refuse_for_fault(const hub_link& on, amqp::delivery delivery) {
  auto& faults = hub_.faults();
  const auto& device = on.device.str();
  if (const auto fault = faults.use(fault_kind::reject_messages, device)) {
    reject(delivery, fault->condition, fault->description);
    return true;
  }
  if (faults.use(fault_kind::release_messages, device)) {
    ++hub_.totals_.messages_released;
    delivery.settle({amqp::outcome_kind::released, {}});
    return true;
  }
  if (faults.use(fault_kind::modify_messages, device)) {
    ++hub_.totals_.messages_modified;
    delivery.settle({amqp::outcome_kind::modified, {}});
    return true;
  }
  return false;
}

// What arrived counts from now on, whether or not the answer reaches the client.
void telemetry_intake::accept(hub_link& on, amqp::delivery delivery, mono_time now) {
  if (!hub_.faults().empty()) {
    if (const auto fault = hub_.faults().use(fault_kind::slow_accepts, on.device.str())) {
      const auto wait = std::chrono::duration_cast<mono_time::duration>(fault->delay);
      late_.emplace(now + wait, late_outcome{&on, delivery}); // as many as there is credit for
      stream_.wake();
      return;
    }
  }
  delivery.settle({amqp::outcome_kind::accepted, {}});
}

// The service's own sentence, under error number 403002 (B.10).
std::string telemetry_intake::describe_exhausted_quota(wall_time now) const {
  const auto limit = std::to_string(hub_.meter_.options().limit.value_or(0));
  return hub_.describe(403002,
                       "Total number of messages on IotHub '" + hub_.registry().host() +
                           "' exceeded the allocated quota. Max allowed message count : '" + limit +
                           "', current message count : '" + std::to_string(hub_.meter_.used(now)) +
                           "'. Send and Receive operations are blocked for this hub until the next UTC day. "
                           "Consider increasing "
                           "the units for this hub to increase the quota.",
                       now);
}

void telemetry_intake::keep_event(const hub_link& on, std::string encoded, wall_time now) {
  hub_event event;
  event.device = on.device;
  if (const auto* found = hub_.registry().find(on.device)) event.generation = found->generation;
  event.by_policy = !grants_.has_own(on.device);
  const auto properties = on.link.remote_properties();
  if (const auto* model = properties.find("com.microsoft:model-id"))
    if (const auto* text = model->text()) event.model_id = *text;
  event.encoded = std::move(encoded);
  event.at = now;
  hub_.events_->append(std::move(event));
}

void telemetry_intake::reject(amqp::delivery delivery, const std::string& condition,
                              const std::string& description) {
  ++hub_.totals_.messages_rejected;
  delivery.settle({amqp::outcome_kind::rejected, {condition, description}});
}

void telemetry_intake::resume(moment now) {
  if (held_.empty() || !stream_.is_live()) return;
  while (!held_.empty()) {
    auto held = std::move(held_.front());
    held_.pop_front();
    judge(held, now);
  }
  stream_.flush();
  stream_.wake();
}

void telemetry_intake::answer_due(moment now) {
  while (!shaped_.empty() && shaped_.front().due <= now.mono) {
    auto message = std::move(shaped_.front());
    shaped_.pop_front();
    on_turn(std::move(message), now);
  }
  while (!late_.empty() && late_.begin()->first <= now.mono) {
    auto outcome = late_.begin()->second;
    late_.erase(late_.begin());
    outcome.delivery.settle({amqp::outcome_kind::accepted, {}});
  }
}

std::optional<mono_time> telemetry_intake::next_due() const {
  if (shaped_.empty() && late_.empty()) return std::nullopt;
  const auto turn = shaped_.empty() ? mono_time::max() : shaped_.front().due;
  const auto outcome = late_.empty() ? mono_time::max() : late_.begin()->first;
  return std::min(turn, outcome);
}

void telemetry_intake::forget(const hub_link& link) {
  const auto on_it = [&](const telemetry_message& message) { return message.on == &link; };
  std::erase_if(held_, on_it);
  std::erase_if(shaped_, on_it);
  std::erase_if(late_, [&](const auto& outcome) { return outcome.second.on == &link; });
}

} // namespace causeway::emulator
