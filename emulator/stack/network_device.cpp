// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/network_device.h"

#include "emulator/stack/downlink_request.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <algorithm>
#include <utility>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

// Measured from the uplink's transmission, or from what it says.
constexpr auto heard_after = 220ms, told_after = 240ms, scheduled_after = 450ms;
constexpr auto window_length = 4s; // a push within it still leaves in the uplink's window
constexpr auto into_open_window = 250ms;
constexpr auto rx1_delay = 5s;
constexpr auto tx_ack_after = 45ms; // of the scheduling
constexpr auto class_c_after = 220ms, class_c_gap = 1500ms, class_c_first = 2000ms, class_c_flight = 600ms;
constexpr auto class_c_lead = 5400ms; // before an absolute time
constexpr auto shortest_hesitation = 4s;
constexpr std::uint64_t hesitations = 3; // 4, 5, 6 s
constexpr auto failed_after = 80ms;      // of the scheduling
constexpr auto join_takes = 1870ms;

constexpr std::size_t longest_of_class_c = 51; // Rx2 of EU868

// pushed: how manieth confirmed item of class C this is.
mono_time hesitates_until(std::uint64_t every, std::uint64_t pushed, moment now) {
  if (every == 0 || pushed % every != 0) return {};
  return now.mono + shortest_hesitation + std::chrono::seconds{pushed / every % hesitations};
}

} // namespace

network_device::network_device(device_names names, network_settings settings, bool has_session,
                               network_context& with, wall_time created, moment now)
    : names_{std::move(names)},
      settings_{std::move(settings)},
      with_{with},
      created_{created},
      updated_{now.wall} {
  if (settings_.abp)
    active_ = make_context({}, now);
  else if (has_session)
    active_ = make_context(with_.ids.make_key_id(), now);
}

mac_context network_device::make_context(std::string session_key_id, moment now) {
  mac_context made;
  const auto digest = sha256(names_.application + "/" + names_.device + "/" + std::to_string(joins_));
  made.session.dev_addr = to_upper(hex_encode({reinterpret_cast<const char*>(digest.data()), 4}));
  if (joins_ == 0 && !settings_.abp) made.session.dev_addr = "27FE87F6"; // as the simulation's uplinks say
  made.session.session_key_id = std::move(session_key_id);
  made.session.started = now.wall;
  ++joins_;
  return made;
}

void network_device::report(network_report what) {
  if (active_) {
    what.dev_addr = active_->session.dev_addr;
    what.session_key_id = active_->session.session_key_id;
  }
  with_.report(names_.application, names_.device, std::move(what));
}

void network_device::report_at(mono_time when, network_report what) {
  what.restarts = with_.restarts;
  with_.steps.at(when, [weak = weak_from_this(), what = std::move(what)](moment) {
    if (const auto self = weak.lock()) self->report(what);
  });
}

std::size_t network_device::longest() const {
  if (settings_.longest != 0) return settings_.longest;
  return settings_.class_c ? longest_of_class_c : longest_payload;
}

mac_session* network_device::current() {
  if (active_) return &active_->session;
  return joining_ ? &joining_->session : nullptr;
}

std::size_t network_device::room() const {
  const auto size = queue().size();
  return size >= mac_session::most_items ? 0 : mac_session::most_items - size;
}

std::vector<const downlink_item*> network_device::queue() const {
  std::vector<const downlink_item*> shown;
  const auto& of = active_ ? active_ : joining_;
  if (!of) return shown;
  for (const auto& item : of->session.queue)
    shown.push_back(&item);
  return shown;
}

void network_device::change(network_settings settings, moment now) {
  settings_ = std::move(settings);
  updated_ = now.wall;
  on_queue_changed(now);
}

// ------------------------------------------------------------ the queue

void network_device::push(std::vector<downlink_item> items, moment now) {
  auto* session = current();
  for (auto& item : items)
    if (item.confirmed && settings_.class_c)
      item.not_before = hesitates_until(settings_.hesitates_every, ++confirmed_pushed_, now);
  session->queue.insert(session->queue.end(), std::make_move_iterator(items.begin()),
                        std::make_move_iterator(items.end()));
  session->renumber();
  on_queue_changed(now);
}

