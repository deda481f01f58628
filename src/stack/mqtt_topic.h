// SPDX-License-Identifier: Apache-2.0
// The names that The Things Stack's MQTT server goes by: user names, filters and topics, and what its CONNACK
// means (things-stack-wire.md A.1 to A.3). Pure; any thread.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "tts/messages.h"

#include <string>
#include <string_view>
#include <vector>

namespace causeway::stack {

// "app@tenant"; "app" without a tenant, as an open-source stack wants it. The first part of its topics, too.
std::string mqtt_user_name(const application_id& application, std::string_view tenant);

// What to subscribe to for these groups of events ("uplink", "downlink", "join", "location", "service",
// "normalized"). Each topic by its own filter: the stack's "…/up/#" does not match "…/up".
std::vector<std::string> mqtt_filters(std::string_view user_name, const std::vector<std::string>& events);

// "v3/{app}@{tenant}/devices/{device}/{kind}" of one of the eleven kinds. Without a tenant configured any
// tenant will do, for the public network adds its own where the log-in named none.
// Errors: topic_unexpected.
result<tts::path_ids> parse_mqtt_topic(std::string_view topic, const application_id& application,
                                       std::string_view tenant);

// What a CONNACK other than 0 means. Errors: mqtt_unauthorized (4, 5), mqtt_refused.
error connack_error(int code, std::string_view user_name);

} // namespace causeway::stack
