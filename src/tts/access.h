// SPDX-License-Identifier: Apache-2.0
// What an API key may do, and what the application's webhooks send, as The Things Stack says it: GET
// /api/v3/auth_info and GET /api/v3/as/webhooks/{application}. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "base/secret.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::tts {

struct key_facts {
  std::string application; // whose key it is; empty: no application's (a user's, an organization's)
  std::vector<std::string> rights;
  std::optional<wall_time> expires_at;

  // Whether right, "RIGHT_APPLICATION_DEVICES_READ", is among them, or one that stands for all.
  bool may(std::string_view right) const;
};
// Errors: registry_protocol.
result<key_facts> parse_auth_info(std::string_view body);

struct stack_webhook {
  std::string id, base_url, format;
  std::vector<std::string> kinds; // "uplink_message", …: those that it posts
  std::vector<std::string> paths; // of these, where set
  std::vector<std::string> field_mask;
  std::vector<std::pair<std::string, secret>> headers;
  bool paused = false;

  // Its value; null where it sets none of this name, in any letter case.
  const secret* header(std::string_view name) const;
  bool posts(std::string_view kind) const;
  // Whether its field mask leaves this member of an event, "end_device_ids.device_id", in the body.
  bool leaves(std::string_view path) const;
};
// The paths to ask for.
inline constexpr std::string_view webhook_fields =
    "base_url,format,headers,field_mask,paused,uplink_message,uplink_normalized,join_accept,downlink_ack,"
    "downlink_nack,"
    "downlink_sent,downlink_failed,downlink_queued,downlink_queue_invalidated,location_solved,service_data";
// Errors: registry_protocol.
result<std::vector<stack_webhook>> parse_webhooks(std::string_view body);

} // namespace causeway::tts
