// SPDX-License-Identifier: Apache-2.0
#include "hub/member_table.h"

#include "base/check.h"

namespace causeway::hub {
namespace {

std::uint64_t owner_key(const hub_host& hub, const identity& name) {
  return std::hash<std::string>{}(hub.str() + " " + name.str());
}

} // namespace

member* member_table::find(device_ref device) {
  if (index_of(device) >= members_.size()) return nullptr;
  auto& who = members_[index_of(device)];
  return who.hub == nullptr ? nullptr : &who;
}

const member* member_table::find(device_ref device) const {
  if (index_of(device) >= members_.size()) return nullptr;
  const auto& who = members_[index_of(device)];
  return who.hub == nullptr ? nullptr : &who;
}

bool member_table::is_taken(const hub_host& where, const identity& name, device_ref by_another_than) const {
  const auto owner = owners_.find(owner_key(where, name));
  return owner != owners_.end() && owner->second != by_another_than;
}

member& member_table::add(device_ref device, fleet& hub, const hub_host& where, const identity& name,
                          const std::string& model_id) {
  if (index_of(device) >= members_.size()) members_.resize(index_of(device) + 1);
  auto& who = at(device);
  CAUSEWAY_CHECK(who.hub == nullptr);
  who.hub = &hub;
  who.identity = name;
  who.model = models_.hold(model_id);
  owners_.insert_or_assign(owner_key(where, name), device);
  return who;
}

void member_table::remove(device_ref device, const hub_host& where) {
  auto& who = at(device);
  const auto owner = owners_.find(owner_key(where, who.identity));
  if (owner != owners_.end() && owner->second == device) owners_.erase(owner);
  models_.release(who.model);
  who = {};
}

} // namespace causeway::hub
