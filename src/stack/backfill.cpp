// SPDX-License-Identifier: Apache-2.0
#include "stack/backfill.h"

#include "base/encoding.h"
#include "base/log.h"
#include "stack/rate_limit.h"
#include "stack/stack_call.h"
#include "stack/stack_fault.h"
#include "tts/stored_events.h"

#include <algorithm>

namespace causeway::stack {
namespace {

// The next page begins so much before the end of the last one: events of one moment may be on both.
constexpr seconds overlap{1};
// A page is enlarged so far when all its events are of one moment.
constexpr std::uint32_t largest_page = 64'000;
constexpr std::uint32_t smallest_page = 10;

} // namespace

struct backfill::application {
  application(backfill_application what, backfill_window how, const backfill_settings& settings,
              net::loop& on)
      : id{std::move(what.id)},
        key{std::move(what.api_key)},
        joins{what.joins},
        window{how},
        changed{on},
        unavailable{settings.unavailable},
        refused{settings.refused},
        full{settings.full},
        limit{settings.unavailable},
        page_size{settings.page_size} {}

  application_id id;
  secret key;
  bool joins;
  backfill_window window;
  net::wake_up changed; // the window
  backoff unavailable, refused, full;
  rate_limit limit;
  std::uint32_t page_size;
  backfill_totals totals;
};

// A page that is being handed in. Shared with the answers.
struct backfill::page_state {
  explicit page_state(net::loop& on) : answered{on} {}
  net::wake_up answered;
  std::size_t open = 0;
  std::size_t first_refused = 0;
  bool refused = false;
  std::uint64_t stored = 0;
};

backfill::backfill(net::loop& on, net::task_group& tasks, backfill_settings settings,
                   std::vector<backfill_application> applications, std::function<double()> random,
                   backfill_events& events)
    : loop_{on},
      tasks_{tasks},
      settings_{std::move(settings)},
      random_{std::move(random)},
      events_{events},
      client_{on, [this] {
                net::http_client_options made;
                made.ca_file = settings_.ca_file;
                made.max_connections = 4;
                return made;
              }()} {
  for (auto& one : applications)
    applications_.push_back(std::make_unique<application>(
        std::move(one), backfill_window{settings_.window, {}, on.now()}, settings_, on));
}

backfill::~backfill() = default;

void backfill::start(const std::map<application_id, wall_time>& cursors) {
  for (const auto& one : applications_) {
    if (const auto known = cursors.find(one->id); known != cursors.end())
      one->window = backfill_window{settings_.window, known->second, loop_.now()};
    tasks_.spawn("backfill " + one->id.str(), net::restart_policy::on_fault,
                 [this, of = one.get()] { return fill(of); });
  }
  if (!applications_.empty())
    tasks_.spawn("backfill.cursors", net::restart_policy::on_fault, [this] { return keep_cursors(); });
}

backfill::application* backfill::find(const application_id& id) {
  const auto found =
      std::find_if(applications_.begin(), applications_.end(), [&](const auto& a) { return a->id == id; });
  return found == applications_.end() ? nullptr : found->get();
}

void backfill::on_live(const application_id& id) {
  if (auto* of = find(id)) {
    of->window.on_live(loop_.now());
    of->changed.notify();
  }
}

void backfill::on_down(const application_id& id, wall_time since) {
  if (auto* of = find(id)) of->window.on_down(since);
}

void backfill::on_missing(const application_id& id, wall_time since) {
  if (auto* of = find(id)) {
    of->window.on_missing(since, loop_.now());
    of->changed.notify();
  }
}

void backfill::save_cursors() {
  for (const auto& one : applications_)
    events_.save_cursor(one->id, one->window.cursor(loop_.now()));
}

std::map<application_id, backfill_totals> backfill::totals() const {
  std::map<application_id, backfill_totals> out;
  for (const auto& one : applications_) {
    auto& totals = out.emplace(one->id, one->totals).first->second;
    totals.whole = one->window.is_whole();
    totals.cursor = one->window.cursor(loop_.now());
  }
  return out;
}

net::task<> backfill::keep_cursors() {
  while (true) {
    save_cursors();
    const bool going_on = co_await net::sleep_for(settings_.heartbeat);
    if (!going_on) co_return;
  }
}

net::task<> backfill::fill(application* of) {
  while (true) {
    const auto question = of->window.next(loop_.now());
    if (!question) {
      static_cast<void>(co_await of->changed.wait_until(of->window.due().value_or(mono_time::max())));
      continue;
    }
    const auto asked = loop_.now().wall;
    const auto stored_before = of->totals.stored;
    auto done = co_await ask_all(of, *question, asked);
    if (done) {
      of->window.on_complete(asked, loop_.now());
      of->unavailable.reset();
      of->refused.reset();
      of->totals.last_error.reset();
      events_.save_cursor(of->id, of->window.cursor(loop_.now()));
      log::info("backfill_asked", {{"application", of->id},
                                   {"after", format_rfc3339(question->after)},
                                   {"stored", of->totals.stored - stored_before},
                                   {"whole", of->window.is_whole()}});
      continue;
    }
    const auto why = std::move(done).fault();
    if (why.code() == errc::stopped) co_return;
    of->totals.last_error = why;
    const bool for_operator = why.cls() == error_class::permanent || why.cls() == error_class::config;
    const auto pause =
        why.retry_after().value_or((for_operator ? of->refused : of->unavailable).next(random_()));
    of->window.on_setback(loop_.now().mono + pause);
    log::warning("backfill_unavailable", {{"application", of->id},
                                          {"error", why.name()},
                                          {"detail", why.detail()},
                                          {"pause_ms", pause.count()}});
  }
}

net::task<result<void>> backfill::ask_all(application* of, backfill_window::question what, wall_time asked) {
  // Uplinks last: the cursor moves with them.
  if (of->joins) {
    auto joins = co_await ask_for_kind(of, "join_accept", what, std::nullopt);
    if (!joins) co_return joins;
  }
  co_return co_await ask_for_kind(of, "uplink_message", what, asked);
}

net::task<result<void>> backfill::ask_for_kind(application* of, std::string kind,
                                               backfill_window::question what,
                                               std::optional<wall_time> asked) {
  auto after = what.after;
  auto page_size = of->page_size;
  while (true) {
    auto records = co_await ask(of, kind, after, what.before, page_size);
    if (!records) {
      if (records.fault().code() == errc::body_too_large && page_size > smallest_page) {
        of->page_size = page_size = std::max(smallest_page, page_size / 2);
        continue;
      }
      co_return std::move(records).fault();
    }
    of->totals.records += records->size();
    const bool last = records->size() < page_size;
    const auto end = records->empty() ? std::nullopt : records->back().at;
    auto taken = co_await hand_in(of, std::move(*records));
    if (!taken) co_return taken;
    if (end && asked) {
      of->window.on_progress(*end, *asked);
      events_.save_cursor(of->id, of->window.cursor(loop_.now()));
    }
    if (last) co_return result<void>{};
    if (!end) co_return error{errc::registry_protocol, of->id.str() + ": a stored event without received_at"};
    if (*end - overlap > after) {
      after = *end - overlap;
      page_size = of->page_size;
    } else if (page_size < largest_page) { // more than a page in that second
      page_size *= 2;
    } else {
      after = *end;
    }
  }
}

net::task<result<std::vector<tts::stored_event>>>
backfill::ask(application* of, std::string kind, wall_time after, wall_time before, std::uint32_t limit) {
  if (const auto wait = of->limit.wait(loop_.now().mono); wait > milliseconds{0}) {
    const bool going_on = co_await net::sleep_for(wait);
    if (!going_on) co_return error{errc::stopped};
  }
  auto call = make_stack_call(settings_.base_url, of->key,
                              "/as/applications/" + of->id.str() + "/packages/storage/" + kind +
                                  "?order=received_at&limit=" + std::to_string(limit) +
                                  "&after=" + percent_encode(format_rfc3339(after)) +
                                  "&before=" + percent_encode(format_rfc3339(before)),
                              "text/event-stream");
  call.time_out = settings_.time_out;
  call.max_answer = settings_.max_answer;
  ++of->totals.requests;
  auto answered = co_await client_.call(std::move(call));
  if (!answered && answered.fault().code() == errc::body_too_large) co_return std::move(answered).fault();
  if (!answered) co_return stack_fault(std::move(answered).fault());
  of->limit.on_answer(answered->status, answered->headers, loop_.now().mono, random_());
  if (answered->status == 404) {
    auto detail = stack_fault(*answered, of->id).detail();
    co_return error{errc::storage_absent, std::move(detail)};
  }
  if (answered->status == 429)
    co_return stack_fault(*answered, of->id).with_retry_after(of->limit.wait(loop_.now().mono));
  if (answered->status != 200) co_return stack_fault(*answered, of->id);
  auto records = tts::parse_stored_events(answered->body, of->id);
  if (!records && records.fault().code() == errc::json_malformed)
    co_return error{errc::registry_protocol, of->id.str() + ": " + records.fault().detail()};
  co_return records;
}

net::task<result<void>> backfill::hand_in(application* of, std::vector<tts::stored_event> records) {
  std::size_t next = 0;
  auto page = std::make_shared<page_state>(loop_);
  while (true) {
    while (next < records.size() && page->open < settings_.in_hand && !page->refused) {
      const auto number = next++;
      auto& record = records[number];
      if (!record.event) {
        ++of->totals.unreadable;
        continue;
      }
      if (!record.event->key) continue; // each question would bring it again
      ++page->open;
      events_.take(*record.event, [page, number](model::answer what) {
        --page->open;
        if (what == model::answer::stored) ++page->stored;
        if (model::is_for_now(what)) {
          page->first_refused = page->refused ? std::min(page->first_refused, number) : number;
          page->refused = true;
        }
        page->answered.notify();
      });
    }
    of->totals.stored += std::exchange(page->stored, 0);
    if (page->open == 0 && page->refused) {
      // From the one that was refused on, so that a device's events keep their order; the rest are
      // duplicates.
      next = page->first_refused;
      page->refused = false;
      const bool going_on = co_await net::sleep_for(of->full.next(random_()));
      if (!going_on) co_return error{errc::stopped};
      continue;
    }
    if (page->open == 0 && next == records.size()) break;
    const bool going_on = co_await page->answered.wait();
    if (!going_on) co_return error{errc::stopped};
  }
  of->full.reset();
  co_return result<void>{};
}

} // namespace causeway::stack
