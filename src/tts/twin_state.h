// SPDX-License-Identifier: Apache-2.0
// What an uplink says of its device, as a twin's reported properties have it (azure-iot-wire.md B.8). Here
// and not in the core, because it is reading JSON. Pure; any thread.
#pragma once

#include "model/event.h"

#include <string>
#include <string_view>

namespace causeway::tts {

// {"lorawan":{"lastSeen","fCnt","dataRate","rssi","snr","gateways","battery","packetErrorRate","location",
// "versions"}}, without what is not known; with_decoded: and `decodedPayload` beside it, without members
// whose names a twin does not take. Empty: the event is no uplink of a frame.
std::string read_twin_state(const model::event& from, bool with_decoded);

// The same, of what stands in a twin's reported properties; empty: none of it.
std::string told_twin_state(std::string_view reported);

// A merge patch that makes the one JSON object of the other; before: empty where there was none. Empty:
// nothing has changed.
std::string merge_patch(std::string_view before, std::string_view after);

} // namespace causeway::tts
