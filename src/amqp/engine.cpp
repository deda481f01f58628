// SPDX-License-Identifier: Apache-2.0
#include "amqp/engine.h"

#include "amqp/frame_guard.h"
#include "amqp/proton_bridge.h"
#include "amqp/sasl_frames.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <proton/connection.h>
#include <proton/connection_driver.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/logger.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/transport.h>
#include <proton/version.h>

namespace causeway::amqp {

std::string_view engine_version() {
  static const auto text = std::to_string(PN_VERSION_MAJOR) + "." + std::to_string(PN_VERSION_MINOR) + "." +
                           std::to_string(PN_VERSION_POINT);
  return text;
}

namespace {

void drop_log(intptr_t, pn_log_subsystem_t, pn_log_level_t, const char*) {}

// Proton sends half of what it is told.
pn_millis_t doubled(std::chrono::milliseconds on_wire) {
  const auto most = static_cast<std::int64_t>(std::numeric_limits<pn_millis_t>::max() - 1);
  return static_cast<pn_millis_t>(std::clamp<std::int64_t>(on_wire.count() * 2, 0, most));
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string{} : std::string{text};
}

bool is_freed(pn_link_t* native) {
  return from_context(pn_link_get_context(native)) == freed_context ||
         from_context(pn_session_get_context(pn_link_session(native))) == freed_context;
}

} // namespace

struct engine::state {
  pn_connection_driver_t driver{};
  frame_guard guard;
  role side = role::client;
  std::string header; // server: the client's header as far as it has come, until it is whole
  bool header_passed = false;
  // Proton posts no error event for a fault that is found after it has stopped reading: it is told before the
  // end.
  bool fault_due = false, closed_due = false;

  explicit state(std::uint32_t max_frame) : guard{max_frame} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { pn_connection_driver_destroy(&driver); }

