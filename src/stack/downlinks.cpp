// SPDX-License-Identifier: Apache-2.0
#include "stack/downlinks.h"

#include "base/http_fields.h"
#include "stack/rate_limit.h"
#include "stack/stack_call.h"
#include "tts/downlink_push.h"
#include "tts/downlink_queue.h"

#include <utility>

namespace causeway::stack {
namespace {

using model::push_end;
using model::read_end;

// What a push has not brought to the stack after this never comes there (real-stack-facts.md 2.4).
constexpr std::chrono::seconds push_is_final_within{10};

net::http_client_options client_options(const downlink_options& from, bool is_for_pushes) {
  net::http_client_options made;
  made.ca_file = from.ca_file;
  made.max_connections = from.most_pushes;
  if (is_for_pushes) made.final_within = push_is_final_within;
  return made;
}

} // namespace

struct downlinks::application {
  application(secret api_key, downlink_totals& into, const backoff_policy& later)
      : key{std::move(api_key)}, totals{into}, limit{later} {}
  secret key;
  downlink_totals& totals;
  rate_limit limit;
};

// One request and what it is about.
struct downlinks::errand {
  model::command_id which;
  model::device_key of;
  application* by = nullptr;
  std::string path, body;
  bool is_withheld = false; // the core has not let it leave
  std::optional<mono_time> began{};
};

downlinks::downlinks(net::loop& on, net::task_group& tasks, model::downlink_answers& core,
                     downlink_options options, std::vector<stack_application> applications,
                     std::function<double()> random)
    : loop_{on},
      tasks_{tasks},
      core_{core},
      options_{std::move(options)},
      random_{std::move(random)},
      pushing_{on, client_options(options_, true)},
      reading_{on, client_options(options_, false)} {
  for (auto& one : applications)
    applications_.emplace(
        one.id, std::make_unique<application>(std::move(one.api_key), totals_[one.id], options_.later));
}

downlinks::~downlinks() = default;

downlinks::application* downlinks::find(const application_id& id) const {
  const auto found = applications_.find(id);
  return found == applications_.end() ? nullptr : found->second.get();
}

void downlinks::push(const model::command_id& which, const model::device_key& to,
                     const model::downlink& what) {
  send(which, to, what.queue, tts::format_push(what, model::correlation_id_of(which)));
}

void downlinks::empty_queue(const model::command_id& which, const model::device_key& of) {
  send(which, of, model::queue_operation::replace, std::string{tts::empty_push});
}

void downlinks::send(const model::command_id& which, const model::device_key& to,
                     model::queue_operation operation, std::string body) {
  const auto what = std::make_shared<errand>();
  *what = {which, to, find(to.application), tts::format_push_path(to, operation), std::move(body)};
  ++under_way_;
  tasks_.spawn("downlinks.push", net::restart_policy::never, [this, what] { return push_one(what); });
}

void downlinks::read_queue(const model::command_id& which, const model::device_key& of) {
  read(which, of, tts::format_queue_path(of), &downlinks::look_at_queue);
}

void downlinks::read_record(const model::command_id& which, const model::device_key& of) {
  read(which, of, tts::format_record_path(of), &downlinks::look_at_record);
}

void downlinks::read(const model::command_id& which, const model::device_key& of, std::string path,
                     net::task<> (downlinks::*by)(std::shared_ptr<errand>)) {
  const auto what = std::make_shared<errand>();
  *what = {which, of, find(of.application), std::move(path), {}};
  tasks_.spawn("downlinks.read", net::restart_policy::never, [this, what, by] { return (this->*by)(what); });
}

net::http_call downlinks::make_call(const errand& what) const {
  auto call = make_stack_call(options_.base_url, what.by->key, what.path);
  call.max_answer = options_.max_answer;
  return call;
}

void downlinks::note(errand& what, const net::http_answer& answer) {
  if (options_.clocks != nullptr)
    options_.clocks->on_answer("The Things Stack", service_clocks::owner::things_stack, answer.headers,
                               loop_.now());
  if (answer.status == 429) ++what.by->totals.throttled;
}

net::task<> downlinks::push_one(std::shared_ptr<errand> what) {
  model::push_outcome outcome;
  if (what->by == nullptr) {
    const bool going_on = co_await net::sleep_for(milliseconds{0}); // never from inside the call
    if (!going_on) co_return;
    outcome.how = push_end::refused;
    outcome.error_name = describe(errc::registry_unauthorized).name;
    outcome.error_text = "the application has no API key";
  } else {
    auto call = make_call(*what);
    call.method = "POST";
    call.headers.emplace_back("Content-Type", "application/json");
    call.body = what->body;
    call.time_out = options_.push_time_out;
    call.before_sending = [this, what] {
      const auto now = loop_.now();
      what->is_withheld = !core_.may_leave(what->which, now);
      if (!what->is_withheld) what->began = now.mono;
      return !what->is_withheld;
    };
    const auto answered = co_await pushing_.call(std::move(call));
    // The next process settles it by what the stack shows.
    if (!answered && answered.fault().code() == errc::stopped && !what->is_withheld) co_return;
    if (answered) note(*what, *answered);
    outcome = outcome_of(*what, answered);
  }
  --under_way_;
  outcome.ended = loop_.now().mono;
  core_.on_push_outcome(what->which, outcome, loop_.now());
}

model::push_outcome downlinks::outcome_of(const errand& what, const result<net::http_answer>& answered) {
  auto& totals = what.by->totals;
  auto& limit = what.by->limit;
  model::push_outcome made;
  made.began = what.began;
  if (!answered) {
    made.how = what.began ? push_end::unanswered : push_end::not_made;
    made.error_name = answered.fault().name();
    made.error_text = answered.fault().detail();
    ++(what.began ? totals.unanswered : totals.not_made);
    return made;
  }
  auto said = tts::read_push_answer(answered->status, answered->body);
  made.how = said.how;
  made.error_name = std::move(said.name);
  made.error_text = std::move(said.text);
  limit.on_answer(answered->status, answered->headers, loop_.now().mono, random_());
  made.pause = made.how == push_end::later ? limit.held_for(loop_.now().mono) : limit.wait(loop_.now().mono);
  auto& count = made.how == push_end::taken     ? totals.taken
                : made.how == push_end::refused ? totals.refused
                : made.how == push_end::later   ? totals.later
                                                : totals.unanswered;
  ++count;
  return made;
}

net::task<std::optional<net::http_answer>> downlinks::look(std::shared_ptr<errand> what) {
  if (what->by == nullptr) {
    const bool going_on = co_await net::sleep_for(milliseconds{0});
    if (!going_on) co_return std::nullopt;
    co_return net::http_answer{};
  }
  auto call = make_call(*what);
  call.time_out = options_.read_time_out;
  ++what->by->totals.reads;
  auto answered = co_await reading_.call(std::move(call));
  if (!answered && answered.fault().code() == errc::stopped) co_return std::nullopt;
  if (!answered || answered->status != 200) ++what->by->totals.reads_failed;
  if (!answered) co_return net::http_answer{};
  note(*what, *answered);
  co_return std::move(*answered);
}

// Without a key there is nothing to ask for, and never will be.
read_end downlinks::end_of_read(const errand& what, const net::http_answer& answer) {
  return what.by == nullptr ? read_end::refused : tts::read_look_answer(answer.status, answer.body);
}

net::task<> downlinks::look_at_queue(std::shared_ptr<errand> what) {
  const auto answer = co_await look(what);
  if (!answer) co_return;
  model::queue_reading made;
  made.how = end_of_read(*what, *answer);
  if (made.how == read_end::seen) {
    if (auto queue = tts::parse_downlink_queue(answer->body))
      made.what = std::move(*queue);
    else
      made.how = read_end::failed;
  }
  core_.on_queue_read(what->which, made, loop_.now());
}

net::task<> downlinks::look_at_record(std::shared_ptr<errand> what) {
  const auto answer = co_await look(what);
  if (!answer) co_return;
  model::record_reading made;
  made.how = end_of_read(*what, *answer);
  made.stack_time = parse_http_date(answer->header("Date"));
  if (made.how == read_end::seen) {
    if (auto record = tts::parse_network_record(answer->body, what->of))
      made.what = std::move(*record);
    else
      made.how = read_end::failed;
  }
  core_.on_record_read(what->which, made, loop_.now());
}

} // namespace causeway::stack
