// SPDX-License-Identifier: Apache-2.0
#include "net/http1_connection.h"

#include "net/http_answer.h"

#include <array>
#include <utility>
#include <vector>

namespace causeway::net {
namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
// What is asked of a source at once.
constexpr std::size_t piece_size = 16 * 1024;
// A reader that takes them without pause does not keep the loop from its other work.
constexpr unsigned pieces_in_a_row = 16;

mono_time time_now() {
  return std::chrono::steady_clock::now();
}

} // namespace

http1_connection::http1_connection(stream bytes, std::shared_ptr<http_service> of, connection_table& among)
    : http_connection{std::move(bytes), std::move(of), among},
      reader_{service_->limits.max_header, service_->limits.max_body} {}

http1_connection::~http1_connection() {
  end_work();
  hold(0);
}

task<> http1_connection::serve() {
  for (;;) {
    bool goes_on = true;
    switch (reader_.step()) {
    case http_reader::progress::need_more: {
      if (!may_read()) co_return;
      if (!overruled_) {
        const auto size = co_await bytes_.read_some(reader_.prepare());
        goes_on = size.has_value();
        if (size && !overruled_) reader_.commit(*size);
      }
      if (overruled_) {
        co_await refuse_for_room();
        co_return;
      }
      if (!goes_on && late_) co_await refuse(408);
      break;
    }
    case http_reader::progress::head: {
      auto away = look_at_head();
      if (!away) break;
      auto turned = turn_away(std::move(*away));
      goes_on = co_await std::move(turned);
      break;
    }
    case http_reader::progress::wants_continue: {
      const auto written = co_await bytes_.write(continue_line);
      goes_on = written.has_value();
      break;
    }
    case http_reader::progress::complete:
      goes_on = co_await answer();
      break;
    case http_reader::progress::refused:
      co_await refuse(reader_.refusal());
      goes_on = false;
      break;
    }
    if (!goes_on) co_return;
  }
}

std::optional<http_turned_away> http1_connection::look_at_head() {
  auto& s = *service_;
  auto& head = reader_.head();
  head.peer = peer_;
  auto away = s.admission ? s.admission(head) : std::nullopt;
  if (s.admission && !away) let_in(head.admitted);
  if (!away && head.is_encoded()) away = http_turned_away{s.refuse(415)};
  if (!away && s.is_spent()) {
    ++s.budget->counts.requests_over_budget;
    s.lose(&head);
    away = http_turned_away{s.refuse(503)};
  }
  return away;
}

// What has come of the body is thrown away; if that was all, the connection may go on.
task<bool> http1_connection::turn_away(http_turned_away away) {
  reader_.discard_body();
  const bool whole = reader_.step() == http_reader::progress::complete;
  const bool keep =
      whole && reader_.keep_alive() && !away.answer.close && !service_->closing && !service_->sent_away;
  const bool head = reader_.is_head();
  if (whole) static_cast<void>(reader_.take());
  const auto now = time_now();
  if (away.after > away.after.zero()) {
    enter(phase::held, mono_time::max());
    bell_ = std::make_unique<wake_up>(service_->on);
    co_await bell_->wait_until(now + away.after);
    bell_.reset();
    if (!bytes_.is_open()) co_return false;
  }
  write_answer(out_, away.answer, head, !keep);
  if (!keep) {
    co_await part(most_drained_of_strangers);
    co_return false;
  }
  answered_ = true;
  enter(phase::writing, time_now() + service_->limits.idle_time_out);
  const auto written = co_await bytes_.write(out_);
  co_return written.has_value();
}

bool http1_connection::may_read() {
  const auto& s = *service_;
  const auto now = time_now();
  // A limit runs from the moment the phase began, however many pieces come.
  if (reader_.in_body() && at_ != phase::body) enter(phase::body, now + s.limits.body_time_out);
  if (!reader_.in_body() && reader_.started() && at_ != phase::header)
    enter(phase::header, now + s.limits.header_time_out);
  if (!reader_.started()) enter(phase::idle, now + s.limits.idle_time_out);
  if (at_ == phase::idle && s.closing && (answered_ || !s.sent_away)) return false;
  hold(reader_.held());
  if (held_ > 0 && s.is_spent()) overruled_ = true;
  return true;
}

task<bool> http1_connection::answer() {
  const bool head = reader_.is_head();
  const bool chunked = reader_.is_1_1();
  const bool keep = reader_.keep_alive();
  hold(reader_.held());
  begin_work();
  auto request = reader_.take();
  request.has_client_left = [this] { return bytes_.has_peer_left(); };
  enter(phase::handling, mono_time::max());
  auto response = co_await http_service::handle(service_, std::move(request));
  end_work();
  if (!response || response->silent) co_return false;
  if (!service_->admission && response->status / 100 == 2) let_in();
  answered_ = true;
  if (half_closed_) co_return false;
  const bool close = !keep || response->close || service_->closing || service_->sent_away.has_value();
  write_answer(out_, *response, head, close, chunked);
  if (response->source && !head && !response->is_bodiless()) {
    auto pieces = stream_out(std::move(*response), chunked, close);
    co_return co_await std::move(pieces);
  }
  // A peer that does not read holds the connection no longer than an idle one.
  enter(phase::writing, time_now() + service_->limits.idle_time_out);
  hold(out_.size());
  const auto written = co_await bytes_.write(out_);
  hold(0);
  co_return written && !close;
}

