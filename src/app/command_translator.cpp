// SPDX-License-Identifier: Apache-2.0
#include "app/command_translator.h"

#include "base/check.h"
#include "base/encoding.h"
#include "formats/downlink_report.h"
#include "tts/twin_document.h"
#include "tts/twin_state.h"

#include <algorithm>

namespace causeway::app {
namespace {

tts::named_downlink named_downlink_of(const config::named_command& from) {
  const auto priority = tts::parse_priority(from.priority);
  CAUSEWAY_CHECK(priority.has_value());
  tts::named_downlink made;
  made.name = from.name;
  made.f_port = from.port;
  made.confirmed = from.confirmed;
  made.priority = *priority;
  made.queue = from.replace ? model::queue_operation::replace : model::queue_operation::push;
  made.payload = from.payload;
  return made;
}

// devmobile's users have consumers that know uplinks alone.
std::bitset<model::command_states> reported_states(const config::application_settings& from) {
  std::bitset<model::command_states> states;
  const auto names = [&](const std::string& event) {
    return std::find(from.events.begin(), from.events.end(), event) != from.events.end();
  };
  for (std::size_t i = 0; i < model::command_states; ++i)
    states.set(i, names("downlink." + std::string{to_string(static_cast<model::command_state>(i))}));
  if (names("downlink") || (states.none() && from.format != config::message_format::devmobile)) states.set();
  return states;
}

} // namespace

command_translator::command_translator(const config::configuration& from) {
  for (const auto& one : from.applications) {
    application made;
    for (const auto& named : one.named_commands)
      made.named.push_back(named_downlink_of(named));
    made.reported = reported_states(one);
    made.twin_decoded = one.twin_decoded;
    made.has_properties = one.twin && from.azure_of(one.azure).kind == config::azure_kind::iot_central;
    applications_.emplace(one.id, std::move(made));
  }
}

result<const command_translator::application*> command_translator::find(const application_id& id) const {
  const auto found = applications_.find(id);
  if (found == applications_.end()) return error{errc::application_unknown, id.str()};
  return &found->second;
}

result<model::downlink> command_translator::read_c2d(const application_id& of,
                                                     const model::c2d_message& what) const {
  const auto found = find(of);
  if (!found) return found.fault();
  return tts::read_c2d(what.properties, what.body, (*found)->named);
}

result<model::downlink_call> command_translator::read_method(const application_id& of,
                                                             const model::method_call& what) const {
  const auto found = find(of);
  if (!found) return found.fault();
  return tts::read_method(what.name, what.payload, (*found)->named);
}

std::optional<model::message> command_translator::write_report(const model::downlink_report& what) const {
  const auto found = find(what.from.application);
  if (found && !(*found)->reported.test(static_cast<std::size_t>(what.state))) return std::nullopt;
  return formats::format_downlink_report(what);
}

std::string command_translator::write_answer(const model::command_id& which,
                                             model::command_state state) const {
  return R"({"command":)" + json_quoted(which.str()) + R"(,"state":)" + json_quoted(to_string(state)) + "}";
}

std::string command_translator::write_refusal(const error& why) const {
  const auto text = why.detail().empty() ? describe(why.code()).text : std::string_view{why.detail()};
  return R"({"error":)" + json_quoted(why.name()) + R"(,"text":)" + json_quoted(text) + "}";
}

tts::named_downlinks command_translator::properties_of(const application_id& id) const {
  const auto found = find(id);
  return found && (*found)->has_properties ? tts::named_downlinks{(*found)->named} : tts::named_downlinks{};
}

result<model::twin_reading> command_translator::read_twin(const application_id& of,
                                                          const std::string& document) const {
  return tts::read_twin(document, properties_of(of));
}

result<model::desired_change> command_translator::read_change(const application_id& of,
                                                              const std::string& patch) const {
  return tts::read_desired_change(patch, properties_of(of));
}

model::twin_report
command_translator::write_twin_answer(const std::string& property, const std::string& told,
                                      const std::optional<model::twin_answer>& what) const {
  return tts::write_twin_answer(property, told, what);
}

std::string command_translator::read_twin_state(const model::event& from) const {
  const auto found = find(from.from.application);
  return found ? tts::read_twin_state(from, (*found)->twin_decoded) : std::string{};
}

std::string command_translator::write_twin_state(const std::string& before, const std::string& now) const {
  return tts::merge_patch(before, now);
}

} // namespace causeway::app
