// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_traffic.h"

#include "base/encoding.h"
#include "causeway_bench/command_evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace causeway::bench {
namespace {

using namespace std::chrono_literals;

// Of the devices, by their number: each fourth is of class C, and so on. What speaks nowhere but at the end
// gets few commands, because each of them waits for an uplink then.
constexpr std::size_t class_c_every = 4, rejoin_every = 5, sleep_every = 10, deaf_every = 10,
                      wants_acks_every = 3;
constexpr double sleeper_share = 0.15; // of the commands that another device gets
constexpr double confirmed_share = 0.4, replace_share = 0.03, join_share = 0.1, lock_share = 0.3;
constexpr auto speaks_after = 2s;
constexpr int tries_of_a_method = 3;
// Of the changes of twins: written once more as it stands; beside another property that changes.
constexpr double same_again_share = 0.2, other_too_share = 0.2;
// A look at what has become of it all.
constexpr auto between_looks = 2s;
constexpr auto read_reports_every = 400ms;
// Longer than the time-out in the gateway's configuration (crash), two looks and what they take.
constexpr seconds silence_is_asked_within{60};
constexpr std::size_t deepest_page = 100'000;

// What the stack does wrong from now on, or once.
constexpr std::array<const char*, 15> disturbances{
    // What arrives is seen by nobody, until it can be seen no more.
    R"("pushes":[{"count":2,"hang_up":true,"queued":true,"event":"none"}],"reads":[{"for_seconds":14,"status":504}],"events":{"kinds":["downlink_queued","downlink_sent"],"drop_every":2})",
    R"("pushes":[{"count":2,"status":504,"queued":true,"event":"none"}],"reads":[{"for_seconds":14,"status":500}],"events":{"kinds":["downlink_sent"],"drop_every":2})",
    R"("events":{"kinds":["downlink_queued","downlink_sent","downlink_ack","downlink_nack"],"drop_every":29,"double_every":11,"swap_every":13})",
    R"("events":{"kinds":["downlink_queued","downlink_sent","downlink_ack","downlink_nack"],"drop_every":23,"double_every":7,"delay_ms":3000})",
    R"("pushes":[{"count":1,"status":429,"retry_after":2}])", R"("pushes":[{"count":1,"hang_up":true}])",
    R"("pushes":[{"count":1,"hang_up":true,"queued":true}])",
    R"("pushes":[{"count":1,"hang_up":true,"queued":true,"event":"none"}])",
    R"("pushes":[{"count":1,"status":504,"queued":true,"event":"failed"}])",
    R"("pushes":[{"count":1,"status":409,"queued":true}])", R"("pushes":[{"count":1,"status":500}])",
    R"("pushes":[{"count":1,"status":499,"queued":true,"event":"none"}])",
    // Its database stands still.
    R"("pushes":[{"count":1,"hang_up":true,"queued":true,"queued_after_ms":6000}])",
    R"("pushes":[{"count":1,"delay_ms":9000}])",
    R"("reads":[{"count":20,"for_seconds":6,"status":504,"delay_ms":500}])"};

} // namespace

command_traffic::command_traffic(net::loop& on, net::task_group& tasks, uplink_rig& rig, command_plan plan)
    : on_{on}, tasks_{tasks}, rig_{rig}, plan_{plan}, random_{plan.seed} {}

net::task<result<std::string>> command_traffic::ask(std::string method, std::string path, std::string body) {
  auto answered = co_await rig_.hub().ask(std::move(method), std::move(path), std::move(body), 200);
  co_return answered;
}