void network_device::replace(std::vector<downlink_item> items, moment now) {
  drop_queue(downlink_end::replaced, now);
  push(std::move(items), now);
}

void network_device::requeue(downlink_item item, moment now) {
  auto* session = current();
  if (session == nullptr) return;
  with_.book.requeue(item.number);
  session->queue.push_front(std::move(item));
  session->renumber();
  on_queue_changed(now);
}

void network_device::drop_queue(downlink_end how, moment now) {
  auto* session = current();
  if (session == nullptr) return;
  for (const auto& item : session->queue)
    with_.book.end(item.number, how, now.wall);
  session->queue.clear();
}

void network_device::remove(moment now) {
  drop_queue(downlink_end::deleted, now);
  if (active_ && active_->mac.pending)
    with_.book.end(active_->mac.pending->number, downlink_end::deleted, now.wall);
}

void network_device::on_queue_changed(moment now) {
  if (settings_.class_c) return plan_class_c(now);
  const auto open_from = window_.opened + scheduled_after;
  if (window_.used || now.mono < open_from || now.mono >= window_.opened + window_length) return;
  with_.steps.at(now.mono + into_open_window,
                 [weak = weak_from_this(), number = window_.number](moment then) {
                   if (const auto self = weak.lock()) self->serve_window(number, false, then);
                 });
}

void network_device::resume(moment at) {
  window_.used = true;
  class_c_due_ = {};
  if (settings_.class_c) plan_class_c(at);
}

// ------------------------------------------------------------ uplinks and joins

void network_device::hear(heard_uplink up, moment now) {
  with_.steps.at(now.mono + heard_after,
                 [weak = weak_from_this(), up = std::move(up), now, before = with_.restarts](moment) {
                   const auto self = weak.lock();
                   if (self && self->with_.restarts == before) self->take_up(up, now);
                 });
}

void network_device::join(moment now) {
  if (settings_.abp) return;
  with_.steps.at(now.mono + join_takes, [weak = weak_from_this(), now, before = with_.restarts](moment then) {
    const auto self = weak.lock();
    if (self && self->with_.restarts == before) self->accept_join(now, then);
  });
}

std::vector<std::string> network_device::uplink_ids(wall_time at) {
  return {with_.ids.make("gs:uplink", at), with_.ids.make("rpc:/ttn.lorawan.v3.GsNs/HandleUplink", at)};
}

void network_device::accept_join(moment requested, moment now) {
  const auto ids = uplink_ids(requested.wall);
  auto made = make_context(with_.ids.make_key_id(), requested);
  made.mac.note(recent_uplink{requested.wall, true, false, false, 0, joins_, ids});
  made.mac.note(recent_downlink{"JOIN_ACCEPT", false, 0, 0,
                                joined_ids(ids, {with_.ids.make("ns:downlink", now.wall),
                                                 with_.ids.make("ns:transmission", now.wall)})});
  network_report what;
  what.kind = report_kind::join;
  what.up = made.mac.uplinks.back();
  what.outer_ids = joined_ids(ids, {with_.ids.make("rpc:/ttn.lorawan.v3.NsAs/HandleUplink", now.wall)});
  what.dev_addr = made.session.dev_addr;
  what.session_key_id = made.session.session_key_id;
  what.restarts = with_.restarts;
  if (joining_) made.session.queue = std::move(joining_->session.queue);
  joining_ = std::move(made);
  joining_->session.renumber();
  updated_ = now.wall;
  with_.report(names_.application, names_.device, std::move(what));
}

// Whether this uplink is the first of another session; then that is the one.
bool network_device::has_changed_session(const heard_uplink& up) {
  if (settings_.abp || up.session_key_id.empty() || !active_) return false;
  auto& session = active_->session;
  if (session.session_key_id == up.session_key_id) return false;
  if (!made_up_) return true;
  session.session_key_id = up.session_key_id;
  session.renumber();
  return false;
}

