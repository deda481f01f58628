// SPDX-License-Identifier: Apache-2.0
// Sessions and links: how they come, are judged, answered, detached and go.
#include "azure/limits.h"
#include "base/encoding.h"
#include "emulator/hub/hub_connection.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

bool is_cbs(const std::string& address) {
  return equals_ignoring_case(address, cbs_address);
}

bool is_basic(const std::optional<azure::tier>& tier) {
  return tier == azure::tier::b1 || tier == azure::tier::b2 || tier == azure::tier::b3;
}

} // namespace

hub_session& hub_connection::session_of(amqp::session session) {
  if (auto* known = reinterpret_cast<hub_session*>(session.context())) return *known;
  sessions_.emplace_front();
  auto& added = sessions_.front();
  added.self = sessions_.begin();
  session.set_context(reinterpret_cast<std::uintptr_t>(&added));
  return added;
}

void hub_connection::on_session_closed(amqp::session session) {
  auto& gone = session_of(session);
  while (!gone.links.empty())
    drop_link(gone.links.front());
  sessions_.erase(gone.self);
  session.close();
  session.free();
}

void hub_connection::on_link_opened(amqp::link native) {
  if (native.context() != 0) return;
  auto& session = session_of(native.session());
  session.links.emplace_front();
  auto& link = session.links.front();
  link.owner = this;
  link.session = &session;
  link.self = session.links.begin();
  link.link = native;
  native.set_context(reinterpret_cast<std::uintptr_t>(&link));

  identify(link);
  if (link.kind == link_kind::telemetry) hub_.connect_window_.arrive(now_.mono);
  if (link.refusal.empty()) link.refusal = judge_attach(link);
  std::chrono::nanoseconds wait = hub_.options().latency.attach;
  if (link.kind == link_kind::telemetry && link.refusal.empty()) wait += charge_connect(link);
  if (wait.count() == 0) {
    answer_attach(link);
    return;
  }
  const auto due = now_.mono + std::chrono::duration_cast<mono_time::duration>(wait);
  link.due_answer = attaches_due_.emplace(due, &link);
}

// What the client attaches to. A sender of ours answers the client's receiver: its address is the source.
void hub_connection::identify(hub_link& link) {
  const bool to_client = link.link.is_sender();
  const auto source = link.link.remote_source(), target = link.link.remote_target();
  if (is_cbs(source) || is_cbs(target)) {
    link.kind = to_client ? link_kind::cbs_answer : link_kind::cbs_request;
    return;
  }
  auto address = azure::parse_link_address(to_client ? source : target);
  if (!address || (address->role == azure::link_role::telemetry && to_client) ||
      (address->role == azure::link_role::c2d && !to_client)) {
    link.kind = link_kind::refused;
    link.refusal = {"amqp:not-found", "The link address did not match any of the expected formats"};
    return;
  }
  link.device = std::move(address->device);
  switch (address->role) {
  case azure::link_role::telemetry:
    link.kind = link_kind::telemetry;
    return;
  case azure::link_role::c2d:
    link.kind = link_kind::c2d;
    break;
  case azure::link_role::methods:
    link.kind = link_kind::method;
    break;
  case azure::link_role::twin:
    link.kind = link_kind::refused;
    link.refusal = judge_attach(link);
    if (link.refusal.empty()) link.refusal = {"amqp:not-implemented", "the emulator has no twins"};
    break;
  }
  // Inferred: the documents say that the basic tier lacks these, not how the hub refuses the links.
  if (is_basic(hub_.options().tier)) {
    link.kind = link_kind::refused;
    link.refusal = {"amqp:not-allowed", "The basic tier has no cloud-to-device communication."};
  }
}