net::task<result<void>> command_traffic::prepare() {
  auto service = service_client::make(on_, rig_.directory() + "/emulator", rig_.service_port());
  if (!service) co_return std::move(service).fault();
  service_.emplace(*std::move(service));
  for (const auto& [application, name] : rig_.command_devices()) {
    const auto i = devices_.size();
    device made;
    made.application = application;
    made.name = name;
    made.acknowledges = i % deaf_every != 3;
    made.sleeps = i % sleep_every == 7;
    made.rejoins = i % rejoin_every == 1;
    made.wants_acks = i % wants_acks_every == 2;
    made.is.class_c = i % class_c_every == 0;
    made.is.overwrites = made.rejoins || made.wants_acks;
    auto path = fmt::format("/downlinks/devices/{}/{}", application, name);
    auto how =
        fmt::format(R"({{"class":"{}","acknowledges":{}}})", made.is.class_c ? "C" : "A", made.acknowledges);
    auto changed = co_await ask("PUT", std::move(path), std::move(how));
    if (!changed) co_return std::move(changed).fault();
    made.next_word = on_.now().mono + milliseconds{static_cast<int>(draw() * 2'000)};
    devices_.push_back(std::move(made));
  }
  for (const auto* application : {emulator::plant_application, emulator::field_application}) {
    if (!plan_.by_mqtt) break;
    auto told = co_await ask("PUT", fmt::format("/downlinks/events/{}", application), R"({"by":"both"})");
    if (!told) co_return std::move(told).fault();
  }
  // A push takes long enough that what happens at random meets some in their middle; of events some are lost.
  std::string worse =
      R"({"push_ms":100,"events":{"kinds":["downlink_queued","downlink_sent","downlink_ack","downlink_nack"],"drop_every":29,"double_every":11,"swap_every":13}})";
  auto switched = co_await ask("PUT", "/downlinks/switches", std::move(worse));
  if (!switched) co_return std::move(switched).fault();
  co_return result<void>{};
}

void command_traffic::spawn(const char* name, net::task<> (*work)(command_traffic*)) {
  ++running_;
  tasks_.spawn(name, net::restart_policy::never, [this, work] { return work(this); });
}

void command_traffic::start() {
  sending_ = true;
  spawn("send commands", &send_all);
  spawn("speak", &speak);
  spawn("read reports", &read_reports);
}

net::task<result<void>> command_traffic::disturb() {
  const auto which = static_cast<std::size_t>(draw() * (disturbances.size() + 5));
  std::string method = "POST", path = "/downlinks/cut", body;
  if (which < disturbances.size()) {
    method = "PUT";
    path = "/downlinks/switches";
    body = fmt::format("{{{}}}", disturbances[which]);
  } else if (which == disturbances.size()) {
    path = "/downlinks/restart";
    body = R"({"by":"kill","seconds":2})";
  }
  auto done = co_await ask(std::move(method), std::move(path), std::move(body));
  if (!done) co_return std::move(done).fault();
  // What is in hand in the hub comes again.
  if (draw() < lock_share) {
    auto expired = co_await rig_.hub().add_fault(R"({"kind":"expire_locks"})");
    co_return expired;
  }
  co_return result<void>{};
}

std::size_t command_traffic::draw_device() {
  while (true) {
    const auto which = static_cast<std::size_t>(draw() * static_cast<double>(devices_.size()));
    if (!devices_[which].sleeps || draw() < sleeper_share) return which;
  }
}

net::task<> command_traffic::send_all(command_traffic* self) {
  const auto begun = self->on_.now().mono;
  const auto span = static_cast<double>(milliseconds{self->plan_.duration}.count());
  std::vector<milliseconds> moments;
  for (std::uint32_t i = 0; i < self->plan_.commands; ++i)
    moments.emplace_back(static_cast<std::int64_t>(self->draw() * span));
  std::sort(moments.begin(), moments.end());
  for (std::size_t i = 0; i < moments.size() && !self->over_ && self->fault_.empty(); ++i) {
    static_cast<void>(
        co_await net::sleep_for(std::max(begun + moments[i] - self->on_.now().mono, mono_time::duration{0})));
    const auto& to = self->devices_[self->draw_device()];
    const bool replaces = self->draw() < replace_share;
    asked_command made;
    made.number = i + 1;
    constexpr std::array ways{command_way::c2d, command_way::method, command_way::twin};
    made.way = ways[i % ways.size()];
    made.at = self->on_.now().wall;
    made.device = to.name;
    made.is_held = made.way == command_way::c2d && to.application == emulator::field_application;
    made.confirmed = self->draw() < confirmed_share;
    self->evidence_.asked.push_back(made);
    auto payload = format_command_payload(made.number);
    if (made.way == command_way::c2d) {
      const auto sent = co_await self->send_message(i, std::move(payload), replaces);
      if (!sent) self->fault_ = sent.fault().message();
      continue;
    }
    if (made.way == command_way::twin) {
      const auto changed = co_await self->change_twin(i, replaces);
      if (!changed) self->fault_ = changed.fault().message();
      continue;
    }
    // A caller that names its call may repeat it.
    const bool repeats = self->draw() < 0.5;
    auto body = fmt::format(
        R"({{"methodName":"downlink","responseTimeoutInSeconds":12,"connectTimeoutInSeconds":4,"payload":{{"f_port":10,"frm_payload":"{}","confirmed":{},"queue":"{}","wait_seconds":6{}}}}})",
        payload, made.confirmed, replaces ? "replace" : "push",
        repeats ? fmt::format(R"(,"id":"k{}")", made.number) : std::string{});
    ++self->running_;
    self->tasks_.spawn("call", net::restart_policy::never,
                       [self, i, body = std::move(body)] { return call(self, i, body); });
  }
  self->sending_ = false;
  --self->running_;
}

net::task<result<void>> command_traffic::send_message(std::size_t which, std::string payload, bool replaces) {
  auto& about = evidence_.asked[which];
  auto body = fmt::format(
      R"({{"device":"{}","body":"{}","message_id":"{}","properties":{{"Port":"10","Confirmed":"{}","Queue":"{}"}}}})",
      about.device, payload, format_command_message_id(about.number), about.confirmed,
      replaces ? "replace" : "push");
  auto sent = co_await ask("POST", "/c2d", std::move(body));
  // 50 of them wait for this device: the hub takes no more.
  evidence_.asked[which].accepted = sent.has_value();
  if (!sent && sent.fault().code() != errc::http_protocol) co_return std::move(sent).fault();
  co_return result<void>{};
}

net::task<result<void>> command_traffic::change_twin(std::size_t which, bool replaces) {
  const auto about = evidence_.asked[which];
  const auto downlink = fmt::format(
      R"("lorawan":{{"downlink":{{"f_port":10,"frm_payload":"{}","confirmed":{},"queue":"{}"}}}})",
      format_command_payload(about.number), about.confirmed, replaces ? "replace" : "push");
  const int times = draw() < same_again_share ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    const auto other =
        draw() < other_too_share ? fmt::format(R"("colour":{},)", about.number) : std::string{};
    auto body = fmt::format(R"({{"properties":{{"desired":{{{}{}}}}}}})", other, downlink);
    auto changed = co_await service_->change_twin(about.device, std::move(body));
    if (!changed) co_return std::move(changed).fault();
    const auto version = read_desired_version(*changed);
    if (!version) co_return version.fault();
    if (i == 0) evidence_.asked[which].version = *version;
  }
  evidence_.asked[which].accepted = true;
  co_return result<void>{};
}

net::task<> command_traffic::call(command_traffic* self, std::size_t which, std::string body) {
  const bool repeats = body.find(R"("id":"k)") != std::string::npos;
  for (int i = 0; i < (repeats ? tries_of_a_method : 1); ++i) {
    auto answered = co_await self->service_->call_method(self->evidence_.asked[which].device, body);
    const auto word = answered ? read_method_answer(answered->status, answered->body) : method_word{};
    auto& about = self->evidence_.asked[which];
    if (word.status == 200 || word.status == 202) {
      about.accepted = true;
      about.id = word.id;
    }
    about.refused = word.status >= 400;
    if (word.status != 0) break;
    const bool going_on = co_await net::sleep_for(1s);
    if (!going_on || self->over_) break;
  }
  --self->running_;
}

net::task<> command_traffic::say(device* who) {
  const bool wants_ack = who->wants_acks && draw() < 0.5;
  const auto about = fmt::format(R"("application":"{}","device":"{}")", who->application, who->name);
  if (who->rejoins && !awake_ && draw() < join_share) {
    auto joined = co_await ask("POST", "/downlinks/join", "{" + about + "}");
    if (!joined) fault_ = joined.fault().message();
    // Its session is there 1.9 s later, and begins with its next uplink.
    who->next_word = on_.now().mono + speaks_after + 500ms;
    co_return;
  }
  if (!who->is.first_uplink) who->is.first_uplink = on_.now().wall;
  auto word = fmt::format(R"({{{},"confirmed":{}}})", about, wants_ack);
  auto spoken = co_await ask("POST", "/downlinks/uplink", std::move(word));
  if (!spoken) fault_ = spoken.fault().message();
  const auto pause = awake_ ? speaks_after : speaks_after + milliseconds{static_cast<int>(draw() * 2'000)};
  who->next_word = on_.now().mono + pause;
}

net::task<> command_traffic::speak(command_traffic* self) {
  while (!self->over_ && self->fault_.empty()) {
    for (auto& one : self->devices_) {
      if (one.next_word > self->on_.now().mono || (one.sleeps && !self->awake_)) continue;
      auto word = self->say(&one);
      co_await std::move(word);
    }
    static_cast<void>(co_await net::sleep_for(20ms));
  }
  --self->running_;
}

net::task<result<void>> command_traffic::read_more() {
  auto path = fmt::format("/ledger/messages?event=downlink&limit=10000&after={}", last_read_);
  auto page = co_await ask("GET", std::move(path), {});
  if (!page) co_return std::move(page).fault();
  auto read = read_report_page(*page);
  if (!read) co_return std::move(read).fault();
  last_read_ = std::max(last_read_, read->last);
  unreadable_ += read->not_whole;
  for (auto& one : read->reports)
    if (known_reports_.insert(one.id + one.message_id).second) evidence_.told.push_back(std::move(one));
  co_return result<void>{};
}

net::task<> command_traffic::read_reports(command_traffic* self) {
  while (!self->over_ && self->fault_.empty()) {
    const auto read = co_await self->read_more();
    if (!read) self->fault_ = read.fault().message();
    static_cast<void>(co_await net::sleep_for(read_reports_every));
  }
  --self->running_;
}

net::task<result<void>> command_traffic::read_ends() {
  std::map<std::string, asked_command*> by_message;
  for (auto& one : evidence_.asked)
    if (one.way == command_way::c2d) by_message.emplace(format_command_message_id(one.number), &one);
  for (const auto& each : devices_) {
    auto page = co_await ask("GET", fmt::format("/c2d?device={}&limit=10000", each.name), {});
    if (!page) co_return std::move(page).fault();
    const auto read = read_hub_ends(*page);
    if (!read) co_return read.fault();
    for (const auto& [message, end] : read->ended)
      if (const auto found = by_message.find(message); found != by_message.end()) {
        found->second->hub_end = end;
        found->second->waits = false;
      }
    for (const auto& message : read->waiting)
      if (const auto found = by_message.find(message); found != by_message.end()) found->second->waits = true;
  }
  co_return result<void>{};
}

net::task<result<void>> command_traffic::read_twins() {
  std::set<std::string> changed;
  for (const auto& one : evidence_.asked)
    if (one.way == command_way::twin && one.accepted) changed.insert(one.device);
  for (const auto& name : changed) {
    auto document = co_await service_->read_twin(name);
    if (!document) co_return std::move(document).fault();
    auto told = read_told_twin(*document);
    if (!told) co_return std::move(told).fault();
    auto shown = co_await ask("GET", "/twins/" + name, {});
    if (!shown) co_return std::move(shown).fault();
    auto reads = read_twin_reads(*shown);
    if (!reads) co_return std::move(reads).fault();
    told->reads = *std::move(reads);
    evidence_.twins[name] = *std::move(told);
  }
  co_return result<void>{};
}

net::task<result<void>> command_traffic::gather() {
  auto ends = co_await read_ends();
  if (!ends) co_return ends;
  auto twins = co_await read_twins();
  if (!twins) co_return twins;
  auto page = co_await ask("GET", fmt::format("/downlinks/book?after=0&limit={}", deepest_page), {});
  if (!page) co_return std::move(page).fault();
  auto booked = read_book(*page);
  if (!booked) co_return std::move(booked).fault();
  evidence_.booked = *std::move(booked);
  // The book first: what it has by now is told a little later.
  for (std::uint64_t before = ~std::uint64_t{0}; before != last_read_;) {
    before = last_read_;
    auto read = co_await read_more();
    if (!read) co_return read;
  }
  for (const auto& one : devices_)
    evidence_.devices[one.name] = one.is;
  evidence_.now = on_.now().wall;
  evidence_.patience = silence_is_asked_within;
  co_return result<void>{};
}

net::task<> command_traffic::stop() {
  over_ = true;
  while (running_ > 0)
    static_cast<void>(co_await net::sleep_for(10ms));
}

net::task<result<command_figures>> command_traffic::finish() {
  std::string well = R"({"pushes":[],"reads":[],"events":{},"push_ms":12})";
  auto switched = co_await ask("PUT", "/downlinks/switches", std::move(well));
  if (!switched) co_return std::move(switched).fault();
  for (const auto& one : devices_) {
    if (one.acknowledges) continue;
    auto path = fmt::format("/downlinks/devices/{}/{}", one.application, one.name);
    auto changed = co_await ask("PUT", std::move(path), R"({"acknowledges":true})");
    if (!changed) co_return std::move(changed).fault();
  }
  awake_ = true;
  while (sending_ && fault_.empty())
    static_cast<void>(co_await net::sleep_for(10ms));
  command_figures made;
  auto changed = on_.now().mono;
  std::pair<std::size_t, std::size_t> last{};
  while (fault_.empty()) {
    auto gathered = co_await gather();
    if (!gathered) co_return std::move(gathered).fault();
    made = judge_commands(evidence_);
    const auto now = on_.now().mono;
    std::size_t steps = 0;
    for (const auto& one : evidence_.booked)
      steps += 1 + one.transmissions.size() + (one.end == "none" ? 0 : 1);
    if (std::pair now_seen{evidence_.told.size(), steps}; std::exchange(last, now_seen) != now_seen)
      changed = now;
    const bool calls = running_ > 2; // beside what speaks and reads
    if (!calls && (made.is_complete() || now - changed > plan_.patience)) break;
    static_cast<void>(co_await net::sleep_for(between_looks));
  }
  co_await stop();
  if (!fault_.empty()) co_return error{errc::http_protocol, fault_};
  if (unreadable_ > 0)
    co_return error{errc::hub_answer_missing,
                    fmt::format("{} messages were gone before they were read", unreadable_)};
  co_return made;
}

} // namespace causeway::bench
