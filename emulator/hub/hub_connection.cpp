// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_connection.h"

#include "base/earliest.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace causeway::emulator {

hub_connection::hub_connection(hub_service& hub, moment now, std::function<void()> wake)
    : hub_{hub},
      now_{now},
      stream_{hub.container_id(), std::move(wake)},
      links_{hub, stream_, grants_, hub.totals_.connections + 1, now},
      desk_{hub, stream_, links_, grants_},
      intake_{hub, stream_, links_, grants_} {
  hub_.connections_.insert(this);
  ++hub_.totals_.connections;
}

hub_connection::~hub_connection() {
  links_.leave_books();
  hub_.connections_.erase(this);
}

void hub_connection::set_time(moment now) {
  now_ = now;
  links_.at(now);
}

void hub_connection::feed(std::string_view bytes, moment now) {
  set_time(now);
  if (finished() || frozen()) return;
  if (stream_.has_engine()) answer_due(); // what came earlier is answered earlier
  stream_.feed(
      bytes, [this](const amqp::sasl_init& init) { return desk_.admit_login(init, now_); }, now.mono);
  pump();
}

void hub_connection::feed_end(moment now) {
  set_time(now);
  stream_.feed_end();
  if (!frozen()) pump();
}

std::optional<mono_time> hub_connection::tick(moment now) {
  set_time(now);
  const bool is_live = stream_.is_live();
  auto next = stream_.tick(now.mono);
  if (!is_live) return next;
  answer_due();
  pump();
  expire_grants();
  next = earliest({next, next_due()});
  if (const auto expiry = grants_.next_expiry())
    next = earliest({next, now.mono + std::chrono::ceil<std::chrono::milliseconds>(*expiry - hub_time())});
  return next;
}

void hub_connection::cut() {
  stream_.cut();
  links_.leave_books();
  stream_.wake();
}

void hub_connection::freeze(moment now) {
  if (finished() || frozen()) return;
  stream_.freeze(now.mono);
  links_.leave_books();
  stream_.wake();
}

void hub_connection::pump() {
  if (pumping_ || !stream_.has_engine()) return; // a listener of the arrivals may come back here
  pumping_ = true;
  while (auto event = stream_.engine().next_event()) {
    on_event(*event);
    if (stream_.was_cut()) break;
  }
  pumping_ = false;
  stream_.flush();
}

void hub_connection::answer_due() {
  desk_.answer_due(now_.mono);
  links_.answer_due();
  intake_.answer_due(now_);
  stream_.flush();
}

std::optional<mono_time> hub_connection::next_due() const {
  std::optional<mono_time> next;
  for (const auto due : {links_.next_due(), desk_.next_due(now_.mono), intake_.next_due()})
    if (due && (!next || *due < *next)) next = due;
  return next;
}

void hub_connection::on_event(amqp::event& event) {
  using kind = amqp::event_kind;
  switch (event.kind) {
  case kind::connection_opened:
    stream_.engine().open();
    if (const auto fault = hub_.faults().use(fault_kind::hub_not_found, "*"))
      stream_.engine().close({fault->condition, fault->description});
    break;
  case kind::connection_closed:
    links_.leave_books();
    stream_.engine().close();
    break;
  case kind::session_opened:
    links_.on_session_opened(event.session);
    break;
  case kind::session_closed:
    if (const auto* gone = hub_links::of(event.session))
      for (const auto& link : gone->links)
        intake_.forget(link);
    links_.on_session_closed(event.session);
    break;
  case kind::link_opened:
    links_.on_link_opened(event.link);
    break;
  case kind::link_closed:
    if (const auto* gone = hub_links::of(event.link)) intake_.forget(*gone);
    links_.on_link_closed(event.link);
    break;
  case kind::link_flow:
    desk_.answer_due(now_.mono);
    if (auto* link = hub_links::of(event.link)) hub_.desks().on_credit(*link, now_);
    if (event.link.is_sender()) event.link.give_back_drained();
    break;
  case kind::message:
    on_message(event);
    break;
  case kind::message_aborted:
    stream_.take_format(event.link.name());
    if (auto* link = hub_links::of(event.link); link != nullptr && !event.condition.empty()) {
      link->closing = true; // too large: the engine closes the link
      hub_.release(*link, now_);
    }
    break;
  case kind::outcome:
    if (auto* link = hub_links::of(event.link); link != nullptr && !link->closing)
      hub_.desks().on_outcome(*link, event.delivery, now_);
    else
      event.delivery.settle();
    break;
  case kind::transport_fault:
  case kind::transport_closed:
    links_.leave_books();
    stream_.end_after_output();
    break;
  }
}

void hub_connection::on_message(amqp::event& event) {
  const auto format = stream_.take_format(event.link.name());
  auto* link = hub_links::of(event.link);
  if (link == nullptr || link->closing) {
    event.delivery.settle({amqp::outcome_kind::released, {}});
    return;
  }
  switch (link->kind) {
  case link_kind::cbs_request:
    desk_.on_request(*link, event, now_);
    break;
  case link_kind::telemetry:
    intake_.take({link, event.delivery, std::move(event.payload), format, {}}, now_);
    break;
  case link_kind::method:
  case link_kind::twin:
  case link_kind::service_send:
    hub_.desks().on_message(*link, event, now_);
    break;
  case link_kind::cbs_answer:
  case link_kind::c2d:
  case link_kind::feedback:
  case link_kind::file_notifications:
  case link_kind::refused:
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    break;
  }
}

void hub_connection::expire_grants() {
  const auto gone = grants_.take_expired(hub_time());
  std::vector<hub_link*> concerned;
  if (gone.shared) {
    concerned = links_.attached();
  } else {
    for (const auto& device : gone.devices)
      std::ranges::copy(hub_.links_of(device, &links_), std::back_inserter(concerned));
  }
  std::erase_if(concerned, [&](const hub_link* link) { return links_.is_open_to(*link); });
  detach_expired(concerned);
}

void hub_connection::expire_tokens(std::string_view pattern) {
  if (!stream_.is_live()) return;
  if (pattern == "*") grants_.forget_all();
  auto concerned = links_.attached();
  std::erase_if(concerned, [&](const hub_link* link) { return !matches(pattern, link->device.str()); });
  for (const auto* link : concerned)
    grants_.forget(link->device);
  detach_expired(concerned);
}

void hub_connection::detach_expired(const std::vector<hub_link*>& links) {
  for (auto* link : links)
    links_.detach(*link, {"amqp:unauthorized-access",
                          hub_.describe(401003,
                                        link->is_services()
                                            ? "The service's token is expired."
                                            : "The token of device " + link->device.str() + " is expired.",
                                        hub_time())});
}

} // namespace causeway::emulator
