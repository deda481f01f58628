// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/webhook_hook.h"

#include "azure/hub_address.h"
#include "base/encoding.h"
#include "emulator/stack/json_tree.h"
#include "emulator/stack/uri_template.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

constexpr std::string_view user_agent = "TheThingsStack/3.33.0-emulated (linux/amd64)";
constexpr std::string_view hook_id = "causeway";

bool is_clean(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

} // namespace

result<webhook_hook> webhook_hook::make(webhook_settings settings, std::string stack_url) {
  const std::string_view url = settings.base_url;
  webhook_hook hook;
  hook.tls_ = url.starts_with("https://");
  if (!hook.tls_ && !url.starts_with("http://"))
    return error{errc::config_invalid_value,
                 "webhook " + settings.base_url + " is no http:// or https:// URL"};
  const auto rest = url.substr(hook.tls_ ? 8 : 7);
  const auto end = std::min(rest.find_first_of("/{?"), rest.size());
  hook.authority_ = rest.substr(0, end);
  const auto address = azure::parse_hub_address(hook.authority_, hook.tls_ ? 443 : 80);
  if (!address) return address.fault();
  for (const auto& [name, value] : settings.headers)
    if (name.empty() || !is_clean(name) || !is_clean(value))
      return error{errc::config_invalid_value, "webhook " + settings.base_url + ": a header cannot be sent"};
  hook.host_ = address->host;
  hook.port_ = address->port;
  hook.endpoint_ = (hook.tls_ ? "tls " : "tcp ") + hook.host_ + ":" + std::to_string(hook.port_);
  hook.path_ = rest.substr(end);
  if (!settings.path.empty()) {
    while (hook.path_.ends_with('/'))
      hook.path_.pop_back();
    const auto trimmed = settings.path.starts_with('/') ? settings.path.substr(1) : settings.path;
    // A path operator brings its own slash.
    hook.path_ += trimmed.starts_with("{/") ? trimmed : "/" + trimmed;
  }
  if (!is_clean(hook.path_) || hook.path_.find(' ') != std::string::npos)
    return error{errc::config_invalid_value, "webhook " + settings.base_url + ": the path cannot be sent"};
  hook.has_templates_ = hook.path_.find('{') != std::string::npos;
  hook.settings_ = std::move(settings);
  hook.stack_url_ = std::move(stack_url);
  if (!hook.has_templates_) hook.target_ = hook.target_of({});
  return hook;
}

std::string webhook_hook::target_of(const webhook_subject& about) const {
  const auto text = [](std::string_view value) { return std::string{value}; };
  auto target = path_;
  if (has_templates_)
    target = expand_uri_template(target, {{"appID", text(about.application)},
                                          {"applicationID", text(about.application)},
                                          {"appEUI", text(about.join_eui)},
                                          {"joinEUI", text(about.join_eui)},
                                          {"devID", text(about.device)},
                                          {"deviceID", text(about.device)},
                                          {"devEUI", text(about.dev_eui)},
                                          {"devAddr", text(about.dev_addr)}});
  return target.starts_with('/') ? target : "/" + target;
}

std::string webhook_hook::make_request(const webhook_subject& about, std::string_view body) const {
  std::string request;
  request.reserve(body.size() + 600);
  request.append("POST ").append(has_templates_ ? target_of(about) : target_);
  request.append(" HTTP/1.1\r\nHost: ").append(authority_);
  const auto is_agent = [](const auto& header) { return equals_ignoring_case(header.first, "User-Agent"); };
  const auto& headers = settings_.headers;
  if (std::none_of(headers.begin(), headers.end(), is_agent))
    request.append("\r\nUser-Agent: ").append(user_agent);
  request.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  for (const auto& [name, value] : headers)
    request.append("\r\n").append(name).append(": ").append(value);
  request.append("\r\nContent-Type: application/json");
  if (!settings_.downlink_api_key.empty()) {
    const auto operations = stack_url_ + "/as/applications/" + std::string{about.application} + "/webhooks/" +
                            std::string{hook_id} + "/devices/" + std::string{about.device} + "/down/";
    request.append("\r\nX-Downlink-Apikey: ").append(settings_.downlink_api_key);
    request.append("\r\nX-Downlink-Push: ").append(operations).append("push");
    request.append("\r\nX-Downlink-Replace: ").append(operations).append("replace");
  }
  auto domain = std::string_view{stack_url_}.substr(std::min(stack_url_.find("://") + 3, stack_url_.size()));
  request.append("\r\nX-Tts-Domain: ").append(domain.substr(0, domain.find_first_of(":/")));
  request.append("\r\nAccept-Encoding: gzip\r\n\r\n").append(body);
  return request;
}

std::string webhook_hook::make_body(std::string body, bool varied, std::uint64_t seed) const {
  if (settings_.field_mask.empty() && !varied) return body;
  auto tree = parse_json_tree(body);
  if (!tree) return body;
  if (!settings_.field_mask.empty()) {
    std::vector<std::string> paths;
    for (const auto& path : settings_.field_mask)
      paths.push_back(path.starts_with("up.") ? path.substr(3) : path);
    keep_paths(*tree, paths);
  }
  return varied ? write_varied_json(*tree, seed) : write_json(*tree);
}

std::optional<std::chrono::nanoseconds> webhook_retries::pause_behind(int tried, double chance) const {
  constexpr std::array<int, tries - 1> minutes{4, 8, 15, 15, 15, 15};
  if (!is_on() || tried < 1 || tried >= tries) return std::nullopt;
  const auto exact = static_cast<double>(std::chrono::nanoseconds{minute_}.count()) *
                     minutes[static_cast<std::size_t>(tried - 1)];
  return std::chrono::nanoseconds{static_cast<std::int64_t>(exact * (0.85 + 0.3 * chance))};
}

bool webhook_health::may_send(mono_time now) const {
  if (options_.threshold == 0 || options_.interval.count() == 0) return true;
  return failures_ < options_.threshold || now >= last_failure_.mono + options_.interval;
}

void webhook_health::on_failure(moment now) {
  ++failures_;
  last_failure_ = now;
}

} // namespace causeway::emulator
