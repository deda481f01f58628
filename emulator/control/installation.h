// SPDX-License-Identifier: Apache-2.0
// What an emulator keeps in its directory: one master key, from which every other key and password follows,
// the certificates, and the files with credentials that a gateway's configuration names. Made once, kept; the
// same directory and options always give the same emulator.
#pragma once

#include "azure/limits.h"
#include "base/result.h"
#include "base/secret.h"
#include "emulator/dps/dps_service.h"
#include "emulator/hub/event_log.h"
#include "emulator/hub/hub_service.h"
#include "emulator/hub/identity_registry.h"
#include "emulator/hub/latency.h"
#include "emulator/stack/mqtt_publisher.h"
#include "emulator/stack/simulation.h"
#include "emulator/stack/storage_log.h"

#include <filesystem>
#include <string>

namespace causeway::emulator {

// Where the devices have their identities from.
enum class fleet_layout : std::uint8_t {
  mixed,  // hub_devices of them from the hub, the rest through DPS
  hub,    // all from the hub
  dps,    // all through DPS
  central // likewise, as IoT Central's: the gateway names a model
};

struct emulator_options {
  std::filesystem::path directory; // empty: default_directory()
  std::string host = "127.0.0.1";  // to listen on
  std::uint16_t hub_port = 15671;
  std::uint16_t dps_port = 15443;
  std::uint16_t control_port = 15080;
  std::uint16_t stack_port = 15885;
  std::uint16_t events_port = 0; // the Event-Hubs-compatible endpoint; 0: there is none, and nothing is kept
  event_log_options events;      // of each hub
  std::uint16_t service_port =
      0; // of the first hub's REST interface, and of each further hub the next; 0: none
  storage_options storage;
  std::size_t hubs = 1;
  std::vector<std::uint16_t> more_hub_ports; // of the hubs behind the first; default: those behind hub_port
  std::size_t devices = 20;
  std::optional<std::size_t> hub_devices; // of the mixed layout; absent: half
  fleet_layout layout = fleet_layout::mixed;
  int retry_after = 3;                // seconds
  std::optional<double> assign_after; // seconds; absent: when Retry-After is over
  latency delays = latency::azure();
  // Quotas; what is absent is off.
  std::optional<azure::tier> tier;
  std::uint32_t units = 1;                      // of the tier
  std::optional<std::uint64_t> daily_messages;  // of each hub; absent: what the tier has
  std::optional<std::uint32_t> dps_quota;       // registrations a minute
  std::optional<std::uint32_t> dps_enforced;    // where DPS holds to another figure than it says
  std::optional<std::uint32_t> registry_rate;   // requests a minute
  mqtt_broker mqtt;                             // of The Things Stack; without an address there is none
  std::chrono::milliseconds webhook_retries{0}; // how long a minute of their schedule lasts; 0: none
  std::string webhook_listen =
      "127.0.0.1:15081"; // of the gateway: for the printed configuration and for simulations
  std::string admin_listen = "127.0.0.1:9464"; // likewise
};

inline constexpr const char* id_scope = "0ne00EMU000";
inline constexpr const char* plant_application = "water-meters"; // identities in the hub
inline constexpr const char* field_application = "starter-kit";  // through DPS

// $XDG_STATE_HOME/causeway-emulator or ~/.local/state/causeway-emulator.
std::filesystem::path default_directory();

class installation {
public:
  // Makes the directory and what is missing in it; brings the credential files up to date. Blocks on files;
  // before the loop runs. Errors: state_unusable, naming the path.
  static result<installation> prepare(emulator_options options);

  const emulator_options& options() const { return options_; }
  std::string path_of(std::string_view file) const { return (options_.directory / file).string(); }

  std::uint16_t hub_port(std::size_t hub) const;
  // Precondition: there is one.
  std::uint16_t service_port(std::size_t hub) const {
    return static_cast<std::uint16_t>(options_.service_port + hub);
  }
  // "localhost:15671"
  std::string hub_host(std::size_t hub) const { return "localhost:" + std::to_string(hub_port(hub)); }
  // The hub's policies; the first hub has the identities of those devices that do not come through DPS.
  identity_registry make_registry(std::size_t hub = 0) const;
  // The EntityPath of a hub's events: "iothub-0".
  static std::string event_hub_name(std::size_t hub) { return "iothub-" + std::to_string(hub); }
  hub_options make_hub_options() const;
  dps_options make_dps_options() const;
  std::string container_id(std::size_t hub = 0) const;
  // Of an application in the registry of The Things Stack: "NNSXS.….…".
  std::string api_key_of(std::string_view application) const;
  // A random-looking text that is this installation's own.
  std::string seed(std::string_view purpose) const;

  std::size_t plant_devices() const;
  std::size_t field_devices() const { return options_.devices - plant_devices(); }
  // The applications of the layout with all their devices, the webhook's URL and credentials.
  std::vector<simulated_application> applications() const;
  // A whole causeway.toml for a gateway that works with this emulator.
  std::string gateway_configuration() const;

private:
  installation(emulator_options options, secret master)
      : options_{std::move(options)}, master_{std::move(master)} {}
  result<void> write_credentials() const;
  key_pair keys_of(std::string_view name) const;
  std::string password_of(std::string_view application) const;
  bool has_plant() const;
  bool has_field() const { return options_.layout != fleet_layout::hub; }

  emulator_options options_;
  secret master_;
};

// "meter-00001".
std::string device_name(std::string_view prefix, std::size_t number);

} // namespace causeway::emulator
