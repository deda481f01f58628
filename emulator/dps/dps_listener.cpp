// SPDX-License-Identifier: Apache-2.0
#include "emulator/dps/dps_listener.h"

#include <memory>

namespace causeway::emulator {
namespace {

struct dps_port {
  net::loop& on;
  dps_service& dps;
  latency delays;
  emulated_clock clock;
};

// The service decides when the request is there; its answer leaves later. Other requests do not wait for it.
net::task<net::http_response> answer(std::shared_ptr<dps_port> at, net::http_request request) {
  const bool registers = request.method == "PUT";
  auto answered = at->dps.handle({request.method, std::string{request.path()},
                                  std::string{request.header("Authorization")}, std::move(request.body)},
                                 at->clock.at(at->on.now()));
  const auto delay = at->delays.answer + (registers ? at->delays.registration : milliseconds{0});
  if (delay.count() > 0) static_cast<void>(co_await net::sleep_for(delay));
  net::http_response response;
  response.status = answered.status;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(answered.body);
  response.headers = std::move(answered.headers);
  response.headers.emplace_back("Date", format_http_date(at->clock.at(at->on.now()).wall));
  co_return response;
}

} // namespace

result<net::http_server> start_dps_listener(net::loop& on, net::task_group& tasks,
                                            const net::listen_address& address, net::tls_server_context tls,
                                            dps_service& dps, const latency& delays, emulated_clock clock) {
  net::http_limits limits;
  limits.max_body = 96 * 1024; // azure-iot-wire.md E.8
  const auto port = std::make_shared<dps_port>(dps_port{on, dps, delays, std::move(clock)});
  return net::http_server::start(
      on, tasks, address, std::move(tls), limits,
      [port](net::http_request request) { return answer(port, std::move(request)); });
}

} // namespace causeway::emulator
