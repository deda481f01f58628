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
#include "model/twin.h"

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

  // document: a twin, whole. Errors: json_malformed.
  virtual result<twin_reading> read_twin(const application_id& of, const std::string& document) const = 0;
  // Errors: json_malformed.
  virtual result<desired_change> read_change(const application_id& of, const std::string& patch) const = 0;
  // property, told: as desired_downlink's. Nothing: what was told goes.
  virtual twin_report write_twin_answer(const std::string& property, const std::string& told,
                                        const std::optional<twin_answer>& what) const = 0;
  // What an uplink says of its device, as JSON; empty: nothing.
  virtual std::string read_twin_state(const event& from) const = 0;
  // A merge patch of the reported properties; before: empty where nothing was told. Empty: nothing is new.
  virtual std::string write_twin_state(const std::string& before, const std::string& now) const = 0;
};

} // namespace causeway::model
