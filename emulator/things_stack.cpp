// SPDX-License-Identifier: Apache-2.0
#include "emulator/things_stack.h"

#include "azure/hub_address.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "emulator/http_answer.h"
#include "emulator/uplink_body.h"
#include "net/stream.h"

#include <array>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_time_out = 5s; // the stack's own (things-stack-wire.md B.4)
constexpr auto pause_after_refusal = 20ms;
constexpr auto longest_sleep = 200ms;

struct webhook_target {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  std::string request_head; // up to "Content-Length: "
};

result<webhook_target> parse_webhook(const simulated_application& application) {
  const std::string_view url = application.url;
  webhook_target target;
  target.tls = url.starts_with("https://");
  if (!target.tls && !url.starts_with("http://"))
    return error{errc::config_invalid_value, "webhook " + application.url + " is no http:// or https:// URL"};
  const auto rest = url.substr(target.tls ? 8 : 7);
  const auto slash = rest.find('/');
  const auto authority = rest.substr(0, slash);
  const auto address = azure::parse_hub_address(authority, target.tls ? 443 : 80);
  if (!address) return address.fault();
  target.host = address->host;
  target.port = address->port;
  target.request_head = "POST " + std::string{slash == std::string_view::npos ? "/" : rest.substr(slash)} +
                        " HTTP/1.1\r\nHost: " + std::string{authority} +
                        "\r\nUser-Agent: TheThingsStack/3.33.0-emulated (linux/amd64)\r\n"
                        "Content-Type: application/json\r\nAccept-Encoding: identity\r\n";
  if (!application.authorization.empty())
    target.request_head += "Authorization: " + application.authorization + "\r\n";
  target.request_head += "Content-Length: ";
  return target;
}

struct simulated_session {
  std::string dev_eui, session_key_id;
};

// One kept-alive connection.
struct poster {
  net::stream stream;
  http_answer_reader reader;
  const webhook_target* connected_to = nullptr;
  std::optional<mono_time> deadline; // while a post is under way
  bool timed_out = false;

  void disconnect() {
    stream.close();
    reader.reset();
    connected_to = nullptr;
  }
};

struct post_result {
  int status = 0;
  std::string reason;
};

net::task<post_result> post(poster* with, const webhook_target* target,
                            std::optional<net::tls_client_context> tls, std::string request) {
  // Targets differ by their request's head only when they share host and port.
  const auto* before = with->connected_to;
  if (before != nullptr &&
      (before->host != target->host || before->port != target->port || before->tls != target->tls))
    with->disconnect();
  if (with->connected_to == nullptr) {
    net::connect_options options;
    options.host = target->host;
    options.port = target->port;
    options.tls = std::move(tls);
    options.time_out = answer_time_out;
    auto connected = co_await net::connect(std::move(options));
    if (!connected)
      co_return post_result{0, connected.fault().code() == errc::connection_timed_out ? "time_out"
                                                                                      : "connection"};
    with->stream = std::move(connected->bytes);
  }
  with->connected_to = target;

  const auto written = co_await with->stream.write(request);
  if (!written) {
    with->disconnect();
    co_return post_result{0, with->timed_out ? "time_out" : "connection"};
  }
  std::array<char, 4096> buffer;
  while (true) {
    if (const auto answer = with->reader.next()) {
      if (answer->last) with->disconnect();
      co_return post_result{answer->status, "not_http"};
    }
    const auto got = co_await with->stream.read_some(buffer);
    if (!got) {
      with->disconnect();
      co_return post_result{0, with->timed_out ? "time_out" : "connection"};
    }
    with->reader.feed({buffer.data(), *got});
  }
}

} // namespace

struct things_stack::campaign {
  campaign(net::loop& loop, storage_log& storage, simulation_plan plan,
           const std::unordered_map<std::string, std::uint64_t>& markers)
      : on{loop}, stored{storage}, books{std::move(plan), markers, loop.now().mono} {}

  net::loop& on;
  storage_log& stored;
  simulation books;
  std::vector<webhook_target> targets;     // by application
  std::vector<simulated_session> sessions; // by device
  std::optional<net::tls_client_context> tls;
  std::vector<std::unique_ptr<poster>> posters;
  std::size_t working = 0;
};

things_stack::things_stack(net::loop& on, net::task_group& tasks, storage_log& stored, std::string seed)
    : on_{on}, tasks_{tasks}, stored_{stored}, seed_{std::move(seed)} {}

bool things_stack::running() const {
  return campaign_ && campaign_->working > 0;
}

const simulation* things_stack::current() const {
  return campaign_ ? &campaign_->books : nullptr;
}

void things_stack::stop() {
  if (campaign_) campaign_->books.stop();
}

