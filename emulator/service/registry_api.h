// SPDX-License-Identifier: Apache-2.0
// The identity registry of an IoT hub by REST: devices one by one, in bulk, counted; and the purge of a
// device's messages (azure-iot-wire.md D.1). Pure. One thread.
#pragma once

#include "emulator/hub/hub_service.h"
#include "emulator/service/service_answer.h"

#include <string>

namespace causeway::emulator {

class registry_api {
public:
  // seed: what keys follow from that the hub makes. hub must outlive this.
  registry_api(hub_service& hub, std::string seed) : hub_{hub}, seed_{std::move(seed)} {}

  // GET, PUT, DELETE /devices/{id}
  service_answer handle_device(const service_request& request, const identity& id, moment now);
  // GET /devices
  service_answer list(const service_request& request) const;
  // POST /devices
  service_answer change_many(const service_request& request, moment now);
  // GET /statistics/devices and /statistics/service
  service_answer count_devices() const;
  service_answer count_connected() const;
  // DELETE /devices/{id}/commands
  service_answer purge(const identity& id, moment now);

private:
  service_answer put(const service_request& request, const identity& id, moment now);
  service_answer remove(const service_request& request, const identity& id, moment now);
  service_answer change_one(const boost::json::value& row, moment now);
  key_pair make_keys(const identity& id) const;

  hub_service& hub_;
  std::string seed_;
};

} // namespace causeway::emulator
