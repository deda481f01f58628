// SPDX-License-Identifier: Apache-2.0
// Brings the stack's events to the applications, each once: by the webhook, 16 at a time and so in no certain
// order, and by MQTT. Neither waits for the other. What finds no place in the webhook's pool is lost to it,
// as with the stack's own (real-stack-facts.md 1.7), and what finds none among 20,000 that wait for the
// broker. Loop's thread only.
#pragma once

#include "emulator/stack/downlink_event.h"
#include "emulator/stack/mqtt_publisher.h"
#include "emulator/stack/webhook_hook.h"
#include "net/task_group.h"

#include <functional>
#include <map>

namespace causeway::emulator {

struct courier_totals {
  std::uint64_t posted = 0;    // answered with 2xx
  std::uint64_t refused = 0;   // by webhook, whatever came or did not
  std::uint64_t pool_full = 0; // not posted: no place
  std::uint64_t published = 0; // the broker has it
  std::uint64_t lost = 0;      // nobody was asked: no place for MQTT, no broker, no way
};

class event_courier {
public:
  static constexpr std::size_t most_for_broker = 20'000;

  // publisher: nothing when there is no broker. ca_file: trusted for https:// webhooks. All must live until
  // tasks has stopped.
  event_courier(net::loop& on, net::task_group& tasks, mqtt_publisher* publisher, std::string ca_file);
  event_courier(const event_courier&) = delete;
  event_courier& operator=(const event_courier&) = delete;

  // How an application hears of its devices; without a webhook and MQTT not at all. Errors:
  // config_invalid_value, certificate_unusable.
  result<void> set_webhook(const std::string& application, webhook_settings settings, std::string stack_url);
  void set_ways(const std::string& application, bool by_webhook, bool by_mqtt);

  // Called with each event of an item that a webhook has answered with 2xx.
  void on_taken(std::function<void(const stack_event&)> listener);

  // pool: events that may wait for their post.
  void send(stack_event event, std::size_t pool);
  // What waits is lost.
  void forget();
  const courier_totals& totals() const;

private:
  struct state;
  struct lane;
  static void put(const std::shared_ptr<state>& s, lane& into, stack_event event);
  static net::task<> work(std::shared_ptr<state> s, lane* of, std::size_t worker);
  static net::task<> watch(std::shared_ptr<state> s);

  std::shared_ptr<state> state_;
};

} // namespace causeway::emulator
