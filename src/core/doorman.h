// SPDX-License-Identifier: Apache-2.0
// What can be said of an event, or of a message, without knowing any device: any process could run it. Keeps
// nothing; one thread, as the rules.
#pragma once

#include "core/rule_book.h"
#include "model/door.h"
#include "model/message.h"

#include <optional>
#include <vector>

namespace causeway::core {

class doorman {
public:
  // rules must live as long.
  explicit doorman(const rule_book& rules) : rules_{rules} {}

  // Whose it is; nothing: it is not wanted. For its application is not configured, does not send events of
  // the kind, or is switched off as a whole.
  std::optional<std::uint32_t> application_of(const model::event& event) const;
  // The same of a message of this device, which is by its format's leave.
  std::optional<std::uint32_t> application_of(const device_key& from) const;
  // The first of these that no hub would take: message_too_large.
  static std::optional<error> refuses(const std::vector<message>& made, const device_key& from);

private:
  const rule_book& rules_;
};

} // namespace causeway::core
