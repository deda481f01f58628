// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/mqtt_publisher.h"

#include "base/log.h"
#include "net/wake_up.h"

#include <MQTTAsync.h>

#include <array>
#include <deque>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_time = 5s;
constexpr auto retry_pause = 1s;
constexpr int most_under_way = 10'000;
constexpr std::array<const char*, 2> pushed_topics{"v3/+/devices/+/down/push", "v3/+/devices/+/down/replace"};

} // namespace

struct mqtt_publisher::state {
  // A message under way; Paho's callbacks get its address. Used again only after its callback.
  struct slot {
    state* owner = nullptr;
    std::shared_ptr<net::wake_up> waiter;
    bool answered = false, taken = false;
  };

  net::loop& on;
  mqtt_broker broker;
  std::string uri;
  MQTTAsync handle = nullptr;
  bool connected = false, connecting = false;
  std::function<void(const std::string&, const std::string&)> heard{};
  std::deque<slot> slots;
  std::vector<slot*> free_slots;

  state(net::loop& loop, mqtt_broker to) : on{loop}, broker{std::move(to)} {
    uri = "tcp://" + broker.address;
    MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
    init.do_openssl_init = 0;
    MQTTAsync_global_init(&init);
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.maxBufferedMessages = most_under_way;
    if (MQTTAsync_createWithOptions(&handle, uri.c_str(), "things-stack-emulator",
                                    MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options) != MQTTASYNC_SUCCESS)
      handle = nullptr;
    else
      MQTTAsync_setCallbacks(handle, this, on_lost, on_message, nullptr);
  }
  // Paho calls nothing after this; what it has posted is destroyed with the loop.
  ~state() {
    if (handle != nullptr) MQTTAsync_destroy(&handle);
  }

  // Paho's threads; the loop outlives them.
  static int on_message(void* context, char* topic, int size, MQTTAsync_message* message) {
    auto* self = static_cast<state*>(context);
    auto name = size > 0 ? std::string(topic, static_cast<std::size_t>(size)) : std::string{topic};
    std::string body(static_cast<const char*>(message->payload),
                     static_cast<std::size_t>(message->payloadlen));
    self->on.post([self, name = std::move(name), body = std::move(body)] {
      if (self->heard) self->heard(name, body);
    });
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
  }
  static void on_lost(void* context, char*) {
    auto* self = static_cast<state*>(context);
    self->on.post([self] { self->connected = false; });
  }
  static void on_connected(void* context, MQTTAsync_successData*) {
    auto* self = static_cast<state*>(context);
    self->on.post([self] {
      self->connecting = false;
      self->connected = true;
      for (const auto* topic : pushed_topics)
        if (self->heard) MQTTAsync_subscribe(self->handle, topic, 1, nullptr);
      log::info("mqtt_publisher_connected", {{"broker", self->broker.address}});
    });
  }
  static void on_not_connected(void* context, MQTTAsync_failureData* why) {
    auto* self = static_cast<state*>(context);
    const int code = why == nullptr ? 0 : why->code;
    self->on.post([self, code] {
      self->connecting = false;
      log::warning("mqtt_publisher_refused", {{"broker", self->broker.address}, {"code", code}});
    });
  }
  static void answer(void* context, bool taken) {
    auto* one = static_cast<slot*>(context);
    one->owner->on.post([one, taken] {
      one->answered = true;
      one->taken = taken;
      if (one->waiter)
        one->waiter->notify();
      else // it was given up
        one->owner->free_slots.push_back(one);
    });
  }
  static void on_taken(void* context, MQTTAsync_successData*) { answer(context, true); }
  static void on_not_taken(void* context, MQTTAsync_failureData*) { answer(context, false); }

  void connect() {
    if (handle == nullptr || connected || connecting) return;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.keepAliveInterval = 30;
    options.connectTimeout = 5;
    options.maxInflight = most_under_way;
    options.username = broker.username.c_str();
    options.password = broker.password.c_str();
    options.context = this;
    options.onSuccess = on_connected;
    options.onFailure = on_not_connected;
    connecting = MQTTAsync_connect(handle, &options) == MQTTASYNC_SUCCESS;
  }

  slot* take_slot() {
    if (free_slots.empty()) {
      slots.emplace_back().owner = this;
      free_slots.push_back(&slots.back());
    }
    auto* one = free_slots.back();
    free_slots.pop_back();
    one->waiter = std::make_shared<net::wake_up>(on);
    one->answered = one->taken = false;
    return one;
  }
};

mqtt_publisher::mqtt_publisher(net::loop& on, net::task_group& tasks, mqtt_broker to)
    : state_{std::make_shared<state>(on, to)}, broker_{std::move(to)} {
  tasks.spawn("mqtt_publisher", net::restart_policy::never, [with = state_] { return keep_connected(with); });
}

mqtt_publisher::~mqtt_publisher() = default;

net::task<> mqtt_publisher::keep_connected(std::shared_ptr<state> with) {
  bool going_on = true;
  while (going_on) {
    with->connect();
    going_on = co_await net::sleep_for(retry_pause);
  }
}

void mqtt_publisher::on_downlink(std::function<void(const std::string&, const std::string&)> heard) {
  state_->heard = std::move(heard);
}

bool mqtt_publisher::connected() const {
  return state_->connected;
}

std::string mqtt_publisher::topic_of(const std::string& application, const std::string& device,
                                     const std::string& kind) const {
  const auto user = broker_.tenant.empty() ? application : application + "@" + broker_.tenant;
  return "v3/" + user + "/devices/" + device + "/" + kind;
}

net::task<bool> mqtt_publisher::publish(std::string topic, std::string payload) {
  const auto with = state_;
  if (!with->connected) co_return false;
  auto* one = with->take_slot();
  const auto waiter = one->waiter;
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.context = one;
  options.onSuccess = state::on_taken;
  options.onFailure = state::on_not_taken;
  const int given = MQTTAsync_send(with->handle, topic.c_str(), static_cast<int>(payload.size()),
                                   payload.data(), 1, 0, &options);
  if (given != MQTTASYNC_SUCCESS) {
    with->free_slots.push_back(one);
    co_return false;
  }
  const auto deadline = with->on.now().mono + answer_time;
  static_cast<void>(co_await waiter->wait_until(deadline));
  const bool taken = one->answered && one->taken;
  one->waiter.reset();
  if (one->answered) with->free_slots.push_back(one);
  co_return taken;
}

} // namespace causeway::emulator
