// SPDX-License-Identifier: Apache-2.0
#include "core/command_report.h"

#include "base/check.h"
#include "model/event_key.h"

#include <chrono>

namespace causeway::core {
namespace {

// Of an older step too: what it said then. A failed one that is no end has left the command where it was.
command_state state_after(const command_step& step, command_stage stands) {
  switch (step.kind) {
  case step_kind::queued:
    return command_state::queued;
  case step_kind::sent:
    return command_state::sent;
  case step_kind::nack:
    return command_state::nacked;
  case step_kind::ack:
    return command_state::acknowledged;
  case step_kind::failed:
    break;
  }
  return state_of(stands);
}

// "Invalid fixed paths" is said where none were asked for, of a class C device whose gateway is away
// (real-stack-facts.md 1.5).
std::string words_for(const std::string& name, const std::string& text, const downlink& what) {
  if (name != "pkg/networkserver:fixed_paths" || !what.class_b_c.empty()) return text;
  return "no gateway can send it now: the device's gateways are away (" + text + ")";
}

} // namespace

command_mark make_mark(const command_record& stands, const report_cause& cause, wall_time now) {
  command_mark made{state_of(stands.stage), now};
  if (cause.step == nullptr) return made;
  const auto& step = *cause.step;
  made.state = state_after(step, stands.stage);
  if (step.received_at) made.at = wall_time{std::chrono::nanoseconds{*step.received_at}};
  made.f_cnt = step.f_cnt;
  made.attempt = step.attempt;
  return made;
}

const std::string& error_of(const report_cause& cause) {
  return cause.step == nullptr ? cause.error_name : cause.step->error_name;
}

downlink_report make_report(const command& of, const causeway::dev_eui& eui, const command_record& stands,
                            const command_effect& effect, const report_cause& cause, wall_time now) {
  CAUSEWAY_CHECK(!effect.report.empty());
  downlink_report made;
  made.of = of.id.str();
  made.key = make_event_key({of.id.str(), effect.report});
  made.from = of.to;
  made.dev_eui = eui;
  made.source = of.source;
  made.message_id = of.message_id;
  made.correlation_id = of.correlation_id;
  made.f_port = of.what.f_port;
  made.confirmed = of.what.confirmed;
  const auto mark = make_mark(stands, cause, now);
  made.at = mark.at;
  made.state = mark.state;
  made.f_cnt = mark.f_cnt;
  made.attempt = mark.attempt;
  made.error_name = error_of(cause);
  made.error_text =
      words_for(made.error_name, cause.step == nullptr ? cause.error_text : cause.step->error_text, of.what);
  if (stands.no_encoder) made.warnings.push_back(no_encoder);
  if (of.what.frm_payload.size() > surest_payload_bytes) made.warnings.push_back(long_payload);
  return made;
}

} // namespace causeway::core
