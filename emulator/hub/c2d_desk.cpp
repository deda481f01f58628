// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/c2d_desk.h"

#include "azure/names.h"
#include "emulator/hub/c2d_codec.h"
#include "emulator/hub/hub_links.h"
#include "emulator/hub/hub_service.h"

#include <utility>

namespace causeway::emulator {
namespace {

std::optional<settlement> settlement_of(const amqp::delivery& delivery) {
  switch (delivery.remote_outcome().kind) {
  case amqp::outcome_kind::accepted:
    return settlement::complete;
  case amqp::outcome_kind::rejected:
    return settlement::reject;
  case amqp::outcome_kind::released:
  case amqp::outcome_kind::modified: // inferred
    return settlement::abandon;
  case amqp::outcome_kind::none:
    if (delivery.remotely_settled()) return settlement::abandon; // inferred
    return std::nullopt;
  case amqp::outcome_kind::received:
    break;
  }
  return std::nullopt;
}

} // namespace

void c2d_desk::on_open(hub_link& link, moment now) {
  if (link.kind == link_kind::feedback) readers_[&link];
  deliver(link, now);
}

void c2d_desk::on_gone(hub_link& link, moment now) {
  if (link.kind == link_kind::c2d) {
    state_.mail.release(link.device, now.mono);
    return;
  }
  const auto reader = readers_.find(&link);
  if (reader == readers_.end()) return;
  for (const auto& token : reader->second)
    state_.mail.release_feedback(token);
  readers_.erase(reader);
  offer_feedback(now);
}

void c2d_desk::deliver(hub_link& link, moment now) {
  bool any = false;
  while (link.owner->can_transmit(link)) {
    const bool to_device = link.kind == link_kind::c2d;
    const auto* message =
        to_device ? state_.mail.take(link.device, now.mono) : state_.mail.take_feedback(now.mono);
    if (message == nullptr) break;
    if (!to_device) readers_[&link].push_back(message->lock->token);
    const auto to = to_device ? azure::link_address(azure::link_role::c2d, link.device) : message->content.to;
    link.owner->transmit(link, message->lock->token.dotnet_bytes(), encode_queued(*message, to), false);
    any = true;
  }
  if (any) link.owner->send_off();
}

void c2d_desk::on_outcome(hub_link& link, amqp::delivery delivery, moment now) {
  const auto how = settlement_of(delivery);
  if (!how) return; // it is not over
  const auto token = guid::from_dotnet_bytes(delivery.tag());
  if (!token || !link.served) {
    delivery.settle();
    return;
  }
  if (link.kind == link_kind::feedback) {
    std::erase(readers_[&link], *token);
    state_.mail.settle_feedback(*token, *how, now.mono);
    delivery.settle();
    return offer_feedback(now);
  }
  if (!state_.mail.settle(link.device, *token, *how, now)) return on_dead_lock(link, delivery, now);
  delivery.settle();
  deliver(link, now);
  offer_feedback(now);
}

// The documents have the error, and not what becomes of the link: both, by a fault.
void c2d_desk::on_dead_lock(hub_link& link, amqp::delivery delivery, moment now) {
  const amqp::condition lost{"com.microsoft:message-lock-lost",
                             hub_.describe(412002, "The message lock is lost.", now.wall)};
  if (delivery.remotely_settled())
    delivery.settle();
  else
    delivery.settle({amqp::outcome_kind::rejected, lost}); // who waits for an answer is told (inferred)
  if (hub_.faults().use(fault_kind::dead_lock_detaches, link.device.str())) link.owner->detach(link, lost);
}

void c2d_desk::on_sent(hub_link& link, amqp::event& event, moment now) {
  const auto reject = [&](const amqp::condition& why) {
    event.delivery.settle({amqp::outcome_kind::rejected, why});
  };
  link.owner->replenish(link, telemetry_credit);
  auto [sent, fault] = read_sent_c2d(event.payload);
  if (!sent) return reject(fault);
  const auto& device = sent->device;
  if (hub_.registry().find(device) == nullptr)
    return reject(
        {"amqp:not-found", hub_.describe(404001, "Device " + device.str() + " not registered.", now.wall)});
  switch (send(device, std::move(sent->message), now)) {
  case c2d_verdict::taken:
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    break;
  case c2d_verdict::full:
    reject({"amqp:resource-limit-exceeded",
            hub_.describe(403004, "The device's queue has 50 messages already.", now.wall)});
    break;
  case c2d_verdict::too_large:
    reject({"amqp:link:message-size-exceeded", "The message is larger than 65536 bytes."});
    break;
  }
}

c2d_verdict c2d_desk::send(const identity& device, hub_message message, moment now) {
  const auto* known = hub_.registry().find(device);
  const auto fault = hub_.faults().use(fault_kind::c2d_delay, device.str());
  const auto verdict =
      state_.mail.add(device, known == nullptr ? std::string{} : std::to_string(known->generation),
                      std::move(message), fault ? fault->delay : std::chrono::milliseconds{0}, now);
  offer(device, now);
  return verdict;
}

void c2d_desk::offer(const identity& device, moment now) {
  if (auto* link = hub_.exclusive_link(device, link_kind::c2d)) deliver(*link, now);
}

void c2d_desk::offer_feedback(moment now) {
  if (!state_.mail.has_feedback(now.mono)) return;
  for (auto& [link, in_hand] : readers_)
    deliver(*link, now);
}

} // namespace causeway::emulator
