// SPDX-License-Identifier: Apache-2.0
// What an emulator keeps in its directory: one master key, from which every other key and password follows,
// the certificates, and the files with credentials that a gateway's configuration names. Made once, kept; the
// same directory and options always give the same emulator.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "emulator/dps_service.h"
#include "emulator/identity_registry.h"
#include "emulator/simulation.h"

#include <filesystem>
#include <string>

namespace causeway::emulator {

struct emulator_options {
  std::filesystem::path directory; // empty: default_directory()
  std::string host = "127.0.0.1";  // to listen on
  std::uint16_t hub_port = 15671;
  std::uint16_t dps_port = 15443;
  std::uint16_t control_port = 15080;
  std::size_t devices = 20; // the first half with identities in the hub, the rest through DPS
  int retry_after = 3;      // seconds
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

  // The hub's policies and the identities of the first half of the devices.
  identity_registry make_registry() const;
  dps_options make_dps_options() const;
  std::string container_id() const;
  // A random-looking text that is this installation's own.
  std::string seed(std::string_view purpose) const;

  std::size_t plant_devices() const { return options_.devices / 2; }
  std::size_t field_devices() const { return options_.devices - plant_devices(); }
  // The two applications with all their devices, the webhook's URL and credentials.
  std::vector<simulated_application> applications() const;
  // A whole causeway.toml for a gateway that works with this emulator.
  std::string gateway_configuration() const;

private:
  installation(emulator_options options, secret master)
      : options_{std::move(options)}, master_{std::move(master)} {}
  result<void> write_credentials() const;
  key_pair keys_of(std::string_view name) const;
  std::string password_of(std::string_view application) const;

  emulator_options options_;
  secret master_;
};

// "meter-00001".
std::string device_name(std::string_view prefix, std::size_t number);

} // namespace causeway::emulator
