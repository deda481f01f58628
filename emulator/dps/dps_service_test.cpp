// SPDX-License-Identifier: Apache-2.0
#include "emulator/dps/dps_service.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr const char* scope = "0ne00EMU000";

class dps_service_test : public ::testing::Test {
protected:
  static key_pair group_keys() {
    return {azure::signing_key{secret{"group primary"}}, azure::signing_key{secret{"group secondary"}}};
  }
  static dps_options options(std::chrono::seconds retry_after) { return {scope, group_keys(), retry_after}; }

  std::string token(const std::string& registration, const azure::signing_key& group,
                    const std::string& policy = "registration") {
    return std::string{azure::make_sas_token(std::string{scope} + "/registrations/" + registration,
                                             azure::derive_device_key(group, registration),
                                             clock_.now().wall + 1h, policy)
                           .reveal()};
  }
  dps_request request(const std::string& method, const std::string& registration, const std::string& rest,
                      const std::string& body = {}) {
    return {method, "/" + std::string{scope} + "/registrations/" + registration + rest,
            token(registration, group_keys().primary), body};
  }
  dps_response start(const std::string& registration, const std::string& body = {}) {
    return service_.handle(request("PUT", registration, "/register", body), clock_.now());
  }
  dps_response poll(const std::string& registration, const std::string& operation) {
    return service_.handle(request("GET", registration, "/operations/" + operation), clock_.now());
  }
  static boost::json::object parse(const dps_response& response) {
    return boost::json::parse(response.body).as_object();
  }
  static std::string operation_of(const dps_response& response) {
    return std::string{parse(response).at("operationId").as_string()};
  }
  static std::string header(const dps_response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }

  manual_clock clock_;
  identity_registry registry_{{"localhost"}};
  fault_table faults_;
  dps_service service_{{{&registry_, "localhost:15671"}}, faults_, options(3s), "seed"};
};

TEST_F(dps_service_test, assigns_after_the_time_it_asks_to_wait) {
  const auto first = start("sensor-1", R"({"registrationId":"sensor-1","payload":{"modelId":"dtmi:a:b;1"}})");
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(header(first, "Retry-After"), "3");
  EXPECT_EQ(parse(first).at("status"), "assigning");
  const auto operation = operation_of(first);
  EXPECT_NE(operation.find('.'), std::string::npos);
  EXPECT_EQ(percent_encode(operation), operation);

  clock_.advance(2s);
  EXPECT_EQ(poll("sensor-1", operation).status, 202);
  EXPECT_EQ(registry_.size(), 0U);
  clock_.advance(1s);
  const auto last = poll("sensor-1", operation);
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(header(last, "Retry-After"), "");
  const auto body = parse(last);
  EXPECT_EQ(body.at("status"), "assigned");
  const auto& state = body.at("registrationState").as_object();
  EXPECT_EQ(state.at("assignedHub"), "localhost:15671");
  EXPECT_EQ(state.at("deviceId"), "sensor-1");
  EXPECT_EQ(state.at("status"), "assigned");
  EXPECT_EQ(state.at("substatus"), "initialAssignment");
  EXPECT_EQ(state.at("payload").at("modelId"), "dtmi:a:b;1");

  const auto* device = registry_.find(identity{"sensor-1"});
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->keys.primary.bytes(), derive_keys(group_keys(), "sensor-1").primary.bytes());
  EXPECT_EQ(service_.totals().registrations, 1U);
  EXPECT_EQ(service_.totals().polls, 2U);
  EXPECT_EQ(service_.view_of("Sensor-1").counts.polls, 2U);
  EXPECT_EQ(service_.totals().answers.at(202), 2U);
}

TEST_F(dps_service_test, assigns_at_once_when_there_is_no_wait) {
  dps_service fast{{{&registry_, "localhost:15671"}}, faults_, options(0s), "seed"};
  const auto response = fast.handle(request("PUT", "sensor-1", "/register"), clock_.now());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(parse(response).at("status"), "assigned");
}

