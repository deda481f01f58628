// SPDX-License-Identifier: Apache-2.0
#include "stack/registry_client.h"

#include "base/encoding.h"
#include "base/http_fields.h"
#include "base/log.h"
#include "stack/rate_limit.h"
#include "stack/stack_call.h"
#include "stack/stack_fault.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace causeway::stack {
namespace {

// Offsets shift while one pages, so a list may be a little longer than the registry's own count.
constexpr std::uint64_t spare_pages = 16;
// A list that ends before the registry's own count is read again so often, then believed.
constexpr std::uint32_t most_repeats = 2;
// Handed to the core between two turns of the loop.
constexpr std::size_t batch = 256;
// Each device with an unreadable attribute has one line, an application so many; the rest are counted.
constexpr std::size_t most_warned = 10'000, most_warnings = 20;

std::optional<std::uint64_t> total_of(const net::http_answer& answer) {
  return parse_count(answer.header("X-Total-Count"));
}

} // namespace

struct registry_client::application {
  application(net::loop& on, stack_application what, registry_totals& into, const registry_options& options)
      : id{std::move(what.id)},
        key{std::move(what.api_key)},
        totals{into},
        unavailable{options.unavailable},
        refused{options.refused},
        limits{rate_limit{options.unavailable}, rate_limit{options.unavailable},
               rate_limit{options.unavailable}},
        again{on} {}
  rate_limit& limit(method of) { return limits.at(static_cast<std::size_t>(of)); }

  application_id id;
  secret key;
  registry_totals& totals;
  backoff unavailable, refused;
  std::array<rate_limit, 3> limits; // the stack has one for each method (things-stack-wire.md E.6)
  net::wake_up again;
  std::uint32_t repeats = 0;
  std::unordered_set<std::string> warned; // device ids
};

// A place among the requests that may be under way; given up when it goes.
struct registry_client::place {
  explicit place(registry_client& of) : client{of} {}
  ~place() { client.leave(); }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  registry_client& client;
};

struct registry_client::listing {
  std::uint64_t page = 1;
  std::uint64_t entries = 0, pages = 0, duplicates = 0, skipped = 0, ignored = 0;
  std::optional<std::uint64_t> total;
  std::optional<wall_time> as_of;
  std::unordered_set<std::string> seen;
  mono_time begun{};
};

registry_client::registry_client(net::loop& on, net::task_group& tasks, model::registry_events& core,
                                 registry_options options, std::vector<stack_application> applications,
                                 std::function<double()> random)
    : loop_{on},
      tasks_{tasks},
      core_{core},
      options_{std::move(options)},
      random_{std::move(random)},
      client_{on, [this] {
                net::http_client_options made;
                made.ca_file = options_.ca_file;
                made.max_connections = 2 * options_.requests_at_once;
                return made;
              }()} {
  for (auto& one : applications) {
    auto& totals = totals_[one.id];
    applications_.push_back(std::make_unique<application>(on, std::move(one), totals, options_));
  }
}

registry_client::~registry_client() = default;

void registry_client::start() {
  for (const auto& one : applications_)
    tasks_.spawn("registry.list " + one->id.str(), net::restart_policy::on_fault,
                 [this, of = one.get()] { return list(of); });
  if (applications_.empty()) return;
  for (std::size_t i = 0; i < options_.requests_at_once; ++i) {
    bells_.push_back(std::make_unique<net::wake_up>(loop_));
    tasks_.spawn("registry.look_up", net::restart_policy::on_fault,
                 [this, bell = bells_.back().get()] { return answer_questions(bell); });
  }
}

registry_client::application* registry_client::find(const application_id& id) const {
  const auto found =
      std::find_if(applications_.begin(), applications_.end(), [&](const auto& a) { return a->id == id; });
  return found == applications_.end() ? nullptr : found->get();
}

net::task<bool> registry_client::enter() {
  if (entered_ < options_.requests_at_once) {
    ++entered_;
    co_return true;
  }
  const auto bell = std::make_shared<net::wake_up>(loop_);
  at_the_gate_.push_back(bell);
  const bool let_in = co_await bell->wait(); // whoever leaves has given its place
  if (!let_in) std::erase(at_the_gate_, bell);
  co_return let_in;
}

void registry_client::leave() {
  if (at_the_gate_.empty()) {
    --entered_;
    return;
  }
  at_the_gate_.front()->notify();
  at_the_gate_.pop_front();
}

