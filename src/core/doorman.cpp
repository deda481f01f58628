// SPDX-License-Identifier: Apache-2.0
#include "core/doorman.h"

#include <string>

namespace causeway::core {

std::optional<std::uint32_t> doorman::application_of(const model::event& event) const {
  const auto application = application_of(event.from);
  if (!application || !rules_.at(*application).events.test(static_cast<std::size_t>(event.kind)))
    return std::nullopt;
  return application;
}

std::optional<std::uint32_t> doorman::application_of(const device_key& from) const {
  const auto application = rules_.find(from.application);
  if (!application) return std::nullopt;
  // Without the registry nothing but the application's own word says whether its devices are wanted.
  const auto& rules = rules_.at(*application);
  if (!rules.follows_registry && !rules.enabled_by_default) return std::nullopt;
  return application;
}

std::optional<error> doorman::refuses(const std::vector<message>& made, const device_key& from) {
  for (const auto& one : made)
    if (size_of(one) > max_message_bytes)
      return error{errc::message_too_large,
                   std::to_string(size_of(one)) + " bytes from " + from.device.str()};
  return std::nullopt;
}

} // namespace causeway::core
