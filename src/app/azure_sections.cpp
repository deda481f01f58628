// SPDX-License-Identifier: Apache-2.0
#include "app/azure_sections.h"

#include "app/wiring.h"
#include "azure/advice.h"
#include "azure/limits.h"
#include "base/encoding.h"

#include <cmath>

namespace causeway::app {
namespace {

class section_maker {
public:
  section_maker(const config::azure_settings& from, const config::places& places, config::findings& found)
      : from_{from}, places_{places}, found_{found}, path_{"azure." + from.name.str()} {}

  cloud::azure_section make() {
    section_.name = section_.enrolment.section = from_.name;
    section_.ca_file = from_.ca_file.string();
    read_strings();
    for (const auto& device : from_.devices)
      from_.dps ? read_individual_key(device) : read_device(device);
    if (from_.dps) read_dps(*from_.dps);
    read_budgets();
    auto tls = net::tls_client_context::make(section_.ca_file);
    if (!tls)
      refuse(path_, "ca_file", std::move(tls).fault().in(path_ + ".ca_file"));
    else
      section_.tls = std::move(*tls);
    return std::move(section_);
  }

private:
  void refuse(const std::string& section, std::string_view key, const error& what) {
    found_.refuse(places_.of(section, key), what);
  }
  void advise(const std::string& section, std::string_view key, const std::string& advice) {
    if (!advice.empty())
      found_.warn(places_.of(section, key), section + "." + std::string{key} + ": " + advice);
  }
  void check_key(const std::string& section, std::string_view key, const azure::signing_key& value) {
    if (!azure::is_key_length(value))
      refuse(section, key,
             error{errc::key_length_wrong,
                   section + "." + std::string{key} + " has " + std::to_string(value.bytes().size())});
    else
      advise(section, key, azure::advice_on_key(value));
  }

  // Nothing: reported.
  std::optional<azure::connection_string> read_string(const std::string& section, std::string_view key,
                                                      const secret& text) {
    auto parsed = azure::parse_connection_string(text, section + "." + std::string{key});
    if (!parsed) {
      refuse(section, key, parsed.fault());
      return std::nullopt;
    }
    check_key(section, key, parsed->key);
    advise(section, key, azure::advice_on_hub(parsed->hub));
    advise(section, key, azure::advice_on_policy(parsed->policy));
    return std::move(*parsed);
  }

  std::optional<azure::connection_string> read_policy(std::string_view key, const secret& text) {
    auto parsed = read_string(path_, key, text);
    if (!parsed || parsed->is_hub_wide()) return parsed;
    refuse(path_, key,
           error{errc::connection_string_malformed,
                 path_ + "." + std::string{key} + " is one device's; put it under [" + path_ + ".devices]"});
    return std::nullopt;
  }

  void read_strings() {
    if (from_.connection_string) section_.policy = read_policy("connection_string", *from_.connection_string);
    if (!from_.secondary_connection_string) return;
    constexpr std::string_view key = "secondary_connection_string";
    auto second = read_policy(key, *from_.secondary_connection_string);
    if (!second || !section_.policy) return;
    if (second->hub.hub() != section_.policy->hub.hub())
      refuse(path_, key,
             error{errc::connection_string_malformed,
                   path_ + "." + std::string{key} + " is of the hub \"" + second->hub.host +
                       "\", and connection_string of \"" + section_.policy->hub.host + "\""});
    else if (second->policy == section_.policy->policy && second->key.bytes() == section_.policy->key.bytes())
      advise(path_, key, "it is the same key once more; give the policy's other one");
    section_.second_policy = std::move(second);
  }

  void read_individual_key(const config::azure_device& device) {
    const auto section = path_ + ".devices." + json_quoted(device.identity.str());
    auto key = azure::signing_key::parse(device.key, section + ".key");
    if (!key) return refuse(section, "key", key.fault());
    check_key(section, "key", *key);
    const auto id = from_.dps->id_case == config::id_case::lower ? to_lower(device.identity.str())
                                                                 : device.identity.str();
    section_.enrolment.individual_keys.emplace(id, std::move(*key));
  }

