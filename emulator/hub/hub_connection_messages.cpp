// SPDX-License-Identifier: Apache-2.0
// What arrives on links (azure-iot-wire.md B.5).
#include "azure/limits.h"
#include "emulator/hub/d2c_decoder.h"
#include "emulator/hub/hub_connection.h"

namespace causeway::emulator {

void hub_connection::on_message(amqp::event& event) {
  const auto format = frames_.take_format(event.link.name());
  auto* link = reinterpret_cast<hub_link*>(event.link.context());
  if (link == nullptr || link->closing) {
    event.delivery.settle({amqp::outcome_kind::released, {}});
    return;
  }
  switch (link->kind) {
  case link_kind::cbs_request:
    on_put_token(*link, event);
    break;
  case link_kind::telemetry:
    take_telemetry({link, event.delivery, std::move(event.payload), format, {}});
    break;
  case link_kind::cbs_answer:
  case link_kind::c2d:
  case link_kind::method:
  case link_kind::refused:
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    break;
  }
}

// A message has come: it passes, waits for its turn or is refused by quota.
void hub_connection::take_telemetry(held_message message) {
  const auto wait = hub_.sends_.admit(now_.mono);
  auto& totals = hub_.totals_;
  if (!wait) {
    ++totals.sends_throttled;
    replenish(*message.on, telemetry_credit);
    return reject(message.delivery, "com.microsoft:device-container-throttled",
                  hub_.describe(429001, "Too many requests: the limit of device-to-cloud sends is exceeded.",
                                hub_time()));
  }
  if (wait->count() == 0) return on_telemetry(std::move(message));
  ++totals.sends_shaped;
  message.due = now_.mono + std::chrono::duration_cast<mono_time::duration>(*wait);
  shaped_.push_back(std::move(message)); // at most two seconds' worth
}

// Its turn has come.
void hub_connection::on_telemetry(held_message message) {
  if (hub_.faults().active(fault_kind::hub_hang)) {
    held_.push_back(std::move(message)); // as many as there is credit for
    return;
  }
  judge_telemetry(message);
}

void hub_connection::judge_telemetry(const held_message& received) {
  auto& on = *received.on;
  auto delivery = received.delivery;
  const auto& payload = received.payload;
  if (on.closing) {
    delivery.settle({amqp::outcome_kind::released, {}});
    return;
  }
  replenish(on, telemetry_credit);
  if (payload.size() > azure::max_d2c_bytes)
    return reject(delivery, "amqp:link:message-size-exceeded", "The message is larger than 262144 bytes.");
  if (!hub_.faults().empty() && refuse_for_fault(on, delivery)) return;
  auto messages = decode_d2c(payload, received.format);
  if (!messages) return reject(delivery, "amqp:decode-error", messages.fault().message());
  std::uint64_t pieces = 0;
  for (const auto& one : *messages)
    pieces += hub_.meter_.pieces(metered_bytes(one.message));
  if (!hub_.meter_.admit(pieces, hub_time())) {
    ++hub_.totals_.sends_over_quota;
    return reject(delivery, "amqp:resource-limit-exceeded", describe_exhausted_quota());
  }
  for (auto& [message, encoded] : *messages) {
    if (hub_.events_ != nullptr) keep_event(on, encoded.empty() ? payload : encoded);
    hub_.arrivals().record(on.device, std::move(message), now_.wall, hub_.index());
  }
  accept(on, delivery);
}

bool hub_connection::refuse_for_fault(const hub_link& on, amqp::delivery delivery) {
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
void hub_connection::accept(hub_link& on, amqp::delivery delivery) {
  if (!hub_.faults().empty()) {
    if (const auto fault = hub_.faults().use(fault_kind::slow_accepts, on.device.str())) {
      const auto wait = std::chrono::duration_cast<mono_time::duration>(fault->delay);
      late_.emplace(now_.mono + wait, late_outcome{&on, delivery}); // as many as there is credit for
      wake();
      return;
    }
  }
  delivery.settle({amqp::outcome_kind::accepted, {}});
}

// The service's own sentence, under error number 403002 (B.10).
std::string hub_connection::describe_exhausted_quota() const {
  const auto now = hub_time();
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

void hub_connection::keep_event(const hub_link& on, std::string encoded) {
  hub_event event;
  event.device = on.device;
  if (const auto* found = hub_.registry().find(on.device)) event.generation = found->generation;
  event.by_policy = !has_own_token(on.device);
  const auto properties = on.link.remote_properties();
  if (const auto* model = properties.find("com.microsoft:model-id"))
    if (const auto* text = model->text()) event.model_id = *text;
  event.encoded = std::move(encoded);
  event.at = hub_time();
  hub_.events_->append(std::move(event));
}

void hub_connection::reject(amqp::delivery delivery, const std::string& condition,
                            const std::string& description) {
  ++hub_.totals_.messages_rejected;
  delivery.settle({amqp::outcome_kind::rejected, {condition, description}});
}

void hub_connection::replenish(hub_link& link, int credit) {
  if (++link.used * 4 < credit * 3) return;
  give_credit(link, link.used);
  link.used = 0;
}

void hub_connection::give_credit(hub_link& link, int credit) {
  const auto& faults = hub_.faults();
  if (!faults.empty() && link.kind == link_kind::telemetry &&
      faults.find(fault_kind::withhold_credit, link.device.str()) != nullptr) {
    link.withheld += credit;
    return;
  }
  link.link.add_credit(credit);
}

void hub_connection::give_withheld_credit() {
  if (!engine_ || finished() || frozen()) return;
  bool given = false;
  for (auto& session : sessions_) {
    for (auto& link : session.links) {
      if (link.withheld == 0 || link.closing) continue;
      give_credit(link, std::exchange(link.withheld, 0));
      given = given || link.withheld == 0;
    }
  }
  if (!given) return;
  flush();
  wake();
}

void hub_connection::resume() {
  if (held_.empty() || !engine_ || finished() || frozen()) return;
  while (!held_.empty()) {
    auto held = std::move(held_.front());
    held_.pop_front();
    judge_telemetry(held);
  }
  flush();
  wake();
}

} // namespace causeway::emulator
