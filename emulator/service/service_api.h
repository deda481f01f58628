// SPDX-License-Identifier: Apache-2.0
// An IoT hub's REST interface for services: who may ask for what, and who answers it (azure-iot-wire.md D.1).
// A function from request to answer; the listener only carries them. Pure: time is a parameter. One thread.
#pragma once

#include "emulator/service/method_api.h"
#include "emulator/service/registry_api.h"
#include "emulator/service/twin_api.h"

#include <string>

namespace causeway::emulator {

class service_api {
public:
  // seed: what keys follow from that the hub makes. hub must outlive this.
  service_api(hub_service& hub, std::string seed) : hub_{hub}, registry_{hub, std::move(seed)}, twins_{hub} {}

  // done is called once, from here or later.
  void handle(const service_request& request, moment now, service_done done);

private:
  enum class need : std::uint8_t { registry_read, registry_write, twin_read, twin_write, service };
  static bool may(const token_rights& rights, need wanted);
  void route(const service_request& request, const token_rights& rights, moment now, service_done done);

  hub_service& hub_;
  registry_api registry_;
  twin_api twins_;
};

} // namespace causeway::emulator
