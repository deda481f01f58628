// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_links.h"

#include "azure/limits.h"

#include <algorithm>
#include <utility>

namespace causeway::emulator {

void hub_links::on_session_opened(amqp::session session) {
  if (of(session) == nullptr) {
    sessions_.emplace_front();
    auto& added = sessions_.front();
    added.self = sessions_.begin();
    session.set_context(reinterpret_cast<std::uintptr_t>(&added));
  }
  session.open();
}

void hub_links::on_session_closed(amqp::session session) {
  if (auto* gone = of(session)) {
    while (!gone->links.empty())
      drop(gone->links.front());
    sessions_.erase(gone->self);
  }
  session.close();
  session.free();
}

void hub_links::on_link_opened(amqp::link native) {
  auto* session = of(native.session());
  if (of(native) != nullptr || session == nullptr) return;
  session->links.emplace_front();
  auto& link = session->links.front();
  link.owner = this;
  link.session = session;
  link.self = session->links.begin();
  link.link = native;
  native.set_context(reinterpret_cast<std::uintptr_t>(&link));

  // A sender of ours answers the client's receiver.
  auto claim =
      read_claim(native.is_sender(), native.remote_source(), native.remote_target(), hub_.options().tier);
  link.kind = claim.kind;
  link.device = std::move(claim.device);
  link.refusal = std::move(claim.refusal);
  if (link.kind == link_kind::telemetry) hub_.connect_window_.arrive(now_.mono);
  if (link.refusal.empty()) link.refusal = judge(link);
  std::chrono::nanoseconds wait = hub_.options().latency.attach;
  if (link.kind == link_kind::telemetry && link.refusal.empty()) wait += charge_connect(link);
  if (link.kind == link_kind::telemetry && link.refusal.empty() && hub_.books_.await(link))
    ++hub_.totals_.links_stolen;
  if (wait.count() == 0) return answer(link);
  const auto due = now_.mono + std::chrono::duration_cast<mono_time::duration>(wait);
  link.due_answer = due_.emplace(due, &link);
}

bool hub_links::is_open_to(const hub_link& link) const {
  const auto now = hub_.time_at(now_);
  return link.is_services() ? grants_.opens_services(now) : grants_.opens(link.device, now);
}

amqp::condition hub_links::judge(const hub_link& link) const {
  if (link.is_services() && !is_open_to(link))
    return {"amqp:unauthorized-access", "There is no token with the right ServiceConnect."};
  if (link.device.empty()) return {}; // a service's, or $cbs
  if (const auto verdict = judge_device(hub_.registry(), link.device); verdict.status != 200)
    return {verdict.status == 404 ? "amqp:not-found" : "amqp:unauthorized-access", verdict.description};
  if (!is_open_to(link)) return {"amqp:unauthorized-access", "Unauthorized access to " + link.device.str()};
  return {};
}

// A telemetry attach is a device's connect. How long it has to wait for its answer; refused: link.refusal.
std::chrono::nanoseconds hub_links::charge_connect(hub_link& link) {
  const bool faulty = hub_.faults().use(fault_kind::throttle_attaches, link.device.str()).has_value();
  const auto wait = faulty ? std::optional<std::chrono::nanoseconds>{} : hub_.connects_.admit(now_.mono);
  auto& totals = hub_.totals_;
  if (!wait) {
    ++totals.throttled_connects;
    link.refusal = {"com.microsoft:device-container-throttled",
                    hub_.describe(429001, "Too many requests: the limit of device connections is exceeded.",
                                  hub_.time_at(now_))};
    return {};
  }
  ++totals.connects;
  if (wait->count() > 0) ++totals.shaped_connects;
  return *wait;
}

void hub_links::answer_due() {
  while (!due_.empty() && due_.begin()->first <= now_.mono) {
    auto& link = *due_.begin()->second;
    due_.erase(due_.begin());
    link.due_answer.reset();
    answer(link);
  }
}

std::optional<mono_time> hub_links::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void hub_links::answer(hub_link& link) {
  // The identity or its token may have gone while the answer waited.
  if (link.refusal.empty()) link.refusal = judge(link);
  if (link.refusal.empty()) return open(link);
  ++hub_.totals_.attaches_refused;
  hub_.release(link, now_);
  link.kind = link_kind::refused;
  link.closing = true;
  link.link.refuse(link.refusal);
}

void hub_links::open(hub_link& link) {
  auto& native = link.link;
  if (link.kind == link_kind::cbs_answer) {
    link.reply_address = native.remote_target();
    answer_links_.push_back(&link);
  }
  native.copy_remote();
  native.set_max_message_size(azure::max_d2c_frame_bytes);
  native.open();
  link.opened = hub_.time_at(now_);
  if (!link.device.empty()) hub_.add_to_books(link, now_);
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
    native.add_credit(telemetry_credit);
  }
  if (link.is_services() || link.kind == link_kind::c2d || link.kind == link_kind::method ||
      link.kind == link_kind::twin)
    hub_.desks().on_open(link, now_);
}

