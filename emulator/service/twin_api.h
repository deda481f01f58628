// SPDX-License-Identifier: Apache-2.0
// Device twins of an IoT hub by REST: one by one, and queries in pages (azure-iot-wire.md D.1). Pure. One
// thread.
#pragma once

#include "emulator/hub/hub_service.h"
#include "emulator/service/service_answer.h"

namespace causeway::emulator {

class twin_api {
public:
  // hub must outlive this.
  explicit twin_api(hub_service& hub) : hub_{hub} {}

  // GET, PATCH, PUT /twins/{id}
  service_answer handle(const service_request& request, const identity& id, moment now);
  // POST /devices/query
  service_answer query(const service_request& request, moment now);

private:
  hub_service& hub_;
};

} // namespace causeway::emulator
