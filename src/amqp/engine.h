// SPDX-License-Identifier: Apache-2.0
// AMQP 1.0 without I/O: bytes in, bytes out, events between. Owns one Proton connection driver; Proton's
// headers stay in the .cpp files. Used as a client by the gateway and as a server by the emulator. One
// thread; no sockets, no clock.
//
// Rules that callers keep (engineering-measurements.md section 7):
//  - link names are unique per attach: a duplicate closes the whole connection;
//  - send() only while credit() > 0: a delivery queued on a link without credit slows every link of the
//  connection;
//  - handles are valid until their closed event has been handled and free() called, or the engine is gone.
//  free() a link
//    or session only when both sides have closed it; freeing a session frees its links;
//  - Proton writes a TRANSFER before a DISPOSITION queued in the same pass: where the order matters
//  (put-token), call
//    take_output() between the two.
#pragma once

#include "amqp/value.h"
#include "base/clock.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pn_session_t;
struct pn_link_t;
struct pn_delivery_t;

namespace causeway::amqp {

// Of Proton, as built with: "0.37.0".
std::string_view engine_version();

enum class role : std::uint8_t { client, server };
enum class sasl : std::uint8_t { none, anonymous };
enum class settle_mode : std::uint8_t { unsettled = 0, settled = 1, mixed = 2 }; // sender's, spec 2.8.2
enum class receive_mode : std::uint8_t { first = 0, second = 1 };                // receiver's, spec 2.8.3

struct engine_options {
  role side = role::client;
  sasl mechanism = sasl::none; // client only
  std::string container_id{};
  std::string host_name{}; // open.hostname, when not empty
  std::uint32_t max_frame = 65536;
  std::uint16_t channel_max = 8191;                 // Proton sends at most 32767
  std::chrono::milliseconds idle_time_out{240'000}; // the figure that goes on the wire; 0 = none
};

// The largest message that is taken on a link without a max-message-size of its own: what IoT Hub's links
// say.
inline constexpr std::uint64_t default_max_message_size = 1'048'576;

// An AMQP error (spec 2.8.14) as the peer sent it; condition empty = none.
struct condition {
  std::string name;
  std::string description;
  bool empty() const { return name.empty(); }
};

enum class outcome_kind : std::uint8_t { none, accepted, rejected, released, modified, received };
struct outcome {
  outcome_kind kind = outcome_kind::none;
  condition reason; // rejected only
};

class link;
class delivery;

class session {
public:
  session() = default;
  explicit session(pn_session_t* native) : native_{native} {}
  explicit operator bool() const { return native_ != nullptr; }
  bool operator==(const session&) const = default;
  void open();                           // begin, or answers the peer's begin
  void close(const condition& why = {}); // end
  void free();
  condition remote_condition() const;
  bool remote_begun() const; // the peer has, and may have ended it since
  bool remote_open() const;
  // A number of the caller's, for finding its own object again; 0 at first.
  void set_context(std::uintptr_t context);
  std::uintptr_t context() const;
  link sender(const std::string& name);
  link receiver(const std::string& name);
  // The incoming window is Proton's largest: what may arrive is bounded by the credit of the links alone.
  pn_session_t* native() const { return native_; }

private:
  pn_session_t* native_ = nullptr;
};

class link {
public:
  link() = default;
  explicit link(pn_link_t* native) : native_{native} {}
  explicit operator bool() const { return native_ != nullptr; }
  bool operator==(const link&) const = default;

  // Before open():
  void set_source(const std::string& address);
  void set_target(const std::string& address);
  void set_source_filter(const value& symbol_map);
  void set_settle_modes(settle_mode snd, receive_mode rcv);
  void set_properties(const value& symbol_map); // map with symbol keys
  // A larger message is not kept: the link is closed with amqp:link:message-size-exceeded (event
  // message_aborted).
  void set_max_message_size(std::uint64_t bytes);
  // Server: source, target, modes and properties as the peer sent them.
  void copy_remote();

  void open();                           // attach, or answers the peer's attach
  void close(const condition& why = {}); // detach with closed = true
  // Server: answers the peer's attach with a null terminus and a detach, the protocol's way to refuse a link.
  // The rest is echoed.
  void refuse(const condition& why);
  void free();
  void set_context(std::uintptr_t context);
  std::uintptr_t context() const;

  std::string name() const;
  amqp::session session() const;
  bool is_sender() const;            // from this side
  bool remote_open() const;          // the peer has attached, and has not detached
  std::string remote_source() const; // empty when null
  std::string remote_target() const;
  value remote_source_filter() const; // map with symbol keys, or null
  bool remote_terminus_null() const;  // the peer's attach refuses the link: our counterpart terminus is null
  value remote_properties() const;    // map or null
  settle_mode remote_settle_mode() const;
  receive_mode remote_receive_mode() const;
  std::uint64_t remote_max_message_size() const; // 0 = none given
  condition remote_condition() const;
  int credit() const;

