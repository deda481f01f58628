// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/service_listener.h"

#include "net/wake_up.h"

#include <memory>
#include <optional>

namespace causeway::emulator {
namespace {

struct service_port {
  net::loop& on;
  service_api& api;
  std::chrono::milliseconds distance;
};

// Of a request, which may have to wait for a device.
struct pending_answer {
  explicit pending_answer(net::loop& on) : bell{on} {}
  std::optional<service_answer> answer;
  net::wake_up bell;
};

service_request read_request(net::http_request& from) {
  const auto header = [&](const char* name) { return std::string{from.header(name)}; };
  // Java's own HTTP client sends no PATCH: Microsoft's package posts, and says so here.
  auto method = header("X-HTTP-Method-Override");
  if (from.method != "POST" || method.empty()) method = from.method;
  return {std::move(method),           std::string{from.path()}, std::string{from.query()},
          header("Authorization"),     header("If-Match"),       header("x-ms-max-item-count"),
          header("x-ms-continuation"), std::move(from.body)};
}

net::task<net::http_response> answer(std::shared_ptr<service_port> at, net::http_request request) {
  const auto pending = std::make_shared<pending_answer>(at->on);
  at->api.handle(read_request(request), at->on.now(), [pending](service_answer made) {
    pending->answer = std::move(made);
    pending->bell.notify();
  });
  if (!pending->answer) co_await pending->bell.wait();
  net::http_response response;
  response.content_type = "application/json; charset=utf-8";
  if (!pending->answer) { // the emulator stops
    response.status = 503;
    co_return response;
  }
  if (at->distance.count() > 0) static_cast<void>(co_await net::sleep_for(at->distance));
  response.status = pending->answer->status;
  response.body = std::move(pending->answer->body);
  response.headers = std::move(pending->answer->headers);
  co_return response;
}

} // namespace

result<net::http_server> start_service_listener(net::loop& on, net::task_group& tasks,
                                                const net::listen_address& address,
                                                net::tls_server_context tls, service_api& api,
                                                std::chrono::milliseconds answer_distance) {
  const auto port = std::make_shared<service_port>(service_port{on, api, answer_distance});
  return net::http_server::start(
      on, tasks, address, std::move(tls), net::http_limits{},
      [port](net::http_request request) { return answer(port, std::move(request)); });
}

} // namespace causeway::emulator
