// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/token_verdict.h"

#include "base/encoding.h"

namespace causeway::emulator {
namespace {

token_verdict refuse(int status, std::string description) {
  token_verdict verdict;
  verdict.status = status;
  verdict.description = std::move(description);
  return verdict;
}

constexpr std::string_view devices_path = "/devices";

// "/devices/dev-1" of "host/Devices/dev-1/"; nothing for what is not under /devices.
std::optional<std::string> normal_path(std::string_view path) {
  while (path.ends_with('/'))
    path.remove_suffix(1);
  if (path.empty()) return std::string{};
  if (path.size() < devices_path.size() ||
      !equals_ignoring_case(path.substr(0, devices_path.size()), devices_path))
    return std::nullopt;
  const auto rest = path.substr(devices_path.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return std::string{devices_path} + std::string{rest};
}

bool signed_by_either(const azure::sas_token& token, const key_pair& keys) {
  return token.signed_by(keys.primary) || token.signed_by(keys.secondary);
}

} // namespace

token_verdict judge_device(const identity_registry& registry, const identity& device) {
  const auto* found = registry.find(device);
  if (found == nullptr)
    return refuse(404, "Device " + device.str() + " at IotHub " + registry.host() + " not registered.");
  if (!found->enabled) return refuse(401, "Device " + device.str() + " is disabled.");
  return {};
}

token_verdict judge_token(const identity_registry& registry, std::string_view text, wall_time now) {
  const auto token = azure::parse_sas_token(text);
  if (!token) return refuse(400, "The SAS token is malformed: " + token.fault().detail());

  const auto slash = token->resource.find('/');
  const auto host = std::string_view{token->resource}.substr(0, slash);
  if (!registry.is_host(host)) return refuse(401, "The specified SAS token is for another host.");
  const auto path = normal_path(slash == std::string::npos ? std::string_view{}
                                                           : std::string_view{token->resource}.substr(slash));
  if (!path) return refuse(401, "The specified SAS token is for another resource.");

  token_verdict verdict;
  verdict.path = *path;
  verdict.expires = wall_time{std::chrono::seconds{token->expiry}};
  if (path->size() > devices_path.size() + 1) {
    verdict.device = identity{path->substr(devices_path.size() + 1)};
    if (registry.find(*verdict.device) == nullptr) return judge_device(registry, *verdict.device);
  }

  constexpr const char* wrong_signature =
      "The specified SAS token has an invalid signature. It does not match either "
      "the primary or secondary key.";
  if (!token->skn.empty()) {
    const auto* policy = registry.find_policy(token->skn);
    if (policy == nullptr || !signed_by_either(*token, policy->keys)) return refuse(401, wrong_signature);
    verdict.rights = {policy->device_connect, policy->service_connect, policy->registry_read,
                      policy->registry_write};
    // What a service's policy signs opens the hub as a whole.
    const bool is_services = policy->service_connect || policy->registry_read || policy->registry_write;
    if (!policy->device_connect && !(is_services && path->empty()))
      return refuse(401, "The policy " + token->skn + " lacks the right DeviceConnect.");
  } else {
    if (!verdict.device) return refuse(401, "The specified SAS token names neither a device nor a policy.");
    if (!signed_by_either(*token, registry.find(*verdict.device)->keys)) return refuse(401, wrong_signature);
  }
  if (token->expired(now)) {
    auto expired = refuse(401, "The specified SAS token is expired.");
    expired.expired = true;
    return expired;
  }
  if (verdict.device) {
    if (auto device = judge_device(registry, *verdict.device); device.status != 200) return device;
  }
  return verdict;
}

} // namespace causeway::emulator
