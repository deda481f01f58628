// SPDX-License-Identifier: Apache-2.0
// One AMQP connection to an IoT Hub, for many devices: OPEN, `$cbs`, a token and a session for each device,
// telemetry, renewals in place (azure-iot-wire.md B and F.1). Pure: bytes, time and tokens come in, bytes,
// deadlines and events go out. Owned by whoever owns the stream; one thread.
//
// Promises: every attach() is answered by `attached` or `detached`; every send() that returned no error by
// one `sent`, and if the device goes, `sent` comes before its `detached`; after `closed`, which comes once
// and last, nothing changes any more. One device's trouble (refused token, DETACH, END) is its own: the
// others go on.
#pragma once

#include "amqp/engine.h"
#include "azure/hub_address.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"
#include "hub/cbs.h"
#include "hub/device_session.h"
#include "hub/token_wheel.h"
#include "model/message.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

namespace causeway::hub {

class token_source {
public:
  virtual ~token_source() = default;
  // A SAS token for this device, valid until expiry.
  virtual secret device_token(device_ref device, const identity& name, wall_time expiry) = 0;
  // A SAS token of a shared access policy for the whole hub.
  virtual secret policy_token(wall_time expiry) = 0;
  // The time that tokens are made by: this machine's, or the hub's where that is known to be another.
  virtual wall_time time(moment now) const { return now.wall; }
  // The hub has told its time, with a refusal or when it took a link away.
  virtual void on_hub_time(wall_time /*theirs*/, moment /*now*/) {}
  // Which of the policy's keys policy_token() signs with.
  virtual std::uint32_t policy_key() const { return 0; }
  // The hub refuses what this key has signed (at opening or later: keys are replaced while the gateway runs).
  // policy_token() signs with the other one from now on, if another connection has not brought that about
  // already. False when there is no other.
  virtual bool next_policy_key(std::uint32_t /*refused*/) { return false; }
};

enum class auth : std::uint8_t {
  device_keys, // a put-token a device
  policy,      // one put-token a connection, audience = host; renewed at half its life
};

struct connection_options {
  hub_host host;
  std::string container_id; // unique among the connections ever made: link names are scoped by it
  auth mode = auth::device_keys;
  amqp::sasl sasl = amqp::sasl::none;
  std::uint32_t max_devices = 900;
  seconds idle_time_out{30}; // the figure on the wire; a peer that is silent for twice that is gone
  seconds token_life{3600};
  seconds header_time_out{15};       // the peer's AMQP header
  seconds open_time_out{60};         // OPEN, $cbs and, with a policy, its token together
  seconds answer_time_out{30};       // a put-token; an ATTACH with credit; the CLOSE
  seconds send_time_out{240};        // a message's outcome; the hub delays before it throttles
  std::uint32_t cbs_in_flight = 100; // put-tokens without an answer; 30 over WebSocket
  std::string client_version;        // "causeway/0.1.0"
  // The hub has shown before that its sessions hold two links: a round trip less.
  bool two_links_a_session = false;
};

// What a device's session holds.
struct link_wish {
  std::string model_id; // of the telemetry link; empty: none
  bool commands =
      false; // a cloud-to-device link beside it. It gets no credit, so that the hub keeps what it has
};

struct opened {
  amqp::peer_open peer;
  std::uint32_t capacity = 0; // see connection::capacity()
  // OPEN sent to OPEN answered; and from there to `$cbs` and, with a policy, its token accepted.
  std::chrono::nanoseconds open{0}, cbs{0};
};
struct attached {
  device_ref device{};
  // Put-token sent to answered, 0 with a policy; BEGIN and ATTACH sent to every link ready for use.
  std::chrono::nanoseconds cbs{0}, attach{0};
};
struct detached {
  device_ref device{};
  error why;
  // The policy's token is to blame, and a new one is on its way: the device may be attached again at once,
  // and waits for it.
  bool of_policy = false;
};
struct sent {
  device_ref device{};
  spool_seq seq = 0;
  // Accepted; or an error of class permanent that is the message's own, or of another class: it may be sent
  // again.
  result<void> outcome;
};
struct closed {
  error why; // `stopped` after close()
};
using event = std::variant<opened, attached, detached, sent, closed>;

struct connection_counters {
  std::uint64_t put_tokens = 0;    // sent, renewals among them
  std::uint64_t renewals = 0;      // accepted
  std::uint64_t attaches = 0;      // accepted
  std::uint64_t messages_sent = 0; // handed to send()
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0; // messages with another outcome
  std::uint64_t bytes_in = 0, bytes_out = 0;
};

class connection {
public:
  // tokens must live as long as the connection.
  connection(connection_options options, token_source& tokens, moment now);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void on_bytes(std::string_view bytes, moment now);
  // The stream is gone: why tells the devices' owners.
  void on_stream_end(const error& why, moment now);
  void tick(moment now);
  // Appends the bytes for the peer; false when there are none. To be asked after every call that takes a
  // moment, and before deadline(), which counts heartbeats from the last output.
  bool take_output(std::string& out);
  // When tick() must be called; changes with every call.
  std::optional<mono_time> deadline() const;

  // May be called before `opened`; waits its turn. A device that is attached or on its way is left as it is.
  // Answered at once with hub_token_limit where there is no room.
  void attach(device_ref device, const identity& name, const link_wish& wish, moment now);
  // Answered by `detached` with `stopped`; nothing for a device that is not here.
  void detach(device_ref device, moment now);
  // Precondition: attached, and no send() of this device without its `sent`. The message may wait for the
  // link's credit. Errors: message_too_large; internal for a breach of the precondition.
  result<void> send(device_ref device, spool_seq seq, const model::message& what, moment now);
  // Puts every token anew, because those that are there were made by a clock that was wrong: a policy's at
  // once, devices' own within half a minute.
  void renew_tokens(moment now);
  // Says CLOSE. Devices are detached at once, `closed` follows when the peer has answered or has not in time.
  void close(moment now);

