// SPDX-License-Identifier: Apache-2.0
// What devices send on one connection, from the message that has come to its outcome: quotas, the daily
// number, faults, what is wrong with it (azure-iot-wire.md B.5, B.10). What has to wait waits here: by quota,
// by the faults hub_hang and slow_accepts. Part of hub_connection, which owns it. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/hub_links.h"
#include "emulator/hub/hub_service.h"
#include "emulator/hub/hub_stream.h"
#include "emulator/hub/token_grants.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace causeway::emulator {

struct telemetry_message {
  hub_link* on = nullptr;
  amqp::delivery delivery;
  std::string payload;
  std::uint32_t format = 0; // the transfer's message-format
  mono_time due{};          // where it waits for its turn
};

class telemetry_intake {
public:
  // All must live as long as this.
  telemetry_intake(hub_service& hub, hub_stream& stream, hub_links& links, const token_grants& grants)
      : hub_{hub}, stream_{stream}, links_{links}, grants_{grants} {}

  // A message has come: it passes, waits for its turn or is refused by quota.
  void take(telemetry_message message, moment now);
  // Those whose turn has come, and outcomes that are due.
  void answer_due(moment now);
  std::optional<mono_time> next_due() const;
  // What hub_hang has held.
  void resume(moment now);
  // The link goes: what waits on it is lost.
  void forget(const hub_link& link);

private:
  struct late_outcome {
    hub_link* on = nullptr;
    amqp::delivery delivery;
  };
  void on_turn(telemetry_message message, moment now);
  void judge(const telemetry_message& received, moment now);
  bool refuse_for_fault(const hub_link& on, amqp::delivery delivery);
  void keep_event(const hub_link& on, std::string encoded, wall_time now);
  void reject(amqp::delivery delivery, const std::string& condition, const std::string& description);
  void accept(hub_link& on, amqp::delivery delivery, mono_time now);
  std::string describe_exhausted_quota(wall_time now) const;

  hub_service& hub_;
  hub_stream& stream_;
  hub_links& links_;
  const token_grants& grants_;
  std::deque<telemetry_message> shaped_;        // by quota; in the order of their dues
  std::deque<telemetry_message> held_;          // by hub_hang
  std::multimap<mono_time, late_outcome> late_; // by slow_accepts
};

} // namespace causeway::emulator
