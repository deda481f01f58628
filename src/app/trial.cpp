// SPDX-License-Identifier: Apache-2.0
#include "app/trial.h"

#include "app/message_formatter.h"
#include "app/transforms.h"
#include "app/wiring.h"
#include "base/encoding.h"
#include "core/doorman.h"
#include "net/wake_up.h"

namespace causeway::app {
namespace {

std::vector<core::application_rules> make_trial_rules(const config::configuration& from) {
  auto rules = make_rules(from);
  for (auto& one : rules) {
    one.follows_registry = false;
    one.enabled_by_default = true;
  }
  return rules;
}

// The door and the format, and nothing behind them.
struct trial_stage final : model::formatter_events {
  net::task_group tasks;
  moment at;
  model::device_key of;
  trial outcome;
  net::wake_up done;
  message_formatter formatter;
  transform::transform_runner transforms;
  core::rule_book rules;
  core::doorman door{rules};

  trial_stage(net::loop& on, const config::configuration& from, trial_options options)
      : tasks{on},
        at{options.now},
        done{on},
        formatter{*this, from, std::move(options.random)},
        transforms{on,
                   tasks,
                   {.executable = std::move(options.transform_executable)},
                   make_transform_programs(from),
                   [] { return 0.5; },
                   [this](model::ticket which, result<std::vector<std::string>> outputs) {
                     formatter.on_transformed(which, std::move(outputs), at);
                   }},
        rules{make_trial_rules(from)} {
    formatter.transform_by(transforms);
  }

  // The event stays where it is until `done`.
  void take(const model::event& event) {
    of = event.from;
    if (!door.application_of(event)) return end(model::answer::unwanted);
    if (is_control_frame(event)) return end(model::answer::control);
    formatter.format(model::ticket{1}, event, at);
  }
  void on_formatted(model::ticket, result<std::vector<model::message>> messages, moment) override {
    if (messages)
      if (auto fault = core::doorman::refuses(*messages, of)) messages = *std::move(fault);
    if (messages) {
      outcome.messages = *std::move(messages);
      return end(outcome.messages.empty() ? model::answer::unwanted : model::answer::stored);
    }
    if (messages.fault().cls() == error_class::transient) return end(model::answer::transform_busy);
    outcome.refusal = std::move(messages).fault();
    end(model::answer::dead_lettered);
  }
  void end(model::answer as) {
    outcome.outcome = as;
    done.notify();
  }
};

void append_quoted_member(std::string& out, std::string_view name, std::string_view text) {
  out.append(json_quoted(name)).append(":").append(json_quoted(text)).append(",");
}

void append_message_json(std::string& out, const model::message& m) {
  out += '{';
  append_quoted_member(out, "id", m.id);
  append_quoted_member(out, "contentType", m.content_type);
  append_quoted_member(out, "contentEncoding", m.content_encoding);
  out += "\"properties\":{";
  for (const auto& [name, value] : m.properties)
    append_quoted_member(out, name, value);
  if (out.back() == ',') out.pop_back();
  out.append("},\"body\":").append(m.body).append("}");
}

} // namespace

net::task<trial> try_event(net::loop* on, const config::configuration* from, model::event event,
                           trial_options options) {
  trial_stage stage{*on, *from, std::move(options)};
  stage.transforms.start();
  stage.take(event);
  static_cast<void>(co_await stage.done.wait());
  co_await stage.tasks.stop();
  co_return std::move(stage.outcome);
}

std::string format_trial(const trial& what) {
  std::string out = "outcome: ";
  out.append(to_string(what.outcome)).append("\n");
  if (what.refusal) out.append("error: ").append(what.refusal->name()).append("\n");
  if (what.refusal) out.append("detail: ").append(what.refusal->detail()).append("\n");
  for (const auto& m : what.messages) {
    out.append("\nmessage-id: ").append(m.id).append("\n");
    if (!m.content_type.empty()) out.append("content-type: ").append(m.content_type).append("\n");
    if (!m.content_encoding.empty()) out.append("content-encoding: ").append(m.content_encoding).append("\n");
    for (const auto& [name, value] : m.properties)
      out.append("property ").append(name).append(": ").append(value).append("\n");
    out.append("body: ").append(m.body).append("\n");
  }
  return out;
}

std::string format_trial_json(const trial& what) {
  std::string out = "{";
  append_quoted_member(out, "outcome", to_string(what.outcome));
  if (what.refusal) append_quoted_member(out, "error", what.refusal->name());
  if (what.refusal) append_quoted_member(out, "detail", what.refusal->detail());
  out += "\"messages\":[";
  for (const auto& m : what.messages) {
    append_message_json(out, m);
    out += ',';
  }
  if (out.back() == ',') out.pop_back();
  return out.append("]}");
}

} // namespace causeway::app