std::optional<std::uint64_t> registry_client::a_minute(const application_id& id, method of) const {
  auto* const found = find(id);
  return found == nullptr ? std::nullopt : found->limit(of).a_minute();
}

void registry_client::list_soon(const application_id& id) {
  if (auto* const found = find(id)) found->again.notify();
}

// Any HTTP status is a value.
net::task<result<net::http_answer>> registry_client::send(application* of, method what, net::http_call call) {
  call.time_out = options_.time_out;
  call.max_answer = options_.max_answer;
  ++of->totals.requests;
  auto answered = co_await client_.call(std::move(call));
  if (!answered) co_return stack_fault(std::move(answered).fault());
  if (options_.clocks != nullptr)
    options_.clocks->on_answer("The Things Stack", service_clocks::owner::things_stack, answered->headers,
                               loop_.now());
  of->limit(what).on_answer(answered->status, answered->headers, loop_.now().mono, random_());
  if (answered->status == 429) ++of->totals.throttled;
  co_return answered;
}

error registry_client::refusal(application& of, method what, const net::http_answer& answered) {
  auto fault = stack_fault(answered, of.id);
  if (answered.status != 429) return fault;
  return std::move(fault).with_retry_after(of.limit(what).wait(loop_.now().mono));
}

net::task<result<net::http_answer>> registry_client::ask(application* of, method what,
                                                         std::string path_and_query) {
  auto answered = co_await send(
      of, what,
      make_stack_call(options_.base_url, of->key, "/applications/" + of->id.str() + path_and_query));
  if (answered && answered->status != 200) co_return refusal(*of, what, *answered);
  co_return answered;
}

void registry_client::note_attribute(application& of, const tts::listed_device& device) {
  const auto& id = device.device.key.device;
  if (of.warned.size() >= most_warned || !of.warned.insert(id.str()).second) return;
  if (of.warned.size() > most_warnings) return;
  log::warning("registry_attribute_ignored",
               {{"application", of.id}, {"device", id}, {"detail", device.warning}});
}

net::task<> registry_client::report(application_id id, std::vector<tts::listed_device> devices) {
  auto* const of = find(id);
  std::size_t reported = 0;
  for (const auto& one : devices) {
    if (!one.warning.empty() && of != nullptr) note_attribute(*of, one);
    core_.on_registered(one.device, loop_.now());
    if (++reported % batch == 0) co_await net::sleep_for(milliseconds{0}); // others have their turn
  }
}

net::task<result<net::http_answer>> registry_client::ask_for_page(application* of, std::uint64_t page) {
  const bool let_in = co_await enter();
  if (!let_in) co_return error{errc::stopped};
  const place held{*this};
  auto answered = co_await ask(of, method::list,
                               "/devices?field_mask=attributes&order=created_at&limit=" +
                                   std::to_string(options_.page_size) + "&page=" + std::to_string(page));
  co_return answered;
}

// True when the page was the last.
net::task<result<bool>> registry_client::take_page(application* of, listing* work) {
  auto answered = co_await ask_for_page(of, work->page);
  if (!answered) co_return std::move(answered).fault();
  auto page = tts::parse_registry_page(answered->body, of->id);
  if (!page) co_return std::move(page).fault().in(of->id.str());

  if (const auto total = total_of(*answered)) work->total = total;
  if (!work->as_of) work->as_of = parse_http_date(answered->header("Date")).value_or(loop_.now().wall);
  const auto known = work->seen.size();
  for (const auto& one : page->devices) {
    if (!work->seen.insert(one.device.key.device.str()).second) ++work->duplicates;
    if (!one.warning.empty()) ++work->ignored;
  }
  ++work->pages;
  work->entries += page->entries;
  work->duplicates += page->duplicates;
  work->skipped += page->skipped;
  auto& totals = of->totals;
  totals.listed = work->seen.size();
  totals.pages = work->pages;
  totals.duplicates = work->duplicates;
  totals.skipped = work->skipped;
  totals.ignored = work->ignored;
  log::debug("registry_page", {{"application", of->id}, {"page", work->page}, {"devices", page->entries}});
  if (page->entries == 0) co_return true;
  // Offsets shift while one pages, and a stack may give less than it was asked for: so where it counts, its
  // count says whether more is to come, and a short page alone where it does not.
  const bool last = work->total ? work->entries >= *work->total : page->entries < options_.page_size;

  const bool brings_nothing = work->seen.size() == known && page->skipped == 0;
  ++work->page;
  co_await report(of->id, std::move(page->devices));
  const auto devices = std::to_string(work->seen.size()) + " devices";
  if (brings_nothing)
    co_return error{errc::registry_inconsistent, of->id.str() + ": page " + std::to_string(work->page - 1) +
                                                     " repeats what came before; " + devices};
  if (last) co_return true;
  const bool too_long = work->entries > options_.max_devices ||
                        (work->total && work->pages > *work->total / options_.page_size + spare_pages);
  if (too_long)
    co_return error{errc::registry_inconsistent,
                    of->id.str() + ": no end after " + std::to_string(work->pages) + " pages, " + devices};
  co_return false;
}