void hub_links::on_link_closed(amqp::link native) {
  if (auto* link = of(native)) {
    // One whose attach was not answered yet is attached and detached at once.
    if (link->due_answer) native.open();
    if (!link->closing) native.close();
    drop(*link);
  }
  native.free();
}

void hub_links::drop(hub_link& link) {
  hub_.release(link, now_);
  if (link.due_answer) due_.erase(*link.due_answer);
  if (link.kind == link_kind::telemetry && !link.due_answer) --telemetry_links_;
  if (link.kind == link_kind::cbs_answer) std::erase(answer_links_, &link);
  auto& session = *link.session;
  session.links.erase(link.self);
}

std::vector<hub_link*> hub_links::attached() {
  std::vector<hub_link*> all;
  for (auto& session : sessions_)
    for (auto& link : session.links)
      if (link.attached || (link.served && link.is_services())) all.push_back(&link);
  return all;
}

hub_link* hub_links::answer_link(const std::string& reply_to) const {
  hub_link* any = nullptr;
  for (auto* link : answer_links_) {
    if (link->closing) continue;
    if (link->reply_address == reply_to) return link;
    any = link;
  }
  return any;
}

void hub_links::detach(hub_link& link, const amqp::condition& why) {
  if (link.closing || !stream_.is_live()) return;
  link.closing = true;
  ++hub_.totals_.detaches;
  hub_.release(link, now_);
  link.link.close(why);
  stream_.flush();
  stream_.wake();
}

bool hub_links::can_transmit(const hub_link& link) const {
  return link.served && !link.closing && stream_.is_live() && link.link.credit() > 0;
}

void hub_links::transmit(hub_link& link, const std::string& tag, const std::string& encoded, bool settled) {
  link.link.send(tag, encoded, settled);
}

void hub_links::send_off() {
  if (!stream_.is_live()) return;
  stream_.flush();
  stream_.wake();
}

void hub_links::replenish(hub_link& link, int credit) {
  if (++link.used * 4 < credit * 3) return;
  give_credit(link, link.used);
  link.used = 0;
}

void hub_links::give_credit(hub_link& link, int credit) {
  const auto& faults = hub_.faults();
  if (!faults.empty() && link.kind == link_kind::telemetry &&
      faults.find(fault_kind::withhold_credit, link.device.str()) != nullptr) {
    link.withheld += credit;
    return;
  }
  link.link.add_credit(credit);
}

void hub_links::give_withheld_credit() {
  if (!stream_.is_live()) return;
  bool given = false;
  for (auto& session : sessions_) {
    for (auto& link : session.links) {
      if (link.withheld == 0 || link.closing) continue;
      give_credit(link, std::exchange(link.withheld, 0));
      given = given || link.withheld == 0;
    }
  }
  if (!given) return;
  stream_.flush();
  stream_.wake();
}

void hub_links::leave_books() {
  for (auto& session : sessions_)
    for (auto& link : session.links)
      hub_.release(link, now_);
}

} // namespace causeway::emulator
