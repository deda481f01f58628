// SPDX-License-Identifier: Apache-2.0
#include "app/trial.h"

#include "app/message_formatter.h"
#include "app/silent_ports.h"
#include "app/transforms.h"
#include "app/wiring.h"
#include "base/encoding.h"
#include "net/wake_up.h"

namespace causeway::app {
namespace {

struct no_provisioner final : model::provisioner {
  void find_hub(device_ref, const azure_name&, const identity&, const model::connect_wish&) override {}
  void call_off(device_ref) override {}
  void hurry(device_ref) override {}
  std::string fingerprint(const azure_name&) const override { return {}; }
};

struct no_registry final : model::registry {
  void look_up(device_ref, const model::device_key&) override {}
};

// Takes the messages and says nothing: for the trial the way ends here.
struct trial_spool final : silent_store {
  trial& into;
  net::wake_up& done;
  trial_spool(trial& t, net::wake_up& d) : into{t}, done{d} {}
  result<void> append(model::append_request request) override {
    into.outcome = request.refused ? model::answer::dead_lettered : model::answer::stored;
    if (request.refused) into.refusal = std::move(request.refused->reason);
    for (auto& row : request.rows)
      into.messages.push_back(std::move(row.body));
    done.notify();
    return {};
  }
};

struct trial_answers final : model::answers {
  trial& into;
  net::wake_up& done;
  trial_answers(trial& t, net::wake_up& d) : into{t}, done{d} {}
  void on_answer(model::ticket, model::answer what) override {
    into.outcome = what;
    done.notify();
  }
};

std::vector<core::application_rules> make_trial_rules(const config::configuration& from) {
  auto rules = make_rules(from);
  for (auto& one : rules) {
    one.follows_registry = false;
    one.enabled_by_default = true;
  }
  return rules;
}

struct trial_stage {
  net::task_group tasks;
  moment at;
  trial outcome;
  net::wake_up done;
  silent_hub hub;
  no_provisioner provisioner;
  no_registry registry;
  message_formatter formatter;
  transform::transform_runner transforms;
  trial_spool spool;
  trial_answers answers;
  core::bridge bridge;

  trial_stage(net::loop& on, const config::configuration& from, trial_options options)
      : tasks{on},
        at{options.now},
        done{on},
        formatter{from, std::move(options.random)},
        transforms{on,
                   tasks,
                   {.executable = std::move(options.transform_executable)},
                   make_transform_programs(from),
                   [] { return 0.5; },
                   [this](model::ticket which, result<std::vector<std::string>> outputs) {
                     formatter.on_transformed(which, std::move(outputs), at);
                   }},
        spool{outcome, done},
        answers{outcome, done},
        bridge{make_trial_rules(from),
               core::bridge_ports{spool, spool, hub, provisioner, registry, formatter, answers},
               bridge_options(), at} {
    formatter.answer_to(bridge);
    formatter.transform_by(transforms);
  }
  static core::bridge_options bridge_options() {
    core::bridge_options out;
    out.random = [] { return 0.5; };
    return out;
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
  stage.bridge.on_event(model::ticket{1}, std::move(event), stage.at);
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
