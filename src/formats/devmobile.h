// SPDX-License-Identifier: Apache-2.0
// The shape and properties of the messages of the earlier .NET connectors, so that what their users built on
// them goes on (acceptance-scenarios.md, scenario 1 and the list "fix"). Pure; any thread.
#pragma once

#include "base/result.h"
#include "formats/envelope.h"

#include <vector>

namespace causeway::formats {

// One message:
//   {"ApplicationID","DeviceEUI","DeviceID","Port","Simulated","ReceivedAtUtc","PayloadRaw",<decoded fields>}
// DeviceEUI, Port and PayloadRaw are left out when the event has none; Simulated is false where a mask has
// left it out, for those connectors always said it. ReceivedAtUtc has whole seconds and no Z.
// A decoded field with the name of one of these seven becomes name_, with as many underscores as it takes. In
// an object whose name begins with gps_, in any letter case, and in the objects in it, lat, lon and alt stand
// before latitude, longitude and altitude unless they are there already.
// Properties: iothub-creation-time-utc (as ReceivedAtUtc), ApplicationId, DeviceEUI, DeviceId, port,
// Simulated ("True", "False"). No content type, as with those connectors.
// Kinds other than uplinks, which those did not have: no Port, PayloadRaw and port; one more property, event;
// so has uplink_normalized. Errors: format_refused for event_kind::unknown, message_too_large.
result<std::vector<model::message>> format_devmobile(const model::event& event,
                                                     const format_context& context);

} // namespace causeway::formats
