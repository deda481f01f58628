// SPDX-License-Identifier: Apache-2.0
#include "hub/placement.h"

#include "base/check.h"

#include <algorithm>

namespace causeway::hub {

void placement::note_room(std::uint32_t connection) {
  const connection_state& at = connections_[connection];
  if (!at.retired && at.members.size() < at.cap && at.authorised.size() < options_.tokens_per_connection) {
    with_room_.insert(connection);
  } else {
    with_room_.erase(connection);
  }
}

std::uint32_t placement::place(device_ref device) {
  if (const auto known = places_.find(device); known != places_.end()) {
    return known->second.connection;
  }
  std::uint32_t connection = connections();
  if (with_room_.empty()) {
    connections_.push_back(
        {{}, std::min(options_.devices_per_connection, options_.tokens_per_connection), {}, false});
    CAUSEWAY_CHECK(connections_.back().cap > 0);
  } else {
    connection = *with_room_.begin();
  }
  connection_state& at = connections_[connection];
  places_.emplace(device, place_of{connection, static_cast<std::uint32_t>(at.members.size())});
  at.members.push_back(device);
  at.authorised.insert(device);
  note_room(connection);
  return connection;
}

std::optional<std::uint32_t> placement::find(device_ref device) const {
  const auto known = places_.find(device);
  if (known == places_.end()) return std::nullopt;
  return known->second.connection;
}

bool placement::remove(device_ref device) {
  const auto known = places_.find(device);
  if (known == places_.end()) return false;
  const place_of place = known->second;
  places_.erase(known);
  std::vector<device_ref>& members = connections_[place.connection].members;
  if (place.position + 1 < members.size()) {
    members[place.position] = members.back();
    places_.at(members[place.position]).position = place.position;
  }
  members.pop_back();
  note_room(place.connection);
  return true;
}

std::vector<device_ref> placement::limit(std::uint32_t connection, std::uint32_t devices) {
  connection_state& at = connections_.at(connection);
  at.cap = std::min({devices, options_.devices_per_connection, options_.tokens_per_connection});
  std::vector<device_ref> displaced;
  if (at.members.size() > at.cap) {
    displaced.assign(at.members.begin() + at.cap, at.members.end());
    at.members.resize(at.cap);
    for (const device_ref device : displaced)
      places_.erase(device);
  }
  note_room(connection);
  return displaced;
}

void placement::lower_tokens(std::uint32_t most) {
  options_.tokens_per_connection = std::min(options_.tokens_per_connection, std::max(most, 1u));
  for (std::uint32_t connection = 0; connection < connections(); ++connection)
    note_room(connection);
}

void placement::reopened(std::uint32_t connection) {
  connection_state& at = connections_.at(connection);
  at.authorised.clear();
  at.retired = false;
  for (const device_ref device : at.members)
    at.authorised.insert(device);
  note_room(connection);
}

std::uint32_t placement::devices(std::uint32_t connection) const {
  return static_cast<std::uint32_t>(connections_.at(connection).members.size());
}

std::uint32_t placement::authorised(std::uint32_t connection) const {
  return static_cast<std::uint32_t>(connections_.at(connection).authorised.size());
}

bool placement::spent(std::uint32_t connection) const {
  const connection_state& at = connections_.at(connection);
  return (at.retired || at.authorised.size() >= options_.tokens_per_connection) && at.members.size() < at.cap;
}

void placement::retire(std::uint32_t connection) {
  connections_.at(connection).retired = true;
  note_room(connection);
}

const std::vector<device_ref>& placement::members(std::uint32_t connection) const {
  return connections_.at(connection).members;
}

} // namespace causeway::hub
