// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_settings.h"

#include "stack/mqtt_topic.h"

namespace causeway::stack {
namespace {

error unreachable_error(const mqtt_address& server, const std::string& why) {
  auto detail = server.host + ":" + std::to_string(server.port) + (why.empty() ? "" : ": " + why);
  // OpenSSL's own words, where it had any. Of a name that differs Paho tells nothing.
  const bool untrusted = why.find("certificate verify failed") != std::string::npos;
  const bool tls = why.find("error:") != std::string::npos;
  if (server.tls && !tls) detail += "; or its certificate is for another name";
  return error{untrusted ? errc::tls_untrusted
               : tls     ? errc::tls_handshake
                         : errc::mqtt_unreachable,
               std::move(detail)};
}

} // namespace

std::vector<mqtt_account> make_accounts(const mqtt_settings& settings,
                                        const std::vector<mqtt_application>& from) {
  std::vector<mqtt_account> made;
  for (const auto& one : from) {
    auto user = mqtt_user_name(one.id, settings.tenant);
    auto filters = mqtt_filters(user, one.events);
    made.push_back({"causeway-" + one.id.str() + "-" + settings.instance, std::move(user), one.key.clone(),
                    std::move(filters)});
  }
  return made;
}

error error_of(const mqtt_item& item, const mqtt_settings& settings, const application_id& application) {
  switch (item.what) {
  case mqtt_event::refused:
    return connack_error(item.code, mqtt_user_name(application, settings.tenant));
  case mqtt_event::subscription:
    return error{errc::mqtt_subscription_refused, item.text + "; check the tenant, and the key's rights"};
  case mqtt_event::unreachable:
    return unreachable_error(settings.server, item.text);
  default:
    return error{errc::connection_lost, settings.server.host + (item.text.empty() ? "" : ": " + item.text)};
  }
}

} // namespace causeway::stack
