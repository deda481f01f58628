// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/things_stack.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "emulator/stack/http2_posts.h"
#include "emulator/stack/uplink_body.h"
#include "emulator/stack/webhook_poster.h"

#include <algorithm>
#include <map>
#include <utility>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_time_out = 5s; // the stack's own (things-stack-wire.md B.4)
constexpr auto pause_after_refusal = 20ms, pause_after_drop = 1ms;
constexpr auto longest_sleep = 200ms;
constexpr std::size_t idle_of_a_host = 2;     // Go's net/http: DefaultMaxIdleConnsPerHost
constexpr std::size_t max_postponed = 20'000; // beyond: given up, as by the stack's own full queue

struct simulated_session {
  std::string dev_eui, session_key_id;
};

// A message and its next try.
struct attempt {
  simulated_turn turn;
  const webhook_hook* hook = nullptr;
  std::string request;
  int number = 1;
};

} // namespace

struct things_stack::campaign {
  campaign(net::loop& loop, storage_log& storage, simulation_plan plan,
           const std::unordered_map<std::string, std::uint64_t>& markers)
      : on{loop},
        stored{storage},
        books{std::move(plan), markers, loop.now().mono},
        retries{books.plan().sending.retry_minute} {}

  net::loop& on;
  storage_log& stored;
  simulation books;
  webhook_retries retries;
  std::vector<webhook_hook> hooks;         // by application
  std::vector<webhook_health> health;      // likewise
  std::vector<simulated_session> sessions; // by device
  std::optional<net::tls_client_context> tls;
  std::vector<std::unique_ptr<webhook_poster>> posters;
  webhook_connections pool;
  std::optional<http2_posts> http2;
  std::uint64_t connections_opened = 0;
  downlink_service* downlinks = nullptr;
  std::multimap<mono_time, attempt> held; // first tries, whose device is locked until then
  std::multimap<mono_time, attempt> postponed;
  std::size_t working = 0, posting = 0;

  // A new message, or one whose next try is due; nothing when there is nothing left to do.
  net::task<std::optional<attempt>> next_attempt();
  attempt make_attempt(const simulated_turn& turn, wall_time now);
  std::optional<attempt> take_postponed(mono_time now);
  // The Application Server cannot take the uplink now, or never: then it is no longer the caller's.
  bool hold(attempt& made, moment now);
  bool is_held_due(mono_time now) const { return !held.empty() && held.begin()->first <= now; }
  void settle(attempt tried, const post_result& answer);
  void end_http2() {
    if (http2) connections_opened += http2->connections_opened();
    http2.reset();
  }
};

attempt things_stack::campaign::make_attempt(const simulated_turn& turn, wall_time now) {
  const auto& session = sessions[turn.device];
  const auto& application = books.application_of(turn.device);
  simulated_uplink uplink;
  uplink.application = application.id;
  uplink.device = books.device_name(turn.device);
  uplink.dev_eui = session.dev_eui;
  uplink.session_key_id = session.session_key_id;
  uplink.f_cnt = turn.marker;
  uplink.marker = turn.marker;
  uplink.received_at = now;
  uplink.variation = static_cast<std::uint32_t>(turn.marker * 7 + turn.device * 13);
  uplink.simulated = books.plan().simulated;
  auto body = make_uplink_body(uplink);
  if (stored.is_on())
    stored.append(
        {0, application.id, std::string{uplink.device}, "uplink_message", simulated_f_port, now, body}, now);
  const auto& hook = hooks[books.application_index(turn.device)];
  body = hook.make_body(std::move(body), books.plan().sending.varied, turn.marker * 1000 + turn.device);
  const webhook_subject about{uplink.application, uplink.device, uplink.dev_eui, simulated_join_eui,
                              simulated_dev_addr};
  return {turn, &hook, hook.make_request(about, body), 1};
}

std::optional<attempt> things_stack::campaign::take_postponed(mono_time now) {
  auto& from = is_held_due(now) ? held : postponed;
  if (from.empty() || from.begin()->first > now) return std::nullopt;
  auto next = std::move(from.begin()->second);
  from.erase(from.begin());
  return next;
}

bool things_stack::campaign::hold(attempt& made, moment now) {
  if (downlinks == nullptr) return false;
  const auto& turn = made.turn;
  const auto passage = downlinks->pass_uplink(
      books.application_of(turn.device).id, books.device_name(turn.device),
      sessions[turn.device].session_key_id, static_cast<std::uint32_t>(turn.marker), now);
  if (passage.dropped) {
    books.answered(turn, 0, "dropped_by_stack", now.mono);
    return true;
  }
  if (passage.not_before <= now.mono) return false;
  held.emplace(passage.not_before, std::move(made));
  return true;
}