net::task<result<void>> registry_client::list_once(application* of, listing* work) {
  while (true) {
    if (const auto wait = of->limit(method::list).wait(loop_.now().mono); wait > milliseconds{0}) {
      const bool going_on = co_await net::sleep_for(wait);
      if (!going_on) co_return error{errc::stopped};
    }
    auto last = co_await take_page(of, work);
    if (!last && last.fault().code() == errc::registry_throttled) {
      // The same page again, after the pause; one that is never over must not be silent.
      if (!of->totals.last_error || of->totals.last_error->code() != errc::registry_throttled)
        log::warning("registry_unavailable",
                     {{"application", of->id},
                      {"error", last.fault().name()},
                      {"detail", last.fault().detail()},
                      {"page", work->page},
                      {"pause_ms", of->limit(method::list).wait(loop_.now().mono).count()}});
      of->totals.last_error = std::move(last).fault();
      continue;
    }
    if (!last) co_return std::move(last).fault();
    of->unavailable.reset();
    of->refused.reset();
    if (!*last) continue;
    const auto found = work->seen.size() + work->skipped;
    if (work->total && found < *work->total && of->repeats < most_repeats) {
      ++of->repeats; // a device that was deleted meanwhile has shifted another one out of sight
      co_return error{errc::registry_inconsistent, of->id.str() + ": " + std::to_string(found) +
                                                       " devices, the registry counts " +
                                                       std::to_string(*work->total)};
    }
    co_return result<void>{};
  }
}

net::task<> registry_client::list(application* of) {
  while (true) {
    listing work;
    co_await list_whole(of, &work);
    auto& totals = of->totals;
    totals.complete = true;
    totals.completed_at = loop_.now().wall;
    totals.took = loop_.now().mono - work.begun;
    totals.last_error.reset();
    log::info("registry_listed", {{"application", of->id},
                                  {"devices", work.seen.size()},
                                  {"pages", work.pages},
                                  {"duplicates", work.duplicates},
                                  {"skipped", work.skipped},
                                  {"attributes_ignored", work.ignored},
                                  {"ms", std::chrono::duration_cast<milliseconds>(totals.took).count()}});
    if (on_whole_) on_whole_(of->id, work.as_of.value_or(loop_.now().wall));
    core_.on_listed(of->id, loop_.now());
    if (options_.list_again == std::chrono::nanoseconds{0}) co_return;
    // Applications that have begun at once do not come at once again.
    constexpr double spread = 0.1;
    const auto pause = options_.list_again * (1 - spread * random_());
    const bool waited = co_await of->again.wait_until(
        loop_.now().mono + std::chrono::duration_cast<std::chrono::nanoseconds>(pause));
    static_cast<void>(waited);
  }
}

// Until it is whole; cancelled otherwise.
net::task<> registry_client::list_whole(application* of, listing* work) {
  const auto begin = [&] {
    *work = {};
    work->begun = loop_.now().mono;
  };
  begin();
  of->repeats = 0;
  while (true) {
    auto listed = co_await list_once(of, work);
    if (listed) co_return;
    const auto why = std::move(listed).fault();
    of->totals.last_error = why;
    const bool for_operator = why.cls() == error_class::permanent || why.cls() == error_class::config;
    const auto pause = (for_operator ? of->refused : of->unavailable).next(random_());
    if (why.code() != errc::stopped)
      log::warning("registry_unavailable", {{"application", of->id},
                                            {"error", why.name()},
                                            {"detail", why.detail()},
                                            {"page", work->page},
                                            {"pause_ms", pause.count()}});
    // What has come so far stays; only a list whose pages fit together is gone on with.
    if (why.code() != errc::registry_unavailable && why.code() != errc::stopped) begin();
    co_await net::sleep_for(pause); // throws where this is cancelled
  }
}

