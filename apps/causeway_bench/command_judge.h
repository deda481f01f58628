// SPDX-License-Identifier: Apache-2.0
// What was asked for, what the stack's own book says became of it, and what the hub was told of it: whether
// they agree. It knows nothing that the gateway says of itself but its reports, as a sender in Azure gets
// them. Pure.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace causeway::bench {

enum class command_way : std::uint8_t { c2d, method, twin };

// A command as its sender knows it. Its number is its payload, by which the book knows it.
struct asked_command {
  std::uint64_t number = 0;
  command_way way = command_way::c2d;
  std::string device;
  bool confirmed = false;
  wall_time at;              // before it was asked
  std::uint64_t version = 0; // a change: the twin's desired version since
  bool accepted = false;     // the hub has taken it; a method: it was answered 200 or 202
  bool refused = false;      // a method: answered so that nothing was sent nor will be
  bool waits = false;        // a message: it is still in the hub
  bool is_held = false;      // a message: the hub keeps it until it is acknowledged
  std::string hub_end;       // a message's end in the hub: "Success", "Rejected"; empty: none yet
  std::string id;            // as a method's answer has it; empty: not known
};

// An event of an item that the gateway has answered with 2xx.
struct heard_step {
  std::string kind; // "downlink_sent"
  std::uint32_t f_cnt = 0;
};

// An item of the stack's book.
struct booked_downlink {
  std::uint64_t number = 0; // of its command, from its payload
  std::string id;           // the command's, from its correlation ids
  std::string device;
  bool confirmed = false;
  wall_time accepted;
  std::uint32_t queued = 0; // how often it came into the queue
  std::vector<wall_time> transmissions;
  std::uint32_t last_f_cnt = 0; // of the last of them
  std::string end = "none";
  wall_time ended;
  std::vector<heard_step> heard;
};

// A report at the hub, each message-id once, in the order of arrival.
struct told_step {
  std::string id; // the command's
  std::string device;
  bool by_twin = false;                // what is told is the fate of a change of desired properties
  std::optional<std::uint64_t> number; // of a message, by its message-id
  std::string message_id;
  std::string state;
  std::optional<std::uint32_t> f_cnt;
  wall_time at;
};

// What the one who judges did himself.
struct judged_device {
  bool class_c = false;
  // It joins again, or wants acks: then the last downlink that the stack remembers is another's.
  bool overwrites = false;
  std::optional<wall_time> first_uplink; // since its first command
};

// `lorawan.downlink` of a device's reported properties, and when the device has read the desired ones.
struct told_twin {
  std::string command, state;
  struct reading {
    std::uint64_t version = 0;
    wall_time at;
  };
  std::vector<reading> reads{};
};

// When a gateway was there: from its launch to the signal that ended it, or made it stand still. One that
// stops takes no commands any more, however long the pushes take that it waits for.
struct gateway_life {
  wall_time from, to;
};

struct command_evidence {
  std::vector<asked_command> asked;
  std::vector<booked_downlink> booked;
  std::vector<told_step> told;
  std::map<std::string, judged_device> devices;
  std::map<std::string, told_twin> twins; // of devices whose twins were changed
  std::vector<gateway_life> lives;        // in order; the last one lasts
  wall_time now;
  seconds patience{}; // for how long silence is none yet: the command's time-out, and the looks behind it
};

struct command_figures {
  std::uint64_t commands = 0; // accepted
  std::uint64_t c2d = 0, methods = 0, twins = 0;
  std::uint64_t superseded = 0; // changes of a twin that were not read before the next, or just before an end
  std::uint64_t lost = 0, in_doubt = 0, doubt_unfounded = 0, doubled = 0, mismatches = 0, reports_missing = 0;
  std::uint64_t under_way = 0;                 // items without an end
  std::uint64_t unheard_yet = 0;               // a step was dropped, and it is not yet time to ask for it
  std::map<std::string, std::uint64_t> states; // the last ones
  // Differences that are the way of things, by name: nobody was told.
  std::map<std::string, std::uint64_t> unknowable;
  std::vector<std::string> findings; // in words, the first hundred

  bool is_clean() const {
    return lost == 0 && doubt_unfounded == 0 && doubled == 0 && mismatches == 0 && reports_missing == 0;
  }
  bool is_complete() const { return is_clean() && unheard_yet == 0 && under_way == 0; }
};

command_figures judge_commands(const command_evidence& all);

} // namespace causeway::bench