// The header is in out_. One piece at a time is there, so the reader's pace is the source's.
task<bool> http1_connection::stream_out(http_response response, bool chunked, bool close) {
  struct at_end {
    http1_connection& of;
    ~at_end() {
      of.source_.reset();
      of.bell_.reset();
    }
  } const ended{*this};
  bell_ = std::make_unique<wake_up>(service_->on);
  source_ = std::move(response.source);
  source_->on_ready([this] { bell_->notify(); });
  winding_up_ = false;
  if (service_->closing || service_->sent_away) wind_up();
  std::vector<char> room(piece_size);
  for (unsigned pieces = 0;;) {
    const auto piece = read_piece(*source_, room);
    const bool ends = piece.what == http_piece::kind::end;
    if (chunked && (ends || piece.what == http_piece::kind::some))
      append_chunk(out_, {room.data(), piece.size});
    else if (piece.what == http_piece::kind::some)
      out_.append(room.data(), piece.size);
    if (!out_.empty()) {
      waiting_since_ = time_now();
      enter(phase::streaming, waiting_since_ + service_->limits.idle_time_out);
      hold(out_.size());
      const auto written = co_await bytes_.write(out_);
      hold(0);
      if (!written) co_return false;
      out_.clear();
    }
    if (ends) co_return chunked && !close;
    // Without the last chunk, so it shows; but not to HTTP/1.0.
    if (piece.what == http_piece::kind::broken) co_return false;
    if (piece.what == http_piece::kind::some) {
      if (++pieces % pieces_in_a_row != 0) continue;
      const bool going_on = co_await sleep_for(std::chrono::seconds{0});
      if (!going_on) co_return false;
      continue;
    }
    enter(phase::streaming, mono_time::max());
    const bool rung = co_await bell_->wait();
    if (!rung || bytes_.has_peer_left()) co_return false;
  }
}

// What has come of it is given up.
task<> http1_connection::refuse_for_room() {
  ++service_->budget->counts.requests_over_budget;
  service_->lose(reader_.in_body() ? &reader_.head() : nullptr);
  reader_.discard_body();
  write_answer(out_, service_->refuse(503), false, true);
  hold(out_.size());
  co_await part(most_drained_of_strangers);
}

task<> http1_connection::refuse(int status) {
  // Not for what it is, but for when it comes, or how much: its sender may miss it.
  if (status == 408 || status == 413 || status == 431)
    service_->lose(reader_.in_body() ? &reader_.head() : nullptr);
  write_answer(out_, service_->refuse(status), false, true);
  co_await part(most_drained);
}

task<> http1_connection::part(std::size_t most) {
  enter(phase::draining, time_now() + drain_time_out);
  const auto written = co_await bytes_.write(out_);
  if (!written) co_return;
  bytes_.end_output();
  co_await drain(bytes_, most);
}

void http1_connection::enter(phase next, mono_time until) {
  if ((at_ == phase::idle || at_ == phase::writing || at_ == phase::streaming) && next != phase::idle &&
      next != phase::streaming)
    begun_ = time_now();
  at_ = next;
  deadline_ = until;
  wait_for_peer(next != phase::handling && next != phase::writing && next != phase::streaming);
}

void http1_connection::end_late(mono_time now) {
  // The source has nothing to say: a peer that has left would not be noticed.
  if (source_ && deadline_ == mono_time::max() && bytes_.has_peer_left()) bell_->notify();
  if (deadline_ > now) return;
  deadline_ = mono_time::max();
  if (at_ == phase::header || at_ == phase::body) {
    late_ = true;
    bytes_.cancel(); // serve() answers 408
  } else {
    close();
  }
}

double http1_connection::burden(mono_time now) const {
  // A moment for all, so that of those who came in the same one the largest is worst.
  const std::chrono::duration<double> waited = now - waiting_since_ + std::chrono::milliseconds{1};
  return static_cast<double>(held_ - worked_on_) * waited.count();
}

bool http1_connection::shed(mono_time) {
  if (overruled_) return true;
  if (at_ != phase::header && at_ != phase::body) return false;
  overruled_ = true;
  reader_.discard_body();
  hold(0);
  bytes_.cancel(); // serve() answers 503
  return true;
}

void http1_connection::cut_off() {
  hold(worked_on_);
  close();
}

void http1_connection::close() {
  http_connection::close();
  if (bell_) bell_->notify();
}

void http1_connection::stop() {
  if (source_)
    wind_up();
  else if (bell_)
    bell_->notify();
  else if (at_ == phase::idle)
    close();
}

void http1_connection::let_go(mono_time now) {
  if (source_)
    wind_up();
  else if (bell_ && service_->closing)
    bell_->notify();
  else if (at_ == phase::idle && service_->half_closing)
    let_go_idle(now);
}

// Whoever has had an answer since send_away has been closed with it: this one is new, or has been idle since
// then.
void http1_connection::let_go_idle(mono_time now) {
  if (is_expecting(now)) return;
  if (half_closed_) {
    if (service_->closing) close();
    return;
  }
  half_closed_ = true;
  bytes_.end_output();
}

void http1_connection::wind_up() {
  if (!std::exchange(winding_up_, true)) source_->wind_up();
}

bool http1_connection::is_serving(mono_time before) const {
  return at_ != phase::idle && at_ != phase::held && at_ != phase::draining && begun_ < before;
}

bool http1_connection::is_expecting(mono_time now) const {
  return at_ == phase::idle && !answered_ && is_young(now);
}

void http1_connection::hold(std::size_t size) {
  auto& budget = *service_->budget;
  budget.held = budget.held - held_ + size;
  held_ = size;
}

void http1_connection::begin_work() {
  worked_on_ = held_;
  service_->budget->worked_on += held_;
}

void http1_connection::end_work() {
  service_->budget->worked_on -= std::exchange(worked_on_, 0);
}

} // namespace causeway::net