TEST_F(dps_service_test, takes_the_secondary_key_an_empty_policy_and_no_policy) {
  auto r = request("PUT", "sensor-1", "/register");
  r.authorization = token("sensor-1", group_keys().secondary);
  EXPECT_EQ(service_.handle(r, clock_.now()).status, 202);
  r.authorization = token("sensor-1", group_keys().primary, "") + "&skn=";
  EXPECT_EQ(service_.handle(r, clock_.now()).status, 202);
}

TEST_F(dps_service_test, refuses_what_is_not_authorised) {
  auto r = request("PUT", "sensor-1", "/register");
  const auto expect_unauthorised = [&](const std::string& authorization) {
    r.authorization = authorization;
    const auto response = service_.handle(r, clock_.now());
    EXPECT_EQ(response.status, 401) << authorization;
    EXPECT_EQ(parse(response).at("errorCode"), 401002);
    EXPECT_EQ(parse(response).at("message"), "Unauthorized");
  };
  expect_unauthorised("");
  expect_unauthorised("Bearer x");
  expect_unauthorised(token("sensor-2", group_keys().primary));
  expect_unauthorised(token("sensor-1", azure::signing_key{secret{"wrong"}}));
  expect_unauthorised(token("sensor-1", group_keys().primary, "owner"));
  const auto old = token("sensor-1", group_keys().primary);
  clock_.advance(2h);
  expect_unauthorised(old);

  auto elsewhere = request("PUT", "sensor-1", "/register");
  elsewhere.path = "/0ne00OTHER/registrations/sensor-1/register";
  EXPECT_EQ(service_.handle(elsewhere, clock_.now()).status, 401);
}

TEST_F(dps_service_test, prefers_an_individual_enrolment_with_its_own_keys_and_device_id) {
  individual_enrolment own{
      {azure::signing_key{secret{"own"}}, azure::signing_key{secret{"own 2"}}}, "other-name", true};
  service_.enrol("sensor-1", std::move(own));
  EXPECT_EQ(start("sensor-1").status, 401);
  auto r = request("PUT", "sensor-1", "/register");
  r.authorization = std::string{azure::make_sas_token(std::string{scope} + "/registrations/sensor-1",
                                                      azure::signing_key{secret{"own"}},
                                                      clock_.now().wall + 1h, "registration")
                                    .reveal()};
  const auto first = service_.handle(r, clock_.now());
  ASSERT_EQ(first.status, 202);
  clock_.advance(3s);
  r.method = "GET";
  r.path = "/" + std::string{scope} + "/registrations/sensor-1/operations/" + operation_of(first);
  EXPECT_EQ(parse(service_.handle(r, clock_.now())).at("registrationState").at("deviceId"), "other-name");
  EXPECT_NE(registry_.find(identity{"other-name"}), nullptr);
}

TEST_F(dps_service_test, ends_a_disabled_enrolment_as_disabled) {
  fault rule;
  rule.kind = fault_kind::dps_disabled;
  faults_.add(rule);
  const auto operation = operation_of(start("sensor-1"));
  clock_.advance(3s);
  const auto last = poll("sensor-1", operation);
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(parse(last).at("status"), "disabled");
  EXPECT_EQ(registry_.size(), 0U);
}

