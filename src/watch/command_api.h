// SPDX-License-Identifier: Apache-2.0
// The ledger of commands in the admin API: what `causeway commands` asks (docs/admin-api.md). A command that
// is called off leaves a line `audit` in the log. Who may is the caller's matter. Loop's thread only.
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
  virtual model::calling_off cancel(const model::command_id& which) = 0;
};

class command_api {
public:
  // of must live as long.
  explicit command_api(command_view& of) : view_{of} {}

  // GET of several and of one, DELETE of one.
  static bool owns(std::string_view path) {
    return path == "/api/commands" || path.starts_with("/api/commands/");
  }
  // Precondition: owns the path. Without may_change only GET and HEAD are taken.
  net::http_response handle(const net::http_request& request, bool may_change) const;

private:
  net::http_response list(const net::http_request& request) const;
  net::http_response cancel(const model::command_id& which, const net::http_request& request) const;

  command_view& view_;
};

} // namespace causeway::watch
