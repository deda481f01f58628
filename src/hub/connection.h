// SPDX-License-Identifier: Apache-2.0
// One AMQP connection to an IoT Hub, for many devices: OPEN, `$cbs`, a token and a session for each device,
// telemetry, renewals in place (azure-iot-wire.md B and F.1). Pure: bytes, time and tokens come in, bytes,
// deadlines and events go out. Owned by whoever owns the stream; one thread.
//
// It owns its parts and passes on what one says to the next: connection_phase (opening and closing),
// authorisation (tokens through cbs), admission (devices on their way), outgoing_messages, command_desk (what
// comes down to devices); the devices stand in one session_table.
//
// Promises: every attach() is answered by `attached` or `detached`; every send() that returned no error by
// one `sent`, and if the device goes, `sent` comes before its `detached`; after `closed`, which comes once
// and last, nothing changes any more. One device's trouble (refused token, DETACH, END) is its own: the
// others go on. A device
// is attached when its telemetry is: its other links come, and go, without it.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/ids.h"
#include "hub/admission.h"
#include "hub/authorisation.h"
#include "hub/cbs.h"
#include "hub/command_desk.h"
#include "hub/connection_events.h"
#include "hub/connection_options.h"
#include "hub/connection_phase.h"
#include "hub/device_session.h"
#include "hub/outgoing_messages.h"
#include "hub/token_source.h"
#include "model/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::hub {

class connection {
public:
  // tokens must live as long as the connection.
  connection(connection_options options, token_source& tokens, moment now);
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
  // What comes down to devices: its news are to be taken after the events.
  command_desk& commands() { return commands_; }

  // Devices it can hold at once: max_devices, the peer's channel-max - 1 (one channel is `$cbs`', one in
  // reserve) once that is known, and azure::max_tokens_per_connection where each device has its token.
  std::uint32_t capacity() const { return admission_.capacity(); }
  bool is_closed() const { return phase_.is_closed(); }
  // What of the hub's no device can do without is still to come: "answer to AMQP's header", "OPEN" …;
  // empty when nothing is.
  std::string_view waiting_for() const;
  // Nothing has come from the peer.
  bool is_mute() const { return phase_.is_mute(); }
  std::size_t devices() const { return table_.size(); }
  std::size_t attached_devices() const { return admission_.attached_devices(); }
  std::size_t in_flight() const { return messages_.size(); }
  // Different devices that were ever taken in by attach().
  std::size_t authorised_devices() const { return admission_.authorised_devices(); }
  const connection_counters& counters() const { return news_.counters; }

private:
  // Handles what the engine has, then hands out what waits for its turn.
  void advance(moment now);
  void attach_waiting(moment now);
  void begin(device_session& who, mono_time now);
  void on_engine_event(const amqp::event& what, moment now);
  void on_peer_open(moment now);
  void on_cbs_event(const amqp::event& what, moment now);
  void on_cbs_reply(const cbs::reply& what, moment now);
  void on_device_event(device_session& who, const amqp::event& what, moment now);
  void on_link_news(device_session& who, mono_time now);
  // The hub means the device: it has taken or refused its link or session, or said so of a message.
  void on_device_refused(device_session& who, const error& why, moment now);
  // What the hub says of its clock.
  void learn_time(const amqp::condition& from, moment now);
  void check_open(mono_time now);
  void drop_overdue(moment now);

  // The device goes, with its session if it has one.
  void drop(device_session& who, const error& why, bool of_policy = false);
  void drop_all(const error& why);
  // What there is to say when a device goes.
  void take_leave(device_session& who, const error& why, bool of_policy = false);
  // The connection is of no use: says CLOSE, and `closed` with everything before it.
  void fail(const error& why);
  void finish(const error& why);

  connection_options options_;
  token_source& tokens_;
  connection_news news_;
  amqp::engine engine_;
  std::optional<mono_time> engine_due_;
  mono_time last_call_; // the latest moment heard of
  connection_phase phase_;
  session_table table_;
  cbs cbs_;
  authorisation authorisation_;
  admission admission_;
  outgoing_messages messages_;
  command_desk commands_;
};

} // namespace causeway::hub