void network_device::take_up(const heard_uplink& up, moment started) {
  const moment now{started.mono + heard_after, started.wall + heard_after};
  const auto ids = uplink_ids(started.wall);
  std::optional<mac_context> next = std::exchange(joining_, std::nullopt);
  if (next && !up.session_key_id.empty()) next->session.session_key_id = up.session_key_id;
  if (!next && has_changed_session(up)) next = make_context(up.session_key_id, now);
  if (next) activate(std::move(*next), ids, now);
  if (!active_) return;
  made_up_ = false;
  updated_ = now.wall;

  auto& session = active_->session;
  const auto counter = up.f_cnt.value_or(session.last_up ? *session.last_up + 1 : 0);
  session.last_up = counter;
  const bool ack = up.ack.value_or(settings_.acknowledges) && active_->mac.pending.has_value();
  const recent_uplink entry{
      up.received_at.value_or(now.wall), false, up.confirmed, ack, up.f_port, counter, ids};
  active_->mac.note(entry);
  judge_pending(ack, ids, started);

  network_report what;
  what.kind = report_kind::uplink;
  what.up = entry;
  what.told_elsewhere = up.told_elsewhere;
  what.outer_ids = joined_ids(ids, {with_.ids.make("rpc:/ttn.lorawan.v3.NsAs/HandleUplink", now.wall)});
  report_at(started.mono + told_after, std::move(what));

  window_ = {started.mono, window_.number + 1, false, up.confirmed || up.wants_mac_answer, started.wall, ids};
  with_.steps.at(started.mono + scheduled_after,
                 [weak = weak_from_this(), number = window_.number](moment then) {
                   if (const auto self = weak.lock()) self->serve_window(number, true, then);
                 });
  if (!std::exchange(heard_, true)) class_c_earliest_ = started.mono + class_c_first;
  if (settings_.class_c) plan_class_c(now);
}

// The queue goes along, what waits for its ack is nacked.
void network_device::activate(mac_context next, const std::vector<std::string>& uplink_ids, moment now) {
  auto former = std::exchange(active_, std::move(next));
  heard_ = false;
  if (!former) return;
  auto& queue = active_->session.queue;
  queue.insert(queue.begin(), std::make_move_iterator(former->session.queue.begin()),
               std::make_move_iterator(former->session.queue.end()));
  active_->session.renumber();
  if (former->mac.pending)
    report_verdict(report_kind::nack, std::move(*former->mac.pending), uplink_ids,
                   now.mono + (told_after - heard_after));
}

void network_device::judge_pending(bool ack, const std::vector<std::string>& uplink_ids, moment started) {
  auto waiting = std::exchange(active_->mac.pending, std::nullopt);
  if (!waiting) return;
  if (ack) with_.book.end(waiting->number, downlink_end::acknowledged, started.wall + told_after);
  report_verdict(ack ? report_kind::ack : report_kind::nack, std::move(*waiting), uplink_ids,
                 started.mono + told_after);
}

void network_device::report_verdict(report_kind kind, downlink_item item,
                                    const std::vector<std::string>& uplink_ids, mono_time when) {
  network_report what;
  what.kind = kind;
  what.outer_ids =
      joined_ids(uplink_ids, {with_.ids.make("rpc:/ttn.lorawan.v3.NsAs/HandleUplink", updated_)});
  what.item = std::move(item);
  report_at(when, std::move(what));
}

// ------------------------------------------------------------ when what leaves

std::optional<downlink_item> network_device::take_fitting(moment now) {
  auto& queue = active_->session.queue;
  while (!queue.empty()) {
    auto item = std::move(queue.front());
    queue.pop_front();
    if (item.size <= longest()) return item;
    const auto size = item.size;
    fail(std::move(item), too_long(size, longest()), now);
  }
  return std::nullopt;
}

// first: not a push into a window that is still open.
void network_device::serve_window(std::uint64_t number, bool first, moment now) {
  if (number != window_.number || window_.used || !active_) return;
  // Items of class C leave by themselves.
  if (auto item = settings_.class_c ? std::nullopt : take_fitting(now)) {
    window_.used = true;
    transmit(std::move(*item), true, now);
  } else if (first && window_.wants_answer) {
    window_.used = true;
    transmit_empty(now);
  }
}

