// SPDX-License-Identifier: Apache-2.0
#include "dps/enrolment.h"

#include "base/encoding.h"
#include "dps/registration.h"

namespace causeway::dps {

registration_id enrolment::registration_of(const identity& wanted) const {
  return registration_id{lower_case_ids ? to_lower(wanted.str()) : wanted.str()};
}

result<azure::signing_key> enrolment::key_of(const registration_id& id) const {
  if (const auto own = individual_keys.find(id.str()); own != individual_keys.end())
    return own->second.clone();
  if (group_key) return azure::derive_device_key(*group_key, id.str());
  return error{errc::dps_unauthorized,
               "azure." + section.str() + " has no group key and no individual key for " + id.str()};
}

std::string enrolment::fingerprint() const {
  if (group_key) return dps::fingerprint(id_scope, *group_key);
  // Individual keys are told apart by their registration id; the enrolment is then named by the scope alone.
  return dps::fingerprint(id_scope, azure::signing_key{secret{id_scope}});
}

} // namespace causeway::dps
