// SPDX-License-Identifier: Apache-2.0
#include "config/findings.h"

#include "base/mask.h"

namespace causeway::config {

void findings::refuse(place at, const error& what) {
  faults.push_back({at, error{what.code(), mask_secrets(what.detail())}});
}

void findings::warn(place at, std::string_view text) {
  warnings.push_back({at, mask_secrets(text)});
}

bool places::has(std::string_view section, std::string_view key) const {
  return at_.contains(std::string{section} + "." + std::string{key});
}

place places::of(std::string_view section, std::string_view key) const {
  auto found = at_.find(std::string{section} + "." + std::string{key});
  if (found == at_.end()) found = at_.find(section);
  return found == at_.end() ? place{} : found->second;
}

} // namespace causeway::config