// Before then the first one of class C must not leave.
mono_time network_device::class_c_from(const downlink_item& item, moment now) const {
  auto from = std::max(class_c_earliest_, item.not_before);
  if (item.confirmed && active_->mac.pending)
    from = std::max<mono_time>(from, pending_since_ + settings_.class_c_timeout);
  if (item.absolute_time)
    from = std::max<mono_time>(from, now.mono + std::chrono::duration_cast<mono_time::duration>(
                                                    *item.absolute_time - now.wall - class_c_lead));
  return from;
}

void network_device::plan_class_c(moment now) {
  if (!active_ || !heard_ || active_->session.queue.empty()) return;
  const auto due =
      std::max<mono_time>(now.mono + class_c_after, class_c_from(active_->session.queue.front(), now));
  if (class_c_due_ > now.mono && class_c_due_ <= due) return;
  class_c_due_ = due;
  with_.steps.at(due, [weak = weak_from_this()](moment then) {
    if (const auto self = weak.lock()) self->serve_class_c(then);
  });
}

void network_device::serve_class_c(moment now) {
  // A step that was put down before another one, earlier or later, does not count.
  const bool due = class_c_due_ != mono_time{} && now.mono >= class_c_due_;
  if (!due || !active_ || active_->session.queue.empty()) return;
  class_c_due_ = {};
  auto& queue = active_->session.queue;
  // Another one may have become the first.
  if (now.mono < class_c_from(queue.front(), now)) return plan_class_c(now);
  if (is_unreachable(settings_, queue.front())) {
    auto item = std::move(queue.front());
    queue.pop_front();
    fail(std::move(item),
         {400, 3, "pkg/networkserver", "fixed_paths", "invalid fixed paths set in application downlink", {}},
         now);
  } else if (auto item = take_fitting(now)) {
    class_c_earliest_ = now.mono + class_c_gap;
    transmit(std::move(*item), false, now);
  }
  plan_class_c(now);
}

void network_device::fail(downlink_item item, stack_fault why, moment now) {
  with_.book.end(item.number, downlink_end::failed, now.wall, why.name);
  network_report what;
  what.kind = report_kind::failed;
  what.item = std::move(item);
  what.outer_ids = {with_.ids.make("as:up", now.wall),
                    with_.ids.make("rpc:/ttn.lorawan.v3.NsAs/HandleUplink", now.wall)};
  what.fault = std::move(why);
  report_at(now.mono + failed_after, std::move(what));
}

void network_device::transmit_empty(moment now) {
  auto& session = active_->session;
  session.last_down = session.next_down();
  session.renumber();
  auto& mac = active_->mac;
  mac.note(recent_downlink{"UNCONFIRMED_DOWN", true, 0, *session.last_down,
                           joined_ids(window_.ids, {with_.ids.make("ns:downlink", now.wall),
                                                    with_.ids.make("ns:transmission", now.wall)})});
  mac.last_downlink_at = mac.last_confirmed_at = window_.started + rx1_delay;
  updated_ = now.wall;
}

void network_device::transmit(downlink_item item, bool in_window, moment now) {
  auto& [session, mac] = *active_;
  session.last_down = item.f_cnt;
  auto ids = std::vector{with_.ids.make("ns:transmission", now.wall)};
  if (in_window) ids = joined_ids(std::move(ids), window_.ids);
  mac.note(recent_downlink{item.confirmed ? "CONFIRMED_DOWN" : "UNCONFIRMED_DOWN", true, item.f_port,
                           item.f_cnt, joined_ids(item.correlation_ids, ids)});
  mac.last_downlink_at = in_window ? window_.started + rx1_delay : now.wall + class_c_flight;
  (in_window ? mac.last_confirmed_at : mac.last_network_initiated_at) = mac.last_downlink_at;
  if (item.confirmed) {
    session.last_confirmed_down = item.f_cnt;
    if (mac.pending) with_.book.end(mac.pending->number, downlink_end::displaced, now.wall);
    mac.pending = item;
    pending_since_ = now.mono;
  }
  updated_ = now.wall;
  if (auto what = send_by_gateway(settings_, with_, item, ids, now))
    report_at(now.mono + tx_ack_after, std::move(*what));
}

} // namespace causeway::emulator
