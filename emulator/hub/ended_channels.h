// SPDX-License-Identifier: Apache-2.0
// Takes out of a client's AMQP bytes the frames that come on a channel whose session the client has ended.
// Pure. One thread.
//
// By the specification (AMQP 1.0, 2.5.5 and 2.5.6) nothing follows an end, and Proton closes the connection
// over it ("no such channel"). Yet rhea, under Microsoft's packages for Node, sends the dispositions of
// deliveries that were still on their way when it ended the session. Microsoft's own AMQP library can be set
// to bear it (IgnoreMissingSessions); that Event Hubs does so is inferred from that client working with it,
// not observed. So here they count for nothing.
//
// Only frames after an end are taken out, until the next begin on the channel. Everything else passes as it
// is, also what is wrong: to say so is the engine's part.
#pragma once

#include "amqp/frame_head.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace causeway::emulator {

class ended_channels {
public:
  // What is to be served of these bytes, which follow those of the calls before; the first are the protocol
  // header. Holds back at most the beginning of one frame. The view is good until the next call.
  std::string_view pass(std::string_view bytes);

private:
  static constexpr std::size_t header_size = amqp::frame_head::size; // the protocol's, too

  // How many bytes of the frame that begins with head_ decide about it.
  std::size_t wanted() const;
  // Of the whole head_.
  bool to_be_dropped();

  std::set<std::uint16_t> ended_;  // 65,536 at most
  std::string head_;               // of the frame that has begun, until it is judged
  std::size_t rest_ = header_size; // of the judged frame, still to come; at first, the protocol header
  bool dropping_ = false;          // that rest
  bool malformed_ = false;         // everything passes from here on
  std::string out_;
};

} // namespace causeway::emulator
