// SPDX-License-Identifier: Apache-2.0
#include "net/http2_session.h"

#include "base/check.h"
#include "base/encoding.h"
#include "net/http2_chatter.h"
#include "net/http2_streams.h"
#include "net/http_answer.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace causeway::net {
namespace {

constexpr std::size_t most_unread_bodies = 4 * 1024 * 1024;
constexpr std::size_t most_output = 64 * 1024;
constexpr std::size_t most_unread_acks = 100;
constexpr std::size_t most_continuations = 8;
// Posts that time out at the stack, 1,024 in 5 s, are resets, too.
constexpr std::uint64_t most_resets = 2'048, resets_a_second = 256;

// Fields of a connection, which HTTP/2 does not have (RFC 9113 section 8.2.2).
bool is_of_connection(std::string_view name) {
  return name == "connection" || name == "keep-alive" || name == "transfer-encoding" || name == "upgrade" ||
         name == "proxy-connection";
}

// As HPACK counts a field (RFC 7541 section 4.1).
constexpr std::size_t field_frame = 32;
// About what nghttp2 and we keep for a stream besides its texts, and for a field besides its own: a pair of
// strings in a vector that has grown to twice its size.
constexpr std::size_t stream_cost = 2048, field_cost = 160;
// A field costs a byte on the line when HPACK's table has it: who is far beyond the limit is not heard out.
constexpr std::size_t hopeless_header = 4;

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  // nghttp2 copies both, and its C interface has no const.
  auto* const n = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data()));
  auto* const v = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data()));
  return {n, v, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

} // namespace

struct http2_session::state : http2_streams {
  state(std::size_t header, std::size_t body, std::shared_ptr<http_budget> b, http_admission a)
      : http2_streams{std::move(b)}, max_header{header}, max_body{body}, admission{std::move(a)} {}

  std::size_t max_header, max_body;
  http_admission admission;
  http2_chatter chatter;
  nghttp2_session* session = nullptr;
  std::size_t block = 0; // of the header that is coming, as HPACK counts
  bool ended = false;
  bool blamed = false;
  bool sending_away = false;
  bool knows_to_go = false;

  void give(stream_id id, http2_stream& s) {
    if (s.in != &coming) return;
    move(s, whole);
    release(id, s);
  }
  // The connection's window opens again by what this stream has taken of it.
  void release(stream_id id, http2_stream& s) {
    if (s.buffered > 0) nghttp2_session_consume(session, id, s.buffered);
    s.buffered = 0;
  }
  // Not for what it is, but for when it comes, or how much: its sender may miss it.
  void lose(const http2_stream& s) {
    if (budget->lost) budget->lost(s.has_head ? &s.request : nullptr);
  }
  void refuse(stream_id id, http2_stream& s, int status) {
    if (s.in != &coming) return;
    if (status == 408 || status == 413 || status == 431) lose(s);
    s.refusal = status;
    s.request = {};
    hold(s, stream_cost);
    give(id, s);
  }
  void turn_to_the_door(stream_id id, http2_stream& s, http_turned_away away) {
    s.away = std::move(away);
    s.is_stranger = true;
    s.request = {};
    hold(s, stream_cost);
    give(id, s);
  }
  bool has_heard_enough(const http2_stream& s) const {
    return s.is_stranger ? s.in == &over && s.drained > most_drained_of_strangers : s.drained > most_drained;
  }
  // Nobody has looked at it: the client may repeat it (RFC 9113 section 8.7).
  void turn_away(stream_id id, http2_stream& s, std::uint64_t& count) {
    ++count;
    lose(s);
    move(s, unread);
    s.request = {};
    hold(s, stream_cost);
    release(id, s);
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
  }
  void blame(std::uint64_t& count) {
    if (!std::exchange(blamed, true)) ++count;
  }
  void on_header_end(stream_id id, http2_stream& s, bool ends);
  ssize_t read_source(http2_stream& s, std::span<char> into, std::uint32_t& flags);

  static state& of(void* user) { return *static_cast<state*>(user); }
  static int on_begin(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void* user);
  static int on_bad_field(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                          const std::uint8_t*, std::size_t, std::uint8_t, void*);
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user);
  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user);
};

int http2_session::state::on_begin(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& s = of(user);
  s.block = 0;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const bool full = s.under_way() >= most_streams;
  auto& counts = s.budget->counts;
  auto& made = s.begin(frame->hd.stream_id, stream_cost);
  if (full || s.budget->is_spent())
    s.turn_away(frame->hd.stream_id, made, full ? counts.streams_over_limit : counts.streams_over_budget);
  return 0;
}

