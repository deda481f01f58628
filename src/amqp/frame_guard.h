// SPDX-License-Identifier: Apache-2.0
// Stands between a peer's bytes and Proton, and stops what would end the process. Debian's Proton is built
// with its assertions, and one of them is that the first transfer of a delivery that has more names the
// delivery (AMQP 1.0, 2.7.5: delivery-id "MUST be supplied on the first transfer of a multi-transfer
// delivery"). And it loses count of a session or link whose channel or handle is taken by a second one, and
// frees it twice (2.7.2 and 2.7.3 forbid that). And it sends a heartbeat in half of whatever idle time-out
// the peer announces, so that 1 ms would be a heartbeat in every turn, for ever: a figure below
// least_idle_time_out is read as that. Pure. One thread.
#pragma once

#include "amqp/value.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::amqp {

// The least that a peer's idle time-out counts for, in milliseconds; 0 means none and stays.
inline constexpr std::uint32_t least_idle_time_out = 1'000;
inline constexpr std::uint32_t any_handle = 0xffffffff;

class frame_guard {
public:
  // most_frame: bytes; Proton refuses a larger frame itself, which passes as it is. 0: no limit.
  explicit frame_guard(std::uint32_t most_frame) : most_frame_{most_frame} {}

  // The next whole frames and protocol headers of these bytes, which follow those of the calls before; what
  // is taken goes off the front. Empty: all is taken, at most one frame that has begun is kept back, or one
  // is refused. The view is good until the next call.
  std::string_view next(std::string_view& bytes);
  // Not null: why the frame that came behind what next() has given must not be read, nor anything after it.
  const char* refusal() const { return refusal_; }
  // What is written to the peer, in order: a channel of ours on which a session ends may begin another, which
  // the peer may answer before it ends the first.
  void sent(std::string_view bytes);
  // The smallest handle-max that the peer has given a session; any_handle while it has given none.
  std::uint32_t handle_max() const { return handle_max_; }
  // What is kept back, when nothing more will come.
  std::string take_rest() { return std::exchange(held_, {}); }

private:
  enum class verdict : std::uint8_t { incomplete, whole, malformed };
  // Of the frame that begins here: how many bytes it has, when that is known.
  verdict measure(std::string_view bytes, std::size_t& size) const;
  // Null: it may.
  const char* refusal_of(std::string_view frame);
  // Another frame in place of an OPEN whose idle time-out is too short; empty: it may pass as it is.
  static std::string lengthened(std::string_view frame);
  bool may_begin(std::uint16_t channel, const value_list& fields);
  bool may_attach(std::uint16_t channel, const value_list& fields);
  void detach(std::uint16_t channel, const value_list& fields);
  bool may_transfer(std::uint16_t channel, const value_list& fields);
  void end(std::uint16_t channel);
  void end_ours(std::uint16_t channel);

  static constexpr int none = -1;
  // A peer's session and its links. Few are in one; Proton looks through them one by one, too.
  struct attached {
    std::uint32_t handle = 0;
    bool goes_on = false; // a delivery that has more
  };
  struct begun {
    int answers = none; // the channel of ours, when it is a session that we have begun and not ended
    std::vector<attached> links;
  };
  // Null: there is no such session, no such link.
  std::vector<attached>* links_of(std::uint16_t channel);
  static attached* find(std::vector<attached>& links, std::uint32_t handle);

  std::uint32_t most_frame_;
  std::string held_, whole_;
  const char* refusal_ = nullptr;
  std::uint32_t handle_max_ = any_handle;
  bool malformed_ = false;                  // everything passes from here on: Proton says what is wrong
  std::map<std::uint16_t, begun> sessions_; // by the peer's channel
  std::vector<int> answered_;               // the peer's channel, by ours
  std::string sent_head_;                   // of the frame that is being written
  std::size_t sent_rest_ = 0;
};

} // namespace causeway::amqp