  void push(std::string_view bytes);
  void hand_over(std::string_view bytes);
  void surface_silent_fault();
  void fail(const char* what);
  void check_header(std::string_view& bytes);
  std::optional<event> translate(pn_event_t* native);
  std::optional<event> on_session(event_kind kind, pn_event_t* native);
  std::optional<event> on_link(event_kind kind, pn_event_t* native);
  std::optional<event> on_delivery(pn_delivery_t* native);
  std::optional<event> on_incoming(pn_link_t* from, pn_delivery_t* native);
};

engine::engine(engine_options options) : state_{std::make_unique<state>(options.max_frame)} {
  auto& driver = state_->driver;
  state_->side = options.side;
  CAUSEWAY_CHECK(pn_connection_driver_init(&driver, nullptr, nullptr) == 0);
  // Proton writes to stderr, and with PN_TRACE_FRM set it would write tokens there.
  pn_logger_t* logger = pn_transport_logger(driver.transport);
  pn_logger_set_log_sink(logger, drop_log, 0);
  pn_logger_reset_mask(logger, PN_SUBSYSTEM_ALL, PN_LEVEL_ALL);

  pn_connection_set_container(driver.connection, options.container_id.c_str());
  if (!options.host_name.empty()) pn_connection_set_hostname(driver.connection, options.host_name.c_str());
  pn_transport_set_max_frame(driver.transport, options.max_frame);
  pn_transport_set_channel_max(driver.transport, options.channel_max);
  pn_transport_set_idle_timeout(driver.transport, doubled(options.idle_time_out));
  if (options.side == role::server) {
    pn_transport_set_server(driver.transport);
    pn_transport_require_auth(driver.transport, false);
  } else if (options.mechanism == sasl::anonymous) {
    // Without a list Proton takes EXTERNAL where the peer offers it, and IoT Hub does.
    pn_sasl_allowed_mechs(pn_sasl(driver.transport), "ANONYMOUS");
  }
  pn_connection_driver_bind(&driver);
}

engine::~engine() = default;
engine::engine(engine&&) noexcept = default;
engine& engine::operator=(engine&&) noexcept = default;

void engine::open() {
  pn_connection_open(state_->driver.connection);
}

void engine::close(const condition& why) {
  write_condition(pn_connection_condition(state_->driver.connection), why);
  pn_connection_close(state_->driver.connection);
}

session engine::new_session() {
  return session{pn_session(state_->driver.connection)};
}

void engine::state::fail(const char* what) {
  pn_connection_driver_errorf(&driver, "amqp:connection:framing-error", "%s", what);
  pn_connection_driver_close(&driver);
  fault_due = true;
}

// A server's Proton would take a SASL or TLS header too: that layer is not ours to run here.
void engine::state::check_header(std::string_view& bytes) {
  const auto taken = std::min(bytes.size(), amqp_header.size() - header.size());
  header.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  if (!amqp_header.starts_with(header)) {
    pn_connection_driver_errorf(&driver, "amqp:connection:framing-error",
                                "the first bytes are no AMQP 1.0 header");
    pn_connection_driver_close(&driver);
    bytes = {};
    return;
  }
  if (header.size() < amqp_header.size()) return;
  header_passed = true;
  push(header);
}

void engine::state::push(std::string_view bytes) {
  for (auto frames = guard.next(bytes); !frames.empty(); frames = guard.next(bytes))
    hand_over(frames);
  if (const auto* const why = guard.refusal(); why != nullptr && !pn_connection_driver_read_closed(&driver))
    fail(why);
  surface_silent_fault();
}

void engine::state::hand_over(std::string_view bytes) {
  while (!bytes.empty()) {
    const pn_rwbytes_t room = pn_connection_driver_read_buffer(&driver);
    if (room.size == 0) break; // the engine is closed: what comes is for nobody
    const auto taken = std::min(bytes.size(), room.size);
    std::memcpy(room.start, bytes.data(), taken);
    pn_connection_driver_read_done(&driver, taken);
    bytes.remove_prefix(taken);
  }
}

// A frame that Proton cannot decode or dispatch ends its reading without a word: no condition, no event.
void engine::state::surface_silent_fault() {
  if (!pn_connection_driver_read_closed(&driver)) return;
  if (pn_condition_is_set(pn_transport_condition(driver.transport))) return;
  if ((pn_connection_state(driver.connection) & PN_REMOTE_CLOSED) != 0) return;
  fail("a frame cannot be decoded");
}

void engine::feed(std::string_view bytes) {
  if (state_->side == role::server && !state_->header_passed) {
    state_->check_header(bytes);
    if (!state_->header_passed) return;
  }
  state_->push(bytes);
}

void engine::feed_end() {
  state_->hand_over(state_->guard.take_rest());
  pn_connection_driver_read_close(&state_->driver);
}

bool engine::take_output(std::string& out) {
  const auto before = out.size();
  while (true) {
    const pn_bytes_t ready = pn_connection_driver_write_buffer(&state_->driver);
    if (ready.size == 0) break;
    state_->guard.sent({ready.start, ready.size});
    out.append(ready.start, ready.size);
    pn_connection_driver_write_done(&state_->driver, ready.size);
  }
  return out.size() != before;
}

bool engine::finished() const {
  return pn_transport_closed(state_->driver.transport);
}

std::optional<event> engine::next_event() {
  while (pn_event_t* native = pn_connection_driver_next_event(&state_->driver)) {
    if (pn_event_type(native) == PN_TRANSPORT_CLOSED && state_->fault_due) {
      state_->closed_due = true;
      break;
    }
    if (auto translated = state_->translate(native)) return translated;
  }
  event own;
  if (std::exchange(state_->fault_due, false)) {
    own.kind = event_kind::transport_fault;
    own.condition = read_condition(pn_transport_condition(state_->driver.transport));
    return own;
  }
  if (!std::exchange(state_->closed_due, false)) return std::nullopt;
  own.kind = event_kind::transport_closed;
  return own;
}

std::optional<event> engine::state::translate(pn_event_t* native) {
  event out;
  switch (pn_event_type(native)) {
  case PN_CONNECTION_REMOTE_OPEN:
    out.kind = event_kind::connection_opened;
    return out;
  case PN_CONNECTION_REMOTE_CLOSE:
    out.kind = event_kind::connection_closed;
    out.condition = read_condition(pn_connection_remote_condition(driver.connection));
    return out;
  case PN_SESSION_REMOTE_OPEN:
    return on_session(event_kind::session_opened, native);
  case PN_SESSION_REMOTE_CLOSE:
    return on_session(event_kind::session_closed, native);
  case PN_LINK_REMOTE_OPEN:
    return on_link(event_kind::link_opened, native);
  case PN_LINK_REMOTE_CLOSE:
  case PN_LINK_REMOTE_DETACH:
    return on_link(event_kind::link_closed, native);
  case PN_LINK_FLOW:
    return on_link(event_kind::link_flow, native);
  case PN_DELIVERY:
    return on_delivery(pn_event_delivery(native));
  case PN_TRANSPORT_ERROR:
    out.kind = event_kind::transport_fault;
    fault_due = false;
    out.condition = read_condition(pn_transport_condition(driver.transport));
    return out;
  case PN_TRANSPORT_CLOSED:
    out.kind = event_kind::transport_closed;
    return out;
  default:
    return std::nullopt;
  }
}

std::optional<event> engine::state::on_session(event_kind kind, pn_event_t* native) {
  event out;
  out.kind = kind;
  out.session = amqp::session{pn_event_session(native)};
  if (out.session.context() == freed_context) return std::nullopt;
  return out;
}

std::optional<event> engine::state::on_link(event_kind kind, pn_event_t* native) {
  pn_link_t* at = pn_event_link(native);
  if (is_freed(at)) return std::nullopt;
  event out;
  out.kind = kind;
  out.link = amqp::link{at};
  out.session = out.link.session();
  return out;
}

std::optional<event> engine::state::on_delivery(pn_delivery_t* native) {
  pn_link_t* at = pn_delivery_link(native);
  if (at == nullptr || is_freed(at)) return std::nullopt;
  if (pn_link_is_receiver(at)) return pn_delivery_readable(native) ? on_incoming(at, native) : std::nullopt;
  if (!pn_delivery_updated(native)) return std::nullopt;
  pn_delivery_clear(native);
  event out;
  out.kind = event_kind::outcome;
  out.link = amqp::link{at};
  out.session = out.link.session();
  out.delivery = amqp::delivery{native};
  return out;
}

// A message stays in Proton's buffer until it is whole.
std::optional<event> engine::state::on_incoming(pn_link_t* from, pn_delivery_t* native) {
  event out;
  out.link = amqp::link{from};
  out.session = out.link.session();
  if (pn_delivery_aborted(native)) {
    out.kind = event_kind::message_aborted;
    pn_delivery_settle(native);
    return out;
  }
  const std::uint64_t own_limit = pn_link_max_message_size(from);
  const std::size_t pending = pn_delivery_pending(native);
  const bool whole = !pn_delivery_partial(native);
  const bool closed = (pn_link_state(from) & PN_LOCAL_CLOSED) != 0;
  const bool oversize = pending > (own_limit != 0 ? own_limit : default_max_message_size);
  if (!closed && !oversize && !whole) return std::nullopt;

  out.payload.resize(pending);
  if (pending > 0) pn_link_recv(from, out.payload.data(), pending);
  if (closed || oversize) {
    // Settling before the last part would upset Proton's count of deliveries, and with it the whole
    // connection.
    if (whole) pn_delivery_settle(native);
    if (closed) return std::nullopt;
    out.kind = event_kind::message_aborted;
    out.payload.clear();
    out.condition = {"amqp:link:message-size-exceeded",
                     "the message is larger than the link's max-message-size"};
    out.link.close(out.condition);
    return out;
  }
  out.kind = event_kind::message;
  out.settled = pn_delivery_settled(native);
  pn_link_advance(from);
  if (out.settled)
    pn_delivery_settle(native);
  else
    out.delivery = amqp::delivery{native};
  return out;
}

std::optional<mono_time> engine::tick(mono_time now) {
  using std::chrono::milliseconds;
  const auto since_start = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  const std::int64_t next = pn_transport_tick(state_->driver.transport, since_start);
  if (next == 0) return std::nullopt;
  return mono_time{milliseconds{next}};
}

peer_open engine::peer() const {
  const auto& driver = state_->driver;
  peer_open out;
  out.container_id = text_or_empty(pn_connection_remote_container(driver.connection));
  out.host_name = text_or_empty(pn_connection_remote_hostname(driver.connection));
  out.max_frame = pn_transport_get_remote_max_frame(driver.transport);
  out.channel_max = pn_transport_remote_channel_max(driver.transport);
  out.idle_time_out = std::chrono::milliseconds{pn_transport_get_remote_idle_timeout(driver.transport)};
  out.handle_max = state_->guard.handle_max();
  return out;
}

} // namespace causeway::amqp