  // Sender. encoded: a whole encoded AMQP message (message.h). tag: at most 32 bytes, unique among the link's
  // unsettled. Settled: gone at once, and the handle is empty. Precondition: credit() > 0.
  delivery send(std::string_view tag, std::string_view encoded, bool settled);
  // Sender: where the peer drains the link (2.6.7), its credit is given back, with a flow that says so.
  void give_back_drained();
  // Receiver: lets the peer send this many more.
  void add_credit(int count);
  // Receiver: the peer is to give back the credit that it has not used (2.6.7), which it does with a flow
  // (event link_flow). Flows ask for it until add_credit() is called; one of 0 sends none.
  void drain();
  pn_link_t* native() const { return native_; }

private:
  pn_link_t* native_ = nullptr;
};

// An empty handle (a message that came settled) can be settled, to no effect.
class delivery {
public:
  delivery() = default;
  explicit delivery(pn_delivery_t* native) : native_{native} {}
  explicit operator bool() const { return native_ != nullptr; }
  std::string tag() const;
  bool remotely_settled() const;
  outcome remote_outcome() const;
  // Receiver: answers and settles.
  void settle(const outcome& with);
  // Sender: forgets it; call once the outcome is known. A peer that has not settled (receive mode second)
  // gets a disposition with its state echoed.
  void settle();
  void set_context(std::uintptr_t context);
  std::uintptr_t context() const;
  pn_delivery_t* native() const { return native_; }

private:
  pn_delivery_t* native_ = nullptr;
};

enum class event_kind : std::uint8_t {
  connection_opened, // the peer's OPEN has arrived
  connection_closed, // the peer's CLOSE has arrived; see condition
  session_opened,    // the peer's BEGIN
  session_closed,    // the peer's END; see session.remote_condition()
  link_opened,       // the peer's ATTACH
  link_closed,       // the peer's DETACH, closed or not; see link.remote_condition()
  link_flow,         // credit has changed
  message,           // a whole message has arrived: payload holds its bytes. Receiver: settle it
  message_aborted,   // the peer gave up a message half-way, or (see condition) it was too large: the link is
                     // closing
  outcome,           // the peer answered a delivery of ours: see delivery.remote_outcome(); then settle()
  transport_fault,   // protocol breach, idle time-out, SASL refusal: see condition; nothing more will come
  transport_closed,  // both directions are done
};

struct event {
  event_kind kind{};
  amqp::session session;
  amqp::link link;
  amqp::delivery delivery;   // message (unless settled), outcome
  std::string payload;       // message
  amqp::condition condition; // connection_closed, transport_fault, message_aborted
  bool settled = false;      // message: arrived settled, so it needs no disposition; delivery is empty
};

struct peer_open {
  std::string container_id, host_name;
  std::uint32_t max_frame = 0; // 0 = no limit
  std::uint16_t channel_max = 0;
  std::chrono::milliseconds idle_time_out{0}; // 0 = none; a figure below a second counts as one
  // The largest handle of a link of ours, as the sessions say that the peer has begun so far: a link that is
  // attached beyond it may cost the connection (2.7.2).
  std::uint32_t handle_max = 0xffffffff;
};

class engine {
public:
  explicit engine(engine_options options);
  ~engine();
  engine(engine&&) noexcept;
  engine& operator=(engine&&) noexcept;

  // Client: starts the OPEN. Server: answers one (with max-frame, channel-max, idle time-out from the
  // options).
  void open();
  void close(const condition& why = {});
  amqp::session new_session();

  // Bytes from the peer; takes all of them. A server wants the connection without SASL, from the AMQP header
  // on (sasl_frames.h stands in front of it).
  void feed(std::string_view bytes);
  // The peer's end of stream.
  void feed_end();
  // Appends all that must be written to the peer; false when nothing was appended.
  bool take_output(std::string& out);
  // True when nothing more will be read or written: after both CLOSEs or a fault, once the output is taken.
  bool finished() const;

  // The next event, in the order things happened; call until it returns nothing, after feed(), tick() and
  // every call that may change state.
  std::optional<event> next_event();

  // Heartbeats and the peer's idle time-out: the peer is given twice the figure of the options. Returns when
  // it wants to be called next; call it after connection_opened too, when the peer's own figure is known.
  std::optional<mono_time> tick(mono_time now);
  peer_open peer() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace causeway::amqp
