// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "base/check.h"
#include "base/log.h"
#include "store/device_numbers.h"
#include "store/log_scan.h"
#include "store/migrations.h"
#include "store/opening.h"
#include "store/page_image.h"
#include "store/writer.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace causeway::store {
namespace {

bool is_older(const std::filesystem::path& file, std::uint32_t application_id, std::size_t versions) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  if (fault) return false;
  if (size == 0) return true; // made, but never written
  const auto image = page_image::open(file);
  const auto version = image ? image->version(application_id) : std::nullopt;
  return version && *version >= 0 && static_cast<std::size_t>(*version) < versions;
}

} // namespace

result<bool> needs_migration(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored)) return false;
  const auto lock = directory_lock::acquire(directory);
  if (!lock) return lock.fault();
  const auto log = scan_log((directory / "spool.db").string() + "-wal");
  if (!log) return log.fault();
  if (log->damaged)
    return error{errc::state_unusable,
                 (directory / "spool.db-wal").string() +
                     " is damaged; a start of the gateway mends it, or `causeway spool salvage`"};
  return is_older(directory / "spool.db", spool_application_id, spool_steps().size()) ||
         is_older(directory / "assignments.db", assignment_application_id, assignment_steps().size());
}

void store_events::on_dead_letters(std::uint64_t, result<model::dead_letter_page>) {}

constexpr std::size_t enough_for_a_commit = 16, company = 4;

// What answers touch; functions still in the loop's queue find it by a weak pointer.
struct store::owner_side {
  // An append on its way, and the number of its last row; 0: it has none.
  struct numbered {
    model::append_id id{};
    spool_seq last = 0;
  };

  explicit owner_side(const clock& time) : now{time} {}

  const clock& now;
  model::journal_events* owner = nullptr;
  store_events* events = nullptr;
  spool_seq next_seq = 1;
  device_numbers numbers;
  std::deque<numbered> on_their_way; // in the order of both
  store_counters counters;
  amount pending;          // of counters.waiting, what no report has told of yet
  bool waking = false;     // the writer, by what was posted
  std::size_t quiet = 0;   // appends since
  std::uint64_t group = 0; // what the last commit has appended

  void take(report what);
  spool_seq number_of(model::append_id which) const;
};

// Nothing: it has been answered.
spool_seq store::owner_side::number_of(model::append_id which) const {
  const auto found = std::lower_bound(on_their_way.begin(), on_their_way.end(), which,
                                      [](const numbered& one, model::append_id id) { return one.id < id; });
  return found != on_their_way.end() && found->id == which ? found->last : 0;
}

void store::owner_side::take(report what) {
  counters.waiting.messages -= what.refused.messages + what.erased.messages;
  counters.waiting.bytes -= what.refused.bytes + what.erased.bytes;
  pending -= what.appended;
  pending -= what.refused;
  if (what.waiting) {
    counters.waiting = *what.waiting;
    counters.waiting += pending;
  }
  counters.queued_messages -= what.concluded.messages;
  counters.queued_bytes -= what.concluded.bytes;
  counters.appended_total += what.appended.messages;
  counters.refused_total += what.refused.messages;
  counters.erased_total += what.erased.messages;
  counters.unreadable_total += what.unreadable;
  counters.missing += what.missing;
  counters.missing_unknown = counters.missing_unknown || what.missing_unknown;
  counters.missing_commands += what.missing_commands;
  counters.dead_letters_total += what.dead_letters;
  counters.commits_total += what.commits;
  counters.commits_failed_total += what.commits_failed;
  counters.fsyncs_total += what.fsyncs;
  if (what.pages) {
    constexpr std::uint64_t page_bytes = 4096;
    counters.file_bytes = what.pages->all * page_bytes;
    counters.free_bytes = what.pages->free * page_bytes;
  }
  if (what.kept_dead_letters) {
    counters.dead_letters = {};
    for (const auto& [application, there] : *what.kept_dead_letters)
      counters.dead_letters += there;
  }
  if (what.appended.messages > 0) group = what.appended.messages;
  if (what.commits > 0) {
    counters.last_commit = what.commit_time;
    counters.longest_commit = std::max(counters.longest_commit, what.commit_time);
  }
  for (const auto& one : what.appends)
    while (!on_their_way.empty() && on_their_way.front().id <= one.id)
      on_their_way.pop_front();
  // A handler may end the store: nothing of it is touched after the last call.
  auto* to = events;
  auto* core = owner;
  if (to == nullptr) return;
  const auto at = now.now();
  if (what.fault) to->on_store_fault(*what.fault);
  if (what.healed) to->on_store_healed();
  if (what.kept_dead_letters) core->on_dead_letters_counted(*what.kept_dead_letters);
  if (!what.appends.empty()) core->on_appended(what.appends, at);
  if (!what.fresh.empty()) core->on_rows(std::move(what.fresh), at);
  for (auto& one : what.replies)
    to->on_dead_letters(one.request, std::move(one.page));
  if (what.has_read) core->on_read_back(std::move(what.rows), what.gone, at);
}

store::store(const store_options& options, const clock& now)
    : options_{options}, now_{now}, owner_{std::make_shared<owner_side>(now)} {}

