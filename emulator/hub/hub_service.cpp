// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_service.h"

#include "base/encoding.h"
#include "emulator/hub/hub_connection.h"

#include <algorithm>

namespace causeway::emulator {

hub_totals& hub_totals::operator+=(const hub_totals& more) {
  connections += more.connections;
  connections_refused += more.connections_refused;
  put_tokens += more.put_tokens;
  put_tokens_refused += more.put_tokens_refused;
  attaches += more.attaches;
  attaches_refused += more.attaches_refused;
  detaches += more.detaches;
  link_conflicts += more.link_conflicts;
  links_stolen += more.links_stolen;
  c2d_links_stolen += more.c2d_links_stolen;
  method_links_stolen += more.method_links_stolen;
  twin_links_stolen += more.twin_links_stolen;
  messages_rejected += more.messages_rejected;
  messages_released += more.messages_released;
  messages_modified += more.messages_modified;
  sends_over_quota += more.sends_over_quota;
  sends_throttled += more.sends_throttled;
  sends_shaped += more.sends_shaped;
  connects += more.connects;
  shaped_connects += more.shaped_connects;
  throttled_connects += more.throttled_connects;
  connects_in_busiest_second = std::max(connects_in_busiest_second, more.connects_in_busiest_second);
  if (more.first_attach && (!first_attach || *more.first_attach < *first_attach))
    first_attach = more.first_attach;
  if (more.last_attach && (!last_attach || *more.last_attach > *last_attach)) last_attach = more.last_attach;
  return *this;
}

hub_service::hub_service(identity_registry& registry, causeway::emulator::arrivals& accepted,
                         fault_table& faults, std::string container_id, std::size_t index,
                         hub_options options)
    : registry_{registry},
      arrivals_{accepted},
      faults_{faults},
      container_id_{std::move(container_id)},
      index_{index},
      options_{options},
      clock_{faults, "hub"},
      connects_{options.throttles.connects_per_second},
      sends_{options.throttles.sends_per_second},
      meter_{options.daily},
      desks_{*this, container_id_, registry.host()} {}

hub_totals hub_service::totals() const {
  auto totals = totals_;
  totals.connects_in_busiest_second = connect_window_.busiest();
  return totals;
}

void hub_service::reset_connects() {
  totals_.connects = totals_.shaped_connects = totals_.throttled_connects = 0;
  totals_.first_attach.reset();
  totals_.last_attach.reset();
  connect_window_.reset();
}

void hub_service::cut_all() {
  for (auto* connection : connections_)
    connection->cut();
}

void hub_service::close_all(const amqp::condition& why) {
  for (auto* connection : connections_)
    connection->close(why);
}

void hub_service::freeze_all(moment now) {
  for (auto* connection : connections_)
    connection->freeze(now);
}

void hub_service::detach(const identity& device, const amqp::condition& why, std::optional<link_kind> only) {
  for (auto* link : books_.of(device)) // detaching takes them out of the books
    if (!only || link->kind == *only) link->owner->detach(*link, why);
}

std::vector<link_view> hub_service::links_of(const identity& device) const {
  std::vector<link_view> views;
  for (const auto* link : books_.of(device))
    views.push_back(
        {link->kind, link->link.is_sender(), link->owner->number(), link->opened, link->link.credit()});
  return views;
}

hub_link* hub_service::exclusive_link(const identity& device, link_kind kind) const {
  const auto links = books_.of(device);
  const auto found = std::find_if(links.begin(), links.end(), [=](const hub_link* link) {
    return link->kind == kind && link->exclusive() && !link->closing;
  });
  return found == links.end() ? nullptr : *found;
}

void hub_service::expire_tokens(std::string_view pattern) {
  for (auto* connection : connections_)
    connection->expire_tokens(pattern);
}

void hub_service::review(const identity& device, moment now) {
  const auto verdict = judge_device(registry_, device);
  if (verdict.status == 404) desks_.forget(device, now);
  if (verdict.status == 200) return;
  for (auto* connection : connections_)
    connection->forget_token(device);
  detach(device,
         {verdict.status == 404 ? "amqp:not-found" : "amqp:unauthorized-access", verdict.description});
}

void hub_service::review_faults() {
  const bool gone = faults_.active(fault_kind::hub_gone);
  const bool cut_off = gone || faults_.active(fault_kind::hub_not_found);
  if (cut_off && !was_cut_off_) cut_all();
  was_cut_off_ = cut_off;
  if (gone != was_gone_ && on_presence_) on_presence_(!gone);
  was_gone_ = gone;
  if (!faults_.active(fault_kind::hub_hang)) resume();
  for (auto* connection : connections_)
    connection->give_withheld_credit();
}

void hub_service::resume() {
  for (auto* connection : connections_)
    connection->resume();
}

std::string hub_service::describe(int code, std::string_view message, wall_time now) const {
  const auto time = format_rfc3339(now);
  const auto digits = container_id_.rfind('_');
  return "{\"errorCode\":" + std::to_string(code) + ",\"trackingId\":\"" +
         container_id_.substr(digits == std::string::npos ? 0 : digits + 1) + "-G:0-TimeStamp:" + time +
         "\",\"message\":" + json_quoted(message) + ",\"timestampUtc\":\"" + time + "\"}";
}

void hub_service::add_to_books(hub_link& link, moment now) {
  if (auto* loser = link.exclusive() ? exclusive_link(link.device, link.kind) : nullptr) {
    ++totals_.link_conflicts;
    if (loser->owner != link.owner) count_theft(link.kind);
    loser->owner->detach(*loser,
                         {"com.microsoft:link-creation-conflict",
                          describe(409002, "Another Amqp client opened a receiver link", time_at(now))});
  }
  books_.add(link);
}

void hub_service::count_theft(link_kind kind) {
  if (kind == link_kind::c2d) ++totals_.c2d_links_stolen;
  if (kind == link_kind::method) ++totals_.method_links_stolen;
  if (kind == link_kind::twin) ++totals_.twin_links_stolen;
}

void hub_service::release(hub_link& link, moment now) {
  books_.remove(link);
  desks_.on_gone(link, now);
}

std::vector<hub_link*> hub_service::links_of(const identity& device, const hub_links* on) const {
  auto links = books_.of(device);
  std::erase_if(links, [on](const hub_link* link) { return link->owner != on; });
  return links;
}

} // namespace causeway::emulator
