// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/token_grants.h"

#include <string_view>

namespace causeway::emulator {
namespace {

constexpr std::string_view devices_path = "/devices/";

std::string device_path(const identity& device) {
  return std::string{devices_path} + device.str();
}

} // namespace

bool token_grants::grant(const std::string& path, wall_time expires, token_rights rights) {
  const auto [known, is_new] = granted_.try_emplace(path);
  if (!is_new) expiries_.erase({known->second.expires, path});
  known->second = {expires, rights};
  const auto place = expiries_.emplace(expires, path).first;
  return place == expiries_.begin();
}

bool token_grants::opens(const identity& device, wall_time now) const {
  const auto valid = [&](const std::string& path) {
    const auto found = granted_.find(path);
    return found != granted_.end() && found->second.expires > now && found->second.rights.devices;
  };
  return valid(device_path(device)) || valid("") || valid("/devices");
}

bool token_grants::opens_services(wall_time now) const {
  const auto whole = granted_.find("");
  return whole != granted_.end() && whole->second.expires > now && whole->second.rights.services;
}

bool token_grants::has_own(const identity& device) const {
  return granted_.contains(device_path(device));
}

void token_grants::forget(const identity& device) {
  const auto found = granted_.find(device_path(device));
  if (found == granted_.end()) return;
  expiries_.erase({found->second.expires, found->first});
  granted_.erase(found);
}

void token_grants::forget_all() {
  granted_.clear();
  expiries_.clear();
}

token_grants::lapse token_grants::take_expired(wall_time now) {
  lapse gone;
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const auto path = expiries_.begin()->second;
    expiries_.erase(expiries_.begin());
    granted_.erase(path);
    if (path.starts_with(devices_path))
      gone.devices.emplace_back(path.substr(devices_path.size()));
    else
      gone.shared = true;
  }
  return gone;
}

std::optional<wall_time> token_grants::next_expiry() const {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

bool token_grants::has_room_for(const std::string& path) const {
  return counted_.size() < max_tokens || counted_.contains(path);
}

} // namespace causeway::emulator