  std::vector<event> take_events();

  // Devices it can hold at once: max_devices, the peer's channel-max - 1 (one channel is `$cbs`', one in
  // reserve) once that is known, and azure::max_tokens_per_connection where each device has its token.
  std::uint32_t capacity() const;
  bool is_closed() const { return phase_ == phase::closed; }
  // What of the hub's no device can do without is still to come: "answer to AMQP's header", "OPEN" …;
  // empty when nothing is.
  std::string_view waiting_for() const;
  // Nothing has come from the peer.
  bool is_mute() const { return head_.empty(); }
  std::size_t devices() const { return table_.size(); }
  std::size_t attached_devices() const { return attached_; }
  std::size_t in_flight() const { return sending_; }
  // Different devices that were ever taken in by attach().
  std::size_t authorised_devices() const { return authorised_.size(); }
  const connection_counters& counters() const { return counters_; }

private:
  enum class phase : std::uint8_t { opening, open, closing, closed };

  // Handles what the engine has, then hands out what waits for its turn.
  void advance(moment now);
  void on_engine_event(const amqp::event& what, moment now);
  void on_connection_opened(moment now);
  void on_connection_closed(const amqp::condition& why, moment now);
  void on_cbs_event(const amqp::event& what, moment now);
  void on_device_event(device_session& who, const amqp::event& what, moment now);
  void on_delivery_outcome(device_session& who, amqp::delivery delivery, moment now);
  // The hub has taken the device's link or session, or refused it.
  void on_device_refused(device_session& who, const amqp::condition& why, moment now);
  // What the hub says of its clock.
  error read_condition(const amqp::condition& from, moment now);
  void check_open(mono_time now);
  void check_attached(device_session& who, mono_time now);

  void pump(moment now);
  void pump_renewals(moment now);
  void pump_attaches(moment now);
  void note_stall(mono_time now);
  void put_policy_token(moment now);
  void put_device_token(device_session& who, moment now);
  void begin_session(device_session& who, mono_time now);
  void on_cbs_reply(const cbs::reply& what, moment now);
  void on_policy_reply(const cbs::reply& what, moment now);
  // What a first token's refusal means: that it has expired already is the clocks' fault.
  error first_refusal(const cbs::reply& what, moment now) const;
  // Whether a token made now would be made by another time than one that was made by `made` and sent then.
  bool has_learnt_the_time(wall_time made, mono_time sent, moment now) const;
  // Whether a device's refusal means the policy's token, which is then put anew.
  bool doubts_policy(const device_session& who, const error& why, mono_time now);
  void on_renewal_answer(device_session& who, const result<void>& outcome, moment now);
  void accept_token(device_session& who);
  void on_tokens_due(mono_time now);
  void on_policy_due(mono_time now);
  void on_answers_due(moment now);

  // Gives the outcome of the message that the device is sending, if it is.
  void finish_send(device_session& who, result<void> outcome);
  // The device goes, with its session if it has one; its place follows when the peer has ended the session
  // too.
  void drop(device_session& who, const error& why, bool of_policy = false);
  // The connection is of no use: says CLOSE, and `closed` with everything before it.
  void fail(const error& why);
  void finish(const error& why);
  void drop_all(const error& why);
  void free_place(device_session& who);
  std::uint32_t device_channels() const;

  connection_options options_;
  token_source& tokens_;
  azure::hub_address address_;
  amqp::engine engine_;
  cbs cbs_;
  session_table table_;
  token_wheel wheel_; // by place in the table
  deadline_list attach_deadlines_, send_deadlines_;
  std::deque<std::uint64_t> attach_queue_,
      renewal_queue_; // contexts; those of devices that have gone are skipped
  std::unordered_set<device_ref> authorised_;
  std::vector<event> events_;
  connection_counters counters_;

  phase phase_ = phase::opening;
  bool peer_open_ = false;
  mono_time started_, peer_opened_{};
  mono_time last_call_; // the latest moment heard of
  std::optional<mono_time> engine_due_;
  std::optional<mono_time> phase_due_;  // opening or closing must be through by then
  std::string head_;                    // what came first from the peer, as long as AMQP's header
  std::optional<mono_time> header_due_; // it must be whole by then
  // Policy mode. A token is accepted, and not in doubt, while policy_expires_ is set.
  bool policy_wanted_ = false, policy_in_flight_ = false;
  bool other_key_tried_ = false, time_corrected_ = false; // since the last token that was accepted
  std::uint32_t policy_failures_ = 0;
  std::uint32_t policy_key_ = 0; // that signed the last one
  wall_time policy_made_{};
  mono_time policy_sent_{};
  std::uint32_t doubts_ = 0; // of tokens that were accepted, in a row
  mono_time trusted_since_{};
  std::unordered_set<device_ref> doubters_; // devices whose refusal made it doubtful
  std::optional<mono_time> stalled_due_;    // devices wait, and the peer gives neither credit nor a channel
  std::optional<mono_time> policy_due_, policy_expires_;

  std::size_t attached_ = 0, sending_ = 0;
  std::size_t channels_ = 0; // of devices: in use, or promised to one that waits for its token
  std::uint64_t last_link_ = 0;
};

} // namespace causeway::hub
