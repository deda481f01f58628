// SPDX-License-Identifier: Apache-2.0
// The Things Stack's connection to a real MQTT broker that stands for its MQTT server: publishes at QoS 1, so
// that it knows what the broker has; who subscribes at QoS 0 gets it at QoS 0. Hears what clients publish for
// its queues. By Paho's asynchronous C
// client. Loop's thread only.
#pragma once

#include "net/task_group.h"

#include <functional>
#include <memory>
#include <string>

namespace causeway::emulator {

struct mqtt_broker {
  std::string address; // "127.0.0.1:1883"
  std::string username = "stack", password;
  std::string tenant = "emulated"; // empty: an open-source stack
};

class mqtt_publisher {
public:
  // Connects, and again every second while it is not connected. on and tasks must live until tasks has
  // stopped.
  mqtt_publisher(net::loop& on, net::task_group& tasks, mqtt_broker to);
  ~mqtt_publisher();

  // "v3/app@tenant/devices/device/kind" (things-stack-wire.md A.2).
  std::string topic_of(const std::string& application, const std::string& device,
                       const std::string& kind) const;
  // Whether the broker has it; false at once when it is not connected, for nothing waits for it then, and
  // after 5 s without an answer.
  net::task<bool> publish(std::string topic, std::string payload);
  bool connected() const;

  // Called on the loop with topic and body of what comes on down/push and down/replace of any device. Once,
  // before the loop runs; must stay until tasks has stopped.
  void on_downlink(std::function<void(const std::string& topic, const std::string& body)> heard);

private:
  struct state;
  static net::task<> keep_connected(std::shared_ptr<state> with);
  std::shared_ptr<state> state_;
  mqtt_broker broker_;
};

} // namespace causeway::emulator
