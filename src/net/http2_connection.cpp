// SPDX-License-Identifier: Apache-2.0
#include "net/http2_connection.h"

#include "net/http_answer.h"
#include "net/wake_up.h"

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
  state(http2_connection* c, std::shared_ptr<http_service> s)
      : connection{c},
        service{std::move(s)},
        session{service->limits.max_header, service->limits.max_body, service->budget, admission()},
        bell{service->on},
        written{service->on} {}

  http2_connection* connection; // null when it has ended
  std::shared_ptr<http_service> service;
  http2_session session;
  wake_up bell;    // there may be something to write
  wake_up written; // something was written, or the writer has ended
  mono_time write_deadline = mono_time::max();
  mono_time drain_deadline = mono_time::max();
  bool serving = true;
  bool writing = true; // the writer runs
  bool busy = false;
  bool pumping = false;
  bool answered = false;
  bool shut_down = false;
  std::optional<mono_time> sent_away;
  std::size_t unwritten = 0; // of the budget: what the peer has not taken yet,
  mono_time writing_since{}; // and since when
  mono_time shed_until{};

  http_admission admission();
  http_response refuse(int status) const;
  static void give(const std::shared_ptr<state>& s, http2_session::stream_id stream, http_response response);
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

http_admission http2_connection::state::admission() {
  if (!service->admission) return {};
  return [this](http_request& head) {
    head.peer = connection->peer_;
    auto away = service->admission(head);
    if (away)
      add_date(away->answer);
    else
      connection->let_in(head.admitted);
    return away;
  };
}

http_response http2_connection::state::refuse(int status) const {
  auto response = service->refuse(status);
  add_date(response);
  return response;
}

void http2_connection::state::give(const std::shared_ptr<state>& s, http2_session::stream_id stream,
                                   http_response response) {
  if (response.source) {
    response.source->on_ready([weak = std::weak_ptr<state>{s}, stream] {
      const auto live = weak.lock();
      if (!live) return;
      live->session.resume(stream, time_now());
      live->bell.notify();
    });
    if (s->sent_away || s->shut_down) response.source->wind_up();
  }
  s->session.answer(stream, std::move(response), time_now());
}

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
        s->session.answer(event->stream, std::move(event->turned_away->answer), time_now());
        continue;
      }
      const auto away = std::make_shared<http_turned_away>(std::move(*event->turned_away));
      s->service->tasks.spawn("http2 answer", restart_policy::never,
                              [s, stream = event->stream, away] { return answer_later(s, stream, away); });
      continue;
    }
    s->change(true);
    if (event->refusal != 0) {
      s->session.answer(event->stream, s->refuse(event->refusal), time_now());
      continue;
    }
    event->request.peer = s->connection->peer_;
    const auto request = std::make_shared<http_request>(std::move(event->request));
    s->service->tasks.spawn("http2 request", restart_policy::never,
                            [s, stream = event->stream, request] { return handle(s, stream, request); });
  }
}

void http2_connection::state::change(bool now_busy) {
  if (now_busy == busy || connection == nullptr) return;
  busy = now_busy;
  connection->on_change(now_busy);
}

task<> http2_connection::state::handle(std::shared_ptr<state> s, http2_session::stream_id stream,
                                       std::shared_ptr<http_request> request) {
  auto work = http_service::handle(s->service, std::move(*request));
  auto response = co_await std::move(work);
  if (!response) co_return;
  add_date(*response);
  if (s->connection != nullptr && !s->service->admission && response->status / 100 == 2)
    s->connection->let_in();
  s->answered = true;
  give(s, stream, std::move(*response));
  pump(s);
}

task<> http2_connection::state::answer_later(std::shared_ptr<state> s, http2_session::stream_id stream,
                                             std::shared_ptr<http_turned_away> away) {
  const bool going_on = co_await sleep_for(away->after);
  if (!going_on) co_return;
  s->session.answer(stream, std::move(away->answer), time_now());
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
  while (s->connection != nullptr) {
    const auto now = time_now();
    const auto out = s->session.take_output(now);
    s->change(s->session.unanswered() > 0); // a source may have come to its end
    if (!out.empty()) {
      s->begin_write(out.size(), now);
      const auto done = co_await s->connection->bytes_.write(out);
      s->end_write();
      if (!done) co_return;
      s->written.notify();
      continue;
    }
    if (!s->serving) co_return;
    if (!s->session.is_alive()) {
      // The reader waits in vain. Between two reads it does not notice: then the limit ends it.
      s->drain_deadline = time_now() + drain_time_out;
      if (s->connection != nullptr) s->connection->bytes_.cancel();
      co_return;
    }
    const bool rung = co_await s->bell.wait();
    if (!rung) co_return;
  }
}

