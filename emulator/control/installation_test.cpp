// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/installation.h"

#include "azure/connection_string.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace causeway::emulator {
namespace {

class installation_test : public ::testing::Test {
protected:
  installation_test() {
    std::string pattern = (std::filesystem::temp_directory_path() / "causeway-emulator-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~installation_test() override { std::filesystem::remove_all(directory_); }

  emulator_options options(std::size_t devices = 5) const {
    emulator_options o;
    o.directory = directory_ / "deeper" / "still";
    o.devices = devices;
    return o;
  }
  static std::string read(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::filesystem::path directory_;
};

TEST_F(installation_test, keeps_its_keys_and_certificates) {
  const auto first = installation::prepare(options());
  ASSERT_TRUE(first) << first.fault().message();
  const auto ca = read(first->path_of("ca.pem"));
  const auto second = installation::prepare(options());
  ASSERT_TRUE(second);
  EXPECT_EQ(first->container_id(), second->container_id());
  EXPECT_EQ(first->gateway_configuration(), second->gateway_configuration());
  EXPECT_EQ(first->applications()[0].authorization, second->applications()[0].authorization);
  EXPECT_EQ(read(second->path_of("ca.pem")), ca);
  EXPECT_FALSE(ca.empty());
}

TEST_F(installation_test, writes_credentials_that_only_the_owner_reads_and_that_open_its_own_hub) {
  const auto made = installation::prepare(options());
  ASSERT_TRUE(made);
  for (const auto* file : {"master-key", "plant-connection-string", "group-key",
                           "webhook-password-starter-kit", "webhook-password-water-meters"}) {
    struct stat status {};
    ASSERT_EQ(::stat(made->path_of(file).c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file;
  }
  const auto text = read(made->path_of("plant-connection-string"));
  const auto parsed = azure::parse_connection_string(secret{text}, "plant");
  ASSERT_TRUE(parsed) << parsed.fault().message();
  EXPECT_EQ(parsed->hub.port, 15671);
  const auto registry = made->make_registry();
  EXPECT_EQ(registry.find_policy(parsed->policy)->keys.primary.bytes(), parsed->key.bytes());
}

TEST_F(installation_test, gives_the_first_half_of_the_devices_identities) {
  const auto made = installation::prepare(options(5));
  ASSERT_TRUE(made);
  const auto registry = made->make_registry();
  EXPECT_EQ(registry.size(), 2U);
  EXPECT_NE(registry.find(identity{"meter-00002"}), nullptr);
  const auto applications = made->applications();
  EXPECT_EQ(applications[0].devices.size(), 2U);
  EXPECT_EQ(applications[1].devices.size(), 3U);
  EXPECT_EQ(applications[1].devices.back(), "sensor-00003");
}

TEST_F(installation_test, says_which_path_it_cannot_use) {
  auto o = options();
  o.directory = "/proc/nothing/here";
  const auto made = installation::prepare(o);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::state_unusable);
  EXPECT_NE(made.fault().detail().find("/proc/nothing/here"), std::string::npos);
}

TEST_F(installation_test, lays_the_fleet_out_as_asked) {
  struct expected {
    fleet_layout layout;
    std::size_t plant, field;
    const char* has;
    const char* lacks;
  };
  for (const auto& each : {expected{fleet_layout::mixed, 2, 3, "[azure.plant]", "iot-central"},
                           expected{fleet_layout::hub, 5, 0, "[azure.plant]", "[azure.field]"},
                           expected{fleet_layout::dps, 0, 5, "[azure.field]", "[azure.plant]"},
                           expected{fleet_layout::central, 0, 5, "kind = \"iot-central\"", "tier ="}}) {
    auto o = options(5);
    o.layout = each.layout;
    const auto made = installation::prepare(o);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->plant_devices(), each.plant);
    EXPECT_EQ(made->field_devices(), each.field);
    const auto toml = made->gateway_configuration();
    EXPECT_NE(toml.find(each.has), std::string::npos) << toml;
    EXPECT_EQ(toml.find(each.lacks), std::string::npos) << toml;
    EXPECT_EQ(toml.find("model_id") != std::string::npos, each.layout == fleet_layout::central);
  }
}

TEST_F(installation_test, a_mixed_fleet_has_as_many_devices_from_the_hub_as_asked) {
  auto o = options(5);
  for (const auto& [asked, from_hub] : {std::pair{0U, 0U}, {1U, 1U}, {9U, 5U}}) {
    o.hub_devices = asked;
    const auto made = installation::prepare(o);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->plant_devices(), from_hub);
    EXPECT_EQ(made->field_devices(), 5 - from_hub);
  }
}

TEST_F(installation_test, tells_the_gateway_the_quotas_that_are_named) {
  auto o = options();
  o.tier = azure::tier::s1;
  o.units = 20;
  o.dps_quota = 1000;
  o.dps_enforced = 500;
  const auto named = installation::prepare(o);
  ASSERT_TRUE(named);
  EXPECT_NE(named->gateway_configuration().find("tier = \"S1\"\nunits = 20\n"), std::string::npos);
  EXPECT_NE(named->gateway_configuration().find("registrations_per_minute = 1000\n"), std::string::npos);
  EXPECT_EQ(named->make_dps_options().registrations_per_minute, 500U);
  EXPECT_EQ(named->make_hub_options().throttles.connects_per_second, 240);
  const auto open = installation::prepare(options());
  ASSERT_TRUE(open);
  EXPECT_NE(open->gateway_configuration().find("tier = \"S3\"\nunits = 10\n"), std::string::npos);
  EXPECT_FALSE(open->make_dps_options().registrations_per_minute);
  EXPECT_EQ(open->make_hub_options().throttles.connects_per_second, 0);
}

TEST_F(installation_test, gives_every_hub_a_port_and_every_application_an_api_key) {
  auto o = options();
  o.hubs = 3;
  o.more_hub_ports = {17'000};
  const auto made = installation::prepare(o);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->hub_host(0), "localhost:15671");
  EXPECT_EQ(made->hub_host(1), "localhost:17000");
  EXPECT_EQ(made->hub_host(2), "localhost:15673");
  EXPECT_NE(made->container_id(0), made->container_id(1));
  EXPECT_EQ(made->make_registry(1).size(), 0U);
  const auto key = made->api_key_of(field_application);
  EXPECT_EQ(key.size(), 6U + 39 + 1 + 52);
  EXPECT_EQ(read(made->path_of("api-key-starter-kit")), key + "\n");
  EXPECT_NE(key, made->api_key_of(plant_application));
}

} // namespace
} // namespace causeway::emulator
