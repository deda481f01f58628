// SPDX-License-Identifier: Apache-2.0
// What The Things Stack says of an API key and of an application's webhooks: GET /api/v3/auth_info and GET
// /api/v3/as/webhooks/{application}. A pure function from request to response. One thread.
#pragma once

#include "emulator/stack/stack_registry.h"

#include <boost/json.hpp>

#include <map>

namespace causeway::emulator {

// Of an application and its key; what is absent stays as it is.
struct access_change {
  std::optional<std::vector<std::string>> rights;
  std::optional<std::string> expires_at;      // RFC 3339; empty: never
  std::optional<boost::json::array> webhooks; // as the stack writes them
};
// {"rights":[…],"expires_at":…,"webhooks":[…]}. Errors: field_invalid.
result<access_change> parse_access_change(std::string_view body);

class stack_access {
public:
  // registry: has the keys; must live longer.
  explicit stack_access(stack_registry& registry) : registry_{registry} {}

  static bool is_for(std::string_view path);
  registry_response handle(const registry_request& request, moment now);
  void change(const std::string& application, access_change what);

  // For the stack's other interfaces: the answer to whoever may not do with this application what needs this
  // right (real-stack-facts.md 1.3); nothing when he may.
  std::optional<registry_response> refuse(const std::string& application, std::string_view key,
                                          std::string_view right, moment now);
  bool has_webhook(const std::string& application, std::string_view id) const;

private:
  struct record {
    std::vector<std::string> rights{"RIGHT_APPLICATION_DEVICES_READ", "RIGHT_APPLICATION_INFO",
                                    "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE", "RIGHT_APPLICATION_TRAFFIC_READ"};
    std::string expires_at;
    boost::json::array webhooks;
  };
  // Whose key it is; the refusal in `why` when it is nobody's.
  const std::string* owner_of(std::string_view key, moment now, std::optional<registry_response>& why);
  // Whether some key has its id, with another secret.
  bool is_id_known(std::string_view key) const;
  registry_response auth_info(std::string_view key, moment now);
  registry_response webhooks(const registry_request& request, moment now);

  stack_registry& registry_;
  std::map<std::string, record> records_; // by application
};

} // namespace causeway::emulator
