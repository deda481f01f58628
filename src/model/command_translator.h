// SPDX-License-Identifier: Apache-2.0
// Between the core and the JSON of commands: what senders in Azure write, and what they are told. Answered
// from inside the call.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "model/command.h"
#include "model/downlink.h"
#include "model/downlink_report.h"
#include "model/hub_command.h"
#include "model/message.h"

#include <optional>
#include <string>

namespace causeway::model {

class command_translator {
public:
  virtual ~command_translator() = default;
  // By what the application's configuration says of names. Errors: downlink_*, method_unknown; each names
  // what is wrong and the way out.
  virtual result<downlink> read_c2d(const application_id& of, const c2d_message& what) const = 0;
  virtual result<downlink_call> read_method(const application_id& of, const method_call& what) const = 0;
  // As a message of the device's; nothing: its application's format sends none.
  virtual std::optional<message> write_report(const downlink_report& what) const = 0;
  // The payload of a method's answer: {"command","state"}, or {"error","text"}.
  virtual std::string write_answer(const command_id& which, command_state state) const = 0;
  virtual std::string write_refusal(const error& why) const = 0;
};

} // namespace causeway::model
