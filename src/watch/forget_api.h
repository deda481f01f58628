// SPDX-License-Identifier: Apache-2.0
// What `causeway devices forget` asks: the only thing of the admin API that changes devices
// (docs/admin-api.md). Each change leaves a line `audit` in the log. Who may is the caller's matter. Loop's
// thread only.
#pragma once

#include "model/event.h"
#include "model/forgetting.h"
#include "net/http_server.h"

#include <optional>

namespace causeway::watch {

// Implemented by app, and by tests. As the functions of the core.
class forget_desk {
public:
  virtual ~forget_desk() = default;
  virtual model::forgetting forget(const model::device_key& key, bool drop_messages) = 0;
  virtual model::forget_page forget_some(const application_id& application, model::forgettable which,
                                         bool drop_messages, std::optional<device_ref> after,
                                         std::size_t limit) = 0;
  // The application of the only device of this id. Errors: not_found; field_invalid, which names them, when
  // several have one.
  virtual result<application_id> owner_of(const device_id& device) const = 0;
};

class forget_api {
public:
  // desk must live as long.
  explicit forget_api(forget_desk& desk) : desk_{desk} {}

  // DELETE of one device, POST for many.
  static bool owns(const net::http_request& request);
  // Precondition: owns the request.
  net::http_response handle(const net::http_request& request, bool may_change) const;

private:
  net::http_response one(const net::http_request& request) const;
  net::http_response many(const net::http_request& request) const;

  forget_desk& desk_;
};

} // namespace causeway::watch
