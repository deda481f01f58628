// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_source.h"

#include "base/earliest.h"
#include "base/log.h"
#include "stack/mqtt_topic.h"

#include <algorithm>
#include <utility>

namespace causeway::stack {
namespace {

// Of the loop's time in one go.
constexpr std::chrono::microseconds longest_work{1'000};
constexpr std::size_t items_at_once = 32;
constexpr seconds longest_sleep{1}; // so that what was dropped is counted and told
constexpr milliseconds goodbye_time{1'000};
constexpr seconds log_interval{10};
// Until a connection that says nothing counts as lost: two keep-alives.
constexpr seconds longest_silence{60};

std::function<void()> waker(net::loop& on, const std::shared_ptr<net::wake_up>& whom) {
  return [&on, weak = std::weak_ptr{whom}] {
    on.post([weak] {
      if (const auto one = weak.lock()) one->notify();
    });
  };
}

} // namespace

struct mqtt_source::application {
  application(const application_id& name, std::size_t number, mqtt_backlog_limits limits, moment now)
      : id{name}, index{number}, line{now}, backlog{limits} {}

  application_id id;
  std::size_t index;
  mqtt_line line;
  mqtt_backlog backlog;
  std::size_t in_hand = 0;
  bool saying_goodbye = false;
  std::uint64_t dropped = 0;                                // by the inbox, as counted so far
  std::array<std::optional<mono_time>, mqtt_losses> told{}; // when the log was told of a loss last
  mqtt_totals totals;
};

mqtt_source::mqtt_source(net::loop& on, net::task_group& tasks, mqtt_settings settings,
                         std::vector<mqtt_application> applications, model::door& to, answer_desk& desk,
                         std::function<double()> random)
    : loop_{on},
      tasks_{tasks},
      settings_{std::move(settings)},
      door_{to},
      desk_{desk},
      random_{std::move(random)},
      awake_{std::make_shared<net::wake_up>(on)},
      inbox_{settings_.inbox, applications.size(), waker(on, awake_)},
      log_budget_{10.0, 100.0, on.now().mono} {
  // Each application has its share for itself, so that none can fill the room of others; one message fits.
  const auto count = std::max<std::size_t>(applications.size(), 1);
  auto share = settings_.backlog;
  share.messages = std::max<std::size_t>(share.messages / count, 1);
  share.bytes = std::max(share.bytes / count, settings_.inbox.payload);
  for (const auto& one : applications)
    applications_.push_back(std::make_unique<application>(one.id, applications_.size(), share, loop_.now()));
  clients_ = std::make_unique<mqtt_clients>(settings_.server, make_accounts(settings_, applications), inbox_);
}

mqtt_source::~mqtt_source() = default;

void mqtt_source::start() {
  tasks_.spawn("mqtt", net::restart_policy::on_fault, [this] { return run(); });
}

net::task<> mqtt_source::run() {
  while (true) {
    const bool more = work();
    if (more) {
      // Others have their turn.
      const bool going_on = co_await net::sleep_for(std::chrono::nanoseconds{0});
      if (!going_on) co_return;
      continue;
    }
    const auto now = loop_.now().mono;
    const auto until = std::min(deadline().value_or(now + longest_sleep), now + longest_sleep);
    const bool woken = co_await awake_->wait_until(until);
    // False at the time-out, too: whether the task was cancelled shows in the next wait for nothing.
    if (woken) continue;
    const bool going_on = co_await net::sleep_for(std::chrono::nanoseconds{0});
    if (!going_on) co_return;
  }
}

// True when there is more to do at once.
bool mqtt_source::work() {
  const auto began = loop_.now().mono;
  keep_lines();
  while (true) {
    taken_.clear();
    inbox_.take(taken_, items_at_once);
    for (auto& item : taken_)
      take_item(std::move(item));
    bool handed = false;
    const auto now = loop_.now().mono;
    for (std::size_t i = 0; i < applications_.size(); ++i) {
      auto& of = *applications_[(turn_ + i) % applications_.size()];
      for (std::size_t n = 0; n < items_at_once && in_hand_ < settings_.in_hand; ++n) {
        auto one = of.backlog.next(now);
        if (!one) break;
        hand_in(of, std::move(*one));
        handed = true;
      }
    }
    if (!applications_.empty()) turn_ = (turn_ + 1) % applications_.size();
    if (taken_.empty() && !handed) return false;
    if (loop_.now().mono - began >= longest_work) return true;
  }
}

void mqtt_source::take_item(mqtt_item item) {
  auto& of = *applications_[item.connection];
  if (item.what == mqtt_event::message)
    take_message(of, std::move(item));
  else if (item.what == mqtt_event::disconnected)
    of.saying_goodbye = false;
  else if (of.line.expects(item.attempt))
    take_news(of, item);
}

void mqtt_source::take_message(application& of, mqtt_item item) {
  ++of.totals.messages;
  auto ids = parse_mqtt_topic(item.text, of.id, settings_.tenant);
  if (!ids) return refuse(of, ids.fault());
  if (item.size > settings_.inbox.payload)
    return refuse(of,
                  error{errc::body_too_large, std::to_string(item.size) + " bytes from " + ids->device +
                                                  ", at most " + std::to_string(settings_.inbox.payload)});
  const auto now = loop_.now();
  if (!of.backlog.push({++last_number_, std::move(*ids), std::move(item.payload), now.mono}))
    lose(of, mqtt_loss::backlog_full, 1, now.wall);
}

void mqtt_source::take_news(application& of, const mqtt_item& item) {
  if (item.what != mqtt_event::subscribed)
    return go_down(of, error_of(item, settings_, of.id),
                   item.what == mqtt_event::refused ? std::optional{item.code} : std::nullopt);
  if (stopping_) return;
  const auto episode = of.line.on_up(loop_.now().mono);
  log::info("mqtt_connected",
            {{"application", of.id}, {"server", settings_.server.host}, {"away_ms", episode.lasted.count()}});
  if (watcher_ != nullptr) watcher_->on_mqtt_up(of.id);
}

void mqtt_source::go_down(application& of, error why, std::optional<int> connack) {
  const auto now = loop_.now();
  const bool was_up = of.line.connected();
  const auto pause = of.line.on_down(why, connack, now.mono, random_());
  // A subscription that is refused leaves the connection open.
  if (why.code() == errc::mqtt_subscription_refused) clients_->disconnect(of.index);
  if (stopping_) return;
  if (was_up)
    log::warning("mqtt_connection_lost", {{"application", of.id},
                                          {"error", why.name()},
                                          {"detail", why.detail()},
                                          {"next_try_ms", pause.count()}});
  else
    log::warning("mqtt_connect_refused", {{"application", of.id},
                                          {"error", why.name()},
                                          {"detail", why.detail()},
                                          {"next_try_ms", pause.count()}});
  if (was_up && watcher_ != nullptr) watcher_->on_mqtt_down(of.id, now.wall - longest_silence);
  if (of.line.needs_attention(now.mono))
    log::error("mqtt_needs_attention", {{"application", of.id},
                                        {"error", why.name()},
                                        {"detail", why.detail()},
                                        {"away_ms", of.line.totals(now.mono).lasts / milliseconds{1}}});
}

void mqtt_source::hand_in(application& of, mqtt_message one) {
  auto event = tts::parse_application_up(one.payload, one.ids, tts::masking::none);
  if (!event) return refuse(of, std::move(event).fault().in(one.ids.device));
  ++of.in_hand;
  ++in_hand_;
  const auto kept = std::make_shared<mqtt_message>(std::move(one));
  const auto which =
      desk_.open([this, raw = &of, kept](model::answer what) { on_answer(*raw, std::move(*kept), what); });
  door_.on_event(which, std::move(*event), loop_.now());
}

void mqtt_source::on_answer(application& of, mqtt_message one, model::answer what) {
  --of.in_hand;
  if (in_hand_-- == settings_.in_hand) awake_->notify();
  ++of.totals.answered[static_cast<std::size_t>(what)];
  if (!is_for_now(what)) return of.backlog.on_taken();
  if (stopped_) return lose(of, mqtt_loss::stopped, 1, loop_.now().wall - settings_.backlog.patience);
  of.backlog.put_back(std::move(one), loop_.now().mono, random_());
  awake_->notify();
}

void mqtt_source::refuse(application& of, const error& why) {
  ++of.totals.refused[why.code()];
  if (!log_budget_.take(loop_.now().mono)) {
    ++unlogged_;
    return;
  }
  log::warning("mqtt_message_refused", {{"application", of.id},
                                        {"error", why.name()},
                                        {"detail", why.detail()},
                                        {"unlogged", std::exchange(unlogged_, 0)}});
}

void mqtt_source::lose(application& of, mqtt_loss why, std::uint64_t count, wall_time since) {
  if (count == 0) return;
  auto& all = of.totals.lost[static_cast<std::size_t>(why)];
  all += count;
  const auto now = loop_.now().mono;
  auto& told = of.told[static_cast<std::size_t>(why)];
  if (!told || now - *told >= log_interval) {
    told = now;
    log::error("mqtt_messages_lost", {{"application", of.id}, {"reason", to_string(why)}, {"in_all", all}});
  }
  if (watcher_ != nullptr) watcher_->on_mqtt_lost(of.id, since);
}

void mqtt_source::count_dropped(application& of) {
  const auto dropped = inbox_.dropped(of.index);
  const auto fresh = dropped - std::exchange(of.dropped, dropped);
  of.totals.messages += fresh;
  lose(of, mqtt_loss::inbox_full, fresh, loop_.now().wall - longest_sleep);
}

void mqtt_source::keep_lines() {
  const auto now = loop_.now();
  for (const auto& one : applications_) {
    auto& of = *one;
    lose(of, mqtt_loss::not_taken, of.backlog.expire(now.mono), now.wall - settings_.backlog.patience);
    count_dropped(of);
    if (of.line.overdue(now.mono)) {
      clients_->disconnect(of.index);
      go_down(of, error{errc::mqtt_unreachable, settings_.server.host + ": no answer in time"}, {});
    }
    if (of.line.begin(now.mono)) clients_->connect(of.index, of.line.attempt());
  }
}

std::optional<mono_time> mqtt_source::deadline() const {
  std::optional<mono_time> next;
  for (const auto& one : applications_) {
    next = earliest({next, one->line.deadline()});
    if (in_hand_ < settings_.in_hand) next = earliest({next, one->backlog.deadline()});
  }
  return next;
}

bool mqtt_source::is_idle() const {
  return in_hand_ == 0 && inbox_.empty() &&
         std::all_of(applications_.begin(), applications_.end(),
                     [](const auto& one) { return one->backlog.empty(); });
}

net::task<> mqtt_source::stop(mono_time deadline) {
  stopping_ = true;
  for (const auto& one : applications_) {
    one->line.stop();
    one->saying_goodbye = true;
    clients_->disconnect(one->index);
  }
  const auto silent = [this] {
    return std::none_of(applications_.begin(), applications_.end(),
                        [](const auto& one) { return one->saying_goodbye; });
  };
  const auto goodbye = std::min(deadline, loop_.now().mono + goodbye_time);
  bool going_on = true;
  while (going_on && !silent() && loop_.now().mono < goodbye)
    going_on = co_await net::sleep_for(milliseconds{5});
  for (const auto& one : applications_)
    one->backlog.hurry();
  while (going_on && !is_idle() && loop_.now().mono < deadline) {
    awake_->notify();
    going_on = co_await net::sleep_for(milliseconds{5});
  }
  stopped_ = true;
  const auto now = loop_.now();
  for (const auto& one : applications_) {
    count_dropped(*one);
    lose(*one, mqtt_loss::stopped, one->backlog.clear(), now.wall - settings_.backlog.patience);
  }
}

std::map<application_id, mqtt_totals> mqtt_source::totals() const {
  std::map<application_id, mqtt_totals> all;
  const auto now = loop_.now().mono;
  for (const auto& one : applications_) {
    auto& to = all[one->id] = one->totals;
    to.line = one->line.totals(now);
    to.waiting = one->backlog.size() + one->in_hand;
  }
  return all;
}

} // namespace causeway::stack
