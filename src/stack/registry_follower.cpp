// SPDX-License-Identifier: Apache-2.0
#include "stack/registry_follower.h"

#include "base/log.h"
#include "stack/stack_fault.h"

#include <algorithm>
#include <set>
#include <utility>

namespace causeway::stack {
namespace {

// The stack sets the time of a change before it commits it.
constexpr seconds overlap{60};
constexpr std::int64_t share = 10; // one in so many requests is ours
// Of a stack that does not say what it takes: a request a second (things-stack-wire.md E.3).
constexpr seconds unknown_pace{1};
constexpr std::size_t longest_record = 64 * 1024;
// What has lasted so long was no failure.
constexpr seconds long_stream{10};
// Older events than that no stack keeps in full.
constexpr seconds longest_memory{600};

} // namespace

struct registry_follower::application {
  application(net::loop& on, stack_application what, const follower_options& options)
      : id{std::move(what.id)}, key{std::move(what.api_key)}, bell{on}, unavailable{options.reconnect} {}

  application_id id;
  secret key;
  net::wake_up bell;
  std::optional<wall_time>
      since;                // by the stack's clock: all changes before are known; nothing: not listed yet
  bool can_be_asked = true; // what has changed
  backoff unavailable;
  bool told = false; // that it cannot be asked at present
  mono_time next_poll{}, earliest_poll{}, next_read{};
  std::set<std::string> hinted;
  std::vector<model::device_key> suspects;
  bool too_many_hints = false; // more than can be kept
  std::optional<mono_time> look_at;
  std::optional<wall_time> last_event; // by the stack's clock
};

registry_follower::registry_follower(net::loop& on, net::task_group& tasks, model::registry_events& core,
                                     registry_client& client, follower_options options,
                                     std::vector<stack_application> applications,
                                     std::function<double()> random)
    : loop_{on},
      tasks_{tasks},
      core_{core},
      client_{client},
      options_{std::move(options)},
      random_{std::move(random)},
      streams_{on, [this] {
                 net::http_client_options made;
                 made.ca_file = options_.ca_file;
                 made.max_connections = options_.most_streams;
                 return made;
               }()} {
  for (auto& one : applications)
    applications_.push_back(std::make_unique<application>(on, std::move(one), options_));
  client_.tell([this](const application_id& id, wall_time as_of) { on_listed(id, as_of); });
}

registry_follower::~registry_follower() {
  client_.tell({});
}

void registry_follower::start() {
  std::size_t streams = 0;
  for (const auto& one : applications_) {
    tasks_.spawn("registry.follow " + one->id.str(), net::restart_policy::on_fault,
                 [this, of = one.get()] { return follow(of); });
    if (++streams <= options_.most_streams)
      tasks_.spawn("registry.hear " + one->id.str(), net::restart_policy::on_fault,
                   [this, of = one.get()] { return hear(of); });
  }
  if (streams > options_.most_streams)
    log::info("registry_events_for_some", {{"applications", streams}, {"heard", options_.most_streams}});
}

// The list shows what was there when it began, so that is from when on changes are asked for. A later list is
// no reason to ask for fewer.
void registry_follower::on_listed(const application_id& id, wall_time as_of) {
  for (const auto& one : applications_) {
    if (one->id != id || one->since) continue;
    one->since = as_of;
    const auto now = loop_.now().mono;
    one->next_poll = now + std::chrono::duration_cast<std::chrono::nanoseconds>(options_.poll * random_());
    one->bell.notify();
  }
}

std::chrono::nanoseconds registry_follower::pace(const application_id& id, registry_client::method of) const {
  const auto a_minute = client_.a_minute(id, of);
  if (!a_minute) return unknown_pace;
  return std::chrono::nanoseconds{seconds{60}} * share / static_cast<std::int64_t>(*a_minute);
}

void registry_follower::schedule(application& of, mono_time begun, std::uint64_t pages) const {
  const auto cost = pace(of.id, registry_client::method::changes) * static_cast<std::int64_t>(pages);
  of.earliest_poll = begun + cost;
  of.next_poll = std::max(begun + options_.poll, of.earliest_poll);
}

net::task<> registry_follower::follow(application* of) {
  while (true) {
    auto deadline = of->since ? of->next_poll : mono_time::max();
    if (of->since && of->look_at) deadline = std::min(deadline, *of->look_at);
    if (loop_.now().mono < deadline) {
      static_cast<void>(co_await of->bell.wait_until(deadline)); // cancelled: the next wait throws
      continue;
    }
    if (of->look_at && loop_.now().mono >= *of->look_at) co_await look_at_hints(of);
    if (loop_.now().mono < of->next_poll) continue;
    if (!of->can_be_asked) {
      client_.list_soon(of->id);
      of->next_poll = loop_.now().mono + options_.relist;
      continue;
    }
    const auto done = co_await poll(of);
    if (done) continue;
    const auto& why = done.fault();
    const auto pause = std::max<std::chrono::nanoseconds>(of->unavailable.next(random_()),
                                                          why.retry_after().value_or(milliseconds{0}));
    of->next_poll = std::max(of->next_poll, loop_.now().mono + pause);
    if (!std::exchange(of->told, true) && why.code() != errc::stopped)
      log::warning("registry_unavailable",
                   {{"application", of->id}, {"error", why.name()}, {"detail", why.detail()}});
  }
}

net::task<> registry_follower::look_at_hints(application* of) {
  of->look_at.reset();
  for (const auto& one : std::exchange(of->suspects, {}))
    core_.on_suspected(one, loop_.now());
  const auto devices = std::exchange(of->hinted, {});
  const bool all = std::exchange(of->too_many_hints, false);
  if (of->can_be_asked && (all || devices.size() > options_.few)) {
    of->next_poll = std::min(of->next_poll, std::max(of->earliest_poll, loop_.now().mono));
    co_return;
  }
  if (all) client_.list_soon(of->id);
  for (const auto& one : devices)
    co_await read(of, device_id{one});
}

net::task<> registry_follower::read(application* of, device_id device) {
  // Some at once, as many as a tenth of a minute's.
  const auto step = pace(of->id, registry_client::method::get);
  const auto ahead = step * static_cast<std::int64_t>(options_.few);
  const auto now = loop_.now().mono;
  of->next_read = std::max(of->next_read, now) + step;
  if (of->next_read > now + ahead) co_await net::sleep_for(of->next_read - (now + ahead));
  const model::device_key key{of->id, std::move(device)};
  auto found = co_await client_.get(key);
  if (found) {
    found->is_change = true;
    core_.on_registered(*found, loop_.now());
  } else if (found.fault().code() == errc::device_unlisted) {
    core_.on_suspected(key, loop_.now());
  } else if (of->can_be_asked) { // the next poll shows it
    of->next_poll =
        std::min(of->next_poll, std::max(of->earliest_poll, loop_.now().mono + options_.poll / 2));
  }
}

net::task<result<void>> registry_follower::poll(application* of) {
  const auto begun = loop_.now().mono;
  of->next_poll = begun + options_.poll;
  std::optional<wall_time> as_of;
  std::uint64_t pages = 0, found = 0;
  while (true) {
    auto answered = co_await client_.changes(of->id, *of->since - overlap, pages + 1);
    if (!answered) {
      schedule(*of, begun, pages + 1);
      co_return std::move(answered).fault();
    }
    if (!*answered) {
      of->can_be_asked = false;
      of->next_poll = loop_.now().mono + options_.relist;
      log::info("registry_shows_no_changes", {{"application", of->id}});
      co_return result<void>{};
    }
    auto& page = **answered;
    ++pages;
    if (!as_of) as_of = page.as_of;
    found += page.devices.devices.size();
    const bool last = page.devices.entries < options_.page_size;
    for (auto& one : page.devices.devices)
      one.device.is_change = true;
    co_await client_.report(of->id, std::move(page.devices.devices));
    // The count that the stack gives here is that of all devices (E.5): a short page is the last one.
    if (last) break;
    if (pages >= options_.most_pages) {
      schedule(*of, begun, pages);
      co_return error{errc::registry_inconsistent, of->id.str() + ": what has changed has no end after " +
                                                       std::to_string(pages) + " pages"};
    }
  }
  of->since = std::max(*of->since, *as_of);
  of->unavailable.reset();
  of->told = false;
  auto& totals = client_.count(of->id);
  ++totals.polls;
  totals.changes += found;
  schedule(*of, begun, pages);
  if (found != 0)
    log::debug("registry_changes", {{"application", of->id}, {"devices", found}, {"pages", pages}});
  co_return result<void>{};
}

void registry_follower::hint(application& of, tts::registry_event event) {
  if (event.at) of.last_event = event.at;
  if (event.what == tts::registry_event::kind::other) return;
  client_.count(of.id).hints += event.devices.size();
  for (auto& device : event.devices) {
    if (of.hinted.size() + of.suspects.size() >= options_.most_hints) {
      of.too_many_hints = true; // a deletion among them shows in the daily list
      break;
    }
    if (event.what == tts::registry_event::kind::deleted) {
      of.hinted.erase(device.str());
      of.suspects.push_back({of.id, std::move(device)});
    } else {
      of.hinted.insert(device.str());
    }
  }
  if (of.look_at) return;
  of.look_at = loop_.now().mono + options_.soon;
  of.bell.notify();
}

net::task<result<void>> registry_follower::hear_once(application* of) {
  tts::record_cutter cut{longest_record};
  std::optional<error> refusal;
  auto call = make_stack_call(options_.base_url, of->key, "/events", "text/event-stream");
  call.method = "POST";
  call.headers.emplace_back("Content-Type", "application/json");
  const bool remembers = of->last_event && loop_.now().wall - *of->last_event < longest_memory;
  call.body = tts::format_event_request(of->id, remembers ? of->last_event : std::nullopt);
  call.time_out = options_.stream_time_out;
  call.on_bytes = [this, of, &cut, &refusal](std::string_view bytes) {
    const auto take = [&](std::string_view record) {
      auto event = tts::parse_registry_event(record, of->id);
      if (!event) {
        refusal = std::move(event).fault();
        return false;
      }
      client_.count(of->id).hears_events = true;
      hint(*of, std::move(*event));
      return true;
    };
    return cut.add(bytes, take);
  };
  auto answered = co_await streams_.call(std::move(call));
  client_.count(of->id).hears_events = false;
  if (refusal) co_return std::move(*refusal);
  if (!answered) co_return stack_fault(std::move(answered).fault());
  if (answered->status != 200) co_return stack_fault(*answered, of->id);
  co_return result<void>{};
}

net::task<> registry_follower::hear(application* of) {
  backoff again{options_.reconnect}, refused{options_.refused};
  bool told = false;
  while (true) {
    const auto begun = loop_.now().mono;
    auto heard = co_await hear_once(of);
    const bool lasted = loop_.now().mono - begun >= long_stream;
    if (lasted) {
      again.reset();
      refused.reset();
      told = false;
    }
    // What was said while nobody heard it shows in what has changed.
    if (of->since && of->can_be_asked)
      of->next_poll = std::min(of->next_poll, std::max(of->earliest_poll, loop_.now().mono));
    of->bell.notify();
    auto pause = milliseconds{0};
    if (heard) {
      pause = again.next(random_());
    } else {
      const auto& why = heard.fault();
      const bool for_operator = why.cls() == error_class::permanent || why.cls() == error_class::config;
      pause = (for_operator ? refused : again).next(random_());
      if (why.code() != errc::stopped && !lasted && !std::exchange(told, true))
        log::warning("registry_events_unheard", {{"application", of->id},
                                                 {"error", why.name()},
                                                 {"detail", why.detail()},
                                                 {"pause_ms", pause.count()}});
    }
    co_await net::sleep_for(pause);
  }
}

} // namespace causeway::stack