void things_stack::on_arrival(const ledger_entry& entry) {
  if (campaign_) campaign_->books.on_arrival(entry, on_.now().mono);
}

result<void> things_stack::start(simulation_plan plan, const std::string& ca_file) {
  if (running()) return error{errc::internal, "a simulation is running already"};
  if (!plan.uplinks && !plan.duration)
    return error{errc::config_invalid_value, "neither uplinks nor seconds says when the simulation ends"};
  std::vector<webhook_target> targets;
  bool tls = false;
  for (const auto& application : plan.applications) {
    auto target = parse_webhook(application);
    if (!target) return target.fault();
    tls = tls || target->tls;
    targets.push_back(std::move(*target));
  }
  if (campaign_) campaign_->books.save_markers(markers_);
  auto next = std::make_shared<campaign>(on_, stored_, std::move(plan), markers_);
  if (next->books.device_count() == 0) return error{errc::config_invalid_value, "there are no devices"};
  next->targets = std::move(targets);
  if (tls) {
    auto context = net::tls_client_context::make(ca_file);
    if (!context) return context.fault();
    next->tls = std::move(*context);
  }
  for (std::uint32_t i = 0; i < next->books.device_count(); ++i) {
    const auto& name = next->books.device_name(i);
    const auto digest = sha256(seed_ + name);
    next->sessions.push_back({make_dev_eui(next->books.application_of(i).id, name),
                              base64_encode({reinterpret_cast<const char*>(digest.data()), 16})});
  }
  campaign_ = std::move(next);

  const auto workers = std::min(std::max<std::size_t>(campaign_->books.plan().concurrency, 1),
                                campaign_->books.device_count());
  campaign_->working = workers;
  for (std::size_t i = 0; i < workers; ++i) {
    campaign_->posters.push_back(std::make_unique<poster>());
    tasks_.spawn("things_stack_poster", net::restart_policy::never,
                 [at = campaign_, i] { return post_turns(at, i); });
  }
  tasks_.spawn("things_stack_time_outs", net::restart_policy::never,
               [at = campaign_] { return watch_time_outs(at); });
  return {};
}

net::task<> things_stack::post_turns(std::shared_ptr<campaign> at, std::size_t worker) {
  auto& books = at->books;
  auto& with = *at->posters[worker];
  while (const auto turn = books.take_turn(at->on.now().mono)) {
    bool awake = true;
    for (auto now = at->on.now().mono; awake && turn->due > now && !books.stopped();
         now = at->on.now().mono) {
      const auto pause = std::min<mono_time::duration>(turn->due - now, longest_sleep);
      awake = co_await net::sleep_for(pause);
    }
    if (!awake || books.stopped()) {
      books.give_back(*turn);
      break;
    }
    const auto& session = at->sessions[turn->device];
    const auto& target = at->targets[books.application_index(turn->device)];
    const auto begun = at->on.now();
    simulated_uplink uplink;
    uplink.application = books.application_of(turn->device).id;
    uplink.device = books.device_name(turn->device);
    uplink.dev_eui = session.dev_eui;
    uplink.session_key_id = session.session_key_id;
    uplink.f_cnt = turn->marker;
    uplink.marker = turn->marker;
    uplink.received_at = begun.wall;
    uplink.variation = static_cast<std::uint32_t>(turn->marker * 7 + turn->device * 13);
    const auto body = make_uplink_body(uplink);
    if (at->stored.is_on())
      at->stored.append({0, std::string{uplink.application}, std::string{uplink.device}, "uplink_message",
                         simulated_f_port, begun.wall, body},
                        begun.wall);
    auto request = target.request_head + std::to_string(body.size()) + "\r\n\r\n" + body;

    books.begin(*turn, begun.mono);
    with.deadline = begun.mono + answer_time_out;
    with.timed_out = false;
    const auto answer =
        co_await post(&with, &target, target.tls ? at->tls : std::nullopt, std::move(request));
    with.deadline.reset();
    books.answered(*turn, answer.status, answer.reason, at->on.now().mono);
    if (answer.status == 0) {
      awake = co_await net::sleep_for(pause_after_refusal);
      if (!awake) break;
    }
  }
  with.disconnect();
  --at->working;
}

net::task<> things_stack::watch_time_outs(std::shared_ptr<campaign> at) {
  while (at->working > 0) {
    const bool awake = co_await net::sleep_for(100ms);
    if (!awake) break;
    const auto now = at->on.now().mono;
    for (const auto& with : at->posters) {
      if (!with->deadline || *with->deadline > now || with->timed_out) continue;
      with->timed_out = true;
      with->stream.close();
    }
  }
}

} // namespace causeway::emulator
