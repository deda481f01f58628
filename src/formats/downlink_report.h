// SPDX-License-Identifier: Apache-2.0
// A report of a command's step as a message: the same in every format but devmobile (product.md section 4).
// Pure; any thread.
#pragma once

#include "model/downlink_report.h"
#include "model/message.h"

namespace causeway::formats {

// {"downlink":{"state","command","source","messageId","correlationId","port","confirmed","fCnt","attempt",
//  "at","error":{"name","text"},"warnings":[…]},"lorawan":{"applicationId","deviceId","devEui"}}
// What is not known is left out. message-id: "r-" and the report's key in hex. correlation-id: the hub
// message's message-id, else its correlation-id, else the command's id. Properties as of any message, and
// event = downlink, state.
model::message format_downlink_report(const model::downlink_report& report);

} // namespace causeway::formats
