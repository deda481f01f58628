// SPDX-License-Identifier: Apache-2.0
// Direct methods of an IoT hub by REST (azure-iot-wire.md D.1). Pure. One thread.
#pragma once

#include "emulator/hub/hub_service.h"
#include "emulator/service/service_answer.h"

#include <functional>

namespace causeway::emulator {

using service_done = std::function<void(service_answer)>;

// POST /twins/{id}/methods. done is called once, from here or when the device has answered or its time is
// over. hub must live until then.
void call_method(hub_service& hub, const service_request& request, const identity& id, moment now,
                 service_done done);

} // namespace causeway::emulator