TEST_F(dps_service_test, assigns_when_it_is_told_whatever_it_asks_to_wait) {
  auto made = options(3s);
  made.assign_after = 400ms;
  dps_service service{{{&registry_, "localhost:15671"}}, faults_, std::move(made), "seed"};
  const auto first = service.handle(request("PUT", "sensor-1", "/register"), clock_.now());
  EXPECT_EQ(header(first, "Retry-After"), "3");
  const auto ask = [&] {
    return service.handle(request("GET", "sensor-1", "/operations/" + operation_of(first)), clock_.now());
  };
  clock_.advance(399ms);
  EXPECT_EQ(ask().status, 202);
  clock_.advance(1ms);
  EXPECT_EQ(ask().status, 200);

  const auto steps = service.view_of("sensor-1").steps;
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].what, dps_step::kind::registration);
  EXPECT_EQ(steps[2].what, dps_step::kind::poll);
  EXPECT_EQ(steps[1].status, 202);
  EXPECT_EQ(steps[2].status, 200);
  EXPECT_EQ(steps[2].at.mono - steps[0].at.mono, 400ms);
  service.reset_counters();
  EXPECT_TRUE(service.view_of("sensor-1").steps.empty());
}

TEST_F(dps_service_test, keeps_the_last_32_steps_of_a_device) {
  const auto operation = operation_of(start("sensor-1"));
  for (int i = 0; i < 40; ++i)
    poll("sensor-1", operation);
  const auto steps = service_.view_of("sensor-1").steps;
  ASSERT_EQ(steps.size(), 32U);
  EXPECT_EQ(steps.front().what, dps_step::kind::poll);
}

TEST_F(dps_service_test, polls_alone_are_refused_where_the_fault_says_so) {
  fault rule;
  rule.kind = fault_kind::dps_poll_status;
  rule.status = 404;
  rule.remaining = 1;
  faults_.add(rule);
  const auto operation = operation_of(start("sensor-1"));
  const auto gone = poll("sensor-1", operation);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(parse(gone).at("errorCode"), 404203);
  EXPECT_EQ(poll("sensor-1", operation).status, 202);
  EXPECT_EQ(parse(poll("sensor-1", "5.none")).at("errorCode"), 404203);
}

TEST_F(dps_service_test, answers_as_the_faults_say) {
  struct row {
    int status, code;
  };
  for (const auto [status, code] : {row{401, 401002}, row{404, 404201}, row{429, 429001}, row{500, 500000}}) {
    fault rule;
    rule.kind = fault_kind::dps_status;
    rule.pattern = "sensor-*";
    rule.status = status;
    rule.retry_after = 7;
    rule.remaining = 1;
    faults_.add(rule);
    EXPECT_EQ(start("meter-1").status, 202);
    const auto response = start("sensor-1");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(parse(response).at("errorCode"), code);
    EXPECT_EQ(header(response, "Retry-After"), "7");
    EXPECT_EQ(start("sensor-1").status, 202);
  }
}

TEST_F(dps_service_test, looks_up_a_registration_without_an_operation) {
  EXPECT_EQ(service_.handle(request("POST", "sensor-1", ""), clock_.now()).status, 404);
  start("sensor-1");
  clock_.advance(3s);
  const auto response = service_.handle(request("POST", "sensor-1", ""), clock_.now());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(parse(response).at("status"), "assigned");
  EXPECT_EQ(service_.totals().lookups, 2U);
}

TEST_F(dps_service_test, refuses_malformed_requests) {
  EXPECT_EQ(start("sensor-1", "{").status, 400);
  EXPECT_EQ(start("sensor-1", "[]").status, 400);
  EXPECT_EQ(start("sensor-1", R"({"registrationId":"other"})").status, 400);
  EXPECT_EQ(start("bad%2Fid").status, 400);
  EXPECT_EQ(service_.handle(request("GET", "sensor-1", "/register"), clock_.now()).status, 405);
  EXPECT_EQ(service_.handle(request("GET", "sensor-1", "/nothing/at/all"), clock_.now()).status, 404);
  EXPECT_EQ(service_.handle({"GET", "/", "", ""}, clock_.now()).status, 404);
  EXPECT_EQ(poll("sensor-1", "5.unknown").status, 404);
}

