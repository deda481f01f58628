// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_clients.h"

#include "base/log.h"

#include <MQTTAsync.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace causeway::stack {
namespace {

constexpr int keep_alive_seconds = 30;
constexpr int connect_seconds = 15;
constexpr int goodbye_ms = 500;

// One account's client. Paho's callbacks get its address; it stays where it is until Paho has let go of it.
struct client {
  mqtt_account account;
  mqtt_inbox* inbox = nullptr;
  std::size_t index = 0;
  MQTTAsync handle = nullptr;

  std::mutex mutex; // for what follows
  std::uint64_t attempt = 0;
  std::string tls_fault; // what OpenSSL had to say during the connect

  void tell(mqtt_event what, int code = 0, std::string text = {}) {
    std::uint64_t current = 0;
    {
      const std::lock_guard lock{mutex};
      current = attempt;
    }
    inbox->push({what, index, current, code, std::move(text), {}, 0});
  }
};

client& of(void* context) {
  return *static_cast<client*>(context);
}

int on_tls_fault(const char* text, std::size_t length, void* context) {
  auto& self = of(context);
  constexpr std::size_t most = 500;
  const std::lock_guard lock{self.mutex};
  std::string_view line{text, length};
  while (line.ends_with('\n'))
    line.remove_suffix(1);
  if (self.tls_fault.size() + line.size() < most)
    self.tls_fault.append(self.tls_fault.empty() ? "" : "; ").append(line);
  return 1;
}

int on_message(void* context, char* topic, int topic_length, MQTTAsync_message* message) {
  auto& self = of(context);
  mqtt_item item;
  item.connection = self.index;
  item.text = topic_length > 0 ? std::string(topic, static_cast<std::size_t>(topic_length)) : topic;
  item.size = static_cast<std::size_t>(std::max(message->payloadlen, 0));
  if (item.size <= self.inbox->limits().payload)
    item.payload.assign(static_cast<const char*>(message->payload), item.size);
  self.inbox->push(std::move(item)); // false: counted there
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

void on_lost(void* context, char* cause) {
  of(context).tell(mqtt_event::lost, 0, cause == nullptr ? "" : cause);
}

void on_connect_refused(void* context, MQTTAsync_failureData* why) {
  auto& self = of(context);
  // Above 0 it is the CONNACK's code; below, the library's.
  if (why != nullptr && why->code > 0) return self.tell(mqtt_event::refused, why->code);
  std::string text;
  {
    const std::lock_guard lock{self.mutex};
    text = self.tls_fault;
  }
  if (text.empty() && why != nullptr && why->message != nullptr) text = why->message;
  self.tell(mqtt_event::unreachable, 0, std::move(text));
}

void on_subscribe_refused(void* context, MQTTAsync_failureData* why) {
  auto& self = of(context);
  const bool by_server = why != nullptr && why->code == MQTT_BAD_SUBSCRIBE;
  if (by_server) return self.tell(mqtt_event::subscription, 0, self.account.filters.front());
  self.tell(mqtt_event::lost, 0, "before it was subscribed");
}

void on_subscribed(void* context, MQTTAsync_successData* granted) {
  auto& self = of(context);
  const auto& filters = self.account.filters;
  for (std::size_t i = 0; granted != nullptr && i < filters.size(); ++i) {
    const int qos = filters.size() == 1 ? granted->alt.qos : granted->alt.qosList[i];
    if (qos == MQTT_BAD_SUBSCRIBE) return self.tell(mqtt_event::subscription, 0, filters[i]);
  }
  self.tell(mqtt_event::subscribed);
}

void on_connected(void* context, MQTTAsync_successData*) {
  auto& self = of(context);
  std::vector<char*> filters;
  for (auto& one : self.account.filters)
    filters.push_back(one.data());
  std::vector<int> qos(filters.size(), 0);
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.context = &self;
  options.onSuccess = on_subscribed;
  options.onFailure = on_subscribe_refused;
  const int taken = MQTTAsync_subscribeMany(self.handle, static_cast<int>(filters.size()), filters.data(),
                                            qos.data(), &options);
  if (taken != MQTTASYNC_SUCCESS) self.tell(mqtt_event::lost, 0, "before it was subscribed");
}

void on_goodbye(void* context, MQTTAsync_successData*) {
  of(context).tell(mqtt_event::disconnected);
}

void on_no_goodbye(void* context, MQTTAsync_failureData*) {
  of(context).tell(mqtt_event::disconnected);
}

} // namespace

struct mqtt_clients::state {
  struct order {
    std::size_t which = 0;
    std::uint64_t attempt = 0; // 0: disconnect
  };