void things_stack::campaign::settle(attempt tried, const post_result& answer) {
  const auto now = on.now();
  const bool success = answer.status >= 200 && answer.status < 300;
  auto& state = health[books.application_index(tried.turn.device)];
  const bool dropped = answer.reason == "webhook_disabled";
  if (success)
    state.on_success();
  else if (!dropped)
    state.on_failure(now);
  std::optional<std::chrono::nanoseconds> pause;
  if (!success && !dropped && !books.stopped() && postponed.size() < max_postponed)
    pause = retries.pause_behind(tried.number, static_cast<double>(tried.turn.marker * 37 % 100) / 100);
  if (tried.number > 1)
    books.answered_again(tried.turn, answer.status, answer.reason, now.mono, !pause);
  else if (pause)
    books.postpone(tried.turn, answer.status, answer.reason, now.mono);
  else
    books.answered(tried.turn, answer.status, answer.reason, now.mono);
  if (!pause) return;
  ++tried.number;
  const auto due = now.mono + std::chrono::duration_cast<mono_time::duration>(*pause);
  postponed.emplace(due, std::move(tried));
}

things_stack::things_stack(net::loop& on, net::task_group& tasks, storage_log& stored, std::string seed,
                           std::string stack_url)
    : on_{on}, tasks_{tasks}, stored_{stored}, seed_{std::move(seed)}, stack_url_{std::move(stack_url)} {}

bool things_stack::running() const {
  return campaign_ && campaign_->working > 0;
}

const simulation* things_stack::current() const {
  return campaign_ ? &campaign_->books : nullptr;
}

std::uint64_t things_stack::connections_opened() const {
  if (!campaign_) return 0;
  return campaign_->connections_opened + (campaign_->http2 ? campaign_->http2->connections_opened() : 0);
}

const std::vector<webhook_health>* things_stack::health() const {
  return campaign_ ? &campaign_->health : nullptr;
}

void things_stack::stop() {
  if (campaign_) campaign_->books.stop();
}

void things_stack::on_arrival(const arrival& entry) {
  if (campaign_) campaign_->books.on_arrival(entry, on_.now().mono);
}

result<void> things_stack::start(simulation_plan plan, const std::string& ca_file) {
  if (running()) return error{errc::internal, "a simulation is running already"};
  if (!plan.uplinks && !plan.duration)
    return error{errc::config_invalid_value, "neither uplinks nor seconds says when the simulation ends"};
  std::vector<webhook_hook> hooks;
  bool tls = false;
  for (const auto& application : plan.applications) {
    auto settings = application.webhook;
    settings.base_url = application.url;
    if (!application.authorization.empty())
      settings.headers.emplace_back("Authorization", application.authorization);
    auto hook = webhook_hook::make(std::move(settings), stack_url_);
    if (!hook) return hook.fault();
    tls = tls || hook->is_tls();
    hooks.push_back(std::move(*hook));
  }
  if (campaign_) campaign_->books.save_markers(markers_);
  auto next = std::make_shared<campaign>(on_, stored_, std::move(plan), markers_);
  const auto& sending = next->books.plan().sending;
  if (next->books.device_count() == 0) return error{errc::config_invalid_value, "there are no devices"};
  next->health.resize(hooks.size(), webhook_health{sending.health});
  next->hooks = std::move(hooks);
  next->downlinks = downlinks_;
  if (tls) {
    auto context = net::tls_client_context::make(ca_file);
    if (!context) return context.fault();
    next->tls = std::move(*context);
  }
  if (tls && next->books.plan().http2) {
    auto posts = http2_posts::make(on_, tasks_, ca_file);
    if (!posts) return posts.fault();
    next->http2.emplace(std::move(*posts));
  }
  for (std::uint32_t i = 0; i < next->books.device_count(); ++i) {
    const auto& name = next->books.device_name(i);
    const auto digest = sha256(seed_ + name);
    next->sessions.push_back({make_dev_eui(next->books.application_of(i).id, name),
                              base64_encode({reinterpret_cast<const char*>(digest.data()), 16})});
  }
  campaign_ = std::move(next);

  auto workers = std::max<std::size_t>(campaign_->books.plan().concurrency, 1);
  if (!sending.parallel) workers = std::min(workers, campaign_->books.device_count());
  campaign_->working = workers;
  campaign_->pool.most_of_a_host =
      campaign_->books.plan().connections == connection_use::fresh ? idle_of_a_host : workers;
  for (std::size_t i = 0; i < workers; ++i) {
    campaign_->posters.push_back(std::make_unique<webhook_poster>());
    tasks_.spawn("things_stack_poster", net::restart_policy::never,
                 [at = campaign_, i] { return post_turns(at, i); });
  }
  tasks_.spawn("things_stack_time_outs", net::restart_policy::never,
               [at = campaign_] { return watch_time_outs(at); });
  return {};
}

