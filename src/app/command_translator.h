// SPDX-License-Identifier: Apache-2.0
// The core's command translator: what senders in Azure write, read by what the configuration says of their
// application, and what they are told. Immutable. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "model/command_translator.h"
#include "tts/downlink_request.h"

#include <bitset>
#include <unordered_map>
#include <vector>

namespace causeway::app {

class command_translator final : public model::command_translator {
public:
  // Precondition: check_configuration found no fault.
  explicit command_translator(const config::configuration& from);

  // Of an application that the configuration does not have (any more): application_unknown.
  result<model::downlink> read_c2d(const application_id& of, const model::c2d_message& what) const override;
  result<model::downlink_call> read_method(const application_id& of,
                                           const model::method_call& what) const override;
  // Of such an application as well: whoever has sent the command is told how it ends.
  std::optional<model::message> write_report(const model::downlink_report& what) const override;
  std::string write_answer(const model::command_id& which, model::command_state state) const override;
  // The text is the error's detail; where it has none, the catalogue's.
  std::string write_refusal(const error& why) const override;
  // Of such an application as of one without properties.
  result<model::twin_reading> read_twin(const application_id& of, const std::string& document) const override;
  result<model::desired_change> read_change(const application_id& of,
                                            const std::string& patch) const override;
  model::twin_report write_twin_answer(const std::string& property, const std::string& told,
                                       const std::optional<model::twin_answer>& what) const override;
  std::string read_twin_state(const model::event& from) const override;
  std::string write_twin_state(const std::string& before, const std::string& now) const override;

private:
  struct application {
    std::vector<tts::named_downlink> named;
    std::bitset<model::command_states> reported; // by state
    bool twin_decoded = false;
    bool has_properties = false; // IoT Central's: desired ones that are named as these
  };
  result<const application*> find(const application_id& id) const;
  tts::named_downlinks properties_of(const application_id& id) const;

  std::unordered_map<application_id, application> applications_;
};

} // namespace causeway::app
