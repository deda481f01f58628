// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_services.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <cstdlib>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

// The control API over services without ports.
class control_services_test : public ::testing::Test {
protected:
  control_services_test() {
    std::string pattern = (std::filesystem::temp_directory_path() / "causeway-emulator-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    emulator_options options;
    options.directory = directory_;
    options.hubs = 2;
    options.retry_after = 0;
    made_.emplace(*installation::prepare(options));
    first_.emplace(made_->make_registry(0));
    second_.emplace(made_->make_registry(1));
    hubs_.emplace_back(std::make_unique<hub_service>(*first_, accepted_, faults_.hub(0), "one", 0));
    hubs_.emplace_back(std::make_unique<hub_service>(*second_, accepted_, faults_.hub(1), "two", 1));
    dps_.emplace(std::vector<linked_hub>{{&*first_, made_->hub_host(0)}, {&*second_, made_->hub_host(1)}},
                 faults_.services(), made_->make_dps_options(), "seed");
    shown_ = {&*made_, &loop_,       &faults_, &accepted_, {hubs_[0].get(), hubs_[1].get()},
              &*dps_,  &registered_, &changes_};
  }
  ~control_services_test() override { std::filesystem::remove_all(directory_); }

  json::object ask(const std::string& method, const std::string& target, const std::string& body = {},
                   int status = 200) {
    const auto answered = answer_control(shown_, {method, target, {}, body, "127.0.0.1"});
    EXPECT_EQ(answered.status, status) << method << " " << target << ": " << answered.body;
    return json::parse(answered.body).as_object();
  }
  int registers(const std::string& registration) {
    const auto resource = std::string{id_scope} + "/registrations/" + registration;
    const auto token =
        azure::make_sas_token(resource, azure::derive_device_key(dps_->group_keys().primary, registration),
                              loop_.now().wall + std::chrono::hours{1}, "registration");
    return dps_->handle({"PUT", "/" + resource + "/register", std::string{token.reveal()}, {}}, loop_.now())
        .status;
  }

  std::filesystem::path directory_;
  net::loop loop_;
  std::optional<installation> made_;
  std::optional<identity_registry> first_, second_;
  fault_tables faults_{2};
  arrivals accepted_{"hub"};
  std::vector<std::unique_ptr<hub_service>> hubs_;
  std::optional<dps_service> dps_;
  stack_registry registered_{faults_.services(), {}, "seed"};
  stack_access access_{registered_};
  registry_stream changes_{access_, faults_.services(), "seed"};
  controlled shown_;
};

TEST_F(control_services_test, shows_what_dps_accepted_and_when) {
  const auto before = ask("GET", "/dps");
  EXPECT_FALSE(before.contains("first_registration_ms"));
  EXPECT_EQ(registers("a"), 200);
  EXPECT_EQ(registers("b"), 200);
  const auto after = ask("GET", "/dps");
  EXPECT_EQ(after.at("accepted_registrations"), 2);
  EXPECT_EQ(after.at("accepted_by_minute"), json::array{2});
  EXPECT_GE(after.at("last_registration_ms").as_int64(), after.at("first_registration_ms").as_int64());
  EXPECT_EQ(ask("GET", "/dps?registration=a").at("status"), "assigned");
  ask("DELETE", "/dps");
  EXPECT_EQ(ask("GET", "/dps").at("accepted_by_minute"), json::array());
}

TEST_F(control_services_test, changes_enrolments_and_moves_registrations) {
  EXPECT_EQ(ask("PUT", "/dps/enrolments/a", R"({"device_id":"renamed"})", 201).at("device_id"), "renamed");
  EXPECT_EQ(ask("PUT", "/dps/enrolments/a", R"({"status":"disabled"})").at("device_id"), "renamed");
  ask("PUT", "/dps/enrolments/a", R"({"status":"enabled"})");
  ask("PUT", "/dps/enrolments/a", R"({"device_id":"not allowed/"})", 400);
  registers("a");
  EXPECT_EQ(ask("GET", "/dps?registration=a").at("device"), "renamed");
  ask("POST", "/dps/reassign", R"({"pattern":"*","hub":2})", 404);
  ask("POST", "/dps/reassign", R"({"pattern":"*","hub":0})");
  EXPECT_EQ(ask("POST", "/dps/reassign", R"({"pattern":"*","hub":1})").at("moved"), 1);
  ask("GET", "/devices/renamed", {}, 404);
  registers("a");
  EXPECT_EQ(ask("GET", "/devices/renamed").at("hub"), 1);
  ask("GET", "/devices/renamed?hub=0", {}, 404);
  ask("DELETE", "/dps/enrolments/a");
  ask("DELETE", "/dps/enrolments/a", {}, 404);
  EXPECT_EQ(ask("PUT", "/dps/group", R"({"status":"disabled"})").at("status"), "disabled");
  ask("PUT", "/dps/group", "{}", 400);
}

TEST_F(control_services_test, changes_the_registry_and_makes_applications) {
  ask("PUT", "/registry/app1/d1", R"({"attributes":{"azureintegration":"false"}})", 201);
  ask("PUT", "/registry/app1/d1", R"({"name":"n"})");
  ask("PUT", "/registry/app1/d1", R"({"attributes":7})", 400);
  const auto shown = ask("GET", "/registry").at("applications").at("app1").as_object();
  EXPECT_EQ(shown.at("devices"), 1);
  EXPECT_EQ(shown.at("api_key").as_string(), made_->api_key_of("app1"));
  ask("DELETE", "/registry/app1/d1");
  ask("DELETE", "/registry/app1/d1", {}, 404);
  ask("PUT", "/registry/app1/d2", {}, 201);
  ask("DELETE", "/registry/app1");
  ask("DELETE", "/registry/app2", {}, 404);
  EXPECT_EQ(ask("GET", "/registry").at("applications").at("app1").at("devices"), 0);
}

TEST_F(control_services_test, keeps_hubs_apart) {
  ask("PUT", "/devices/new", "{}", 201);
  EXPECT_EQ(ask("GET", "/devices/new").at("hub"), 0);
  ask("PUT", "/devices/other?hub=1", "{}", 201);
  EXPECT_EQ(ask("GET", "/devices?hub=1").at("devices"), json::array{"other"});
  const auto all = ask("GET", "/ledger");
  EXPECT_EQ(all.at("by_hub").at(1).at("identities"), 1);
  EXPECT_EQ(all.at("identities").as_int64(), 1 + all.at("by_hub").at(0).at("identities").as_int64());
  ask("POST", "/faults", R"({"kind":"hub_hang","hub":2})", 404);
  ask("POST", "/faults", R"({"kind":"hub_hang","hub":1})", 201);
  EXPECT_FALSE(faults_.hub(0).active(fault_kind::hub_hang));
  EXPECT_TRUE(faults_.hub(1).active(fault_kind::hub_hang));
}

} // namespace
} // namespace causeway::emulator
