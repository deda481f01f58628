// SPDX-License-Identifier: Apache-2.0
#include "app/wiring.h"

#include "azure/limits.h"
#include "base/encoding.h"

#include <sys/un.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace causeway::app {
namespace {

result<egress::azure_section> make_section(const config::azure_settings& from, std::vector<error>& faults) {
  const auto key_name = [&](std::string_view key) {
    return "azure." + from.name.str() + "." + std::string{key};
  };
  const auto note = [&](error fault) { faults.push_back(std::move(fault)); };
  egress::azure_section section;
  section.name = from.name;
  section.ca_file = from.ca_file.string();
  if (from.connection_string) {
    auto parsed = azure::parse_connection_string(*from.connection_string, key_name("connection_string"));
    if (!parsed) {
      note(parsed.fault());
    } else if (parsed->is_hub_wide()) {
      section.policy = std::move(*parsed);
    } else {
      note(error{errc::connection_string_malformed, key_name("connection_string") +
                                                        " is one device's; put it under [azure." +
                                                        from.name.str() + ".devices]"});
    }
  }
  for (const auto& device : from.devices) {
    if (from.dps) {
      auto key = azure::signing_key::parse(device.key, key_name("devices." + device.identity.str() + ".key"));
      if (!key) {
        note(key.fault());
      } else {
        const auto id = from.dps->id_case == config::id_case::lower ? to_lower(device.identity.str())
                                                                    : device.identity.str();
        section.individual_keys.emplace(id, std::move(*key));
      }
      continue;
    }
    const auto what = key_name("devices." + device.identity.str() + ".connection_string");
    auto parsed = azure::parse_connection_string(device.connection_string, what);
    if (!parsed) {
      note(parsed.fault());
    } else if (parsed->is_hub_wide()) {
      note(error{errc::connection_string_malformed, what + " is a whole hub's, not this device's"});
    } else if (parsed->device != device.identity) {
      note(error{errc::connection_string_malformed, what + " has DeviceId=" + parsed->device.str()});
    } else {
      section.devices.emplace(device.identity.str(), std::move(*parsed));
    }
  }
  if (from.dps) {
    auto endpoint = azure::parse_hub_address(from.dps->endpoint, azure::https_port);
    if (!endpoint) {
      note(std::move(endpoint).fault().in(key_name("dps_endpoint")));
    } else {
      section.dps = std::move(*endpoint);
    }
    section.id_scope = from.dps->id_scope;
    if (from.dps->group_key) {
      auto key = azure::signing_key::parse(*from.dps->group_key, key_name("group_key"));
      if (!key) {
        note(key.fault());
      } else {
        section.group_key = std::move(*key);
      }
    }
    section.lower_case_ids = from.dps->id_case == config::id_case::lower;
    const auto limits = from.kind == config::azure_kind::iot_central ? azure::dps_limits_of_central()
                                                                     : azure::dps_limits_of_service();
    section.registrations_per_minute = from.registrations_per_minute.value_or(
        static_cast<std::uint32_t>(std::lround(limits.registrations * 60.0)));
    section.operations_per_second = limits.operations;
  }
  auto limits = azure::central_limits();
  if (const auto tier = azure::parse_tier(from.tier); tier && from.kind == config::azure_kind::iot_hub) {
    auto by_tier = azure::hub_limits_of(*tier, from.units);
    if (!by_tier)
      note(std::move(by_tier).fault().in(key_name("units")));
    else
      limits = *by_tier;
  }
  section.connects_per_second = from.connects_per_second ? *from.connects_per_second : limits.connects;
  section.sends_per_second = from.sends_per_second ? *from.sends_per_second : limits.sends;
  section.has_commands = limits.c2d_sends > 0;
  auto tls = net::tls_client_context::make(section.ca_file);
  if (!tls) {
    note(std::move(tls).fault().in(key_name("ca_file")));
  } else {
    section.tls = std::move(*tls);
  }
  return section;
}

// Two applications on one hub must not give two devices one name. {device_id} alone is unique within an
// application only.
void check_identities(const config::configuration& from, std::vector<error>& faults) {
  std::map<std::pair<std::string, std::string>, std::string> seen; // section and template → application
  for (const auto& application : from.applications) {
    const bool apart = application.identity.find("{application_id}") != std::string::npos ||
                       application.identity.find("{dev_eui}") != std::string::npos;
    if (apart) continue;
    const auto [found, fresh] =
        seen.try_emplace({application.azure.str(), application.identity}, application.id.str());
    if (!fresh)
      faults.push_back(
          error{errc::config_invalid_value,
                "applications " + found->second + " and " + application.id.str() + " share azure." +
                    application.azure.str() + " and the identity template \"" + application.identity +
                    "\": two devices of one id would be one device; add {application_id} or {dev_eui}"});
  }
}

// The gateway would refuse to start, and the default follows the state directory, which nobody thinks of as a
// socket's name.
void check_socket(const std::filesystem::path& socket, std::vector<error>& faults) {
  constexpr auto most = sizeof(sockaddr_un::sun_path) - 1;
  const auto length = socket.string().size();
  if (length > most)
    faults.push_back(error{errc::config_invalid_value,
                           "admin.socket: " + socket.string() + " has " + std::to_string(length) +
                               " bytes, and the path of a Unix socket at most " + std::to_string(most) +
                               "; set [admin] socket to a shorter path, as \"/run/causeway/admin.sock\" (its "
                               "default is admin.sock in state.directory)"});
}

} // namespace

