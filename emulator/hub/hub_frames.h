// SPDX-License-Identifier: Apache-2.0
// Stands between a client's AMQP bytes and the engine of the emulated hub, and makes of Proton's frames what
// the real hub's are like (azure-iot-wire.md B.1, B.2), where Proton leaves no choice:
//  - BEGIN and FLOW of the hub begin at outgoing-id 1 and say its windows and its handle-max;
//  - a FLOW with echo, of a session or a link, is answered with the present state (2.7.4);
//  - a DETACH that does not close the link is answered by one that does not (2.6.5);
//  - what comes on a channel whose session the client has ended counts for nothing (ended_channels.h);
//  - the message-format of each message is kept, which Proton does not tell.
// Everything else passes as it is, also what is wrong: to say so is the engine's part. Pure. One thread.
#pragma once

#include "amqp/value.h"
#include "emulator/hub/ended_channels.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::emulator {

inline constexpr std::uint32_t first_outgoing_id = 1;
inline constexpr std::uint32_t incoming_window = 5'000;
inline constexpr std::uint32_t outgoing_window = 4'294'967'295;
inline constexpr std::uint32_t handle_max = 262'143;

class hub_frames {
public:
  // What the engine is to be given of these bytes, which follow those of the calls before; the first are the
  // protocol header. Holds back at most one frame that has begun.
  std::string from_client(std::string_view bytes);
  // Moves what the client is to be sent of the engine's bytes to the end of `out`, then what it has asked
  // for.
  void to_client(std::string_view bytes, std::string& out);
  // Something waits for to_client that the engine knows nothing of.
  bool has_answers() const { return !echoes_.empty(); }
  // Of the next message of the client's sender of this name: once for each that the engine gives, whole or
  // aborted, in their order.
  std::uint32_t take_format(const std::string& link);

private:
  struct tracked_link {
    std::string name;
    bool client_receives = false;
    std::optional<std::uint32_t> hub_handle; // once the hub has attached
    std::uint32_t delivery_count = 0;        // of the sender, whichever side that is
    std::uint32_t limit = 0;                 // delivery-count up to which it may send
    bool goes_on = false;                    // a delivery that has more
    bool suspended = false;                  // the client has detached without closing
    bool detached = false;                   // by the client
    bool hub_detached = false;
  };
  struct tracked_session {
    std::optional<std::uint16_t> hub_channel; // once the hub has begun
    std::uint32_t next_incoming = 0, next_outgoing = first_outgoing_id;
    std::uint32_t taken = 0;                     // of the incoming window that was said last
    std::map<std::uint32_t, tracked_link> links; // by the client's handle
  };
  // The frames of one direction.
  struct framing {
    std::string held;
    bool in_header = true;
    bool malformed = false;
  };
  struct echo {
    std::uint16_t channel;               // the client's
    std::optional<std::uint32_t> handle; // likewise; nothing: of the session
  };
  struct formats {
    std::deque<std::uint32_t> next;
    bool detached = false;
  };

  template <class Each>
  static void split(framing& state, std::string_view bytes, Each each);
  std::string take_client_frame(std::string_view frame);
  std::string take_hub_frame(std::string_view frame);
  void on_client_begin(std::uint16_t channel, const amqp::value_list& fields);
  void on_client_attach(std::uint16_t channel, const amqp::value_list& fields);
  void on_client_transfer(std::uint16_t channel, const amqp::value_list& fields);
  bool on_client_flow(std::uint16_t channel, amqp::value_list& fields);
  void on_client_detach(std::uint16_t channel, const amqp::value_list& fields);
  void on_client_end(std::uint16_t channel);
  void on_hub_attach(tracked_session& in, const amqp::value_list& fields);
  void on_hub_transfer(tracked_session& in, const amqp::value_list& fields);
  void on_hub_flow(tracked_session* in, amqp::value_list& fields);
  bool on_hub_detach(tracked_session& in, amqp::value_list& fields);
  void answer_echoes(std::string& out);
  tracked_session* session_at_hub(std::uint16_t hub_channel);
  static tracked_link* link_at_hub(tracked_session& in, std::uint32_t hub_handle);
  void forget_formats(const tracked_link& link);

  ended_channels ended_;
  framing client_, hub_;
  std::map<std::uint16_t, tracked_session> sessions_;     // by the client's channel
  std::map<std::uint16_t, std::uint16_t> client_channel_; // by the hub's
  std::unordered_map<std::string, formats> formats_;      // by the name of a client's sender
  std::vector<echo> echoes_;
};

} // namespace causeway::emulator