  void read_device(const config::azure_device& device) {
    const auto section = path_ + ".devices." + json_quoted(device.identity.str());
    constexpr std::string_view key = "connection_string";
    const auto what = section + "." + std::string{key};
    auto parsed = read_string(section, key, device.connection_string);
    if (!parsed) return;
    if (parsed->is_hub_wide())
      refuse(section, key,
             error{errc::connection_string_malformed, what + " is a whole hub's, not this device's"});
    else if (parsed->device != device.identity)
      refuse(section, key,
             error{errc::connection_string_malformed, what + " has DeviceId=" + parsed->device.str()});
    else
      section_.devices.emplace(device.identity.str(), std::move(*parsed));
  }

  void read_dps(const config::azure_settings::dps_settings& dps) {
    auto endpoint = azure::parse_hub_address(dps.endpoint, azure::https_port);
    if (!endpoint) {
      refuse(path_, "dps_endpoint", std::move(endpoint).fault().in(path_ + ".dps_endpoint"));
    } else {
      advise(path_, "dps_endpoint", azure::advice_on_dps(*endpoint));
      section_.dps = std::move(*endpoint);
    }
    section_.enrolment.id_scope = dps.id_scope;
    if (dps.group_key) {
      auto key = azure::signing_key::parse(*dps.group_key, path_ + ".group_key");
      if (!key) {
        refuse(path_, "group_key", key.fault());
      } else {
        check_key(path_, "group_key", *key);
        section_.enrolment.group_key = std::move(*key);
      }
    }
    section_.enrolment.first_poll = dps.first_poll;
    section_.enrolment.lower_case_ids = dps.id_case == config::id_case::lower;
    const auto limits = from_.kind == config::azure_kind::iot_central ? azure::dps_limits_of_central()
                                                                      : azure::dps_limits_of_service();
    section_.enrolment.registrations_per_minute = from_.registrations_per_minute.value_or(
        static_cast<std::uint32_t>(std::lround(limits.registrations * 60.0)));
    section_.enrolment.operations_per_second = limits.operations;
  }

  void read_budgets() {
    auto limits = azure::central_limits();
    if (const auto tier = azure::parse_tier(from_.tier); tier && from_.kind == config::azure_kind::iot_hub) {
      auto by_tier = azure::hub_limits_of(*tier, from_.units);
      if (!by_tier)
        refuse(path_, "units", std::move(by_tier).fault().in(path_ + ".units"));
      else
        limits = *by_tier;
    }
    section_.connects_per_second = from_.connects_per_second ? *from_.connects_per_second : limits.connects;
    section_.sends_per_second = from_.sends_per_second ? *from_.sends_per_second : limits.sends;
    section_.has_commands = limits.c2d_sends > 0;
    const auto of_twins = [this](std::optional<std::uint32_t> by_hand, double by_tier) {
      return by_hand && section_.has_commands ? *by_hand : by_tier;
    };
    section_.twin_reads_per_second = of_twins(from_.twin_reads_per_second, limits.twin_reads);
    section_.twin_updates_per_second = of_twins(from_.twin_updates_per_second, limits.twin_updates);
  }

  const config::azure_settings& from_;
  const config::places& places_;
  config::findings& found_;
  std::string path_;
  cloud::azure_section section_;
};

} // namespace

cloud::azure_section make_section(const config::azure_settings& from, const config::places& places,
                                  config::findings& found) {
  return section_maker{from, places, found}.make();
}

result<std::vector<cloud::azure_section>> make_sections(const config::configuration& from) {
  std::vector<cloud::azure_section> sections;
  config::findings found;
  for (const auto& settings : from.azure) {
    sections.push_back(make_section(settings, from.places, found));
    if (!found.faults.empty()) return found.faults.front().what;
  }
  return sections;
}

} // namespace causeway::app