  mqtt_address server;
  std::string uri;
  std::deque<client> clients; // their addresses are Paho's contexts
  std::mutex mutex;           // for what follows
  std::condition_variable given;
  std::deque<order> orders; // bounded: a connection is asked for again only after its answer or 30 s
  bool ending = false;
  std::thread worker;

  void run();
  void connect(client& one, std::uint64_t attempt);
  void disconnect(client& one);
  bool create(client& one);
};

bool mqtt_clients::state::create(client& one) {
  if (one.handle != nullptr) return true;
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  const int made = MQTTAsync_createWithOptions(&one.handle, uri.c_str(), one.account.client_id.c_str(),
                                               MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
  if (made == MQTTASYNC_SUCCESS &&
      MQTTAsync_setCallbacks(one.handle, &one, on_lost, on_message, nullptr) == MQTTASYNC_SUCCESS)
    return true;
  if (one.handle != nullptr) MQTTAsync_destroy(&one.handle);
  one.handle = nullptr;
  return false;
}

void mqtt_clients::state::connect(client& one, std::uint64_t attempt) {
  {
    const std::lock_guard lock{one.mutex};
    one.attempt = attempt;
    one.tls_fault.clear();
  }
  if (!create(one)) return one.tell(mqtt_event::unreachable, 0, "the MQTT library refuses " + uri);
  const std::string password{one.account.password.reveal()};
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  tls.trustStore = server.ca_file.empty() ? nullptr : server.ca_file.c_str();
  tls.enableServerCertAuth = 1;
  tls.verify = 1; // the name
  tls.ssl_error_cb = on_tls_fault;
  tls.ssl_error_context = &one;
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  options.keepAliveInterval = keep_alive_seconds;
  options.connectTimeout = connect_seconds;
  options.cleansession = 1;
  options.username = one.account.username.c_str();
  options.password = password.c_str();
  options.ssl = server.tls ? &tls : nullptr;
  options.context = &one;
  options.onSuccess = on_connected;
  options.onFailure = on_connect_refused;
  const int taken = MQTTAsync_connect(one.handle, &options);
  if (taken != MQTTASYNC_SUCCESS)
    one.tell(mqtt_event::unreachable, 0, "the MQTT library says " + std::to_string(taken));
}

void mqtt_clients::state::disconnect(client& one) {
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  options.timeout = goodbye_ms;
  options.context = &one;
  options.onSuccess = on_goodbye;
  options.onFailure = on_no_goodbye;
  if (one.handle == nullptr || MQTTAsync_disconnect(one.handle, &options) != MQTTASYNC_SUCCESS)
    one.tell(mqtt_event::disconnected);
}

void mqtt_clients::state::run() {
  std::unique_lock lock{mutex};
  while (true) {
    given.wait(lock, [this] { return ending || !orders.empty(); });
    if (ending) break;
    const auto next = orders.front();
    orders.pop_front();
    lock.unlock();
    auto& one = clients[next.which];
    if (next.attempt != 0)
      connect(one, next.attempt);
    else
      disconnect(one);
    lock.lock();
  }
  lock.unlock();
  for (auto& one : clients)
    if (one.handle != nullptr) MQTTAsync_destroy(&one.handle);
}

mqtt_clients::mqtt_clients(mqtt_address server, std::vector<mqtt_account> accounts, mqtt_inbox& to)
    : state_{std::make_unique<state>()} {
  // OpenSSL looks after itself since 1.1.0; others in this process use it, too.
  MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
  options.do_openssl_init = 0;
  MQTTAsync_global_init(&options);
  state_->uri = (server.tls ? "ssl://" : "tcp://") + server.host + ":" + std::to_string(server.port);
  state_->server = std::move(server);
  for (auto& account : accounts) {
    auto& one = state_->clients.emplace_back();
    one.account = std::move(account);
    one.inbox = &to;
    one.index = state_->clients.size() - 1;
  }
  state_->worker = std::thread{[raw = state_.get()] { raw->run(); }};
}

mqtt_clients::~mqtt_clients() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->ending = true;
  }
  state_->given.notify_one();
  state_->worker.join();
}

void mqtt_clients::connect(std::size_t which, std::uint64_t attempt) {
  {
    const std::lock_guard lock{state_->mutex};
    state_->orders.push_back({which, attempt});
  }
  state_->given.notify_one();
}

void mqtt_clients::disconnect(std::size_t which) {
  {
    const std::lock_guard lock{state_->mutex};
    state_->orders.push_back({which, 0});
  }
  state_->given.notify_one();
}

} // namespace causeway::stack
