// SPDX-License-Identifier: Apache-2.0
#include "cloud/azure_section.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "base/log.h"

namespace causeway::cloud {

registration_id azure_section::registration_of(const identity& wanted) const {
  return registration_id{lower_case_ids ? to_lower(wanted.str()) : wanted.str()};
}

result<azure::signing_key> azure_section::key_at_dps(const registration_id& id) const {
  if (const auto own = individual_keys.find(id.str()); own != individual_keys.end())
    return own->second.clone();
  if (group_key) return azure::derive_device_key(*group_key, id.str());
  return error{errc::dps_unauthorized,
               "azure." + name.str() + " has no group key and no individual key for " + id.str()};
}

hub::auth section_tokens::mode() const {
  const bool hub_wide = section_.policy && section_.policy->hub.hub() == hub_.hub();
  return hub_wide ? hub::auth::policy : hub::auth::device_keys;
}

secret section_tokens::device_token(device_ref, const identity& name, wall_time expiry) {
  const auto resource = azure::device_resource(hub_, name);
  if (const auto own = section_.devices.find(name.str()); own != section_.devices.end())
    return azure::make_sas_token(resource, own->second.key, expiry, own->second.policy);
  const auto key = section_.key_at_dps(section_.registration_of(name));
  // A device without a key is never attached; should it be, an empty token is refused for it alone.
  return key ? azure::make_sas_token(resource, *key, expiry) : secret{};
}

secret section_tokens::policy_token(wall_time expiry) {
  const auto& policy = second_ ? *section_.second_policy : *section_.policy;
  return azure::make_sas_token(hub_.host, policy.key, expiry, policy.policy);
}

bool section_tokens::next_policy_key(std::uint32_t refused) {
  if (!section_.second_policy) return false;
  if (refused == policy_key()) {
    second_ = !second_;
    log::warning("hub_policy_key_changes",
                 {{"hub", hub_.host}, {"section", section_.name}, {"to", second_ ? "second" : "first"}});
  }
  return true;
}

} // namespace causeway::cloud