TEST_F(dps_service_test, takes_a_payload_that_is_a_string_but_does_not_echo_it) {
  const auto operation = operation_of(start("sensor-1", R"({"payload":"{\"modelId\":\"x\"}"})"));
  clock_.advance(3s);
  EXPECT_FALSE(parse(poll("sensor-1", operation)).at("registrationState").as_object().contains("payload"));
}

TEST_F(dps_service_test, gives_a_removed_identity_back_when_it_registers_again) {
  auto operation = operation_of(start("sensor-1"));
  clock_.advance(3s);
  poll("sensor-1", operation);
  registry_.remove(identity{"sensor-1"});
  operation = operation_of(start("sensor-1"));
  clock_.advance(3s);
  poll("sensor-1", operation);
  EXPECT_NE(registry_.find(identity{"sensor-1"}), nullptr);
}

// Two hubs behind one service.
class dps_hubs_test : public dps_service_test {
protected:
  dps_service make(std::optional<std::uint32_t> quota = std::nullopt) {
    auto with = options(0s);
    with.registrations_per_minute = quota;
    return dps_service{
        {{&registry_, "localhost:1"}, {&second_, "localhost:2"}}, faults_, std::move(with), "seed"};
  }
  dps_response start_at(dps_service& service, const std::string& registration, const std::string& body = {}) {
    return service.handle(request("PUT", registration, "/register", body), clock_.now());
  }
  dps_response look_up_at(dps_service& service, const std::string& registration) {
    return service.handle(request("POST", registration, ""), clock_.now());
  }
  static std::string text(const dps_response& response, std::string_view field) {
    auto body = parse(response);
    if (const auto* state = body.if_contains("registrationState")) body = state->as_object();
    const auto* found = body.if_contains(field);
    return found == nullptr ? "" : std::string{found->as_string()};
  }

  identity_registry second_{{"localhost"}};
};

TEST_F(dps_hubs_test, spread_devices_and_keep_each_where_it_is) {
  auto service = make();
  for (int i = 0; i < 200; ++i)
    start_at(service, "sensor-" + std::to_string(i));
  const auto assigned = service.assigned_by_hub();
  EXPECT_EQ(assigned[0] + assigned[1], 200U);
  EXPECT_GT(assigned[0], 60U);
  EXPECT_GT(assigned[1], 60U);
  EXPECT_EQ(registry_.size(), assigned[0]);
  const auto hub = service.view_of("sensor-7").hub;
  EXPECT_EQ(text(start_at(service, "sensor-7"), "assignedHub"), hub);
  EXPECT_EQ(text(look_up_at(service, "SENSOR-7"), "assignedHub"), hub);
  EXPECT_EQ(text(look_up_at(service, "sensor-7"), "substatus"), "initialAssignment");
}

TEST_F(dps_hubs_test, move_a_device_with_its_next_registration_or_look_up) {
  auto service = make();
  for (const auto* name : {"a-1", "a-2", "b-1"})
    start_at(service, name);
  service.reassign("*", 0);
  for (const auto* name : {"a-1", "a-2", "b-1"})
    start_at(service, name);
  EXPECT_EQ(registry_.size(), 3U);
  std::vector<std::string> changed;
  service.on_changed([&](std::size_t hub, const identity& device) {
    changed.push_back(std::to_string(hub) + " " + device.str());
  });
  EXPECT_EQ(service.reassign("a-*", 1), 2U);
  EXPECT_EQ(service.reassign("a-*", 1), 0U);
  EXPECT_EQ(registry_.size(), 1U);
  EXPECT_EQ(second_.size(), 0U);
  EXPECT_EQ(changed.size(), 2U);
  const auto registered = start_at(service, "a-1");
  EXPECT_EQ(text(registered, "assignedHub"), "localhost:2");
  EXPECT_EQ(text(registered, "substatus"), "deviceDataMigrated");
  EXPECT_EQ(text(look_up_at(service, "a-2"), "assignedHub"), "localhost:2");
  EXPECT_EQ(second_.size(), 2U);
  EXPECT_EQ(changed.back(), "1 a-2");
}

TEST_F(dps_hubs_test, hold_to_a_quota_of_accepted_registrations) {
  auto service = make(2);
  EXPECT_EQ(start_at(service, "a").status, 200);
  clock_.advance(30s);
  EXPECT_EQ(start_at(service, "b").status, 200);
  clock_.advance(10500ms);
  const auto refused = start_at(service, "c");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "Retry-After"), "20");
  EXPECT_EQ(parse(refused).at("errorCode"), 429001);
  clock_.advance(20s);
  EXPECT_EQ(start_at(service, "c").status, 200);
  clock_.advance(60s);
  EXPECT_EQ(start_at(service, "d").status, 200);
  const auto& totals = service.totals();
  EXPECT_EQ(totals.registrations, 5U);
  EXPECT_EQ(totals.accepted_registrations, 4U);
  EXPECT_EQ(totals.throttled, 1U);
  EXPECT_EQ(totals.accepted_by_minute, (std::vector<std::uint64_t>{2, 1, 1}));
  EXPECT_EQ(totals.last_accepted.mono - totals.first_accepted.mono, 120500ms);
  auto unauthorised = request("PUT", "e", "/register");
  unauthorised.authorization.clear();
  EXPECT_EQ(service.handle(unauthorised, clock_.now()).status, 401);
}

