// SPDX-License-Identifier: Apache-2.0
#include "app/wiring.h"

#include "app/identity_check.h"
#include "azure/limits.h"

#include <algorithm>

namespace causeway::app {
namespace {

// Without a key nothing can be pushed: hubs keep what they have. A Basic tier has no commands.
bool takes_commands(const config::configuration& from, const config::application_settings& application) {
  return application.commands && application.api_key.has_value() &&
         !has_no_commands(from.azure_of(application.azure).tier);
}

// Those that have a key, as far as they are wanted.
std::vector<stack::stack_application> with_key(const config::configuration& from,
                                               bool (*wanted)(const config::configuration&,
                                                              const config::application_settings&)) {
  std::vector<stack::stack_application> made;
  for (const auto& application : from.applications)
    if (application.api_key && wanted(from, application))
      made.push_back({application.id, application.api_key->clone()});
  return made;
}

std::optional<model::awaited_step> settle_at_of(config::settle_when when) {
  switch (when) {
  case config::settle_when::queued:
    return model::awaited_step::queued;
  case config::settle_when::acknowledged:
    return model::awaited_step::acknowledged;
  case config::settle_when::stored:
    break;
  }
  return std::nullopt;
}

} // namespace

bool has_no_commands(std::string_view tier) {
  const auto known = azure::parse_tier(tier);
  const auto limits = known ? azure::hub_limits_of(*known, 1) : known.fault();
  return limits && limits->c2d_sends == 0;
}

bool follows_twins(const config::configuration& from, const config::application_settings& application) {
  return application.twin && takes_commands(from, application);
}

std::vector<core::application_rules> make_rules(const config::configuration& from) {
  std::vector<core::application_rules> rules;
  for (const auto& application : from.applications) {
    core::application_rules made;
    made.id = application.id;
    made.section = application.azure;
    made.identity_template = application.identity;
    const auto& section = from.azure_of(application.azure);
    if (const auto realms = realms_of(section); !realms.empty()) made.realm = realms.front();
    made.any_case = has_any_case(section);
    made.model_id = application.model_id;
    made.enabled_by_default = application.enabled_by_default;
    made.commands = takes_commands(from, application);
    made.twin = follows_twins(from, application);
    made.sends_first_desired = application.sends_first_twin;
    made.twin_interval = application.twin_interval;
    made.settle_at = settle_at_of(application.settle);
    made.command_timeout = application.command_timeout;
    if (const auto& brake = application.max_downlinks)
      made.max_downlinks = core::downlink_brake{brake->count, brake->within};
    made.removed_grace = application.removed_grace;
    made.follows_registry = application.api_key.has_value();
    for (std::size_t i = 0; i < model::event_kinds; ++i) {
      const auto kind = static_cast<model::event_kind>(i);
      const auto group = model::event_group(kind);
      // Events of downlinks are reports on commands of ours; those of others are never telemetry.
      if (group.empty() || group == "downlink") continue;
      if (std::find(application.events.begin(), application.events.end(), group) != application.events.end())
        made.events.set(i);
    }
    rules.push_back(std::move(made));
  }
  return rules;
}

core::spool_limits make_spool_limits(const config::spool_settings& from) {
  core::spool_limits made;
  made.most = {from.max_messages, from.max_bytes};
  made.application_share = from.application_share;
  made.policy = from.drop_oldest ? core::when_full::drop_oldest : core::when_full::refuse;
  made.max_age = from.max_age;
  return made;
}

stack::registry_options make_registry_options(const config::configuration& from) {
  stack::registry_options made;
  made.base_url = from.things_stack.base_url;
  made.ca_file = from.things_stack.ca_file.string();
  return made;
}

stack::follower_options make_follower_options(const config::configuration& from) {
  stack::follower_options made;
  made.base_url = from.things_stack.base_url;
  made.ca_file = from.things_stack.ca_file.string();
  made.poll = from.things_stack.registry_poll;
  return made;
}

std::vector<stack::stack_application> make_registry_applications(const config::configuration& from) {
  return with_key(from,
                  [](const config::configuration&, const config::application_settings&) { return true; });
}

stack::downlink_options make_downlink_options(const config::configuration& from) {
  stack::downlink_options made;
  made.base_url = from.things_stack.application_server_url;
  made.ca_file = from.things_stack.ca_file.string();
  return made;
}

std::vector<stack::stack_application> make_downlink_applications(const config::configuration& from) {
  return with_key(from, takes_commands);
}

stack::backfill_settings make_backfill_settings(const config::configuration& from) {
  stack::backfill_settings made;
  made.base_url = from.things_stack.application_server_url;
  made.window.delay = from.things_stack.storage_delay;
  made.ca_file = from.things_stack.ca_file.string();
  return made;
}

std::vector<stack::backfill_application> make_backfill_applications(const config::configuration& from) {
  std::vector<stack::backfill_application> made;
  for (const auto& application : from.applications) {
    if (!application.backfill) continue;
    const auto& events = application.events;
    const bool joins = std::find(events.begin(), events.end(), "join") != events.end();
    made.push_back({application.id, application.api_key->clone(), joins});
  }
  return made;
}

result<std::vector<watch::exporter_options>> make_exporters(const config::telemetry_settings& from) {
  std::vector<watch::exporter_options> out;
  if (!from.otlp_endpoint.empty())
    out.push_back({"otlp", from.otlp_endpoint + "/v1/traces", watch::otlp_format(CAUSEWAY_VERSION)});
  if (from.application_insights_connection_string) {
    auto target = watch::parse_application_insights(*from.application_insights_connection_string,
                                                    "telemetry.application_insights_connection_string");
    if (!target) return std::move(target).fault();
    out.push_back(
        {"application_insights", std::move(target->url),
         watch::application_insights_format(std::move(target->instrumentation_key), CAUSEWAY_VERSION)});
  }
  return out;
}

std::vector<stack::webhook_application> make_webhook_applications(const config::configuration& from) {
  std::vector<stack::webhook_application> out;
  for (const auto& application : from.applications)
    if (application.takes("webhook"))
      out.push_back(
          {application.id,
           {application.webhook_username, application.webhook_header, application.webhook_password.clone()}});
  return out;
}

stack::mqtt_settings make_mqtt_settings(const config::configuration& from, std::uint64_t instance) {
  stack::mqtt_settings made;
  if (const auto& server = from.things_stack.mqtt)
    made.server = {server->host, server->port, server->tls, from.things_stack.ca_file.string()};
  made.tenant = from.things_stack.tenant;
  for (int shift = 60; shift >= 32; shift -= 4) // 8 digits
    made.instance.push_back("0123456789abcdef"[(instance >> static_cast<unsigned>(shift)) & 0xfU]);
  return made;
}

std::vector<stack::mqtt_application> make_mqtt_applications(const config::configuration& from) {
  std::vector<stack::mqtt_application> made;
  for (const auto& application : from.applications) {
    auto groups = application.events;
    std::erase_if(groups, [](const std::string& one) { return one.starts_with("downlink."); });
    // What becomes of commands comes in by them, whether or not it is asked for as telemetry.
    if (application.commands && application.api_key &&
        std::find(groups.begin(), groups.end(), "downlink") == groups.end())
      groups.emplace_back("downlink");
    if (application.takes("mqtt") && !groups.empty())
      made.push_back({application.id, application.mqtt_key->clone(), std::move(groups)});
  }
  return made;
}

} // namespace causeway::app
