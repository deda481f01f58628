// SPDX-License-Identifier: Apache-2.0
#include "hub/member_table.h"

#include "base/check.h"

#include <utility>

namespace causeway::hub {
namespace {

std::uint64_t owner_key(const hub_host& hub, const identity& name) {
  return std::hash<std::string>{}(hub.str() + " " + name.str());
}

} // namespace

const member* member_table::find(device_ref device) const {
  if (index_of(device) >= members_.size()) return nullptr;
  const auto& who = members_[index_of(device)];
  return who.hub == nullptr || who.device != device ? nullptr : &who;
}

member* member_table::find(device_ref device) {
  return const_cast<member*>(std::as_const(*this).find(device));
}

const member& member_table::at(device_ref device) const {
  const auto* const who = find(device);
  CAUSEWAY_CHECK(who != nullptr);
  return *who;
}

member& member_table::at(device_ref device) {
  return const_cast<member&>(std::as_const(*this).at(device));
}

member* member_table::add(device_ref device, fleet& hub, const hub_host& where, const identity& name,
                          const std::string& model_id) {
  if (!owners_.try_emplace(owner_key(where, name), device).second) return nullptr;
  if (index_of(device) >= members_.size()) members_.resize(index_of(device) + 1);
  auto& who = members_[index_of(device)];
  CAUSEWAY_CHECK(who.hub == nullptr);
  who.device = device;
  who.hub = &hub;
  who.identity = name;
  who.model = models_.hold(model_id);
  return &who;
}

void member_table::remove(device_ref device, const hub_host& where) {
  auto& who = at(device);
  owners_.erase(owner_key(where, who.identity));
  models_.release(who.model);
  who = {};
}

std::vector<device_ref> member_table::of(const fleet& hub) const {
  std::vector<device_ref> all;
  for (const auto& one : members_)
    if (one.hub == &hub) all.push_back(one.device);
  return all;
}

} // namespace causeway::hub
