// SPDX-License-Identifier: Apache-2.0
// Tries log-in and subscriptions of each application at the MQTT server: for `causeway check`.
#pragma once

#include "net/loop.h"
#include "stack/mqtt_settings.h"

namespace causeway::stack {

// Connects once with each key, all at the same time, subscribes, and says goodbye. In the order given; each
// its error when it is not subscribed within `patience`. Loop's thread.
net::task<std::vector<result<void>>> try_mqtt(net::loop* on, mqtt_settings settings,
                                              std::vector<mqtt_application> applications,
                                              std::chrono::milliseconds patience);

} // namespace causeway::stack
