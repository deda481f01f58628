// SPDX-License-Identifier: Apache-2.0
// One [azure.*] section, ready for use: where its devices live and what they sign with. Owned by app;
// immutable.
#pragma once

#include "azure/connection_string.h"
#include "azure/limits.h"
#include "base/service_clocks.h"
#include "dps/enrolment.h"
#include "hub/connection.h"
#include "net/tls.h"

#include <map>
#include <optional>
#include <string>

namespace causeway::cloud {

struct azure_section {
  azure_name name;
  // A hub by connection string: a policy for all devices, or strings of single devices by identity, or both.
  std::optional<azure::connection_string> policy;
  std::optional<azure::connection_string>
      second_policy; // of the same hub, beside policy: for when that is refused
  std::map<std::string, azure::connection_string> devices;
  // A hub through DPS.
  std::optional<azure::hub_address> dps;
  dps::enrolment enrolment;
  // Budgets of each hub.
  double connects_per_second = 100, sends_per_second = 100;
  double twin_reads_per_second = 100, twin_updates_per_second = 50;
  bool has_commands = true; // the tier knows cloud-to-device messages

  std::string ca_file; // empty: the system's
  std::optional<net::tls_client_context> tls;

  bool through_dps() const { return dps.has_value(); }
};

// Signs for the devices of one hub, by that hub's time as far as it is known. section and clocks must live as
// long.
class section_tokens final : public hub::token_source {
public:
  section_tokens(const azure_section& section, azure::hub_address hub, service_clocks& clocks)
      : section_{section}, hub_{std::move(hub)}, name_{hub_.hub().str()}, clocks_{clocks} {}
  hub::auth mode() const;
  secret device_token(device_ref device, const identity& name, wall_time expiry) override;
  secret policy_token(wall_time expiry) override;
  wall_time time(moment now) const override { return clocks_.time(name_, now); }
  void on_hub_time(wall_time theirs, moment now) override {
    clocks_.on_time(name_, service_clocks::owner::azure, theirs, now);
  }
  std::uint32_t policy_key() const override { return second_ ? 1 : 0; }
  // Changes between the two policies, where there are two.
  bool next_policy_key(std::uint32_t refused) override;

private:
  const azure_section& section_;
  azure::hub_address hub_;
  std::string name_;
  service_clocks& clocks_;
  bool second_ = false; // of the two policies
};

} // namespace causeway::cloud
