// SPDX-License-Identifier: Apache-2.0
#include "emulator/dps_listener.h"

namespace causeway::emulator {
namespace {

net::task<net::http_response> answer(dps_service* dps, net::loop* on, net::http_request request) {
  auto answered = dps->handle({request.method, std::string{request.path()},
                               std::string{request.header("Authorization")}, std::move(request.body)},
                              on->now());
  net::http_response response;
  response.status = answered.status;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(answered.body);
  response.headers = std::move(answered.headers);
  co_return response;
}

} // namespace

result<net::http_server> start_dps_listener(net::loop& on, net::task_group& tasks,
                                            const net::listen_address& address, net::tls_server_context tls,
                                            dps_service& dps) {
  net::http_limits limits;
  limits.max_body = 96 * 1024; // azure-iot-wire.md E.8
  return net::http_server::start(
      on, tasks, address, std::move(tls), limits,
      [&dps, &on](net::http_request request) { return answer(&dps, &on, std::move(request)); });
}

} // namespace causeway::emulator
