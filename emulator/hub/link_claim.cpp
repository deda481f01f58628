// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/link_claim.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "emulator/hub/cbs.h"

#include <algorithm>
#include <array>
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
    return link_kind::twin;
  }
  return link_kind::refused;
}

// What a service attaches to, with or without "amqps://host[:port]"; refused for anything else.
link_kind service_kind_of(bool to_client, std::string_view address) {
  if (const auto scheme = address.find("://"); scheme != std::string_view::npos) {
    const auto path = address.find('/', scheme + 3);
    if (path == std::string_view::npos) return link_kind::refused;
    address.remove_prefix(path);
  }
  if (!to_client)
    return equals_ignoring_case(address, "/messages/devicebound") ? link_kind::service_send
                                                                  : link_kind::refused;
  if (equals_ignoring_case(address, "/messages/servicebound/feedback")) return link_kind::feedback;
  if (equals_ignoring_case(address, "/messages/servicebound/filenotifications"))
    return link_kind::file_notifications;
  return link_kind::refused;
}

constexpr auto kind_words = std::to_array<std::pair<link_kind, std::string_view>>({
    {link_kind::telemetry, "telemetry"},
    {link_kind::c2d, "c2d"},
    {link_kind::method, "methods"},
    {link_kind::twin, "twin"},
    {link_kind::service_send, "service_send"},
    {link_kind::feedback, "feedback"},
    {link_kind::file_notifications, "file_notifications"},
    {link_kind::cbs_request, "cbs"},
    {link_kind::cbs_answer, "cbs"},
    {link_kind::refused, "refused"},
});

} // namespace

std::string_view to_string(link_kind kind) {
  const auto found =
      std::find_if(kind_words.begin(), kind_words.end(), [=](const auto& row) { return row.first == kind; });
  return found->second;
}

std::optional<link_kind> find_device_link_kind(std::string_view word) {
  for (const auto kind : {link_kind::telemetry, link_kind::c2d, link_kind::method, link_kind::twin})
    if (to_string(kind) == word) return kind;
  return std::nullopt;
}

link_claim read_claim(bool to_client, const std::string& source, const std::string& target,
                      std::optional<azure::tier> tier) {
  if (is_cbs(source) || is_cbs(target))
    return {to_client ? link_kind::cbs_answer : link_kind::cbs_request, {}, {}};
  const auto& wanted = to_client ? source : target;
  const amqp::condition basic{"amqp:not-allowed", "The basic tier has no cloud-to-device communication."};
  if (const auto kind = service_kind_of(to_client, wanted); kind != link_kind::refused)
    return {is_basic(tier) ? link_kind::refused : kind, {}, is_basic(tier) ? basic : amqp::condition{}};
  auto address = azure::parse_link_address(wanted);
  if (!address || (address->role == azure::link_role::telemetry && to_client) ||
      (address->role == azure::link_role::c2d && !to_client))
    return {link_kind::refused,
            {},
            {"amqp:not-found", "The link address did not match any of the expected formats"}};
  // Inferred: the documents say that the basic tier lacks these, not how the hub refuses the links.
  if (address->role != azure::link_role::telemetry && is_basic(tier))
    return {link_kind::refused, std::move(address->device), basic};
  return {kind_of(address->role), std::move(address->device), {}};
}

} // namespace causeway::emulator