int http2_session::state::on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                                   std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                                   std::uint8_t, void* user) {
  auto& s = of(user);
  const auto size = name_size + value_size + field_frame;
  s.block += size;
  if (s.block > hopeless_header * s.max_header) return NGHTTP2_ERR_CALLBACK_FAILURE;
  auto* found = s.find(frame->hd.stream_id);
  if (found == nullptr || found->in != &s.coming || found->refusal != 0) return 0;
  found->header += size;
  if (found->header > s.max_header) {
    found->refusal = 431;
    return 0;
  }
  // Trailers are not headers (RFC 9110 section 6.5.1), but they count.
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  s.hold(*found, found->held + name_size + value_size + field_cost);
  const auto key = view(name, name_size), text = view(value, value_size);
  if (key == ":method")
    found->request.method = text;
  else if (key == ":path")
    found->request.target = text;
  else if (key == ":authority")
    found->request.headers.emplace_back("host", text);
  else if (!key.starts_with(':'))
    found->request.headers.emplace_back(key, text);
  return 0;
}

// Without this nghttp2 would leave the field out and go on.
int http2_session::state::on_bad_field(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                                       std::size_t, const std::uint8_t*, std::size_t, std::uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int http2_session::state::on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                                  std::size_t size, void* user) {
  auto& s = of(user);
  auto* found = s.find(id);
  if (found == nullptr || found->in != &s.coming) { // refused: thrown away
    // A stranger's own window stays shut.
    if (found != nullptr && found->is_stranger)
      nghttp2_session_consume_connection(s.session, size);
    else
      nghttp2_session_consume(s.session, id, size);
    if (found != nullptr) found->drained += size;
    if (found != nullptr && s.has_heard_enough(*found))
      nghttp2_submit_rst_stream(s.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    return 0;
  }
  auto& body = found->request.body;
  found->buffered += size;
  if (body.size() + size > s.max_body) {
    s.refuse(id, *found, 413);
    return 0;
  }
  if (s.budget->is_spent()) {
    s.turn_away(id, *found, s.budget->counts.streams_over_budget);
    return 0;
  }
  const auto before = body.capacity();
  body.append(view(bytes, size));
  s.hold(*found, found->held + body.capacity() - before);
  return 0;
}

void http2_session::state::on_header_end(stream_id id, http2_stream& s, bool ends) {
  s.has_head = true;
  s.is_head = s.request.method == "HEAD";
  if (admission) {
    if (auto away = admission(s.request)) {
      turn_to_the_door(id, s, std::move(*away));
      return;
    }
  }
  if (s.request.is_encoded()) {
    refuse(id, s, 415);
    return;
  }
  const auto length_text = s.request.header("content-length");
  // nghttp2 has checked that it is a number of 63 bits.
  const std::uint64_t length =
      length_text.empty() ? 0 : std::strtoull(std::string{length_text}.c_str(), nullptr, 10);
  // What says that it will be too long is refused before it comes.
  if (length > max_body) {
    refuse(id, s, 413);
    return;
  }
  if (ends) return;
  if (!equals_ignoring_case(s.request.header("expect"), "100-continue")) return;
  const auto status = field(":status", "100");
  nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, nullptr, &status, 1, nullptr);
}

int http2_session::state::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& s = of(user);
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
    s.knows_to_go = true; // the only one
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  const auto id = frame->hd.stream_id;
  auto* found = s.find(id);
  if (found == nullptr || found->in != &s.coming) return 0;
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_HEADERS) {
    if (found->refusal != 0) {
      s.refuse(id, *found, found->refusal);
      return 0;
    }
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) s.on_header_end(id, *found, ends);
  }
  if (ends) s.give(id, *found);
  return 0;
}

int http2_session::state::on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    auto& s = of(user);
    // Behind it, for nghttp2 would send a ping before.
    if (std::exchange(s.sending_away, false)) nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, nullptr);
    const auto why = frame->goaway.error_code;
    // nghttp2 calls resets without end an internal error.
    if (why == NGHTTP2_ENHANCE_YOUR_CALM || why == NGHTTP2_INTERNAL_ERROR)
      s.blame(s.budget->counts.ended_by_flood);
    else if (why != NGHTTP2_NO_ERROR)
      s.blame(s.budget->counts.ended_by_protocol);
    return 0;
  }
  const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!ends || nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) != 0) return 0;
  auto& s = of(user);
  auto* found = s.find(frame->hd.stream_id);
  if (found == nullptr) return 0;
  s.move(*found, s.over);
  if (s.has_heard_enough(*found))
    nghttp2_submit_rst_stream(s.session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  return 0;
}

