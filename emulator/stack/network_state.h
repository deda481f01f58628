// SPDX-License-Identifier: Apache-2.0
// What the emulated network server knows of a device: the values (real-stack-facts.md 2.2). Pure.
#pragma once

#include "emulator/stack/downlink_item.h"
#include "emulator/stack/stack_error.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace causeway::emulator {

// What the gateways in reach of a device do with what they are given.
enum class gateway_manner : std::uint8_t {
  good,      // sends it, and says so
  hasty,     // likewise, but says it at once, now and then before the network server can make out of what
  no_tx_ack, // sends it, and says nothing
  silent,    // takes it, and that is all
  late,      // sends it 15 s later, and what it says then is of no use to anybody
  fails,     // does not send it, and says why
  away       // is not connected
};

struct network_settings {
  bool class_c = false;
  bool abp = false;
  gateway_manner gateway = gateway_manner::good;
  std::string tx_result = "TOO_LATE"; // of `fails`
  std::vector<std::string> gateways;  // that class_b_c may name; empty: any
  std::size_t longest = 0;            // bytes at its data rate; 0: 242, of class C 51
  milliseconds class_c_timeout{300'000};
  std::uint64_t hesitates_every = 0; // of class C: each nth confirmed item waits for 4 to 6 s first; 0: none
  bool acknowledges = true;          // the device, what it was asked to, with its next uplink
};

// An uplink as it is told to the network server.
struct heard_uplink {
  std::uint32_t f_port = 2;
  std::optional<std::uint32_t> f_cnt; // absent: the next
  bool confirmed = false;             // wants an ack itself
  bool wants_mac_answer = false;
  std::optional<bool> ack;     // the ack bit; absent: as the device's settings say
  std::string session_key_id;  // when it is another one, the device has joined again; empty: nothing said
  bool told_elsewhere = false; // the application hears of it by another way than the report
  std::optional<wall_time> received_at{}; // as is told there; absent: the network server's own
};

struct recent_uplink {
  wall_time received_at;
  bool is_join = false, confirmed = false, ack = false;
  std::uint32_t f_port = 0, f_cnt = 0; // of a join: f_cnt is the nonce
  std::vector<std::string> ids;        // of the last one only
};

struct recent_downlink {
  std::string m_type;
  bool has_payload = true; // no join accept
  std::uint32_t f_port = 0, f_cnt = 0;
  std::vector<std::string> ids; // of the last one only
};

struct mac_state {
  static constexpr std::size_t most_uplinks = 20, most_downlinks = 5;

  std::deque<recent_uplink> uplinks;
  std::deque<recent_downlink> downlinks;
  std::optional<wall_time> last_downlink_at, last_confirmed_at, last_network_initiated_at;
  std::optional<downlink_item> pending; // a confirmed one that waits for its ack

  void note(recent_uplink one);
  void note(recent_downlink one);
};

struct mac_session {
  static constexpr std::size_t most_items = 10'000;

  std::string dev_addr;
  std::string session_key_id; // empty: ABP
  wall_time started;
  std::optional<std::uint32_t> last_up, last_down, last_confirmed_down;
  std::deque<downlink_item> queue;

  // The counter of the next downlink that is none of the queue's.
  std::uint32_t next_down() const { return last_down ? *last_down + 1 : 0; }
  // Gives the queue this session's counters, one after the other.
  void renumber();
};

// A session and what belongs to it.
struct mac_context {
  mac_session session;
  mac_state mac;
};

// What the network server tells the Application Server.
enum class report_kind : std::uint8_t { join, uplink, sent, failed, ack, nack };

struct network_report {
  report_kind kind = report_kind::uplink;
  downlink_item item;                   // of a downlink
  std::vector<std::string> item_ids;    // beside the item's own, in its list and in the outer one
  std::vector<std::string> outer_ids;   // in the outer list only
  std::optional<stack_fault> fault;     // of failed
  std::string dev_addr, session_key_id; // now
  recent_uplink up;                     // of uplink and join
  bool told_elsewhere = false;          // likewise
  std::uint64_t restarts = 0;           // of the stack, when it began
};

} // namespace causeway::emulator
