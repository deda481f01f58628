// SPDX-License-Identifier: Apache-2.0
// The dead letters in the admin API: what `causeway dead-letters` asks (docs/admin-api.md). Unlike the rest
// of it, it waits for the disk, and it can change something; who may is the caller's matter. Loop's thread
// only.
#pragma once

#include "model/dead_letter.h"
#include "model/door.h"
#include "model/message.h"
#include "net/http_server.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace causeway::watch {

// Implemented by app, and by tests.
class dead_letter_view {
public:
  virtual ~dead_letter_view() = default;
  // Errors of all: store_unavailable.
  virtual net::task<result<model::dead_letter_page>> list(model::dead_letter_query query) = 0;
  // Errors: not_found.
  virtual net::task<result<model::dead_letter>> find(std::uint64_t id) = 0;
  // As shard::replay of the core. Errors: not_found; what is wrong with it, where it cannot be read.
  virtual net::task<result<model::answer>> replay(std::uint64_t id) = 0;
  // Those that were there.
  virtual net::task<result<std::vector<std::uint64_t>>> drop(std::vector<std::uint64_t> ids) = 0;
};

class dead_letter_api {
public:
  // of must live as long.
  explicit dead_letter_api(dead_letter_view& of) : view_{of} {}

  static bool owns(std::string_view path) {
    return path == "/api/dead-letters" || path.starts_with("/api/dead-letters/");
  }
  // Precondition: owns the path. Without may_change only GET and HEAD are taken.
  net::task<net::http_response> handle(net::http_request request, bool may_change);

private:
  net::task<net::http_response> list(std::string query);
  net::task<net::http_response> show(std::string id);
  net::task<net::http_response> replay(std::string query);
  net::task<net::http_response> drop(std::string query);

  dead_letter_view& view_;
};

} // namespace causeway::watch
