// SPDX-License-Identifier: Apache-2.0
// All that an emulated hub knows of what goes down to its devices. AMQP and HTTPS are front ends of it. Pure.
// One thread.
#pragma once

#include "base/earliest.h"
#include "emulator/state/c2d_mail.h"
#include "emulator/state/method_calls.h"
#include "emulator/state/twin_store.h"

#include <optional>
#include <string>

namespace causeway::emulator {

struct hub_state {
  // seed: makes the ids that it hands out its own. hub: its name.
  hub_state(const std::string& seed, const std::string& hub)
      : mail{seed, hub}, calls{seed}, tags{seed + "/tags"} {}

  c2d_mail mail;
  method_calls calls;
  twin_store twins;
  guid_maker tags; // of messages that nobody settles

  // The identity has gone.
  void forget(const identity& device, moment now) {
    mail.purge(device, now);
    twins.forget(device);
  }
  std::optional<mono_time> next_due() const { return earliest({mail.next_due(), calls.next_due()}); }
};

} // namespace causeway::emulator
