// SPDX-License-Identifier: Apache-2.0
// How the devices of one section enrol at DPS: what they sign with, and how often DPS may be asked. A value;
// immutable once it is made.
#pragma once

#include "azure/sas_token.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace causeway::dps {

struct enrolment {
  azure_name section;
  std::string id_scope;
  std::optional<azure::signing_key> group_key;
  std::map<std::string, azure::signing_key> individual_keys; // by registration id
  bool lower_case_ids = true;
  std::optional<milliseconds> first_poll; // of a registration's status; nothing: as Retry-After says
  // The service's quotas.
  std::uint32_t registrations_per_minute = 1'000;
  double operations_per_second = 0;

  registration_id registration_of(const identity& wanted) const;
  // The device's own key, at DPS and at the hub that DPS gives it. Errors: dps_unauthorized when there is
  // none.
  result<azure::signing_key> key_of(const registration_id& id) const;
  // Tells enrolments apart: whose assignments are still good after the configuration has changed.
  std::string fingerprint() const;
};

} // namespace causeway::dps