int http2_session::state::on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
  auto& s = of(user);
  const auto* found = s.find(id);
  if (found == nullptr) return 0;
  // nghttp2 gives nothing of a closed stream back to the connection's window.
  if (found->buffered > 0) nghttp2_session_consume_connection(s.session, found->buffered);
  s.forget(id);
  return 0;
}

ssize_t http2_session::state::read_body(nghttp2_session*, std::int32_t id, std::uint8_t* into,
                                        std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                                        void* user) {
  auto* found = of(user).find(id);
  if (found == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (found->source) return of(user).read_source(*found, {reinterpret_cast<char*>(into), room}, *flags);
  const auto size = std::min(room, found->body.size() - found->sent);
  std::copy_n(found->body.data() + found->sent, size, into);
  found->sent += size;
  if (found->sent == found->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

ssize_t http2_session::state::read_source(http2_stream& s, std::span<char> into, std::uint32_t& flags) {
  const auto piece = read_piece(*s.source, into);
  switch (piece.what) {
  case http_piece::kind::some:
    move(s, unread); // its patience begins anew
    return static_cast<ssize_t>(piece.size);
  case http_piece::kind::later:
    move(s, asleep);
    return NGHTTP2_ERR_DEFERRED;
  case http_piece::kind::end:
    end_source(s);
    flags |= NGHTTP2_DATA_FLAG_EOF;
    return 0;
  case http_piece::kind::broken:
    break;
  }
  end_source(s);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; // nghttp2 resets the stream
}

http2_session::http2_session(std::size_t max_header, std::size_t max_body,
                             std::shared_ptr<http_budget> budget, http_admission admission)
    : state_{std::make_unique<state>(max_header, max_body, std::move(budget), std::move(admission))} {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  CAUSEWAY_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &state::on_begin);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &state::on_field);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &state::on_bad_field);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &state::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &state::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &state::on_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &state::on_close);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, most_unread_acks);
  // Of both only a version of nghttp2 knows that has the mends for CVE-2023-44487 and CVE-2024-28182.
  nghttp2_option_set_stream_reset_rate_limit(option, most_resets, resets_a_second);
  nghttp2_option_set_max_continuations(option, most_continuations);
  const int made = nghttp2_session_server_new2(&state_->session, callbacks, state_.get(), option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  CAUSEWAY_CHECK(made == 0);

  // Of a stream: a whole body and the byte by which it is too long.
  const auto window = static_cast<std::uint32_t>(std::min<std::size_t>(max_body + 1, most_unread_bodies));
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_streams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(max_header)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  nghttp2_submit_settings(state_->session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(state_->session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(most_unread_bodies));
}

http2_session::~http2_session() {
  abandon();
}

void http2_session::abandon() {
  auto& s = *state_;
  if (s.session == nullptr) return;
  nghttp2_session_del(s.session); // tells of no stream that it closes
  s.session = nullptr;
  s.ended = true;
  s.forget_all();
}

bool http2_session::feed(std::string_view bytes, mono_time now) {
  auto& s = *state_;
  if (s.ended) return false;
  s.now = now;
  const auto* const octets = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto read = s.chatter.take(bytes, now) ? nghttp2_session_mem_recv(s.session, octets, bytes.size())
                                               : ssize_t{NGHTTP2_ERR_FLOODED};
  s.ended = read < 0;
  // What broke HTTP/2's rules nghttp2 has queued a GOAWAY for; these broke ours.
  if (read == NGHTTP2_ERR_FLOODED || read == NGHTTP2_ERR_CALLBACK_FAILURE ||
      read == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
    nghttp2_session_terminate_session(s.session, NGHTTP2_ENHANCE_YOUR_CALM);
    s.blame(s.budget->counts.ended_by_flood);
  } else if (s.ended) {
    s.blame(s.budget->counts.ended_by_protocol);
  }
  return !s.ended && is_alive();
}

std::optional<http2_session::event> http2_session::next() {
  auto& s = *state_;
  if (s.whole.empty()) return std::nullopt;
  event out;
  out.stream = s.whole.front();
  auto* found = s.find(out.stream);
  CAUSEWAY_CHECK(found != nullptr);
  s.move(*found, found->is_stranger ? s.held_back : s.working);
  out.refusal = found->refusal;
  out.turned_away = std::exchange(found->away, std::nullopt);
  out.request = std::move(found->request);
  found->request = {};
  return out;
}

void http2_session::answer(stream_id stream, http_response response, mono_time now) {
  auto& s = *state_;
  s.chatter.on_answer();
  if (s.answer_orphan(stream)) return;
  auto* found = s.find(stream);
  if (found == nullptr || (found->in != &s.working && found->in != &s.held_back)) return;
  s.now = now;
  s.move(*found, s.unread);
  const auto status = std::to_string(response.status);
  const bool bodiless = response.is_bodiless();
  const auto length = std::to_string(response.body.size());
  std::vector<std::string> lowered;
  lowered.reserve(response.headers.size());
  std::vector<nghttp2_nv> fields{field(":status", status)};
  if (!bodiless) {
    if (response.source || !response.body.empty())
      fields.push_back(field("content-type", response.content_type));
    if (!response.source) fields.push_back(field("content-length", length));
  }
  for (const auto& [name, value] : response.headers) {
    const auto& low = lowered.emplace_back(to_lower(name));
    // What a handler copies from a request must not begin a header of its own.
    const bool sound =
        nghttp2_check_header_name(reinterpret_cast<const std::uint8_t*>(low.data()), low.size()) != 0 &&
        nghttp2_check_header_value(reinterpret_cast<const std::uint8_t*>(value.data()), value.size()) != 0;
    if (sound && !is_of_connection(low)) fields.push_back(field(low, value));
  }
  if (!bodiless && !found->is_head) {
    if (response.source)
      s.begin_source(*found, std::move(response.source));
    else
      found->body = std::move(response.body);
  }
  s.hold(*found, stream_cost + found->body.size());
  nghttp2_data_provider provider{};
  provider.read_callback = &state::read_body;
  nghttp2_submit_response(s.session, stream, fields.data(), fields.size(),
                          found->body.empty() && !found->source ? nullptr : &provider);
}

void http2_session::resume(stream_id stream, mono_time now) {
  auto& s = *state_;
  auto* found = s.find(stream);
  if (found == nullptr || found->in != &s.asleep) return;
  s.now = now;
  s.move(*found, s.unread);
  nghttp2_session_resume_data(s.session, stream);
}

void http2_session::wind_up() {
  if (state_->sources == 0) return;
  for (auto& [id, one] : state_->streams)
    if (one.source) one.source->wind_up();
}

std::string http2_session::take_output(mono_time now) {
  std::string out;
  state_->now = now;
  while (state_->session != nullptr && out.size() < most_output) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(state_->session, &bytes);
    if (size <= 0) break;
    out.append(view(bytes, static_cast<std::size_t>(size)));
  }
  return out;
}

