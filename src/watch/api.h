// SPDX-License-Identifier: Apache-2.0
// The admin API: what `causeway status` and `causeway devices` ask, as JSON (docs/admin-api.md). Read-only,
// but for dead_letter_api.h and forget_api.h, which are apart. Every answer is bounded: at most 1,000 devices
// or spans a page, from 65,536 that are looked at. What takes a look at everything (the plan, the sums and
// the first ways of all devices) is worked out once a second, however many ask. No secrets. Loop's thread
// only.
#pragma once

#include "net/http_server.h"
#include "watch/fleet_view.h"
#include "watch/waterfall.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::watch {

struct parameters;

// By name; with "-" for the application the only device of that id. Errors: not_found, and field_invalid when
// several applications have it, which are named.
result<model::device_status> find_device(const fleet_view& fleet, std::string_view application,
                                         std::string_view device);

class api {
public:
  // of must live as long.
  api(const fleet_view& of, std::string version) : fleet_{of}, version_{std::move(version)} {}

  // The configuration as /api/configuration has it: JSON without secrets.
  void show_configuration(std::string json) { configuration_ = std::move(json); }
  // Any path; those that are not the API's are answered 404.
  net::http_response handle(const net::http_request& request) const;
  // Whether the path is the API's.
  static bool owns(std::string_view path) { return path == "/api" || path.starts_with("/api/"); }

private:
  net::http_response devices(const parameters& asked) const;
  net::http_response device(std::string_view rest) const;
  net::http_response spans(const parameters& asked) const;
  net::http_response waterfall(const parameters& asked) const;
  // What has been worked out at most a second ago, or is now.
  template <class Value>
  struct kept {
    std::optional<mono_time> at;
    Value value{};
    const Value& get(mono_time now, const std::function<Value()>& make);
  };

  const fleet_view& fleet_;
  std::string version_, configuration_ = "{}";
  mutable kept<std::string> plan_, summary_;
  mutable kept<std::vector<waterfall_row>> first_ways_;
};

} // namespace causeway::watch