std::vector<error> check_configuration(const config::configuration& from) {
  std::vector<error> faults;
  for (const auto& settings : from.azure)
    static_cast<void>(make_section(settings, faults));
  check_identities(from, faults);
  if (auto tls = net::tls_client_context::make(from.things_stack.ca_file.string()); !tls)
    faults.push_back(std::move(tls).fault().in("things_stack.ca_file"));
  for (const auto* address : {&from.webhook.listen, &from.admin.listen})
    if (auto parsed = net::listen_address::parse(*address); !parsed)
      faults.push_back(std::move(parsed).fault());
  check_socket(from.admin.socket, faults);
  if (const auto exporters = make_exporters(from.telemetry); !exporters) faults.push_back(exporters.fault());
  if (from.webhook.tls()) {
    auto tls = net::tls_server_context::make(from.webhook.tls_certificate, from.webhook.tls_key);
    if (!tls) faults.push_back(std::move(tls).fault().in("webhook.tls_certificate"));
  }
  return faults;
}

result<std::vector<egress::azure_section>> make_sections(const config::configuration& from) {
  std::vector<egress::azure_section> sections;
  std::vector<error> faults;
  for (const auto& settings : from.azure) {
    auto section = make_section(settings, faults);
    if (!faults.empty()) return faults.front();
    sections.push_back(std::move(*section));
  }
  return sections;
}

std::vector<core::application_rules> make_rules(const config::configuration& from) {
  std::vector<core::application_rules> rules;
  for (const auto& application : from.applications) {
    core::application_rules made;
    made.id = application.id;
    made.section = application.azure;
    made.identity_template = application.identity;
    made.model_id = application.model_id;
    made.enabled_by_default = application.enabled_by_default;
    made.commands = application.commands;
    made.follows_registry = application.api_key.has_value();
    for (std::size_t i = 0; i < core::event_kinds; ++i) {
      const auto kind = static_cast<core::event_kind>(i);
      const auto group = core::event_group(kind);
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

egress::registry_options make_registry_options(const config::configuration& from) {
  egress::registry_options made;
  made.base_url = from.things_stack.base_url;
  made.ca_file = from.things_stack.ca_file.string();
  return made;
}

std::vector<egress::registry_application> make_registry_applications(const config::configuration& from) {
  std::vector<egress::registry_application> made;
  for (const auto& application : from.applications)
    if (application.api_key) made.push_back({application.id, application.api_key->clone()});
  return made;
}

egress::backfill_settings make_backfill_settings(const config::configuration& from) {
  egress::backfill_settings made;
  made.base_url = from.things_stack.application_server_url;
  made.window.delay = from.things_stack.storage_delay;
  made.ca_file = from.things_stack.ca_file.string();
  return made;
}

std::vector<egress::backfill_application> make_backfill_applications(const config::configuration& from) {
  std::vector<egress::backfill_application> made;
  for (const auto& application : from.applications) {
    if (!application.backfill) continue;
    const auto& events = application.events;
    const bool joins = std::find(events.begin(), events.end(), "join") != events.end();
    made.push_back({application.id, application.api_key->clone(), joins});
  }
  return made;
}

result<std::vector<egress::exporter_options>> make_exporters(const config::telemetry_settings& from) {
  std::vector<egress::exporter_options> out;
  if (!from.otlp_endpoint.empty())
    out.push_back({"otlp", from.otlp_endpoint + "/v1/traces", egress::otlp_format(CAUSEWAY_VERSION)});
  if (from.application_insights_connection_string) {
    auto target = egress::parse_application_insights(*from.application_insights_connection_string,
                                                     "telemetry.application_insights_connection_string");
    if (!target) return std::move(target).fault();
    out.push_back(
        {"application_insights", std::move(target->url),
         egress::application_insights_format(std::move(target->instrumentation_key), CAUSEWAY_VERSION)});
  }
  return out;
}

std::vector<ingress::webhook_application> make_webhook_applications(const config::configuration& from) {
  std::vector<ingress::webhook_application> out;
  for (const auto& application : from.applications)
    if (application.takes("webhook"))
      out.push_back(
          {application.id, {application.webhook_username, {}, application.webhook_password.clone()}});
  return out;
}

ingress::mqtt_settings make_mqtt_settings(const config::configuration& from, std::uint64_t instance) {
  ingress::mqtt_settings made;
  if (const auto& server = from.things_stack.mqtt)
    made.server = {server->host, server->port, server->tls, from.things_stack.ca_file.string()};
  made.tenant = from.things_stack.tenant;
  for (int shift = 60; shift >= 32; shift -= 4) // 8 digits
    made.instance.push_back("0123456789abcdef"[(instance >> static_cast<unsigned>(shift)) & 0xfU]);
  return made;
}

std::vector<ingress::mqtt_application> make_mqtt_applications(const config::configuration& from) {
  std::vector<ingress::mqtt_application> made;
  for (const auto& application : from.applications)
    if (application.takes("mqtt") && !application.events.empty())
      made.push_back({application.id, application.mqtt_key->clone(), application.events});
  return made;
}

} // namespace causeway::app
