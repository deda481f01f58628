// SPDX-License-Identifier: Apache-2.0
#include "transform/transform_runner.h"

#include "base/check.h"
#include "base/log.h"
#include "transform/transform_protocol.h"

namespace causeway::transform {
namespace {

// With the child at once, so that it does not wait for us between two events; more would only be sent twice
// when it ends.
constexpr std::size_t window_events = 64;
constexpr std::size_t window_bytes = 256 * 1024;
constexpr milliseconds watch_interval{200};
constexpr std::uint8_t tries_if_it_ends = 2;

std::string program_frame(std::string_view text) {
  std::string out;
  append_frame(out, protocol::program, text);
  return out;
}

std::string describe_end(int status) {
  return status > 128 ? "it was ended by signal " + std::to_string(status - 128)
                      : "it ended with status " + std::to_string(status);
}

} // namespace

struct transform_runner::line {
  struct job {
    model::ticket which{};
    std::string_view event;
    std::uint8_t ends = 0; // of the child, while it was at this one
  };

  line(net::loop& on, transform_program from, const backoff_policy& restart)
      : application{std::move(from.application)},
        program{std::move(from.text)},
        pause{restart},
        work{on},
        written{on} {}

  application_id application;
  std::string program;
  backoff pause;
  std::optional<net::process> child;
  bool ready = false; // it takes events
  bool writing = false;
  bool overdue = false; // we ended it
  std::deque<job> jobs; // the first `sent` are with the child
  std::size_t sent = 0, sent_bytes = 0, bytes = 0;
  std::vector<std::string> outputs; // of the first, so far
  mono_time first_since{};          // the child is at the first
  std::uint64_t seen_late_at = 0;   // totals.events + 1 when the first was last seen to be late
  net::wake_up work, written;
  transform_totals totals;
};

transform_runner::transform_runner(net::loop& on, net::task_group& tasks, transform_options options,
                                   std::vector<transform_program> programs, std::function<double()> random,
                                   sink answer)
    : loop_{on},
      tasks_{tasks},
      options_{std::move(options)},
      random_{std::move(random)},
      answer_{std::move(answer)} {
  for (auto& one : programs) {
    lines_.push_back(std::make_unique<line>(on, std::move(one), options_.restart));
    by_application_.emplace(lines_.back()->application, lines_.back().get());
  }
}

transform_runner::~transform_runner() = default;

void transform_runner::start() {
  for (const auto& one : lines_) {
    tasks_.spawn("transform", net::restart_policy::on_fault, [this, self = one.get()] { return keep(self); });
    tasks_.spawn("transform_writer", net::restart_policy::on_fault,
                 [this, self = one.get()] { return write(self); });
  }
  if (!lines_.empty())
    tasks_.spawn("transform_watch", net::restart_policy::on_fault, [this] { return watch(); });
}

result<void> transform_runner::run(const application_id& application, model::ticket which,
                                   std::string_view event) {
  auto& self = *by_application_.at(application);
  if (self.jobs.size() >= options_.max_waiting || self.bytes + event.size() > options_.max_waiting_bytes)
    return error{errc::transform_busy, application.str()};
  self.jobs.push_back({which, event, 0});
  self.bytes += event.size();
  self.work.notify();
  return {};
}

net::task<> transform_runner::keep(line* self) {
  while (true) {
    co_await serve(self);
    const auto pause = self->pause.next(random_());
    log::warning("transform_ended", {{"application", self->application},
                                     {"waiting", self->jobs.size()},
                                     {"next_try_ms", pause / milliseconds{1}}});
    const bool going_on = co_await net::sleep_for(pause);
    if (!going_on) co_return;
  }
}

net::task<> transform_runner::serve(line* self) {
  auto started = net::process::start_with_pipes(loop_, {options_.executable});
  if (!started) {
    log::error("transform_unavailable",
               {{"application", self->application}, {"detail", started.fault().detail()}});
    co_return;
  }
  self->child.emplace(std::move(*started));
  frame_reader reader{protocol::longest_frame};
  bool sound = co_await self->child->write(program_frame(self->program));
  while (sound) {
    const auto bytes = co_await self->child->read();
    sound = !bytes.empty();
    reader.feed(bytes);
    while (sound) {
      const auto one = reader.next();
      if (!one) break;
      sound = take(*self, *one);
    }
    sound = sound && !reader.overlong();
  }
  self->ready = false;
  self->totals.running = false;
  self->child->kill(); // no effect on one that has ended by itself
  const int status = co_await self->child->wait();
  while (self->writing)
    static_cast<void>(co_await self->written.wait());
  self->child.reset();
  child_ended(*self, status);
}

bool transform_runner::take(line& self, const frame& what) {
  if (what.kind == protocol::ready && !self.ready) {
    self.ready = true;
    self.totals.running = true;
    self.first_since = loop_.now().mono;
    self.work.notify();
    return true;
  }
  if (what.kind == protocol::invalid) {
    log::error("transform_invalid", {{"application", self.application}, {"detail", what.body}});
    return false;
  }
  if (!self.ready || self.sent == 0) return false;
  switch (what.kind) {
  case protocol::output:
    self.outputs.emplace_back(what.body);
    return true;
  case protocol::done:
    answer(self, std::exchange(self.outputs, {}));
    break;
  case protocol::refused:
    answer(self, error{errc::transform_refused, std::string{what.body}});
    break;
  case protocol::limit:
    answer(self, error{errc::transform_limit, std::string{what.body}});
    break;
  default:
    return false;
  }
  self.pause.reset();
  return true;
}

void transform_runner::answer(line& self, result<std::vector<std::string>> with) {
  const auto first = self.jobs.front();
  self.jobs.pop_front();
  --self.sent;
  self.sent_bytes -= first.event.size();
  self.bytes -= first.event.size();
  self.outputs.clear();
  self.first_since = loop_.now().mono;
  ++self.totals.events;
  if (with)
    self.totals.outputs += with->size();
  else
    ++self.totals.refused;
  self.work.notify();
  answer_(first.which, std::move(with));
}

void transform_runner::child_ended(line& self, int status) {
  ++self.totals.ends;
  self.outputs.clear();
  const bool was_overdue = std::exchange(self.overdue, false);
  if (self.sent != 0) {
    auto& first = self.jobs.front();
    ++first.ends;
    std::optional<error> why;
    if (was_overdue)
      why = error{errc::transform_limit,
                  "no answer in " + std::to_string(options_.patience / milliseconds{1}) + " ms"};
    else if (status == protocol::exit_out_of_time)
      why =
          error{errc::transform_limit, "more than " + std::to_string(protocol::processor_time / seconds{1}) +
                                           " s of processor time"};
    else if (status == protocol::exit_out_of_memory)
      why = error{errc::transform_limit,
                  "more than " + std::to_string(protocol::memory_bytes >> 20) + " MiB of memory"};
    else if (first.ends >= tries_if_it_ends)
      why = error{errc::transform_refused, "jq came to no end: " + describe_end(status)};
    if (why) answer(self, std::move(*why));
  }
  self.sent = 0;
  self.sent_bytes = 0;
}

net::task<> transform_runner::write(line* self) {
  while (true) {
    const bool going_on = co_await self->work.wait();
    if (!going_on) co_return;
    while (self->ready && self->sent < self->jobs.size() && self->sent < window_events &&
           self->sent_bytes < window_bytes) {
      if (self->sent == 0) self->first_since = loop_.now().mono;
      std::string batch;
      while (self->sent < self->jobs.size() && self->sent < window_events &&
             self->sent_bytes < window_bytes) {
        const auto event = self->jobs[self->sent].event;
        append_frame(batch, protocol::event, event);
        ++self->sent;
        self->sent_bytes += event.size();
      }
      self->writing = true;
      const bool taken = co_await self->child->write(std::move(batch));
      self->writing = false;
      self->written.notify();
      if (!taken) break; // the reader sees its end
    }
  }
}

net::task<> transform_runner::watch() {
  while (true) {
    const bool going_on = co_await net::sleep_for(watch_interval);
    if (!going_on) co_return;
    const auto now = loop_.now().mono;
    for (const auto& one : lines_) {
      if (!one->ready || one->sent == 0 || now - one->first_since < options_.patience) continue;
      // Seen twice: the first time it may be us who were late, with the answer in the pipe.
      const auto mark = one->totals.events + 1;
      if (std::exchange(one->seen_late_at, mark) != mark) continue;
      one->overdue = true;
      one->child->kill();
    }
  }
}

std::vector<std::pair<application_id, transform_totals>> transform_runner::totals() const {
  std::vector<std::pair<application_id, transform_totals>> all;
  for (const auto& one : lines_) {
    all.emplace_back(one->application, one->totals);
    all.back().second.waiting = one->jobs.size();
  }
  return all;
}

net::task<result<void>> check_transform(net::loop* on, std::string executable, std::string program) {
  auto child = net::process::start_with_pipes(*on, {executable});
  if (!child)
    co_return error{errc::transform_missing, child.fault().detail() + "; it is installed beside causeway"};
  frame_reader reader{protocol::longest_frame};
  bool going_on = co_await child->write(program_frame(program));
  while (going_on) {
    const auto bytes = co_await child->read();
    going_on = !bytes.empty();
    reader.feed(bytes);
    const auto answer = reader.next();
    if (!answer) continue;
    if (answer->kind == protocol::ready) co_return result<void>{};
    if (answer->kind == protocol::invalid)
      co_return error{errc::transform_invalid, std::string{answer->body}};
    break;
  }
  child->kill();
  const int status = co_await child->wait();
  if (status == protocol::exit_out_of_time || status == protocol::exit_out_of_memory)
    co_return error{errc::transform_invalid, "jq needs too much to compile it"};
  co_return error{errc::transform_missing, executable + ": " + describe_end(status)};
}

} // namespace causeway::transform
