// SPDX-License-Identifier: Apache-2.0
// The sources: [things_stack] and [webhook].
#include "base/encoding.h"
#include "config/readers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace causeway::config {
namespace {

// "mqtts://host[:port]" or "mqtt://host[:port]".
std::optional<mqtt_server> parse_mqtt_address(std::string_view text) {
  mqtt_server server;
  server.tls = text.starts_with("mqtts://");
  if (!server.tls && !text.starts_with("mqtt://")) return std::nullopt;
  text.remove_prefix(text.find("://") + 3);
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  server.host = text.substr(0, host_end);
  server.port = server.tls ? 8883 : 1883;
  if (server.host.empty() || server.host.find_first_of(" /?#@\"") != std::string::npos) return std::nullopt;
  text.remove_prefix(host_end);
  if (text.empty()) return server;
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), server.port);
  if (fault != std::errc{} || end != text.data() + text.size() || server.port == 0) return std::nullopt;
  return server;
}

// The authority of a URL without its port.
std::string host_of(const std::string& url) {
  const auto start = url.find("://") + 3;
  const auto end = url[start] == '[' ? url.find(']', start) + 1 : url.find_first_of(":/", start);
  return url.substr(start, end == std::string::npos ? end : end - start);
}

void read_mqtt(section& keys, reading& into, things_stack_settings& settings) {
  settings.tenant = keys.text("tenant");
  if (!settings.tenant.empty() && !is_valid_tts_id(settings.tenant))
    keys.refuse("tenant",
                json_quoted(settings.tenant) + " is not a tenant's id, such as \"acme\" or \"ttn\"");
  const auto address = keys.text("mqtt_address");
  if (address.empty()) {
    if (const auto& url = settings.application_server_url; !url.empty())
      settings.mqtt = mqtt_server{host_of(url), 8883, true};
    return;
  }
  settings.mqtt = parse_mqtt_address(address);
  if (!settings.mqtt) {
    keys.refuse("mqtt_address", json_quoted(address) + " is not an address such as mqtts://host:8883");
    settings.mqtt.emplace(); // there, but reported already
    return;
  }
  const auto& host = settings.mqtt->host;
  const bool loopback = host.starts_with("127.") || host == "[::1]" || host == "localhost";
  if (!settings.mqtt->tls && !loopback)
    into.warn(
        keys.place_of("mqtt_address"),
        "mqtt_address in [things_stack]: without TLS API keys cross the network readable; use mqtts://");
}

} // namespace

std::string read_url(section& keys, std::string_view name) {
  auto url = keys.text(name);
  while (url.ends_with('/'))
    url.pop_back();
  if (url.empty()) return url;
  const auto scheme = url.find("://");
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (web && url.size() > scheme + 3 && url.find_first_of(" ?#@") == std::string::npos) return url;
  keys.refuse(name, json_quoted(url) + " is not a URL such as https://host:port");
  return {};
}

things_stack_settings read_things_stack(section keys, reading& into) {
  things_stack_settings settings{read_url(keys, "base_url"), keys.path("ca_file")};
  settings.application_server_url = read_url(keys, "application_server_url");
  if (settings.application_server_url.empty()) settings.application_server_url = settings.base_url;
  settings.storage_delay = keys.duration("storage_delay").value_or(settings.storage_delay);
  settings.registry_poll = keys.duration("registry_poll").value_or(settings.registry_poll);
  if (settings.registry_poll < seconds{1} || settings.registry_poll > seconds{86'400})
    keys.refuse("registry_poll", "between 1 s and 24 h");
  read_mqtt(keys, into, settings);
  const bool loopback = settings.base_url.starts_with("http://127.") ||
                        settings.base_url.starts_with("http://[::1]") ||
                        settings.base_url.starts_with("http://localhost");
  if (settings.base_url.starts_with("http://") && !loopback)
    into.warn(keys.place_of("base_url"), "base_url in [things_stack]: API keys cross the network readable");
  return settings;
}

std::pair<std::string, std::optional<secret>> read_header_credential(section& keys,
                                                                     std::string_view header_key,
                                                                     std::string_view value_key,
                                                                     std::string_view password_key) {
  auto header = keys.text(header_key);
  auto value = keys.secret_of(value_key);
  const auto is_of_name = [](unsigned char c) { // RFC 9110 section 5.6.2
    return std::isalnum(c) != 0 ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c)) != std::string_view::npos;
  };
  const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
  if (header.empty()) {
    if (keys.has(value_key))
      keys.refuse(value_key,
                  "is the value of a header, and " + std::string{header_key} + " does not name it");
    return {};
  }
  if (!std::all_of(header.begin(), header.end(), is_of_name))
    keys.refuse(header_key, "is no name of a header, such as X-Api-Key");
  constexpr std::array of_http{
      "host",       "content-length", "content-type", "transfer-encoding", "content-encoding",
      "connection", "expect",         "te",           "upgrade",           "trailer"};
  if (std::find(of_http.begin(), of_http.end(), to_lower(header)) != of_http.end())
    keys.refuse(header_key,
                "is a header that HTTP itself needs; take one such as X-Api-Key or Authorization");
  if (keys.has(password_key))
    keys.refuse(header_key, "and " + std::string{password_key} +
                                " are there: the webhook has one credential, a header "
                                "with a value or a user name and password");
  if (!keys.has(value_key))
    keys.require(value_key, "it is what the header " + header + " must say");
  else if (value && std::any_of(value->reveal().begin(), value->reveal().end(), is_control))
    keys.refuse(value_key, "has a control character or a line end inside, which no header carries");
  return {std::move(header), std::move(value)};
}

webhook_reading read_webhook(section keys, reading& into) {
  webhook_reading webhook{{keys.text("listen"), keys.path("tls_certificate"), keys.path("tls_key")},
                          keys.text("username"),
                          {},
                          keys.secret_of("password"),
                          false};
  constexpr std::uint64_t most_connections = 100'000;
  webhook.settings.max_connections = keys.number("max_connections", most_connections);
  auto [header, value] = read_header_credential(keys, "header", "value", "password");
  webhook.header = std::move(header);
  if (value) webhook.password = std::move(value);
  webhook.password_is_bad =
      (keys.has("password") || keys.has("header") || keys.has("value")) && !webhook.password;
  auto& settings = webhook.settings;
  if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
    const auto there = settings.tls_key.empty() ? "tls_certificate" : "tls_key";
    keys.refuse(there,
                settings.tls_key.empty() ? "tls_key must be there too" : "tls_certificate must be there too");
  }
  const bool loopback = settings.listen.starts_with("127.") || settings.listen.starts_with("[::1]") ||
                        settings.listen.starts_with("localhost:");
  if (!settings.tls() && !loopback)
    into.warn(keys.place_of("listen"),
              "listen in [webhook]: plain HTTP on an address that others may reach; passwords "
              "cross the network readable unless a proxy adds TLS");
  if (webhook.username.empty()) keys.refuse("username", "is empty");
  return webhook;
}

} // namespace causeway::config
