// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_listener.h"

#include <memory>

namespace causeway::emulator {
namespace {

struct stack_port {
  net::loop& on;
  stack_registry& registry;
  storage_api& storage;
  stack_access& access;
  registry_stream& stream;
  downlink_port* downlinks;
  latency delays;
  emulated_clock clock;
};

constexpr std::size_t most_of_push = 16U * 1024 * 1024; // 10,000 items, and what is refused

net::task<net::http_response> answer(std::shared_ptr<stack_port> at, net::http_request request) {
  if (at->downlinks != nullptr && downlink_port::is_for(request.path())) {
    auto carried = co_await at->downlinks->answer(std::move(request));
    carried.headers.emplace_back("Date", format_http_date(at->clock.at(at->on.now()).wall));
    co_return carried;
  }
  const registry_request asked{request.method, std::string{request.path()}, std::string{request.query()},
                               std::string{request.header("Authorization")}, std::move(request.body)};
  const auto now = at->clock.at(at->on.now());
  if (registry_stream::is_for(asked.path)) {
    auto opened = at->stream.handle(asked, now);
    opened.headers.emplace_back("Date", format_http_date(now.wall));
    co_return opened;
  }
  auto answered = storage_api::is_for(asked.path)    ? at->storage.handle(asked, now)
                  : stack_access::is_for(asked.path) ? at->access.handle(asked, now)
                                                     : at->registry.handle(asked, now);
  if (at->delays.answer.count() > 0) static_cast<void>(co_await net::sleep_for(at->delays.answer));
  net::http_response response;
  response.status = answered.status;
  response.body = std::move(answered.body);
  response.content_type = std::move(answered.content_type);
  response.headers = std::move(answered.headers);
  response.headers.emplace_back("Date", format_http_date(at->clock.at(at->on.now()).wall));
  co_return response;
}

} // namespace

result<net::http_server> start_stack_listener(net::loop& on, net::task_group& tasks,
                                              const net::listen_address& address, net::tls_server_context tls,
                                              stack_registry& registry, storage_api& storage,
                                              stack_access& access, registry_stream& stream,
                                              downlink_port* downlinks, const latency& delays,
                                              emulated_clock clock) {
  const auto port = std::make_shared<stack_port>(
      stack_port{on, registry, storage, access, stream, downlinks, delays, std::move(clock)});
  net::http_limits limits;
  limits.max_body = most_of_push;
  return net::http_server::start(
      on, tasks, address, std::move(tls), limits,
      [port](net::http_request request) { return answer(port, std::move(request)); });
}

} // namespace causeway::emulator
