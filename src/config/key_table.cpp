// SPDX-License-Identifier: Apache-2.0
#include "config/key_table.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace causeway::config {
namespace {

using enum value_kind;
constexpr bool required = true;
constexpr bool restart = true;

constexpr auto section_rows = std::to_array<section_entry>({
    {"state", "[state]", "What outlives a restart."},
    {"things_stack", "[things_stack]",
     "The Things Stack itself: its registry, for applications with an API key, and its MQTT server, for "
     "those "
     "that take events from there."},
    {"webhook", "[webhook]", "The HTTP server that The Things Stack posts to."},
    {"azure.NAME", "[azure.NAME]",
     "An IoT Hub by connection string, or hubs through the Device Provisioning Service (DPS). Applications "
     "name it."},
    {"azure.NAME.devices.ID", "[azure.NAME.devices.ID]",
     "A device with a connection string of its own, ID being its identity; or, in a section for DPS, a "
     "device "
     "with an individual enrolment, ID being its registration id. Usually written "
     "`\"ID\" = { connection_string_file = \"…\" }` under `[azure.NAME.devices]`."},
    {"application", "[[application]]", "An application of The Things Stack; one block each, at least one."},
    {"application.command.NAME", "[application.command.NAME]",
     "What a command of this name sends: one of IoT Central, which a cloud-to-device message names in its "
     "property `method-name`, or a direct method; where `twin = true`, also IoT Central's writable property "
     "of that name. NAME has letters, digits and `-` `.` `_` `*` (a "
     "component's command is `\"component*command\"`, in quotes). Two names of one application differ by "
     "more than letter case, and `downlink` is a method that Causeway has built in."},
    {"commands", "[commands]", "What of commands is no application's."},
    {"admin", "[admin]",
     "Health, readiness, metrics, and what `causeway status` and `causeway devices` ask."},
    {"telemetry", "[telemetry]",
     "Where the spans of the timeline go: one a phase of a device's way to its hub."},
    {"log", "[log]", "Log lines, written to stderr."},
    {"spool", "[spool]", "Messages on disk that wait for IoT Hub (operations.md, \"The spool\")."},
});

constexpr auto key_rows = std::to_array<key_entry>({
    {"state", "directory", path, "/var/lib/causeway", false, restart, "",
     "Directory of the spool and the assignments; locked while running."},
    {"state", "max_devices", integer, "1000000", false, restart, "",
     "Most devices; of several applications one may have `application_share` of `[spool]` of them. Events of "
     "further ones are answered 503."},

    {"things_stack", "base_url", text, "", false, restart, "",
     "Of the Identity Server, e.g. `https://eu1.cloud.thethings.network`; `/api/v3` is added."},
    {"things_stack", "application_server_url", text, "", false, restart, "",
     "Of the cluster that the traffic is in, for `backfill` and commands. Default: `base_url`."},
    {"things_stack", "tenant", text, "", false, restart, "",
     "Of The Things Stack Cloud or Enterprise; `ttn` on the public network. Without one the user name of "
     "MQTT is "
     "the "
     "application's id alone, as an open-source stack wants it."},
    {"things_stack", "mqtt_address", text, "", false, restart, "",
     "The MQTT server, e.g. `mqtts://eu1.cloud.thethings.network:8883`; `mqtt://` is without TLS. Default: "
     "the "
     "host of `application_server_url`, with TLS, port 8883."},
    {"things_stack", "storage_delay", duration, "5m", false, restart, "",
     "After how long the Storage Integration shows all that the stack received until then, for `backfill`: a "
     "time that was missed is asked for at once, and again when this is over."},
    {"things_stack", "registry_poll", duration, "60s", false, restart, "",
     "How often the registry is asked which devices have changed; less often where more than a tenth of the "
     "stack's rate limit would be needed for it. What its event stream says is looked at within a second, "
     "and "
     "all is listed once a day."},
    {"things_stack", "ca_file", path, "", false, restart, "",
     "PEM bundle of the authorities to trust; without it the system's."},

    {"webhook", "listen", address, "127.0.0.1:8080", false, restart, "", "Address to listen on."},
    {"webhook", "tls_certificate", path, "", false, restart, "",
     "PEM file with the certificate and its chain; without it plain HTTP, for use behind a proxy."},
    {"webhook", "tls_key", path, "", false, restart, "", "PEM file with the certificate's private key."},
    {"webhook", "max_connections", integer, "4096", false, restart, "",
     "How many connections may be open, at up to 32 KB each besides what requests hold (one that speaks "
     "HTTP/2 takes 64 KB and counts as two); fewer where the limit of open files leaves fewer. One more "
     "makes a stranger go, or who has waited longest."},
    {"webhook", "username", text, "tts", false, restart, "",
     "User name of applications that have none of their own."},
    {"webhook", "password", secret, "", false, restart, "",
     "Password of applications that have none of their own. It is taken in UTF-8 and in Latin-1, as the user "
     "name "
     "is: the stack's Console sends Latin-1."},
    {"webhook", "header", text, "", false, restart, "",
     "Instead of user name and password: the header in which the stack shows `value`, such as `X-Api-Key`, "
     "or "
     "`Authorization` with a value such as `Bearer …`."},
    {"webhook", "value", secret, "", false, restart, "", "What `header` must say."},

    {"azure.NAME", "kind", choice, "iot-hub", false, restart, "iot-hub|iot-central",
     "`iot-central`: through DPS, with IoT Central's quotas."},
    {"azure.NAME", "connection_string", secret, "", false, restart, "",
     "Of a policy of the hub with the right to connect devices."},
    {"azure.NAME", "secondary_connection_string", secret, "", false, restart, "",
     "Of the same hub, with the policy's other key (or another policy's): tried at once when the hub refuses "
     "the first, "
     "so that keys can be regenerated one after the other without an outage."},
    {"azure.NAME", "dps_endpoint", text, "global.azure-devices-provisioning.net", false, restart, "",
     "Host of DPS, with `:port` where it is not 443."},
    {"azure.NAME", "id_scope", text, "", false, restart, "", "Id scope of DPS."},
    {"azure.NAME", "group_key", secret, "", false, restart, "",
     "Primary or secondary key of a symmetric-key enrolment group."},
    {"azure.NAME", "id_case", choice, "lower", false, restart, "lower|keep",
     "`lower`: registration ids are lower-cased before their key is derived."},
    {"azure.NAME", "first_poll", text, "retry-after", false, restart, "",
     "When DPS is asked the first time whether a new device has its hub: `retry-after`, when it says; or a "
     "time from `100ms` to `10s` after its answer. Further questions keep to Retry-After. Asked early only "
     "while the quota has room, and no more for an hour once DPS answers such a question with 429."},
    {"azure.NAME", "tier", choice, "S1", false, restart, "F1|B1|B2|B3|S1|S2|S3", "The hub's tier."},
    {"azure.NAME", "units", integer, "1", false, restart, "",
     "How many units of the tier the hub has; more than the tier comes in are refused."},
    {"azure.NAME", "registrations_per_minute", integer, "", false, restart, "",
     "Budget of registrations at DPS. Default: the service's quota, 1000, or IoT Central's, 200."},
    {"azure.NAME", "connects_per_second", integer, "", false, restart, "",
     "Budget of devices that connect, for each hub of the section. Default: the tier's quota."},
    {"azure.NAME", "sends_per_second", integer, "", false, restart, "",
     "Budget of messages, for each hub of the section. Default: the tier's quota."},
    {"azure.NAME", "twin_reads_per_second", integer, "", false, restart, "",
     "Budget of reads of device twins, for each hub of the section. Default: the tier's quota."},
    {"azure.NAME", "twin_updates_per_second", integer, "", false, restart, "",
     "Budget of updates of device twins, for each hub of the section: what is reported, and the links that "
     "are "
     "opened for desired properties. Default: the tier's quota."},
    {"azure.NAME", "ca_file", path, "", false, restart, "",
     "PEM bundle of the authorities to trust for this section; without it the system's."},

    {"azure.NAME.devices.ID", "connection_string", secret, "", false, restart, "",
     "Of this device, in a section without DPS."},
    {"azure.NAME.devices.ID", "key", secret, "", false, restart, "",
     "Of this device's individual enrolment, in a section for DPS."},

    {"application", "id", text, "", required, restart, "", "The application's id in The Things Stack."},
    {"application", "webhook_username", text, "", false, restart, "", "Default: `username` of `[webhook]`."},
    {"application", "webhook_password", secret, "", false, restart, "",
     "Its own, so that one application cannot speak for another. Default: the credential of `[webhook]`."},
    {"application", "webhook_header", text, "", false, restart, "",
     "Instead of user name and password: as `header` of `[webhook]`."},
    {"application", "webhook_value", secret, "", false, restart, "", "What `webhook_header` must say."},
    {"application", "api_key", secret, "", false, restart, "",
     "With the right to read devices: the registry then says which devices there are, and an event waits "
     "until "
     "it has said so. Without one, devices appear with their first event. Commands need one, with the right "
     "to write downlinks and, so that a push without an answer can be looked for, to read application "
     "traffic."},
    {"application", "backfill", boolean, "false", false, restart, "",
     "After an outage the Storage Integration is asked for what came in meanwhile; `api_key` needs the right "
     "to "
     "read application traffic."},
    {"application", "mqtt_key", secret, "", false, restart, "",
     "API key with the right to read application traffic, for MQTT. Default: `api_key`."},
    {"application", "azure", text, "", required, restart, "", "The NAME of an `[azure.NAME]`."},
    {"application", "enabled_by_default", boolean, "true", false, restart, "",
     "`false`: only devices whose attribute `azureintegration` is `true` are connected. The attribute wins "
     "over this key either way."},
    {"application", "model_id", text, "", false, restart, "",
     "Plug and Play model, e.g. `dtmi:acme:meter;1`; a device's attribute `dtdlmodelid` wins."},
    {"application", "commands", boolean, "true", false, restart, "",
     "Whether its devices get commands: cloud-to-device messages and direct methods become downlinks. Basic "
     "tiers have neither."},
    {"application", "settle", choice, "stored", false, restart, "stored|queued|acknowledged",
     "When the hub is told that a cloud-to-device message is done, which is its feedback `Success`. "
     "`stored`: once Causeway has it on disk; what becomes of it is told by reports. `queued`: once it is "
     "in the device's queue at The Things Stack. `acknowledged`: once the device has acknowledged it, or, "
     "where it is not confirmed, as `queued`. Until then the hub keeps the message, but no longer than the "
     "message's own time."},
    {"application", "command_timeout", duration, "24h", false, restart, "",
     "After how long without a word of a downlink The Things Stack is asked where it is, at least `10s`. One "
     "that still waits in the device's queue is asked for again after as long; of one in no queue the "
     "command ends as `no_word`."},
    {"application", "max_downlinks", text, "", false, restart, "",
     "A brake: how many downlinks a device gets at most in a time, such as `10/24h`. A command above it is "
     "refused, and reported. Default: none."},
    {"application", "twin", boolean, "false", false, restart, "",
     "Whether a downlink is also asked for by the desired properties of a device's twin, "
     "`lorawan.downlink`, or IoT Central's writable properties, and what became of it is told in the "
     "reported "
     "ones. IoT Hub bills reads, reports and notifications of twins as messages."},
    {"application", "twin_first", choice, "mark", false, restart, "mark|send",
     "What a twin asks for that is read for the first time ever. `mark`: it is told to be `seen`, and is not "
     "sent, for it may be old. `send`: it is sent."},
    {"application", "twin_interval", text, "1h", false, restart, "",
     "How often at most what an uplink says of its device (last seen, counter, data rate, signal, battery, "
     "position) is put into its twin's reported properties, as `lorawan`, at least `1m`; or `never`."},
    {"application", "twin_decoded", boolean, "false", false, restart, "",
     "Whether its decoded payload goes there with it, as `decodedPayload`."},
    {"application", "identity", text, "{device_id}", false, restart, "",
     "Template of the devices' names in IoT Hub: `{device_id}`, `{application_id}`, `{dev_eui}` and plain "
     "text."},
    {"application", "format", choice, "flat", false, restart, "flat|things-stack|devmobile",
     "Shape of the messages: [formats.md](formats.md)."},
    {"application", "transform", text, "", false, restart, "",
     "A jq program over the event that makes the messages, instead of `format`."},
    {"application", "transform_file", path, "", false, restart, "", "File with that program."},
    {"application", "transform_output", choice, "body", false, restart, "body|envelope",
     "`body`: each output of the transform is a message's body. `envelope`: it is "
     "`{\"properties\":{…},\"body\":…}`, so that a reading can have a creation time of its own."},
    {"application", "events", choices, "uplink", false, restart,
     "uplink|downlink|join|location|service|normalized|downlink.queued|downlink.sent|downlink.acknowledged|"
     "downlink.nacked|downlink.failed|downlink.expired|downlink.replaced|downlink.cancelled|downlink.no_word|"
     "downlink.in_doubt",
     "Kinds of events that are sent. `downlink` are reports on commands, which all formats but `devmobile` "
     "send whether it is named or not; where single steps are named, such as `downlink.failed`, only these "
     "are "
     "reported."},
    {"application", "removed_grace", duration, "7d", false, restart, "",
     "How long messages wait for a device that may not be connected: switched off, not in the registry, or "
     "refused for good. Then they are dead letters. Time in which Causeway does not run does not count, nor "
     "that in which a hub or a service is in trouble."},
    {"application", "ingress", choices, "webhook", false, restart, "webhook|mqtt",
     "How events come in. With both, what comes twice is sent once."},

    {"application.command.NAME", "port", integer, "", required, restart, "",
     "The downlink's port, 1 to 223."},
    {"application.command.NAME", "confirmed", boolean, "false", false, restart, "",
     "Whether the device is to acknowledge it."},
    {"application.command.NAME", "priority", word, "normal", false, restart, "",
     "`lowest`, `low`, `belowNormal`, `normal`, `aboveNormal`, `high`, `highest`, or 0 to 6; The Things "
     "Stack's own spelling, `BELOW_NORMAL`, as well."},
    {"application.command.NAME", "queue", choice, "replace", false, restart, "push|replace",
     "`push`: behind what waits in the device's queue. `replace`: in place of all of it."},
    {"application.command.NAME", "payload", json, "", false, restart, "",
     "What is sent where the caller gives none (IoT Central: `@`), as JSON, which the device's downlink "
     "formatter encodes. A date goes as text: JSON has none."},

    {"commands", "history", duration, "7d", false, restart, "",
     "How long a command is kept after the last word of it, at least `3d`: a hub gives a message again for "
     "up to two days, and what is known is not sent twice."},
    {"commands", "max_commands", integer, "1000000", false, restart, "",
     "Most commands that are kept, 100 to 10000000; one more is refused."},
    {"commands", "share", integer, "50", false, restart, "",
     "How much of `max_commands` one application may take while others have commands, in percent."},

    {"admin", "listen", address, "127.0.0.1:9464", false, restart, "",
     "Address of `/healthz`, `/readyz`, `/metrics`, the API and the dashboard."},
    {"admin", "socket", path, "", false, restart, "",
     "Unix socket for `causeway status` and its like. Default: `admin.sock` in the state directory."},
    {"admin", "token", secret, "", false, restart, "",
     "What a caller over TCP shows to change anything, and for the API and the dashboard at all where "
     "`listen` is no loopback address: 16 characters or more, of those that a header can have."},

    {"telemetry", "otlp_endpoint", text, "", false, restart, "",
     "OTLP over HTTP, e.g. `http://localhost:4318`; `/v1/traces` is added."},
    {"telemetry", "application_insights_connection_string", secret, "", false, restart, "",
     "Of an Application Insights resource, which then gets the same spans."},

    {"log", "level", choice, "info", false, restart, "debug|info|warning|error|off",
     "The least that is written."},
    {"log", "format", choice, "logfmt", false, restart, "logfmt|json", "Shape of a line."},

    {"spool", "max_bytes", size, "4 GiB", false, restart, "", "Most bytes of waiting messages."},
    {"spool", "max_messages", integer, "10000000", false, restart, "",
     "Most waiting messages; each costs up to 24 bytes of memory."},
    {"spool", "when_full", choice, "refuse", false, restart, "refuse|drop-oldest",
     "`refuse`: webhooks are answered 503 until there is room. `drop-oldest`: the oldest waiting messages "
     "are "
     "given up for new ones."},
    {"spool", "application_share", integer, "50", false, restart, "",
     "The most of both limits, dead letters included, and of `max_devices` that one application may take, in "
     "percent. A lone application has all."},
    {"spool", "max_age", duration, "", false, restart, "",
     "Messages that have waited for so long are given up, e.g. `72h`. Default: none are."},
});

constexpr std::array<std::string_view, 3> secret_endings{"", "_file", "_env"};

// Optimal string alignment: as Levenshtein, and two neighbours swapped count as one.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string_view kind_word(value_kind kind) {
  switch (kind) {
  case text:
    return "text";
  case secret:
    return "secret";
  case path:
    return "path";
  case integer:
    return "integer";
  case size:
    return "size";
  case duration:
    return "duration";
  case boolean:
    return "boolean";
  case choice:
    return "one of";
  case choices:
    return "list of";
  case address:
    return "host:port";
  case word:
    return "text or integer";
  case json:
    return "table or list";
  }
  return "";
}