void registry_client::look_up(device_ref device, const model::device_key& key) {
  if (questions_.size() >= options_.max_look_ups) {
    // Posted, because the core does not expect its answer from inside the call.
    loop_.post([this, device, alive = std::weak_ptr<int>{alive_}] {
      if (!alive.expired())
        core_.on_looked_up(device, error{errc::registry_unavailable, "too many look-ups wait"}, loop_.now());
    });
    return;
  }
  questions_.push_back({device, key});
  if (idle_.empty()) return;
  idle_.back()->notify();
  idle_.pop_back();
}

net::task<result<model::registered_device>> registry_client::get(model::device_key key) {
  auto* const of = find(key.application);
  if (of == nullptr) co_return error{errc::registry_unauthorized, key.application.str() + " has no API key"};
  auto& limit = of->limit(method::get);
  if (const auto wait = limit.held_for(loop_.now().mono); wait > milliseconds{0})
    co_return error{errc::registry_throttled, of->id.str()}.with_retry_after(wait);
  // The last few requests that are left are spread, so that none is refused.
  if (const auto wait = limit.wait(loop_.now().mono); wait > milliseconds{0}) {
    const bool going_on = co_await net::sleep_for(wait);
    if (!going_on) co_return error{errc::stopped};
  }
  auto answered = co_await ask(of, method::get,
                               "/devices/" + percent_encode(key.device.str()) + "?field_mask=attributes");
  if (!answered) {
    auto why = std::move(answered).fault();
    // The application is there, or its list would not have ended: it is the device that is not.
    if (why.code() == errc::registry_application_unknown)
      co_return error{errc::device_unlisted, why.detail()};
    co_return why;
  }
  auto device = tts::parse_registered_device(answered->body, key);
  if (!device) co_return std::move(device).fault();
  if (!device->warning.empty()) note_attribute(*of, *device);
  co_return std::move(device->device);
}

net::task<result<std::optional<registry_client::change_page>>>
registry_client::changes(application_id id, wall_time since, std::uint64_t page) {
  auto* const of = find(id);
  if (of == nullptr) co_return error{errc::registry_unauthorized, id.str() + " has no API key"};
  if (const auto wait = of->limit(method::changes).wait(loop_.now().mono); wait > milliseconds{0}) {
    const bool going_on = co_await net::sleep_for(wait);
    if (!going_on) co_return error{errc::stopped};
  }
  auto call =
      make_stack_call(options_.base_url, of->key, "/applications/" + of->id.str() + "/devices/filter");
  call.method = "POST";
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = tts::format_changes_request(since, options_.page_size, page);
  auto answered = co_await send(of, method::changes, std::move(call));
  if (!answered) co_return std::move(answered).fault();
  // An unknown application has an error with a name; of a route that is not there nobody says more.
  const bool has_no_route = (answered->status == 404 || answered->status == 405 || answered->status == 501) &&
                            tts::parse_stack_fault_name(answered->body).empty();
  if (has_no_route) co_return std::nullopt;
  if (answered->status != 200) co_return refusal(*of, method::changes, *answered);
  auto read = tts::parse_registry_page(answered->body, of->id);
  if (!read) co_return std::move(read).fault().in(of->id.str());
  const auto as_of = parse_http_date(answered->header("Date")).value_or(loop_.now().wall);
  co_return change_page{std::move(*read), as_of};
}

net::task<> registry_client::answer_questions(net::wake_up* bell) {
  while (true) {
    if (questions_.empty()) {
      idle_.push_back(bell);
      const bool going_on = co_await bell->wait();
      if (!going_on) co_return;
      continue;
    }
    // Whoever asked waits for an answer, whatever becomes of this task: what may fail for want of memory
    // comes before the question is taken.
    std::exception_ptr broken;
    result<model::registered_device> found = error{errc::registry_unavailable, "the look-up was broken off"};
    const auto next = std::move(questions_.front());
    questions_.pop_front();
    try {
      found = co_await get(next.key);
    } catch (...) {
      broken = std::current_exception();
    }
    if (!found && found.fault().code() == errc::stopped) co_return;
    core_.on_looked_up(next.device, std::move(found), loop_.now());
    if (broken) std::rethrow_exception(broken);
  }
}

} // namespace causeway::stack