amqp::condition hub_connection::judge_attach(const hub_link& link) const {
  if (link.device.empty()) return {}; // $cbs
  if (const auto verdict = judge_device(hub_.registry(), link.device); verdict.status != 200)
    return {verdict.status == 404 ? "amqp:not-found" : "amqp:unauthorized-access", verdict.description};
  if (!authorised(link.device))
    return {"amqp:unauthorized-access", "Unauthorized access to " + link.device.str()};
  return {};
}

// A telemetry attach is a device's connect. How long it has to wait for its answer; refused: link.refusal.
std::chrono::nanoseconds hub_connection::charge_connect(hub_link& link) {
  const bool faulty = hub_.faults().use(fault_kind::throttle_attaches, link.device.str()).has_value();
  const auto wait = faulty ? std::optional<std::chrono::nanoseconds>{} : hub_.connects_.admit(now_.mono);
  auto& totals = hub_.totals_;
  if (!wait) {
    ++totals.throttled_connects;
    link.refusal = {
        "com.microsoft:device-container-throttled",
        hub_.describe(429001, "Too many requests: the limit of device connections is exceeded.", hub_time())};
    return {};
  }
  ++totals.connects;
  if (wait->count() > 0) ++totals.shaped_connects;
  return *wait;
}

void hub_connection::answer_attach(hub_link& link) {
  // The identity or its token may have gone while the answer waited.
  if (link.refusal.empty()) link.refusal = judge_attach(link);
  if (link.refusal.empty()) {
    open_link(link);
    return;
  }
  ++hub_.totals_.attaches_refused;
  link.kind = link_kind::refused;
  link.closing = true;
  link.link.refuse(link.refusal);
}

void hub_connection::open_link(hub_link& link) {
  auto& native = link.link;
  if (link.kind == link_kind::cbs_answer) {
    link.reply_address = native.remote_target();
    answer_links_.push_back(&link);
  }
  native.copy_remote();
  native.set_max_message_size(azure::max_d2c_frame_bytes);
  native.open();
  if (!link.device.empty()) hub_.add_to_books(link, {now_.mono, hub_time()});
  if (link.kind == link_kind::telemetry) {
    ++telemetry_links_;
    auto& totals = hub_.totals_;
    ++totals.attaches;
    totals.last_attach = now_.wall + hub_.options().latency.answer;
    if (!totals.first_attach) totals.first_attach = totals.last_attach;
    give_credit(link, telemetry_credit);
  } else if (link.kind == link_kind::cbs_request) {
    native.add_credit(cbs_credit);
  } else if (!native.is_sender()) {
    native.add_credit(telemetry_credit); // answers to direct methods; there are none
  }
}

void hub_connection::on_link_closed(amqp::link native) {
  if (auto* link = reinterpret_cast<hub_link*>(native.context())) {
    // One whose attach was not answered yet is attached and detached at once.
    if (link->due_answer) native.open();
    if (!link->closing) native.close();
    drop_link(*link);
  }
  native.free();
}

void hub_connection::drop_link(hub_link& link) {
  hub_.remove_from_books(link);
  if (link.due_answer) attaches_due_.erase(*link.due_answer);
  if (link.kind == link_kind::telemetry && !link.due_answer) --telemetry_links_;
  if (link.kind == link_kind::cbs_answer) std::erase(answer_links_, &link);
  const auto on_it = [&](const held_message& message) { return message.on == &link; };
  std::erase_if(held_, on_it);
  std::erase_if(shaped_, on_it);
  std::erase_if(late_, [&](const auto& outcome) { return outcome.second.on == &link; });
  auto& session = *link.session;
  session.links.erase(link.self);
}

void hub_connection::remove_from_books() {
  for (auto& session : sessions_)
    for (auto& link : session.links)
      hub_.remove_from_books(link);
}

void hub_connection::detach(hub_link& link, const amqp::condition& why) {
  if (link.closing || finished() || frozen()) return;
  link.closing = true;
  ++hub_.totals_.detaches;
  hub_.remove_from_books(link);
  link.link.close(why);
  flush();
  wake();
}

} // namespace causeway::emulator
