// SPDX-License-Identifier: Apache-2.0
#include "net/http2_connection.h"

#include <algorithm>
#include <utility>

namespace causeway::net {
namespace {

// A read that waits keeps its room: strangers by the thousand get little.
constexpr std::size_t read_size = 16 * 1024, idle_read_size = 4 * 1024;
// Frames that wait for a peer that does not read: from here on nothing more is read from it.
constexpr std::size_t most_backlog = 2 * http2_session::most_streams;
// What was refused is held until the peer has taken that.
constexpr std::chrono::seconds time_to_read_refusals{1};
// What comes between the two words of a goodbye is answered.
constexpr std::chrono::milliseconds time_to_go{1'000}, time_to_go_after_last_call{300};

mono_time time_now() {
  return std::chrono::steady_clock::now();
}

} // namespace

// Tasks keep it; the stream goes with the connection.
struct http2_connection::state {
  state(loop& on, task_group& t, stream& b, http2_service s)
      : tasks{t},
        service{std::move(s)},
        session{service.limits.max_header, service.limits.max_body, service.budget, service.admit},
        bytes{&b},
        bell{on},
        written{on} {}

  task_group& tasks;
  http2_service service;
  http2_session session;
  stream* bytes;   // null when the connection has ended
  wake_up bell;    // there may be something to write
  wake_up written; // something was written, or the writer has ended
  mono_time write_deadline = mono_time::max();
  mono_time drain_deadline = mono_time::max();
  bool serving = true;
  bool writing = true; // the writer runs
  bool busy = false;
  bool pumping = false;
  bool welcome = false;
  bool answered = false;
  bool shut_down = false;
  std::optional<mono_time> sent_away;
  std::size_t unwritten = 0; // of the budget: what the peer has not taken yet,
  mono_time writing_since{}; // and since when
  mono_time shed_until{};

