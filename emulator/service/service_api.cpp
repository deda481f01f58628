// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/service_api.h"

#include "emulator/hub/token_verdict.h"

#include <utility>

namespace causeway::emulator {

void service_api::handle(const service_request& request, moment now, service_done done) {
  const auto verdict = judge_token(hub_.registry(), request.authorization, hub_.time_at(now));
  if (verdict.status != 200)
    return done(refuse_with(401, "IotHubUnauthorizedAccess", verdict.description, now.wall));
  if (!verdict.path.empty())
    return done(
        refuse_with(401, "IotHubUnauthorizedAccess", "The token is not for the whole hub.", now.wall));
  route(request, verdict.rights, now, std::move(done));
}

bool service_api::may(const token_rights& rights, need wanted) {
  switch (wanted) {
  case need::registry_read:
    return rights.registry_read;
  case need::registry_write:
    return rights.registry_write;
  case need::twin_read:
    return rights.services || rights.registry_read;
  case need::twin_write:
    return rights.services || rights.registry_write;
  case need::service:
    return rights.services;
  }
  return false;
}

void service_api::route(const service_request& request, const token_rights& rights, moment now,
                        service_done done) {
  const auto parts = request.segments();
  const auto is = [&](const char* method, const char* first, std::size_t count) {
    return request.method == method && parts.size() == count && parts[0] == first;
  };
  const auto checked = [&](need wanted, auto answer) {
    if (!may(rights, wanted))
      return done(refuse_with(401, "IotHubUnauthorizedAccess", "The policy lacks a right.", now.wall));
    done(answer());
  };
  const bool reads = request.method == "GET";
  if (is("GET", "devices", 1)) return checked(need::registry_read, [&] { return registry_.list(request); });
  if (is("POST", "devices", 1))
    return checked(need::registry_write, [&] { return registry_.change_many(request, now); });
  if (is("POST", "devices", 2) && parts[1] == "query")
    return checked(need::twin_read, [&] { return twins_.query(request, now); });
  if (parts.size() == 2 && parts[0] == "devices")
    return checked(reads ? need::registry_read : need::registry_write,
                   [&] { return registry_.handle_device(request, identity{parts[1]}, now); });
  if (is("DELETE", "devices", 3) && parts[2] == "commands")
    return checked(need::service, [&] { return registry_.purge(identity{parts[1]}, now); });
  if (is("GET", "statistics", 2) && parts[1] == "devices")
    return checked(need::registry_read, [&] { return registry_.count_devices(); });
  if (is("GET", "statistics", 2) && parts[1] == "service")
    return checked(need::registry_read, [&] { return registry_.count_connected(); });
  if (parts.size() == 2 && parts[0] == "twins")
    return checked(reads ? need::twin_read : need::twin_write,
                   [&] { return twins_.handle(request, identity{parts[1]}, now); });
  if (is("POST", "twins", 3) && parts[2] == "methods") {
    if (may(rights, need::service))
      return call_method(hub_, request, identity{parts[1]}, now, std::move(done));
    return done(refuse_with(401, "IotHubUnauthorizedAccess", "The policy lacks a right.", now.wall));
  }
  done(refuse_with(404, "NotFound", "There is nothing at this path for this method.", now.wall));
}

} // namespace causeway::emulator
