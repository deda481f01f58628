// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/link_claim.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "emulator/hub/cbs.h"

#include <utility>

namespace causeway::emulator {
namespace {

bool is_cbs(const std::string& address) {
  return equals_ignoring_case(address, cbs_address);
}

bool is_basic(const std::optional<azure::tier>& tier) {
  return tier == azure::tier::b1 || tier == azure::tier::b2 || tier == azure::tier::b3;
}

link_kind kind_of(azure::link_role role) {
  switch (role) {
  case azure::link_role::telemetry:
    return link_kind::telemetry;
  case azure::link_role::c2d:
    return link_kind::c2d;
  case azure::link_role::methods:
    return link_kind::method;
  case azure::link_role::twin:
    break; // the emulator has none
  }
  return link_kind::refused;
}

} // namespace

link_claim read_claim(bool to_client, const std::string& source, const std::string& target,
                      std::optional<azure::tier> tier) {
  if (is_cbs(source) || is_cbs(target))
    return {to_client ? link_kind::cbs_answer : link_kind::cbs_request, {}, {}};
  auto address = azure::parse_link_address(to_client ? source : target);
  if (!address || (address->role == azure::link_role::telemetry && to_client) ||
      (address->role == azure::link_role::c2d && !to_client))
    return {link_kind::refused,
            {},
            {"amqp:not-found", "The link address did not match any of the expected formats"}};
  // Inferred: the documents say that the basic tier lacks these, not how the hub refuses the links.
  if (address->role != azure::link_role::telemetry && is_basic(tier))
    return {link_kind::refused,
            std::move(address->device),
            {"amqp:not-allowed", "The basic tier has no cloud-to-device communication."}};
  return {kind_of(address->role), std::move(address->device), {}};
}

} // namespace causeway::emulator