net::task<std::optional<attempt>> things_stack::campaign::next_attempt() {
  while (true) {
    const auto now = on.now().mono;
    if (auto again = take_postponed(now)) {
      if (again->number == 1) books.begin(again->turn, now); // it was held
      co_return again;
    }
    auto turn = books.stopped() ? std::nullopt : books.take_turn(now);
    if (!turn) {
      const bool more_may_come = !held.empty() || (retries.is_on() && (!postponed.empty() || posting > 0));
      if (!more_may_come || books.stopped()) co_return std::nullopt;
      auto pause = std::chrono::duration_cast<mono_time::duration>(longest_sleep);
      if (!held.empty()) pause = std::clamp<mono_time::duration>(held.begin()->first - now, 1ms, pause);
      if (!postponed.empty())
        pause = std::clamp<mono_time::duration>(postponed.begin()->first - now, 1ms, pause);
      const bool awake = co_await net::sleep_for(pause);
      if (!awake) co_return std::nullopt;
      continue;
    }
    bool awake = true;
    auto time = on.now().mono;
    for (; awake && turn->due > time && !books.stopped() && !is_held_due(time); time = on.now().mono) {
      const auto pause = std::min<mono_time::duration>(turn->due - time, longest_sleep);
      awake = co_await net::sleep_for(pause);
    }
    if (!awake || books.stopped()) {
      books.give_back(*turn);
      co_return std::nullopt;
    }
    if (turn->due > time) {
      books.give_back(*turn);
      continue;
    }
    const auto begun = on.now();
    books.begin(*turn, begun.mono);
    auto made = make_attempt(*turn, begun.wall);
    if (!hold(made, begun)) co_return made;
    awake = co_await net::sleep_for(pause_after_drop);
    if (!awake) co_return std::nullopt;
  }
}

net::task<> things_stack::post_turns(std::shared_ptr<campaign> at, std::size_t worker) {
  auto& with = *at->posters[worker];
  const std::chrono::milliseconds time_out =
      at->retries.is_on() ? webhook_retries::time_out : answer_time_out;
  while (true) {
    auto next = co_await at->next_attempt();
    if (!next) break;
    const auto& hook = *next->hook;
    const auto begun = at->on.now().mono;
    if (!at->health[at->books.application_index(next->turn.device)].may_send(begun)) {
      at->settle(std::move(*next), {0, "webhook_disabled"});
      const bool awake = co_await net::sleep_for(1ms);
      if (!awake) break;
      continue;
    }
    if (at->http2 && hook.is_tls()) {
      ++at->posting;
      const auto answer = co_await at->http2->post(hook.host(), hook.port(), next->request, begun + time_out);
      --at->posting;
      if (answer.is_offered) {
        at->settle(std::move(*next), {answer.status, answer.reason});
        if (answer.status != 0) continue;
        const bool awake = co_await net::sleep_for(pause_after_refusal);
        if (!awake) break;
        continue;
      }
      at->end_http2();
    }
    with.line = at->pool.take(hook, begun);
    if (!with.line) {
      with.line = std::make_unique<webhook_connection>(&hook);
      ++at->connections_opened;
    }
    with.deadline = begun + time_out;
    with.timed_out = false;
    ++at->posting;
    // Apart: GCC 12 destroys the temporary of a conditional inside co_await twice.
    auto tls = hook.is_tls() ? at->tls : std::nullopt;
    const auto answer = co_await post_once(&with, std::move(tls), time_out, next->request);
    --at->posting;
    with.deadline.reset();
    if (std::exchange(with.line->usable, false))
      at->pool.give(std::move(with.line), at->on.now().mono);
    else if (answer.status == 0 && !with.timed_out)
      at->pool.drop(hook);
    with.line.reset();
    at->settle(std::move(*next), answer);
    if (answer.status == 0) {
      const bool awake = co_await net::sleep_for(pause_after_refusal);
      if (!awake) break;
    }
  }
  if (--at->working > 0) co_return;
  at->pool.idle.clear();
  at->end_http2();
  for (const auto& [due, left] : at->held)
    at->books.give_back(left.turn);
  at->held.clear();
  for (const auto& [due, left] : at->postponed)
    at->books.give_up(left.turn);
  at->postponed.clear();
}

net::task<> things_stack::watch_time_outs(std::shared_ptr<campaign> at) {
  while (at->working > 0) {
    const bool awake = co_await net::sleep_for(100ms);
    if (!awake) break;
    const auto now = at->on.now().mono;
    for (const auto& with : at->posters)
      with->watch(now);
  }
}

} // namespace causeway::emulator