  static void pump(const std::shared_ptr<state>& s);
  static void begin_requests(const std::shared_ptr<state>& s);
  void change(bool now_busy);
  void begin_write(std::size_t size, mono_time now);
  void end_write();
  static task<> write(std::shared_ptr<state> s);
  static task<> handle(std::shared_ptr<state> s, http2_session::stream_id stream,
                       std::shared_ptr<http_request> request);
  static task<> answer_later(std::shared_ptr<state> s, http2_session::stream_id stream,
                             std::shared_ptr<http_turned_away> away);
  static task<bool> read_on(std::shared_ptr<state> s);
};

// Begins what has come whole, and has written what there is.
void http2_connection::state::pump(const std::shared_ptr<state>& s) {
  if (s->pumping) return; // called by a handler that answers at once; the loop below goes on
  begin_requests(s);
  s->change(s->session.unanswered() > 0);
  s->bell.notify();
}

void http2_connection::state::begin_requests(const std::shared_ptr<state>& s) {
  struct pumping_now {
    bool& flag;
    ~pumping_now() { flag = false; }
  } const until_the_end{s->pumping};
  s->pumping = true;
  while (auto event = s->session.next()) {
    if (event->turned_away) {
      s->answered = true;
      if (event->turned_away->after <= std::chrono::milliseconds{0}) {
        s->session.answer(event->stream, event->turned_away->answer, time_now());
        continue;
      }
      const auto away = std::make_shared<http_turned_away>(std::move(*event->turned_away));
      s->tasks.spawn("http2 answer", restart_policy::never,
                     [s, stream = event->stream, away] { return answer_later(s, stream, away); });
      continue;
    }
    s->change(true);
    if (event->refusal != 0) {
      s->session.answer(event->stream, s->service.refuse(event->refusal), time_now());
      continue;
    }
    if (s->service.admit) s->welcome = true;
    event->request.peer = s->service.peer;
    const auto request = std::make_shared<http_request>(std::move(event->request));
    s->tasks.spawn("http2 request", restart_policy::never,
                   [s, stream = event->stream, request] { return handle(s, stream, request); });
  }
}

void http2_connection::state::change(bool now_busy) {
  if (now_busy == busy || bytes == nullptr) return;
  busy = now_busy;
  service.on_change(now_busy);
}

task<> http2_connection::state::handle(std::shared_ptr<state> s, http2_session::stream_id stream,
                                       std::shared_ptr<http_request> request) {
  auto work = s->service.handle(std::move(*request));
  const auto response = co_await std::move(work);
  if (!response) co_return;
  s->welcome = s->welcome || (!s->service.admit && response->status / 100 == 2);
  s->answered = true;
  s->session.answer(stream, *response, time_now());
  pump(s);
}

task<> http2_connection::state::answer_later(std::shared_ptr<state> s, http2_session::stream_id stream,
                                             std::shared_ptr<http_turned_away> away) {
  const bool going_on = co_await sleep_for(away->after);
  if (!going_on) co_return;
  s->session.answer(stream, away->answer, time_now());
  pump(s);
}

task<> http2_connection::state::write(std::shared_ptr<state> s) {
  struct at_end {
    state& of;
    ~at_end() {
      of.end_write();
      of.writing = false;
      of.written.notify();
    }
  } const ended{*s};
  while (s->bytes != nullptr) {
    const auto now = time_now();
    const auto out = s->session.take_output(now);
    if (!out.empty()) {
      s->begin_write(out.size(), now);
      const auto done = co_await s->bytes->write(out);
      s->end_write();
      if (!done) co_return;
      s->written.notify();
      continue;
    }
    if (!s->serving) co_return;
    if (!s->session.is_alive()) {
      // The reader waits in vain. Between two reads it does not notice: then the limit ends it.
      s->drain_deadline = time_now() + drain_time_out;
      if (s->bytes != nullptr) s->bytes->cancel();
      co_return;
    }
    const bool rung = co_await s->bell.wait();
    if (!rung) co_return;
  }
}

void http2_connection::state::begin_write(std::size_t size, mono_time now) {
  writing_since = now;
  write_deadline = writing_since + service.limits.idle_time_out;
  unwritten = size;
  service.budget->held += size;
}

void http2_connection::state::end_write() {
  write_deadline = mono_time::max();
  service.budget->held -= std::exchange(unwritten, 0);
}

http2_connection::http2_connection(loop& on, task_group& tasks, stream& bytes, http2_service service)
    : state_{std::make_shared<state>(on, tasks, bytes, std::move(service))} {}

http2_connection::~http2_connection() {
  state_->bytes = nullptr;
  state_->session.abandon();
  state_->bell.notify();
}

// One piece; false: nothing more can come of it.
task<bool> http2_connection::state::read_on(std::shared_ptr<state> s) {
  while (s->writing && s->session.backlog() > most_backlog) {
    const bool more = co_await s->written.wait();
    if (!more) co_return false;
  }
  if (!s->session.is_alive()) co_return false;
  std::vector<char> room(s->busy && s->welcome ? read_size : idle_read_size);
  const auto size = co_await s->bytes->read_some(room);
  if (!size) co_return false;
  const bool alive = s->session.feed({room.data(), *size}, time_now());
  pump(s);
  if (s->service.budget->is_scarce()) s->service.make_room();
  co_return alive;
}

task<> http2_connection::serve() {
  const auto s = state_;
  s->tasks.spawn("http2 writer", restart_policy::never, [s] { return state::write(s); });
  for (bool going_on = true; going_on;)
    going_on = co_await state::read_on(s);
  // Whatever is to be written goes out, GOAWAY included, if the peer takes it.
  s->serving = false;
  s->bell.notify();
  const auto until = time_now() + drain_time_out;
  while (s->writing && s->bytes->is_open() && time_now() < until) {
    const bool moved = co_await s->written.wait_until(until);
    if (!moved) break;
  }
  if (s->writing || !s->bytes->is_open()) co_return;
  s->drain_deadline = time_now() + drain_time_out;
  co_await drain(*s->bytes, most_drained);
}

void http2_connection::end_late(mono_time now) {
  const auto s = state_;
  if (s->write_deadline <= now || s->drain_deadline <= now) {
    cut_off();
    return;
  }
  const auto& limits = s->service.limits;
  const bool any =
      s->session.end_late({now - limits.body_time_out, now - limits.idle_time_out, now - drain_time_out});
  if (any) state::pump(s);
}

void http2_connection::send_away(mono_time now) {
  if (state_->sent_away) return;
  state_->sent_away = now;
  state_->session.send_away();
  state_->bell.notify();
}

void http2_connection::shut_down() {
  if (std::exchange(state_->shut_down, true)) return;
  state_->session.shut_down();
  state_->bell.notify();
}

void http2_connection::let_go(mono_time now, bool was_there, bool last_call) {
  auto& s = *state_;
  if (!s.sent_away) {
    // Who has just come is to be answered at least once: a client that is sent away at once would only come
    // again.
    if (was_there || s.answered) send_away(now);
    return;
  }
  const auto patience = last_call ? time_to_go_after_last_call : time_to_go;
  if (now - *s.sent_away >= patience || (last_call && s.session.knows_to_go())) shut_down();
}

bool http2_connection::is_done() const {
  const auto& s = *state_;
  return s.bytes == nullptr ||
         (s.shut_down && s.session.under_way() == 0 && s.unwritten == 0 && s.session.backlog() == 0);
}

double http2_connection::burden(mono_time now) const {
  auto since = state_->session.waiting_since().value_or(now);
  if (state_->unwritten > 0) since = std::min(since, state_->writing_since);
  // A moment for all, so that of those who came in the same one the largest is worst.
  const std::chrono::duration<double> waited = now - since + std::chrono::milliseconds{1};
  return static_cast<double>(state_->session.reclaimable() + state_->unwritten) * waited.count();
}

bool http2_connection::is_welcome() const {
  return state_->welcome;
}

bool http2_connection::shed(mono_time now) {
  if (state_->session.refuse_coming(now)) {
    state_->shed_until = now + time_to_read_refusals;
    state_->bell.notify();
  }
  return now < state_->shed_until;
}

void http2_connection::cut_off() {
  state_->session.abandon();
  state_->end_write();
  if (state_->bytes != nullptr) state_->bytes->close();
  state_->bell.notify();
}

} // namespace causeway::net
