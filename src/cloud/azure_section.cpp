// SPDX-License-Identifier: Apache-2.0
#include "cloud/azure_section.h"

#include "azure/names.h"
#include "base/log.h"

namespace causeway::cloud {

hub::auth section_tokens::mode() const {
  const bool hub_wide = section_.policy && section_.policy->hub.hub() == hub_.hub();
  return hub_wide ? hub::auth::policy : hub::auth::device_keys;
}

secret section_tokens::device_token(device_ref, const identity& name, wall_time expiry) {
  const auto resource = azure::device_resource(hub_, name);
  if (const auto own = section_.devices.find(name.str()); own != section_.devices.end())
    return azure::make_sas_token(resource, own->second.key, expiry, own->second.policy);
  const auto key = section_.enrolment.key_of(section_.enrolment.registration_of(name));
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
