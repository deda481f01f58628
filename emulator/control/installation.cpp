// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/installation.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "net/tls.h"

#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace causeway::emulator {
namespace {

constexpr const char* master_file = "master-key";
constexpr const char* plant_file = "plant-connection-string";
constexpr const char* group_file = "group-key";
constexpr const char* user_name = "tts";
constexpr const char* central_model = "dtmi:causeway:emulated:sensor;1";

error unusable(const std::filesystem::path& path) {
  return error{errc::state_unusable,
               path.string() + ": " + std::error_code{errno, std::generic_category()}.message()};
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

// By way of a new file, so that a reader never sees half of it.
result<void> write_file(const std::filesystem::path& path, std::string_view content) {
  if (read_file(path) == content) return {};
  auto fresh = path;
  fresh += ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return unusable(fresh);
  const auto written = ::write(file, content.data(), content.size());
  const bool whole = written == static_cast<ssize_t>(content.size());
  if (::close(file) != 0 || !whole) return unusable(fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return unusable(path);
  return {};
}

result<secret> load_master(const std::filesystem::path& path) {
  if (auto text = read_file(path)) {
    auto bytes = base64_decode(std::string_view{*text}.substr(0, text->find('\n')));
    if (bytes && bytes->size() >= 32) return secret{std::move(*bytes)};
    return error{errc::state_unusable, path.string() + " holds no key"};
  }
  std::string bytes(64, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return unusable(path);
  if (auto written = write_file(path, base64_encode(bytes) + "\n"); !written) return written.fault();
  return secret{std::move(bytes)};
}

// Letters and digits as in the stack's own API keys.
std::string key_text(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  for (const char byte : bytes)
    text += alphabet[static_cast<std::uint8_t>(byte) % alphabet.size()];
  return text;
}

// What a configuration says where no quota is named: more than any test or bench comes to.
constexpr std::uint32_t unlimited = 1'000'000;
constexpr azure::tier largest_tier = azure::tier::s3;
constexpr std::uint32_t largest_units = 10;

// hub.localhost: some clients want a hub's host name to have a dot, and RFC 6761 keeps the names under
// localhost for this machine.
std::vector<std::string> server_names() {
  return {"localhost", "127.0.0.1", "::1", "hub.localhost"};
}

} // namespace

std::filesystem::path default_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return std::filesystem::path{state} / "causeway-emulator";
  const char* home = std::getenv("HOME");
  return std::filesystem::path{home == nullptr ? "." : home} / ".local" / "state" / "causeway-emulator";
}

std::string device_name(std::string_view prefix, std::size_t number) {
  auto digits = std::to_string(number);
  if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
  return std::string{prefix} + digits;
}

result<installation> installation::prepare(emulator_options options) {
  if (options.directory.empty()) options.directory = default_directory();
  std::error_code fault;
  options.directory = std::filesystem::absolute(options.directory, fault);
  ::umask(S_IRWXG | S_IRWXO);
  std::filesystem::create_directories(options.directory, fault);
  if (fault) return error{errc::state_unusable, options.directory.string() + ": " + fault.message()};
  auto master = load_master(options.directory / master_file);
  if (!master) return master.fault();
  if (auto made = net::make_certificates(options.directory.string(), server_names()); !made)
    return made.fault();
  installation made{std::move(options), std::move(*master)};
  if (auto written = made.write_credentials(); !written) return written.fault();
  return made;
}

key_pair installation::keys_of(std::string_view name) const {
  const auto key = [&](std::string_view which) {
    return azure::signing_key{
        secret{hmac_sha256(master_.reveal(), std::string{name} + "/" + std::string{which})}};
  };
  return {key("primary"), key("secondary")};
}

std::string installation::password_of(std::string_view application) const {
  return hex_encode(hmac_sha256(master_.reveal(), "webhook/" + std::string{application})).substr(0, 32);
}

std::string installation::seed(std::string_view purpose) const {
  return hex_encode(hmac_sha256(master_.reveal(), "seed/" + std::string{purpose}));
}

std::uint16_t installation::hub_port(std::size_t hub) const {
  const auto& more = options_.more_hub_ports;
  if (hub > 0 && hub <= more.size()) return more[hub - 1];
  return static_cast<std::uint16_t>(options_.hub_port + hub);
}

std::string installation::container_id(std::size_t hub) const {
  const auto purpose = hub == 0 ? std::string{"container"} : "container/" + std::to_string(hub);
  return "DeviceGateway_" + seed(purpose).substr(0, 32);
}

std::string installation::api_key_of(std::string_view application) const {
  const auto bytes = [&](const char* part) {
    return hmac_sha256(master_.reveal(), "api-key/" + std::string{application} + "/" + part);
  };
  return "NNSXS." + key_text(bytes("id") + bytes("id 2")).substr(0, 39) + "." +
         key_text(bytes("secret") + bytes("secret 2")).substr(0, 52);
}

bool installation::has_plant() const {
  return options_.layout == fleet_layout::mixed || options_.layout == fleet_layout::hub;
}

std::size_t installation::plant_devices() const {
  if (!has_plant()) return 0;
  if (!has_field()) return options_.devices;
  return std::min(options_.hub_devices.value_or(options_.devices / 2), options_.devices);
}

result<void> installation::write_credentials() const {
  const auto write = [&](const char* name, const std::string& content) {
    return write_file(options_.directory / name, content + "\n");
  };
  const auto connection_string = "HostName=localhost:" + std::to_string(options_.hub_port) +
                                 ";SharedAccessKeyName=device;SharedAccessKey=" +
                                 std::string{keys_of("policy/device").primary.base64().reveal()};
  if (auto done = write(plant_file, connection_string); !done) return done;
  if (auto done = write(group_file, std::string{keys_of("group").primary.base64().reveal()}); !done)
    return done;
  for (std::size_t hub = 0; options_.events_port != 0 && hub < options_.hubs; ++hub) {
    const auto file = "events-connection-string-" + std::to_string(hub);
    const auto events = "Endpoint=sb://localhost:" + std::to_string(options_.events_port) +
                        ";SharedAccessKeyName=service;SharedAccessKey=" +
                        std::string{keys_of("policy/service").primary.base64().reveal()} +
                        ";UseDevelopmentEmulator=true;EntityPath=" + event_hub_name(hub);
    if (auto done = write(file.c_str(), events); !done) return done;
  }
  for (std::size_t hub = 0; hub < options_.hubs; ++hub) {
    const auto file = "service-connection-string-" + std::to_string(hub);
    const auto owner = "HostName=" + hub_host(hub) + ";SharedAccessKeyName=iothubowner;SharedAccessKey=" +
                       std::string{keys_of("policy/iothubowner").primary.base64().reveal()};
    if (auto done = write(file.c_str(), owner); !done) return done;
  }
  for (const auto* application : {plant_application, field_application}) {
    const auto file = std::string{"webhook-password-"} + application;
    if (auto done = write(file.c_str(), password_of(application)); !done) return done;
    const auto key_file = std::string{"api-key-"} + application;
    if (auto done = write(key_file.c_str(), api_key_of(application)); !done) return done;
  }
  return {};
}

identity_registry installation::make_registry(std::size_t hub) const {
  auto hosts = server_names();
  hosts.emplace_back("[::1]");
  identity_registry registry{std::move(hosts)};
  registry.put_policy("iothubowner", {keys_of("policy/iothubowner"), true, true, true, true});
  registry.put_policy("device", {keys_of("policy/device"), true, false});
  registry.put_policy("service", {keys_of("policy/service"), false, true});
  registry.put_policy("registryRead", {keys_of("policy/registryRead"), false, false, true, false});
  registry.put_policy("registryReadWrite", {keys_of("policy/registryReadWrite"), false, false, true, true});
  for (std::size_t i = 1; hub == 0 && i <= plant_devices(); ++i) {
    const auto name = device_name("meter-", i);
    registry.put(identity{name}, keys_of("device/" + name), true);
  }
  return registry;
}

hub_options installation::make_hub_options() const {
  hub_options made;
  made.latency = options_.delays;
  made.tier = options_.tier;
  if (options_.tier) {
    if (const auto limits = azure::hub_limits_of(*options_.tier, options_.units)) {
      made.throttles = {limits->connects, limits->sends};
      made.daily = {limits->messages_per_day, limits->meter_bytes};
    }
  }
  if (options_.daily_messages) made.daily.limit = options_.daily_messages;
  return made;
}

dps_options installation::make_dps_options() const {
  std::optional<std::chrono::milliseconds> assign_after;
  if (options_.assign_after)
    assign_after = std::chrono::milliseconds{std::llround(*options_.assign_after * 1'000)};
  return {id_scope, keys_of("group"), std::chrono::seconds{options_.retry_after}, assign_after,
          options_.dps_enforced ? options_.dps_enforced : options_.dps_quota};
}

std::vector<simulated_application> installation::applications() const {
  const auto make = [&](const char* id, std::string_view prefix, std::size_t count) {
    simulated_application application;
    application.id = id;
    application.url = "http://" + options_.webhook_listen + "/webhook/" + id;
    application.authorization = "Basic " + base64_encode(std::string{user_name} + ":" + password_of(id));
    for (std::size_t i = 1; i <= count; ++i)
      application.devices.push_back(device_name(prefix, i));
    return application;
  };
  std::vector<simulated_application> made;
  if (has_plant()) made.push_back(make(plant_application, "meter-", plant_devices()));
  if (has_field()) made.push_back(make(field_application, "sensor-", field_devices()));
  return made;
}

std::string installation::gateway_configuration() const {
  const auto path = [&](std::string_view file) { return json_quoted(path_of(file)); };
  const bool central = options_.layout == fleet_layout::central;
  const auto tier = options_.tier.value_or(largest_tier);
  const auto units = options_.tier ? options_.units : largest_units;
  const auto quotas =
      "tier = \"" + std::string{azure::to_string(tier)} + "\"\nunits = " + std::to_string(units) + "\n";

  std::string toml;
  toml += "# A gateway for the emulator in " + options_.directory.string() + "\n";
  toml += "[state]\ndirectory = " + path("gateway-state") + "\n\n";
  toml += "[webhook]\nlisten = " + json_quoted(options_.webhook_listen) + "\nusername = \"" + user_name +
          "\"\n\n";
  toml += "[things_stack]\nbase_url = \"https://localhost:" + std::to_string(options_.stack_port) +
          "\"\nca_file = " + path("ca.pem") + "\n";
  const bool by_mqtt = !options_.mqtt.address.empty();
  if (by_mqtt && !options_.mqtt.tenant.empty())
    toml += "tenant = " + json_quoted(options_.mqtt.tenant) + "\n";
  if (by_mqtt) toml += "mqtt_address = " + json_quoted("mqtt://" + options_.mqtt.address) + "\n";
  toml += "\n";
  if (has_plant())
    toml += "[azure.plant]\nconnection_string_file = " + path(plant_file) + "\nca_file = " + path("ca.pem") +
            "\n" + quotas + "\n";
  if (has_field()) {
    toml += "[azure.field]\n";
    if (central) toml += "kind = \"iot-central\"\n";
    toml += "dps_endpoint = \"localhost:" + std::to_string(options_.dps_port) + "\"\nid_scope = \"" +
            id_scope + "\"\ngroup_key_file = " + path(group_file) + "\nca_file = " + path("ca.pem") + "\n";
    toml += "registrations_per_minute = " + std::to_string(options_.dps_quota.value_or(unlimited)) + "\n";
    // IoT Central's hubs are hidden: it has no tier to name.
    if (const auto limits = azure::hub_limits_of(tier, units); central && limits)
      toml += "connects_per_second = " + std::to_string(static_cast<std::uint64_t>(limits->connects)) +
              "\nsends_per_second = " + std::to_string(static_cast<std::uint64_t>(limits->sends)) + "\n";
    else
      toml += quotas;
    toml += "\n";
  }
  const auto add_application = [&](const std::string& id, const char* azure) {
    toml += "[[application]]\nid = \"" + id + "\"\nazure = \"" + azure +
            "\"\nwebhook_password_file = " + path("webhook-password-" + id) +
            "\napi_key_file = " + path("api-key-" + id) + "\n";
    if (by_mqtt) toml += "ingress = [\"webhook\", \"mqtt\"]\nmqtt_key_file = " + path("api-key-" + id) + "\n";
    if (central) toml += std::string{"model_id = \""} + central_model + "\"\n";
    toml += "\n";
  };
  if (has_field()) add_application(field_application, "field");
  if (has_plant()) add_application(plant_application, "plant");
  toml +=
      "[admin]\nlisten = " + json_quoted(options_.admin_listen) + "\nsocket = " + path("admin.sock") + "\n";
  return toml;
}

} // namespace causeway::emulator
