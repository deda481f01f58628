// SPDX-License-Identifier: Apache-2.0
// The emulated downlink side in time: turns its clock, brings its events on their way, and carries its HTTP
// requests, whose clients may leave. Loop's thread only.
#pragma once

#include "emulator/stack/downlink_api.h"
#include "emulator/stack/event_courier.h"
#include "net/http_server.h"

namespace causeway::emulator {

class downlink_port {
public:
  // All must live until tasks has stopped.
  downlink_port(net::loop& on, net::task_group& tasks, downlink_api& api, event_courier& courier);
  downlink_port(const downlink_port&) = delete;
  downlink_port& operator=(const downlink_port&) = delete;

  static bool is_for(std::string_view path) { return downlink_api::is_for(path); }
  net::task<net::http_response> answer(net::http_request request);
  // What was published on a topic of pushes: "v3/app@tenant/devices/device/down/push". Others are ignored.
  void on_published(std::string_view topic, std::string_view body);

private:
  // Everything that is due happens, and its events leave.
  void turn();
  static net::task<> keep_turning(downlink_port* self);

  net::loop& on_;
  downlink_api& api_;
  event_courier& courier_;
};

} // namespace causeway::emulator