result<std::unique_ptr<store>> store::open(const store_options& options, const clock& now,
                                           post_function post) {
  auto opened = open_state(options, now.now().wall);
  if (!opened) return std::move(opened).fault();
  std::unique_ptr<store> made{new store{options, now}};
  made->image_ = std::move(opened->image);
  made->cursors_ = std::move(opened->cursors);
  made->owner_->numbers = {opened->numbers, opened->spool.counts().next_device};
  made->owner_->next_seq = made->image_.next_seq;
  made->owner_->counters.missing = opened->missing;
  made->owner_->counters.missing_unknown = opened->missing_unknown;
  made->owner_->counters.missing_commands = opened->missing_commands;
  made->image_.assignments = std::move(opened->known);

  auto tell = [post, owner = std::weak_ptr<owner_side>{made->owner_}](report what) {
    post([owner, held = std::make_shared<report>(std::move(what))] {
      if (const auto alive = owner.lock()) alive->take(std::move(*held));
    });
  };
  made->post_ = std::move(post);
  made->writer_ = std::make_unique<writer>(options, std::move(*opened), std::move(tell));
  return made;
}

store::~store() = default;

result<model::start_image> store::load() {
  CAUSEWAY_CHECK(owner_->events == nullptr);
  auto image = std::move(image_);
  for (const auto& [application, there] : image.dead_letters)
    owner_->counters.dead_letters += there;
  for (const auto& row : image.waiting)
    owner_->counters.waiting += {1, row.bytes};
  return image;
}

void store::start(model::journal_events& owner, store_events& events) {
  start_by_hand(owner, events);
  writer_->start();
}

void store::start_by_hand(model::journal_events& owner, store_events& events) {
  CAUSEWAY_CHECK(owner_->events == nullptr);
  owner_->owner = &owner;
  owner_->events = &events;
}

bool store::step(moment at) {
  return writer_->step(at);
}

mono_time store::next_step() const {
  return writer_->next_step();
}

result<void> store::close(mono_time deadline) {
  closed_ = true;
  if (!writer_->stop(deadline))
    return error{errc::store_unavailable, options_.directory.string() + ": not everything could be written"};
  return {};
}

result<void> store::append(model::append_request request) {
  CAUSEWAY_CHECK(!request.messages.empty() || request.refused || !request.commands.empty());
  CAUSEWAY_CHECK(request.messages.empty() || !request.refused);
  // This is the journal of one process; of a device that is not there any more a command alone is kept.
  CAUSEWAY_CHECK(request.device || (request.messages.empty() && !request.refused && !request.key));
  if (closed_) return error{errc::store_closed};
  auto& now = owner_->counters;
  amount more{request.messages.size(), 0};
  for (const auto& message : request.messages)
    more.bytes += model::size_of(message);
  amount queued = request.refused ? amount{1, request.refused->raw.size()} : more;
  const auto numbers = queued.messages;
  for (const auto& command : request.commands)
    queued += {1, command.content.size()};
  if (now.queued_messages > 0 && (now.queued_messages + queued.messages > options_.queued_messages ||
                                  now.queued_bytes + queued.bytes > options_.queued_bytes))
    return error{errc::store_unavailable, "more waits to be written than the queue takes"};
  now.waiting += more;
  owner_->pending += more;
  now.queued_messages += queued.messages;
  now.queued_bytes += queued.bytes;
  const auto first = std::exchange(owner_->next_seq, owner_->next_seq + numbers);
  owner_->on_their_way.push_back({request.id, numbers == 0 ? 0 : owner_->next_seq - 1});
  const auto device = request.device ? owner_->numbers.of(*request.device) : stored_number{};
  writer_->push_quietly(
      queued_append{std::move(request), device, first, numbers, more, queued, now_.now().wall});
  wake_writer_in_a_moment();
  return {};
}

// Under load what comes in one turn of the owner's loop is committed together, unless it is so much that the
// disk had better begin. Where each commit is nearly alone nobody waits for company.
void store::wake_writer_in_a_moment() {
  if (owner_->group < company || ++owner_->quiet % enough_for_a_commit == 0) {
    writer_->wake();
    return;
  }
  if (std::exchange(owner_->waking, true)) return;
  post_([owner = std::weak_ptr<owner_side>{owner_}, to = writer_.get()] {
    const auto alive = owner.lock();
    if (!alive) return;
    alive->waking = false;
    alive->quiet = 0;
    to->wake();
  });
}

void store::commit(model::change what) {
  if (closed_) return;
  auto& numbers = owner_->numbers;
  queued_change change;
  change.at = now_.now().wall;
  change.done = std::move(what.done);
  change.dead_letters = std::move(what.dead_letters);
  change.forgotten_commands = std::move(what.forgotten_commands);
  // First who has gone: the place may be another's in the same change.
  for (auto& one : what.gone)
    change.gone.push_back({numbers.of(one.device), std::move(one.key)});
  for (auto& one : what.assignments)
    change.assignments.push_back({numbers.of(one.device), std::move(one.where)});
  for (auto& record : what.devices) {
    record.former_until = std::max(record.former_until, owner_->number_of(record.former_append));
    change.devices.push_back({numbers.of(record.ref), std::move(record)});
  }
  writer_->push(std::move(change));
}

void store::read_back(std::vector<spool_seq> seqs) {
  if (!closed_) writer_->push_read(std::move(seqs));
}

void store::save_cursor(const application_id& application, wall_time at) {
  if (!closed_) writer_->push(queued_cursor{application, at});
}

void store::save_open_seconds(std::uint32_t open) {
  if (!closed_) writer_->push(queued_open_seconds{open});
}

void store::list_dead_letters(std::uint64_t request, model::dead_letter_query query) {
  if (!closed_) writer_->push_question({request, 0, std::move(query)});
}

void store::read_dead_letter(std::uint64_t request, std::uint64_t id) {
  if (!closed_) writer_->push_question({request, id, {}});
}

void store::drop_dead_letters(std::uint64_t request, std::vector<std::uint64_t> ids) {
  if (!closed_) writer_->push(queued_drop{request, std::move(ids)});
}

const store_counters& store::counters() const {
  return owner_->counters;
}

} // namespace causeway::store