std::size_t http2_session::backlog() const {
  return state_->session == nullptr ? 0 : nghttp2_session_get_outbound_queue_size(state_->session);
}

void http2_session::send_away() {
  if (state_->session == nullptr) return;
  state_->sending_away = true;
  nghttp2_submit_shutdown_notice(state_->session);
}

bool http2_session::knows_to_go() const {
  return state_->knows_to_go;
}

void http2_session::shut_down() {
  if (state_->session == nullptr) return;
  nghttp2_submit_goaway(state_->session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(state_->session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

bool http2_session::refuse_coming(mono_time now) {
  auto& s = *state_;
  if (s.coming.empty()) return false;
  s.now = now;
  while (!s.coming.empty())
    s.turn_away(s.coming.front(), *s.find(s.coming.front()), s.budget->counts.streams_over_budget);
  return true;
}

std::size_t http2_session::reclaimable() const {
  return state_->held - state_->worked_on;
}

std::optional<mono_time> http2_session::waiting_since() const {
  return state_->waiting_since();
}

bool http2_session::end_late(const limits_of_patience& before) {
  auto& s = *state_;
  bool any = false;
  while (!s.coming.empty()) {
    const auto id = s.coming.front();
    auto& late = *s.find(id);
    if (late.since >= before.begun) break;
    s.refuse(id, late, 408);
    any = true;
  }
  const auto reset = [&](const state::id_list& list, mono_time limit, std::uint32_t reason) {
    for (const auto id : list) {
      if (s.find(id)->since >= limit) break;
      nghttp2_submit_rst_stream(s.session, NGHTTP2_FLAG_NONE, id, reason);
      any = true;
    }
  };
  reset(s.unread, before.answered, NGHTTP2_CANCEL);
  reset(s.over, before.refused, NGHTTP2_NO_ERROR); // the client need not send the rest (RFC 9113 section 8.1)
  return any;
}

std::size_t http2_session::unanswered() const {
  return state_->unanswered();
}

std::size_t http2_session::under_way() const {
  return state_->under_way();
}

bool http2_session::is_alive() const {
  const auto& s = *state_;
  if (s.session == nullptr) return false;
  return (!s.ended && nghttp2_session_want_read(s.session) != 0) ||
         nghttp2_session_want_write(s.session) != 0;
}

} // namespace causeway::net
