// SPDX-License-Identifier: Apache-2.0
// What the emulator's control API shows of commands, read for the judge. Pure.
#pragma once

#include "causeway_bench/command_judge.h"

#include <string_view>

namespace causeway::bench {

// A command's number as its payload: eight digits. In base64, as messages and the book have it.
std::string format_command_payload(std::uint64_t number);
// A message's id: "m42".
std::string format_command_message_id(std::uint64_t number);

// Of GET /downlinks/book. Items that are nobody's here are left out. Errors: http_protocol.
result<std::vector<booked_downlink>> read_book(std::string_view page);

struct report_page {
  std::vector<told_step> reports;
  std::uint64_t last = 0;      // number of the last message that was looked at; 0: there was none
  std::uint64_t not_whole = 0; // of these, gone before they were read
};
// Of GET /ledger/messages?event=downlink. Errors: http_protocol.
result<report_page> read_report_page(std::string_view page);

// Of GET /c2d: message-id → its end. Errors: http_protocol.
struct hub_ends {
  std::map<std::string, std::string> ended;
  std::set<std::string> waiting;
};
result<hub_ends> read_hub_ends(std::string_view page);

// Of GET /twins/{device} of the hub's REST interface. Without an answer there, of empty words. Errors:
// http_protocol.
result<told_twin> read_told_twin(std::string_view document);

// Of the answer to a change of a twin by the hub's REST interface: `$version` of its desired properties.
// Errors: http_protocol.
result<std::uint64_t> read_desired_version(std::string_view document);
// Of GET /twins/{device} of the control API: when the device has read it. Errors: http_protocol.
result<std::vector<told_twin::reading>> read_twin_reads(std::string_view shown);

// Of a method's call by REST: the device's status, and what stands in its answer. Status 0: the hub had none
// from the device.
struct method_word {
  int status = 0;
  std::string id; // the command's
};
method_word read_method_answer(int http_status, std::string_view body);

} // namespace causeway::bench
