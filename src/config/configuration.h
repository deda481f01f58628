// SPDX-License-Identifier: Apache-2.0
// The configuration as the program uses it: read, checked, defaults filled in. Made by loader.h; immutable
// afterwards. Movable, not copyable: it holds secrets. The keys, their defaults and their meaning are in
// key_table.cpp.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/document.h"
#include "config/findings.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

struct state_settings {
  std::filesystem::path directory;
  std::uint32_t max_devices = 0;
};

struct mqtt_server {
  std::string host; // an IPv6 address in brackets
  std::uint16_t port = 0;
  bool tls = true;
};

struct things_stack_settings {
  std::string base_url;                 // "https://host[:port]", without a slash at the end; empty = none
  std::filesystem::path ca_file;        // PEM bundle; empty = the system's
  std::string application_server_url{}; // as base_url, which is its default
  std::string tenant{};                 // empty = none
  std::optional<mqtt_server> mqtt{};
  seconds storage_delay{300};
  seconds registry_poll{60};
};

struct webhook_settings {
  std::string listen;                    // "host:port", checked
  std::filesystem::path tls_certificate; // both empty = plain HTTP
  std::filesystem::path tls_key;
  std::size_t max_connections = 4096;
  bool tls() const { return !tls_certificate.empty(); }
};

enum class azure_kind : std::uint8_t { iot_hub, iot_central };
enum class id_case : std::uint8_t { lower, keep };

// A device with a connection string of its own (identity is the table's key), or with an individual enrolment
// at DPS (identity is the registration id).
struct azure_device {
  causeway::identity identity;
  secret connection_string; // not parsed here; empty in a section for DPS
  secret key;               // base64, not decoded here; empty in a section without DPS
};

// One [azure.NAME]: either `dps` is there, with a group key or single devices or both, or the connection
// string, or single devices, or the latter two.
struct azure_settings {
  struct dps_settings {
    std::string endpoint; // host, or host:port
    std::string id_scope;
    std::optional<secret> group_key; // base64, not decoded here
    config::id_case id_case = id_case::lower;
    std::optional<milliseconds> first_poll; // nothing: as Retry-After says
  };

  azure_name name;
  azure_kind kind = azure_kind::iot_hub;
  std::optional<secret> connection_string; // not parsed here
  std::optional<secret>
      secondary_connection_string; // the same hub's, for when the first is refused; not parsed here
  std::vector<azure_device> devices;
  std::optional<dps_settings> dps;
  std::string tier = "S1"; // F1, B1, B2, B3, S1, S2 or S3
  std::uint32_t units = 1; // compared with the tier in app/wiring
  // Budgets set by hand; absent = by tier.
  std::optional<std::uint32_t> registrations_per_minute, connects_per_second, sends_per_second,
      twin_reads_per_second, twin_updates_per_second;
  std::filesystem::path ca_file; // PEM bundle; empty = the system's
};

enum class message_format : std::uint8_t { flat, things_stack, devmobile };

struct transform_settings {
  std::string program;   // jq; not looked at here
  std::string source;    // "transform", or "transform_file FILE": for error texts
  place at;              // of the key's value
  bool envelope = false; // its outputs say properties and body; else they are bodies
};

// When the hub is told that its message is done.
enum class settle_when : std::uint8_t { stored, queued, acknowledged };

// How many downlinks a device gets at most in a time.
struct downlink_brake {
  std::uint32_t count = 1;
  seconds within{};
};

// An [application.command.NAME].
struct named_command {
  std::string name;
  std::uint8_t port = 1; // 1 to 223
  bool confirmed = false;
  std::string priority;  // in the stack's words, or 0 to 6; not looked at here
  bool replace = true;   // what the device's queue has
  std::string payload{}; // JSON without white space; empty = none
};

struct application_settings {
  application_id id;
  std::string webhook_username;
  std::string webhook_header;     // that shows the credential instead; empty: HTTP's Basic log-in
  secret webhook_password;        // or that header's value; empty where it takes no webhooks
  std::optional<secret> api_key;  // for the registry
  bool backfill = false;          // then there is an api_key
  std::optional<secret> mqtt_key; // there when it takes MQTT
  azure_name azure;               // exists
  bool enabled_by_default = true;
  bool commands = true; // devices hold links for commands; the following are of these
  settle_when settle = settle_when::stored;
  seconds command_timeout{24 * 3600};
  std::optional<downlink_brake> max_downlinks;
  bool twin = false;             // desired properties are commands, too
  bool sends_first_twin = false; // what a twin asks for that was never read before
  std::optional<seconds> twin_interval{
      3600};                 // from one report of the device's state to the next; nothing: never
  bool twin_decoded = false; // with the decoded payload
  std::vector<named_command> named_commands; // in the order of the file; no two differ by letter case alone
  std::string model_id;                      // empty = none
  std::string identity = "{device_id}";      // placeholders checked
  message_format format = message_format::flat;
  std::optional<transform_settings> transform; // instead of format
  std::vector<std::string> events;             // uplink, downlink, join, location, service, normalized
  std::vector<std::string> ingress;            // webhook, mqtt
  seconds removed_grace{};                     // how long messages wait for a device that may not be attached
  // Whether events come in by this one.
  bool takes(std::string_view one) const;
};

// What of commands is no application's.
struct command_settings {
  seconds history{};
  std::uint32_t max_commands = 0;
  std::uint32_t share = 0; // percent that one application may take while others have some
};

struct admin_settings {
  std::string listen;
  std::filesystem::path socket;
  std::optional<secret> token; // of the admin API over TCP
};

struct telemetry_settings {
  std::string otlp_endpoint; // "http://host:port", without a slash at the end; empty = none
  std::optional<secret> application_insights_connection_string;
};

struct log_settings {
  log::level level = log::level::info;
  log::format format = log::format::logfmt;
};

struct spool_settings {
  std::uint64_t max_bytes = 0;
  std::uint64_t max_messages = 0;
  bool drop_oldest = false;            // when it is full
  std::uint32_t application_share = 0; // percent of both limits; meaningful with several applications
  std::optional<seconds> max_age;      // nothing: no limit
};

struct configuration {
  state_settings state;
  things_stack_settings things_stack;
  webhook_settings webhook;
  std::vector<azure_settings> azure;              // in the order of their names
  std::vector<application_settings> applications; // in the order of the file; at least one
  command_settings commands;
  admin_settings admin;
  telemetry_settings telemetry;
  log_settings log;
  spool_settings spool;
  config::places places; // of its values in the file
  std::string shown;     // all of it without its secrets, as JSON (shown_configuration.h)

  // Precondition: a name that an application has.
  const azure_settings& azure_of(const azure_name& name) const;
};

} // namespace causeway::config
