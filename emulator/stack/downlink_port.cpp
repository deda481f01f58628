// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_port.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto shortest_pause = 1ms, longest_pause = 10ms;

net::http_response carry(registry_response from) {
  net::http_response response;
  response.status = from.status;
  response.body = std::move(from.body);
  response.content_type = std::move(from.content_type);
  response.headers = std::move(from.headers);
  return response;
}

net::http_response make_silent() {
  net::http_response response;
  response.silent = true;
  return response;
}

} // namespace

downlink_port::downlink_port(net::loop& on, net::task_group& tasks, downlink_api& api, event_courier& courier)
    : on_{on}, api_{api}, courier_{courier} {
  courier.on_taken([&api](const stack_event& event) {
    api.service().book().hear(event.item, {event.kind, event.f_cnt});
  });
  tasks.spawn("downlink_clock", net::restart_policy::never, [this] { return keep_turning(this); });
}

void downlink_port::turn() {
  auto& service = api_.service();
  service.advance(on_.now());
  for (auto& event : service.take_events())
    courier_.send(std::move(event), service.switches().webhook_pool);
}

void downlink_port::on_published(std::string_view topic, std::string_view body) {
  const auto parts = split_text(topic, '/');
  if (parts.size() != 6 || parts[0] != "v3" || parts[2] != "devices" || parts[4] != "down") return;
  if (parts[5] != "push" && parts[5] != "replace") return;
  const auto application = parts[1].substr(0, parts[1].find('@'));
  if (api_.service().is_down(on_.now().mono)) return;
  api_.service().push_by_mqtt(application, parts[3], parts[5] == "replace", body, on_.now());
  turn();
}

net::task<> downlink_port::keep_turning(downlink_port* self) {
  for (bool awake = true; awake;) {
    self->turn();
    const auto now = self->on_.now().mono;
    const auto next = self->api_.service().next().value_or(now + longest_pause);
    awake =
        co_await net::sleep_for(std::clamp<mono_time::duration>(next - now, shortest_pause, longest_pause));
  }
}

net::task<net::http_response> downlink_port::answer(net::http_request request) {
  if (api_.service().is_down(on_.now().mono)) co_return make_silent();
  const registry_request asked{request.method, std::string{request.path()}, std::string{request.query()},
                               std::string{request.header("Authorization")}, std::move(request.body)};
  auto outcome = api_.handle(asked, on_.now());
  if (outcome.response) {
    if (outcome.after.count() > 0) static_cast<void>(co_await net::sleep_for(outcome.after));
    co_return carry(std::move(*outcome.response));
  }
  auto& service = api_.service();
  const auto cuts = api_.cuts();
  while (true) {
    turn();
    if (auto answer = service.take_answer(outcome.push)) {
      if (answer->hang_up) co_return make_silent();
      auto response = carry(std::move(answer->response));
      response.headers.insert(response.headers.end(), outcome.headers.begin(), outcome.headers.end());
      co_return response;
    }
    bool stays = cuts == api_.cuts() && (!request.has_client_left || !request.has_client_left());
    if (stays) stays = co_await net::sleep_for(shortest_pause);
    if (!stays) {
      service.leave_push(outcome.push, on_.now());
      co_return make_silent();
    }
  }
}

} // namespace causeway::emulator
