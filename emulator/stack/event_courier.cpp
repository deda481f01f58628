// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/event_courier.h"

#include "emulator/stack/webhook_poster.h"

#include <deque>
#include <utility>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t workers = 16;
constexpr auto answer_time_out = 5s; // the stack's own (things-stack-wire.md B.4)

struct event_way {
  std::shared_ptr<const webhook_hook> webhook;
  bool by_webhook = true, by_mqtt = false;
};

} // namespace

// Events of one way out, and who of its workers is under way.
struct event_courier::lane {
  bool is_webhook = false;
  std::deque<stack_event> waiting{};
  std::array<bool, workers> busy{};
};

struct event_courier::state {
  net::loop& on;
  net::task_group& tasks;
  mqtt_publisher* publisher;
  std::string ca_file;
  std::map<std::string, event_way> ways{}; // by application
  std::optional<net::tls_client_context> tls{};
  lane to_webhook{true}, to_broker{};
  std::array<webhook_poster, workers> posters{};
  webhook_connections connections{workers, {}};
  std::vector<std::shared_ptr<const webhook_hook>> former{}; // of which connections may be open
  courier_totals totals{};
  std::function<void(const stack_event&)> taken{};

  net::task<> post(const webhook_hook* hook, std::size_t worker, const stack_event* event);
};

event_courier::event_courier(net::loop& on, net::task_group& tasks, mqtt_publisher* publisher,
                             std::string ca_file)
    : state_{std::make_shared<state>(state{on, tasks, publisher, std::move(ca_file)})} {
  tasks.spawn("event_time_outs", net::restart_policy::never, [s = state_] { return watch(s); });
}

const courier_totals& event_courier::totals() const {
  return state_->totals;
}

result<void> event_courier::set_webhook(const std::string& application, webhook_settings settings,
                                        std::string stack_url) {
  auto hook = webhook_hook::make(std::move(settings), std::move(stack_url));
  if (!hook) return hook.fault();
  if (hook->is_tls() && !state_->tls) {
    auto context = net::tls_client_context::make(state_->ca_file);
    if (!context) return context.fault();
    state_->tls = std::move(*context);
  }
  auto& way = state_->ways[application];
  if (way.webhook) state_->former.push_back(way.webhook);
  way.webhook = std::make_shared<const webhook_hook>(std::move(*hook));
  return {};
}

void event_courier::set_ways(const std::string& application, bool by_webhook, bool by_mqtt) {
  auto& way = state_->ways[application];
  way.by_webhook = by_webhook;
  way.by_mqtt = by_mqtt;
}

void event_courier::on_taken(std::function<void(const stack_event&)> listener) {
  state_->taken = std::move(listener);
}

void event_courier::send(stack_event event, std::size_t pool) {
  auto& s = *state_;
  const auto found = s.ways.find(event.application);
  const bool by_mqtt = found != s.ways.end() && found->second.by_mqtt && s.publisher != nullptr;
  const bool by_webhook = found != s.ways.end() && found->second.by_webhook && found->second.webhook;
  if (by_mqtt && s.to_broker.waiting.size() < most_for_broker)
    put(state_, s.to_broker, event);
  else if (by_mqtt || !by_webhook)
    ++s.totals.lost;
  if (!by_webhook) return;
  if (s.to_webhook.waiting.size() < pool)
    put(state_, s.to_webhook, std::move(event));
  else
    ++s.totals.pool_full;
}

void event_courier::forget() {
  auto& s = *state_;
  s.totals.lost += s.to_webhook.waiting.size() + s.to_broker.waiting.size();
  s.to_webhook.waiting.clear();
  s.to_broker.waiting.clear();
}

void event_courier::put(const std::shared_ptr<state>& s, lane& into, stack_event event) {
  into.waiting.push_back(std::move(event));
  const auto free = std::find(into.busy.begin(), into.busy.end(), false);
  if (free == into.busy.end()) return;
  *free = true;
  const auto worker = static_cast<std::size_t>(free - into.busy.begin());
  s->tasks.spawn("event_courier", net::restart_policy::never,
                 [s, of = &into, worker] { return work(s, of, worker); });
}

net::task<> event_courier::work(std::shared_ptr<state> s, lane* of, std::size_t worker) {
  while (!of->waiting.empty()) {
    const auto event = std::move(of->waiting.front());
    of->waiting.pop_front();
    if (of->is_webhook) {
      const auto hook = s->ways[event.application].webhook;
      auto posting = s->post(hook.get(), worker, &event);
      co_await std::move(posting);
    } else {
      auto topic = s->publisher->topic_of(event.application, event.device, event.topic);
      const bool taken = co_await s->publisher->publish(std::move(topic), event.body);
      ++(taken ? s->totals.published : s->totals.lost);
    }
  }
  of->busy[worker] = false;
}

net::task<> event_courier::state::post(const webhook_hook* hook, std::size_t worker,
                                       const stack_event* event) {
  auto& with = posters[worker];
  const webhook_subject about{event->application, event->device, event->dev_eui, event->join_eui,
                              event->dev_addr};
  const auto request = hook->make_request(about, hook->make_body(event->body, false, 0));
  with.line = connections.take(*hook, on.now().mono);
  if (!with.line) with.line = std::make_unique<webhook_connection>(hook);
  with.timed_out = false;
  with.deadline = on.now().mono + answer_time_out;
  auto context = hook->is_tls() ? tls : std::nullopt;
  const auto answer = co_await post_once(&with, std::move(context), answer_time_out, request);
  with.deadline.reset();
  if (std::exchange(with.line->usable, false)) connections.give(std::move(with.line), on.now().mono);
  with.line.reset();
  const bool is_taken = answer.status >= 200 && answer.status < 300;
  ++(is_taken ? totals.posted : totals.refused);
  if (is_taken && event->item != 0 && taken) taken(*event);
}

net::task<> event_courier::watch(std::shared_ptr<state> s) {
  for (bool awake = true; awake;) {
    for (auto& poster : s->posters)
      poster.watch(s->on.now().mono);
    awake = co_await net::sleep_for(100ms);
  }
}

} // namespace causeway::emulator
