// SPDX-License-Identifier: Apache-2.0
#include "emulator/things_stack.h"

#include "azure/hub_address.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "emulator/http_answer.h"
#include "emulator/uplink_body.h"
#include "net/stream.h"

#include <algorithm>
#include <array>
#include <utility>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_time_out = 5s; // the stack's own (things-stack-wire.md B.4)
constexpr auto pause_after_refusal = 20ms;
constexpr auto longest_sleep = 200ms;
constexpr std::size_t idle_of_a_host = 2; // Go's net/http: DefaultMaxIdleConnsPerHost

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

struct connection {
  explicit connection(const webhook_target* target) : to{target} {}

  const webhook_target* to; // with the same host and port any of them
  net::stream stream;
  http_answer_reader reader;
  bool usable = false; // for another post
};

bool same_host(const webhook_target& a, const webhook_target& b) {
  return a.host == b.host && a.port == b.port && a.tls == b.tls;
}

// Open connections that wait for a post.
struct connection_pool {
  std::size_t most_of_a_host = 0;
  std::vector<std::unique_ptr<connection>> idle; // the one used last is the last

  std::unique_ptr<connection> take(const webhook_target& target) {
    const auto found = std::find_if(idle.rbegin(), idle.rend(),
                                    [&](const auto& one) { return same_host(*one->to, target); });
    if (found == idle.rend()) return nullptr;
    auto taken = std::move(*found);
    idle.erase(std::next(found).base());
    return taken;
  }
  void give(std::unique_ptr<connection> one) {
    const auto waiting = std::count_if(idle.begin(), idle.end(),
                                       [&](const auto& other) { return same_host(*other->to, *one->to); });
    if (static_cast<std::size_t>(waiting) < most_of_a_host) idle.push_back(std::move(one));
  }
  void drop(const webhook_target& target) {
    std::erase_if(idle, [&](const auto& one) { return same_host(*one->to, target); });
  }
};

// One post after the other.
struct poster {
  std::unique_ptr<connection> line;
  std::optional<mono_time> deadline; // while a post is under way
  bool timed_out = false;
};

struct post_result {
  int status = 0;
  std::string reason;
};

net::task<post_result> post(poster* with, std::optional<net::tls_client_context> tls, std::string request) {
  auto& line = *with->line;
  if (!line.stream.is_open()) {
    net::connect_options options;
    options.host = line.to->host;
    options.port = line.to->port;
    options.tls = std::move(tls);
    options.time_out = answer_time_out;
    auto connected = co_await net::connect(std::move(options));
    if (!connected)
      co_return post_result{0, connected.fault().code() == errc::connection_timed_out ? "time_out"
                                                                                      : "connection"};
    line.stream = std::move(connected->bytes);
  }
  const auto written = co_await line.stream.write(request);
  if (!written) co_return post_result{0, with->timed_out ? "time_out" : "connection"};
  std::array<char, 4096> buffer;
  while (true) {
    if (const auto answer = line.reader.next()) {
      line.usable = !answer->last;
      co_return post_result{answer->status, "not_http"};
    }
    const auto got = co_await line.stream.read_some(buffer);
    if (!got) co_return post_result{0, with->timed_out ? "time_out" : "connection"};
    line.reader.feed({buffer.data(), *got});
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
  connection_pool pool;
  std::uint64_t connections_opened = 0;
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

std::uint64_t things_stack::connections_opened() const {
  return campaign_ ? campaign_->connections_opened : 0;
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
  campaign_->pool.most_of_a_host =
      campaign_->books.plan().connections == connection_use::fresh ? idle_of_a_host : workers;
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
    with.line = at->pool.take(target);
    if (!with.line) {
      with.line = std::make_unique<connection>(&target);
      ++at->connections_opened;
    }
    with.deadline = begun.mono + answer_time_out;
    with.timed_out = false;
    // Apart: GCC 12 destroys the temporary of a conditional inside co_await twice.
    auto tls = target.tls ? at->tls : std::nullopt;
    const auto answer = co_await post(&with, std::move(tls), std::move(request));
    with.deadline.reset();
    if (std::exchange(with.line->usable, false))
      at->pool.give(std::move(with.line));
    else if (answer.status == 0 && !with.timed_out)
      at->pool.drop(target);
    with.line.reset();
    books.answered(*turn, answer.status, answer.reason, at->on.now().mono);
    if (answer.status == 0) {
      awake = co_await net::sleep_for(pause_after_refusal);
      if (!awake) break;
    }
  }
  if (--at->working == 0) at->pool.idle.clear();
}

net::task<> things_stack::watch_time_outs(std::shared_ptr<campaign> at) {
  while (at->working > 0) {
    const bool awake = co_await net::sleep_for(100ms);
    if (!awake) break;
    const auto now = at->on.now().mono;
    for (const auto& with : at->posters) {
      if (!with->deadline || *with->deadline > now || with->timed_out) continue;
      with->timed_out = true;
      if (with->line) with->line->stream.close();
    }
  }
}

} // namespace causeway::emulator
