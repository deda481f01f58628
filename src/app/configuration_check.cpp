// SPDX-License-Identifier: Apache-2.0
#include "app/configuration_check.h"

#include "app/azure_sections.h"
#include "app/certificate_watch.h"
#include "app/identity_check.h"
#include "app/wiring.h"
#include "base/encoding.h"
#include "net/listener.h"
#include "tts/downlink_request.h"

#include <sys/un.h>

#include <algorithm>

namespace causeway::app {
namespace {

// A tier that cannot do what the file asks for in words. What is on by default is off there, without a word.
void check_tiers(const config::configuration& from, config::findings& found) {
  for (std::size_t i = 0; i < from.applications.size(); ++i) {
    const auto& application = from.applications[i];
    const auto section = std::find_if(from.azure.begin(), from.azure.end(),
                                      [&](const auto& one) { return one.name == application.azure; });
    if (section == from.azure.end() || !has_no_commands(section->tier)) continue;
    const auto path = "application." + std::to_string(i);
    const auto refuse = [&](const config::place& at, const std::string& what, const std::string& instead) {
      found.refuse(at, error{errc::config_invalid_value, what + " of application " + application.id.str() +
                                                             ": the tier " + section->tier + " of [azure." +
                                                             section->name.str() + "] has none; set " +
                                                             instead + ", or take a standard tier (S1)"});
    };
    if (application.twin) refuse(from.places.of(path, "twin"), "twins", "twin = false");
    if (!application.commands) continue;
    const auto& named = application.named_commands;
    const std::string what = "cloud-to-device messages and direct methods", instead = "commands = false";
    if (from.places.has(path, "commands"))
      refuse(from.places.of(path, "commands"), what, instead);
    else if (!named.empty())
      refuse(from.places.of(path + ".command." + named[0].name, {}), what, instead);
  }
}

void check_commands(const config::configuration& from, config::findings& found) {
  for (std::size_t i = 0; i < from.applications.size(); ++i)
    for (const auto& one : from.applications[i].named_commands)
      if (!tts::parse_priority(one.priority))
        found.refuse(
            from.places.of("application." + std::to_string(i) + ".command." + one.name, "priority"),
            error{errc::config_invalid_value,
                  "priority in [application.command." + one.name + "]: " + json_quoted(one.priority) +
                      " is none; there are lowest, low, belowNormal, normal, aboveNormal, high, highest "
                      "and 0 to 6"});
}

// The gateway would refuse to start, and the default follows the state directory, which nobody thinks of as a
// socket's name.
void check_socket(const config::configuration& from, config::findings& found) {
  constexpr auto most = sizeof(sockaddr_un::sun_path) - 1;
  const auto& socket = from.admin.socket;
  const auto length = socket.string().size();
  if (length <= most) return;
  const bool own = from.places.has("admin", "socket");
  found.refuse(from.places.of(own ? "admin" : "state", own ? "socket" : "directory"),
               error{errc::config_invalid_value,
                     "admin.socket: " + socket.string() + " has " + std::to_string(length) +
                         " bytes, and the path of a Unix socket at most " + std::to_string(most) +
                         "; set [admin] socket to a shorter path, as \"/run/causeway/admin.sock\" (its "
                         "default is admin.sock in state.directory)"});
}

void check_addresses(const config::configuration& from, config::findings& found) {
  const auto parse = [&](const std::string& section, const std::string& address) {
    auto parsed = net::listen_address::parse(address);
    if (!parsed)
      found.refuse(from.places.of(section, "listen"), error{parsed.fault()}.in(section + ".listen"));
    return parsed;
  };
  const auto webhook = parse("webhook", from.webhook.listen), admin = parse("admin", from.admin.listen);
  if (!webhook || !admin || webhook->port == 0 || webhook->port != admin->port) return;
  const auto is_any = [](const std::string& host) { return host == "0.0.0.0" || host == "[::]"; };
  if (webhook->host != admin->host && !is_any(webhook->host) && !is_any(admin->host)) return;
  found.refuse(from.places.of("admin", "listen"),
               error{errc::config_invalid_value, "admin.listen: " + from.admin.listen +
                                                     " is the webhook's, too (webhook.listen, " +
                                                     from.webhook.listen + "); give it a port of its own"});
}

void check_certificates(const config::configuration& from, const check_options& options,
                        config::findings& found) {
  if (auto tls = net::tls_client_context::make(from.things_stack.ca_file.string()); !tls)
    found.refuse(from.places.of("things_stack", "ca_file"),
                 std::move(tls).fault().in("things_stack.ca_file"));
  if (!from.webhook.tls() || from.webhook.tls_key.empty()) return;
  const auto at = from.places.of("webhook", "tls_certificate");
  auto tls = net::tls_server_context::make(from.webhook.tls_certificate, from.webhook.tls_key);
  if (!tls) {
    // What is wrong with the key stands at the key.
    const bool of_key = tls.fault().detail().starts_with(from.webhook.tls_key.string() + ": ");
    const std::string key = of_key ? "tls_key" : "tls_certificate";
    found.refuse(from.places.of("webhook", key), std::move(tls).fault().in("webhook." + key));
    return;
  }
  const auto facts = net::read_certificate(from.webhook.tls_certificate);
  if (!facts) return found.refuse(at, facts.fault());
  const auto name = "webhook.tls_certificate: " + from.webhook.tls_certificate.string() + " ";
  const auto trouble = options.now ? trouble_of_times(*facts, *options.now) : std::nullopt;
  if (trouble && options.refuses_expired && is_invalid(*facts, *options.now))
    found.refuse(at, error{errc::certificate_expired, name + *trouble});
  else if (trouble)
    found.warn(at, name + *trouble);
  for (const auto& odd : oddities_of(*facts))
    found.warn(at, name + odd);
}

} // namespace

config::findings check_configuration(const config::configuration& from, const check_options& options) {
  config::findings found;
  for (const auto& settings : from.azure)
    static_cast<void>(make_section(settings, from.places, found));
  check_identities(from, found);
  check_tiers(from, found);
  check_commands(from, found);
  check_addresses(from, found);
  check_socket(from, found);
  check_certificates(from, options, found);
  if (const auto exporters = make_exporters(from.telemetry); !exporters)
    found.refuse(from.places.of("telemetry", "application_insights_connection_string"), exporters.fault());
  return found;
}

} // namespace causeway::app
