// SPDX-License-Identifier: Apache-2.0
// From the configuration's words to what the modules take; it loads the files of certificates.
#pragma once

#include "cloud/azure_section.h"
#include "config/configuration.h"
#include "core/limits.h"
#include "core/rules.h"
#include "stack/backfill.h"
#include "stack/downlinks.h"
#include "stack/mqtt_settings.h"
#include "stack/registry_client.h"
#include "stack/registry_follower.h"
#include "stack/webhook.h"
#include "watch/trace_exporter.h"

#include <string>
#include <string_view>
#include <vector>

namespace causeway::app {

// A hub of such a tier has neither cloud-to-device messages nor direct methods nor twins.
bool has_no_commands(std::string_view tier);
// Whether its devices' twins are followed.
bool follows_twins(const config::configuration& from, const config::application_settings& application);

// Preconditions of the following: check_configuration found no fault. A file that has changed since is an
// error.
result<std::vector<cloud::azure_section>> make_sections(const config::configuration& from);
std::vector<core::application_rules> make_rules(const config::configuration& from);
core::spool_limits make_spool_limits(const config::spool_settings& from);
// The applications that follow the registry: those with an API key.
stack::registry_options make_registry_options(const config::configuration& from);
stack::follower_options make_follower_options(const config::configuration& from);
std::vector<stack::stack_application> make_registry_applications(const config::configuration& from);
// The applications whose commands can become downlinks: those with an API key that want commands.
stack::downlink_options make_downlink_options(const config::configuration& from);
std::vector<stack::stack_application> make_downlink_applications(const config::configuration& from);
// The applications whose outages are filled up from the storage.
stack::backfill_settings make_backfill_settings(const config::configuration& from);
std::vector<stack::backfill_application> make_backfill_applications(const config::configuration& from);
// Where spans go; none where nothing is configured.
result<std::vector<watch::exporter_options>> make_exporters(const config::telemetry_settings& from);
std::vector<stack::webhook_application> make_webhook_applications(const config::configuration& from);

// The applications that take MQTT. instance: different in each process.
stack::mqtt_settings make_mqtt_settings(const config::configuration& from, std::uint64_t instance);
std::vector<stack::mqtt_application> make_mqtt_applications(const config::configuration& from);

} // namespace causeway::app
