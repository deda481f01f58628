// SPDX-License-Identifier: Apache-2.0
// The ledger of commands in the admin API: what `causeway commands` asks (docs/admin-api.md). What changes
// something leaves a line `audit` in the log. Who may is the caller's matter. Loop's thread only.
#pragma once

#include "model/command_view.h"
#include "net/http_server.h"

#include <optional>
#include <string_view>

namespace causeway::watch {

// Implemented by app, and by tests. As the functions of the core.
class command_view {
public:
  virtual ~command_view() = default;
  virtual model::command_page commands(const model::command_query& asked) const = 0;
  virtual std::optional<model::command_status> command(const model::command_id& which) const = 0;
  virtual net::task<model::calling_off> cancel(model::command_id which) = 0;
  virtual net::task<model::queue_clearing> clear(model::device_key of) = 0;
  // The application of the only device of this id. Errors: not_found; field_invalid, which names them, when
  // several have one.
  virtual result<application_id> owner_of(const device_id& device) const = 0;
};

class command_api {
public:
  // of must live as long.
  explicit command_api(command_view& of) : view_{of} {}

  // GET of several and of one, DELETE of one, POST to clear a device's queue.
  static bool owns(std::string_view path) {
    return path == "/api/commands" || path.starts_with("/api/commands/");
  }
  // Precondition: owns the path. Without may_change only GET and HEAD are taken.
  net::task<net::http_response> handle(net::http_request request, bool may_change) const;

private:
  net::http_response answer(const net::http_request& request, bool may_change) const;
  net::http_response list(const net::http_request& request) const;
  net::task<net::http_response> clear(net::http_request request) const;
  net::task<net::http_response> cancel(net::http_request request) const;

  command_view& view_;
};

} // namespace causeway::watch
