// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub_service.h"

#include "emulator/hub_connection.h"

#include <vector>

namespace causeway::emulator {

hub_service::hub_service(identity_registry& registry, causeway::emulator::ledger& accepted,
                         fault_table& faults, std::string container_id, std::size_t index)
    : registry_{registry},
      ledger_{accepted},
      faults_{faults},
      container_id_{std::move(container_id)},
      index_{index} {}

std::size_t hub_service::attached() const {
  std::size_t links = 0;
  for (const auto* connection : connections_)
    links += connection->telemetry_links();
  return links;
}

void hub_service::cut_all() {
  for (auto* connection : connections_)
    connection->cut();
}

void hub_service::detach(const identity& device, const amqp::condition& why) {
  for (auto* connection : connections_)
    connection->detach(device, why);
}

void hub_service::review(const identity& device) {
  const auto verdict = judge_device(registry_, device);
  if (verdict.status == 200) return;
  for (auto* connection : connections_)
    connection->forget_token(device);
  detach(device,
         {verdict.status == 404 ? "amqp:not-found" : "amqp:unauthorized-access", verdict.description});
}

void hub_service::resume() {
  for (auto* connection : connections_)
    connection->resume();
}

} // namespace causeway::emulator