void http2_connection::state::begin_write(std::size_t size, mono_time now) {
  writing_since = now;
  write_deadline = writing_since + service->limits.idle_time_out;
  unwritten = size;
  service->budget->held += size;
}

void http2_connection::state::end_write() {
  write_deadline = mono_time::max();
  service->budget->held -= std::exchange(unwritten, 0);
}

http2_connection::http2_connection(stream bytes, std::shared_ptr<http_service> of, connection_table& among)
    : http_connection{std::move(bytes), std::move(of), among},
      state_{std::make_shared<state>(this, service_)} {}

http2_connection::~http2_connection() {
  state_->connection = nullptr;
  state_->session.abandon();
  state_->bell.notify();
}

void http2_connection::on_change(bool busy) {
  deadline_ = busy ? mono_time::max() : time_now() + service_->limits.idle_time_out;
  wait_for_peer(!busy);
}

// One piece; false: nothing more can come of it.
task<bool> http2_connection::state::read_on(std::shared_ptr<state> s) {
  while (s->writing && s->session.backlog() > most_backlog) {
    const bool more = co_await s->written.wait();
    if (!more) co_return false;
  }
  if (!s->session.is_alive()) co_return false;
  std::vector<char> room(s->busy && s->connection->is_welcome() ? read_size : idle_read_size);
  const auto size = co_await s->connection->bytes_.read_some(room);
  if (!size) co_return false;
  const bool alive = s->session.feed({room.data(), *size}, time_now());
  pump(s);
  if (s->service->budget->is_scarce() && s->service->make_room) s->service->make_room();
  co_return alive;
}

task<> http2_connection::serve() {
  const auto s = state_;
  on_change(false);
  if (service_->closing && !service_->sent_away) stop();
  service_->tasks.spawn("http2 writer", restart_policy::never, [s] { return state::write(s); });
  for (bool going_on = true; going_on;)
    going_on = co_await state::read_on(s);
  // Whatever is to be written goes out, GOAWAY included, if the peer takes it.
  s->serving = false;
  s->bell.notify();
  const auto until = time_now() + drain_time_out;
  while (s->writing && is_open() && time_now() < until) {
    const bool moved = co_await s->written.wait_until(until);
    if (!moved) break;
  }
  if (s->writing || !is_open()) co_return;
  s->drain_deadline = time_now() + drain_time_out;
  co_await drain(bytes_, most_drained);
}

void http2_connection::end_late(mono_time now) {
  const auto s = state_;
  if (s->write_deadline <= now || s->drain_deadline <= now) {
    cut_off();
  } else {
    const auto& limits = service_->limits;
    const bool any =
        s->session.end_late({now - limits.body_time_out, now - limits.idle_time_out, now - drain_time_out});
    if (any) state::pump(s);
  }
  if (deadline_ > now) return;
  if (std::exchange(late_, true)) {
    deadline_ = mono_time::max();
    close();
    return;
  }
  deadline_ = now + drain_time_out;
  stop();
}

void http2_connection::send_away(mono_time now) {
  auto& s = *state_;
  if (s.sent_away) return;
  s.sent_away = now;
  s.session.send_away();
  if (!s.shut_down) s.session.wind_up();
  s.bell.notify();
}

void http2_connection::stop() {
  auto& s = *state_;
  if (std::exchange(s.shut_down, true)) return;
  s.session.shut_down();
  if (!s.sent_away) s.session.wind_up();
  s.bell.notify();
}

void http2_connection::let_go(mono_time now) {
  const bool was_there = opened_ < *service_->sent_away;
  const bool is_new = !state_->busy && is_young(now);
  let_go(now, was_there || (service_->closing && !is_new), service_->closing);
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
  if (now - *s.sent_away >= patience || (last_call && s.session.knows_to_go())) stop();
}

bool http2_connection::is_serving(mono_time before) const {
  return opened_ < before && !is_done();
}

bool http2_connection::is_expecting(mono_time) const {
  return false; // GOAWAY tells it which of its requests nobody has looked at
}

bool http2_connection::is_done() const {
  const auto& s = *state_;
  return s.shut_down && s.session.under_way() == 0 && s.unwritten == 0 && s.session.backlog() == 0;
}

double http2_connection::burden(mono_time now) const {
  auto since = state_->session.waiting_since().value_or(now);
  if (state_->unwritten > 0) since = std::min(since, state_->writing_since);
  // A moment for all, so that of those who came in the same one the largest is worst.
  const std::chrono::duration<double> waited = now - since + std::chrono::milliseconds{1};
  return static_cast<double>(state_->session.reclaimable() + state_->unwritten) * waited.count();
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
  close();
  state_->bell.notify();
}

} // namespace causeway::net
