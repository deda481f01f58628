// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/link_books.h"

#include <algorithm>
#include <utility>

namespace causeway::emulator {

void link_books::take_out(rows& of, hub_link& link) {
  const auto row = of.find(link.device);
  if (row == of.end()) return;
  std::erase(row->second, &link);
  if (row->second.empty()) of.erase(row);
}

bool link_books::has_elsewhere(const rows& of, const hub_link& link) {
  const auto row = of.find(link.device);
  return row != of.end() && std::any_of(row->second.begin(), row->second.end(), [&](const hub_link* other) {
           return other->kind == link_kind::telemetry && other->owner != link.owner;
         });
}

bool link_books::await(hub_link& link) {
  link.awaited = true;
  awaited_[link.device].push_back(&link);
  return has_elsewhere(links_, link) || has_elsewhere(awaited_, link);
}

void link_books::add(hub_link& link) {
  remove(link);
  links_[link.device].push_back(&link);
  link.attached = true;
  if (link.kind == link_kind::telemetry) ++attached_;
  if (link.kind == link_kind::c2d) ++c2d_links_;
}

void link_books::remove(hub_link& link) {
  if (std::exchange(link.awaited, false)) take_out(awaited_, link);
  if (!std::exchange(link.attached, false)) return;
  if (link.kind == link_kind::telemetry) --attached_;
  if (link.kind == link_kind::c2d) --c2d_links_;
  take_out(links_, link);
}

std::vector<hub_link*> link_books::of(const identity& device) const {
  const auto row = links_.find(device);
  return row == links_.end() ? std::vector<hub_link*>{} : row->second;
}

} // namespace causeway::emulator
