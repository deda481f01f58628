// SPDX-License-Identifier: Apache-2.0
// The default format: decoded fields at the top level, so that IoT Central and stream queries find them,
// everything else under one key (product.md section 3). Pure; any thread.
#pragma once

#include "base/result.h"
#include "formats/envelope.h"
#include "model/event.h"
#include "model/message.h"

#include <vector>

namespace causeway::formats {

// One message:
//   {<fields of decoded_payload, as written>,
//    "lorawan":{"applicationId","deviceId","devEui","fPort","fCnt","receivedAt","payload","rssi","snr",
//    "dataRate","gateways","confirmed","simulated"}}
// What the event does not have, or a mask has left out of it, is left out; in place of decoded_payload its
// normalized_payload stands as normalizedPayload behind payload. Kinds other than uplinks have only
// applicationId, deviceId, devEui, receivedAt and simulated. A decoded field named lorawan wins, and ours
// becomes lorawan_, with as many underscores as it takes. For IoT Central the decoded fields are as
// add_location gives them. Errors: format_refused for event_kind::unknown, message_too_large.
result<std::vector<model::message>> format_flat(const model::event& event, const format_context& context);

} // namespace causeway::formats