std::string type_column(const key_entry& key) {
  std::string words{kind_word(key.kind)};
  const char* separator = " ";
  for (const auto word : split_choices(key.choices)) {
    words.append(separator).append("`").append(word).append("`");
    separator = ", ";
  }
  return words;
}

std::string default_column(const key_entry& key) {
  if (key.required) return "required";
  return key.fallback.empty() ? "" : "`" + std::string{key.fallback} + "`";
}

} // namespace

std::span<const section_entry> sections() {
  return section_rows;
}

std::span<const key_entry> keys() {
  return key_rows;
}

const key_entry* find_key(std::string_view section, std::string_view name) {
  const auto found = std::find_if(key_rows.begin(), key_rows.end(), [&](const auto& key) {
    return key.section == section && key.name == name;
  });
  return found == key_rows.end() ? nullptr : &*found;
}

std::vector<std::string> spellings(std::string_view section) {
  std::vector<std::string> names;
  for (const auto& key : key_rows) {
    if (key.section != section) continue;
    if (key.kind != secret)
      names.emplace_back(key.name);
    else
      for (const auto ending : secret_endings)
        names.push_back(std::string{key.name} + std::string{ending});
  }
  return names;
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> words;
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    words.push_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
  }
  return words;
}

std::string nearest(std::string_view misspelt, std::span<const std::string> known) {
  constexpr std::size_t longest_compared = 64;
  if (misspelt.size() > longest_compared) return {};
  std::string best;
  std::size_t least = std::min(std::max<std::size_t>(2, misspelt.size() / 2), misspelt.size()) + 1;
  for (const auto& name : known) {
    const auto distance = edit_distance(misspelt, name);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

std::string describe_keys_markdown() {
  std::string page =
      "Causeway reads one TOML file. Every key is listed here; any other key is an error. A key of type "
      "*secret* named `X` is given as\n`X_file` (a file that holds it), `X_env` (an environment variable "
      "that holds it) or `X` (the secret itself; `causeway check` warns of it).\nRelative paths start at "
      "the folder of the configuration file; a path that begins with `${CREDENTIALS_DIRECTORY}/` names what "
      "systemd's\n`LoadCredential=` has given the process ([install.md](install.md#secrets)). Sizes are "
      "bytes, or text such as `\"4 GiB\"` (KiB, MiB, "
      "GiB).\n";
  for (const auto& section : section_rows) {
    page.append("\n## `").append(section.heading).append("`\n\n").append(section.meaning);
    page.append("\n\n| Key | Type | Default | Change needs a restart | Meaning |\n|---|---|---|---|---|\n");
    for (const auto& key : key_rows) {
      if (key.section != section.name) continue;
      page.append("| `").append(key.name).append("` | ").append(type_column(key)).append(" | ");
      page.append(default_column(key)).append(" | ").append(key.restart ? "yes" : "no").append(" | ");
      page.append(key.meaning).append(" |\n");
    }
  }
  return page;
}

} // namespace causeway::config