TEST_F(dps_hubs_test, hold_a_device_to_five_polls_in_ten_seconds_where_there_is_a_quota) {
  auto service = make(100);
  const auto operation = operation_of(start_at(service, "a"));
  const auto poll = [&] {
    return service.handle(request("GET", "a", "/operations/" + operation), clock_.now());
  };
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(poll().status, 200);
  const auto refused = poll();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "Retry-After"), "10");
  clock_.advance(10s);
  EXPECT_EQ(poll().status, 200);
}

TEST_F(dps_hubs_test, disable_a_group_but_not_who_has_an_enrolment_of_its_own) {
  auto service = make();
  service.enrol("own", {group_keys(), "renamed", true});
  service.set_group_enabled(false);
  EXPECT_EQ(text(start_at(service, "one"), "status"), "disabled");
  auto asked = request("PUT", "own", "/register");
  asked.authorization = azure::make_sas_token(std::string{scope} + "/registrations/own",
                                              group_keys().secondary, clock_.now().wall + 1h, "registration")
                            .reveal();
  EXPECT_EQ(text(service.handle(asked, clock_.now()), "deviceId"), "renamed");
  service.enrol("own", {group_keys(), "renamed", false});
  EXPECT_EQ(text(service.handle(asked, clock_.now()), "status"), "disabled");
  EXPECT_TRUE(service.remove_enrolment("OWN"));
  EXPECT_FALSE(service.remove_enrolment("own"));
  EXPECT_EQ(service.handle(asked, clock_.now()).status, 401);
  service.set_group_enabled(true);
  EXPECT_EQ(text(start_at(service, "own"), "deviceId"), "own");
}

TEST_F(dps_hubs_test, find_the_model_in_every_shape_that_clients_use) {
  auto service = make();
  for (const auto* body :
       {R"({"payload":{"modelId":"dtmi:a:b;1"}})", R"({"payload":{"iotcModelId":"dtmi:a:b;1"}})",
        R"({"payload":"{\"modelId\":\"dtmi:a:b;1\"}"})", R"({"data":{"iotcModelId":"dtmi:a:b;1"}})"}) {
    EXPECT_EQ(start_at(service, "a", body).status, 200);
    EXPECT_EQ(service.view_of("A").model_id, "dtmi:a:b;1") << body;
    EXPECT_EQ(service.records_without_model(), 0U);
    start_at(service, "a", R"({"payload":"not JSON"})");
    EXPECT_EQ(service.view_of("a").model_id, "");
  }
  EXPECT_EQ(service.records_without_model(), 1U);
}

} // namespace
} // namespace causeway::emulator
