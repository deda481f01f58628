// SPDX-License-Identifier: Apache-2.0
#include "hub/device_session.h"

#include "base/check.h"
#include "hub/device_links.h"

#include <algorithm>
#include <array>
#include <utility>

namespace causeway::hub {

void device_session::begin(amqp::engine& engine, std::uint64_t link_number,
                           const std::string& client_version) {
  session = engine.new_session();
  session.set_context(static_cast<std::uintptr_t>(context()));
  session.open();
  telemetry = open_link(device_link::telemetry, session,
                        {identity, client_version, link_number, std::move(wish->model_id), {}});
  wish.reset();
  state = session_state::attaching;
}

bool device_session::is_usable() const {
  return is_open(telemetry) && telemetry.credit() > 0;
}

void device_session::send(spool_seq number, std::string encoded) {
  seq = number;
  sending = true;
  waiting = std::move(encoded);
  send_waiting();
}

void device_session::send_waiting() {
  if (waiting.empty() || telemetry.credit() <= 0) return;
  // One message at a time: its number is unique among the link's unsettled.
  std::array<char, sizeof seq> tag{};
  for (std::size_t i = 0; i < tag.size(); ++i)
    tag[i] = static_cast<char>((seq >> (8 * i)) & 0xff);
  in_flight = telemetry.send({tag.data(), tag.size()}, waiting, false);
  drop_waiting();
}

void device_session::drop_waiting() {
  std::string{}.swap(waiting); // its memory too: assigning nothing would keep that
}

void device_session::end() {
  state = session_state::ending;
  drop_waiting();
  in_flight = {};
  sending = false;
  if (session.remote_begun()) close();
}

void device_session::on_begun() {
  if (state == session_state::ending) close();
}

void device_session::close() {
  if (telemetry) telemetry.close();
  if (commands) commands->close();
  session.close();
}

device_session& session_table::acquire(device_ref device) {
  CAUSEWAY_CHECK(!by_device_.contains(device));
  if (vacant_.empty()) {
    const auto place = static_cast<std::uint32_t>(places_.size());
    places_.emplace_back().place = place;
    vacant_.push_back(place);
  }
  device_session& given = places_[vacant_.back()];
  vacant_.pop_back();
  by_device_.emplace(device, given.place);
  given.device = device;
  given.state = session_state::queued;
  return given;
}

void session_table::disown(const device_session& what) {
  const auto owned = by_device_.find(what.device);
  if (owned != by_device_.end() && owned->second == what.place) by_device_.erase(owned);
}

void session_table::release(device_session& what) {
  disown(what);
  const std::uint32_t place = what.place;
  const std::uint32_t generation = what.generation + 1;
  what = {};
  what.place = place;
  what.generation = generation;
  vacant_.push_back(place);
}

device_session* session_table::find(device_ref device) {
  const auto owned = by_device_.find(device);
  return owned == by_device_.end() ? nullptr : &places_[owned->second];
}

device_session* session_table::find_context(std::uint64_t context) {
  const auto low = static_cast<std::uint32_t>(context & 0xffffffffu);
  if (low < 2 || low - 2 >= places_.size()) return nullptr;
  device_session& found = places_[low - 2];
  return found.state != session_state::vacant && found.context() == context ? &found : nullptr;
}

std::vector<std::uint32_t> session_table::owned() const {
  std::vector<std::uint32_t> all;
  all.reserve(by_device_.size());
  for (const auto& [device, place] : by_device_)
    all.push_back(place);
  std::ranges::sort(all); // so that what follows does not depend on hashing
  return all;
}

void deadline_list::push(device_session& what, mono_time due) {
  what.answer_due = due;
  what.earlier = back_;
  what.later = none;
  if (back_ != none)
    in_.at(back_).later = what.place;
  else
    front_ = what.place;
  back_ = what.place;
}

void deadline_list::remove(device_session& what) {
  if (what.earlier != none)
    in_.at(what.earlier).later = what.later;
  else
    front_ = what.later;
  if (what.later != none)
    in_.at(what.later).earlier = what.earlier;
  else
    back_ = what.earlier;
  what.earlier = what.later = none;
}

device_session* deadline_list::overdue(mono_time now) {
  if (front_ == none || in_.at(front_).answer_due > now) return nullptr;
  return &in_.at(front_);
}

std::optional<mono_time> deadline_list::deadline() const {
  if (front_ == none) return std::nullopt;
  return in_.at(front_).answer_due;
}

} // namespace causeway::hub
