// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_registry.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr const char* own_key = "NNSXS.OWN.KEY";

class stack_registry_test : public ::testing::Test {
protected:
  stack_registry_test() {
    registry_.add_application("app1", own_key, {"d1", "d2", "d3", "d4", "d5"});
    registry_.add_application("app2", "NNSXS.OTHER.KEY", {});
  }
  registry_response get(const std::string& query, const std::string& rest = {},
                        const std::string& authorization = std::string{"Bearer "} + own_key) {
    return on(registry_, query, rest, authorization);
  }
  registry_response on(stack_registry& registry, const std::string& query, const std::string& rest = {},
                       const std::string& authorization = std::string{"Bearer "} + own_key) {
    return registry.handle({"GET", "/api/v3/applications/app1/devices" + rest, query, authorization},
                           clock_.now());
  }
  static boost::json::object parse(const registry_response& response) {
    return boost::json::parse(response.body).as_object();
  }
  static std::string ids(const registry_response& response) {
    std::string joined;
    const auto body = parse(response);
    if (const auto* devices = body.if_contains("end_devices"))
      for (const auto& device : devices->as_array())
        joined += std::string{device.at("ids").at("device_id").as_string()} + " ";
    return joined;
  }
  static std::string header(const registry_response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }
  static std::string name_of(const registry_response& response) {
    return std::string{parse(response).at("details").at(0).at("name").as_string()};
  }
  void add_fault(fault_kind kind, std::string pattern = "*") {
    fault rule;
    rule.kind = kind;
    rule.pattern = std::move(pattern);
    faults_.add(rule);
  }

  manual_clock clock_;
  fault_table faults_;
  stack_registry registry_{faults_, {}, "seed"};
};

TEST_F(stack_registry_test, pages_to_an_empty_object) {
  EXPECT_EQ(ids(get("limit=2&page=1")), "d1 d2 ");
  EXPECT_EQ(ids(get("limit=2&page=0")), "d1 d2 ");
  EXPECT_EQ(ids(get("limit=2&page=2")), "d3 d4 ");
  const auto last = get("limit=2&page=3");
  EXPECT_EQ(ids(last), "d5 ");
  EXPECT_EQ(header(last, "X-Total-Count"), "5");
  const auto beyond = get("limit=2&page=4");
  EXPECT_EQ(beyond.status, 200);
  EXPECT_EQ(beyond.body, "{}");
  EXPECT_EQ(registry_.totals().lists, 5U);
}

TEST_F(stack_registry_test, orders_as_asked_and_by_name_where_the_stack_does_not_know_better) {
  registry_.put("app1", "a0", {}, clock_.now().wall);
  EXPECT_EQ(ids(get("")), "a0 d1 d2 d3 d4 d5 ");
  EXPECT_EQ(ids(get("order=created_at")), "d1 d2 d3 d4 d5 a0 ");
  EXPECT_EQ(ids(get("order=-created_at&limit=2")), "a0 d5 ");
  EXPECT_EQ(ids(get("order=-device_id&limit=2")), "d5 d4 ");
  EXPECT_EQ(ids(get("order=-dev_eui&limit=2")), "a0 d1 ");
}

TEST_F(stack_registry_test, gives_attributes_and_names_only_to_who_asks) {
  registry_.put("app1", "d1", {"Pump \"1\"", std::nullopt, attribute_list{{"dtdlmodelid", "dtmi:x:own;2"}}},
                clock_.now().wall);
  for (const auto* query : {"field_mask=name,attributes", "field_mask.paths=name&field_mask.paths=attributes",
                            "field_mask.paths=name%2Cattributes"}) {
    const auto device = parse(get(query)).at("end_devices").at(0).as_object();
    EXPECT_EQ(device.at("name"), "Pump \"1\"") << query;
    EXPECT_EQ(device.at("attributes").at("dtdlmodelid"), "dtmi:x:own;2");
    EXPECT_EQ(device.at("updated_at"), "2026-01-01T00:00:00.000Z");
  }
  const auto bare = parse(get("")).at("end_devices").at(0).as_object();
  EXPECT_FALSE(bare.contains("name"));
  EXPECT_FALSE(bare.contains("attributes"));
  EXPECT_EQ(bare.at("ids").at("dev_eui").as_string().size(), 16U);
  EXPECT_TRUE(bare.contains("created_at"));
}

TEST_F(stack_registry_test, refuses_what_the_stack_refuses) {
  EXPECT_EQ(get("limit=1000").status, 200);
  EXPECT_EQ(get("limit=1001").status, 400);
  EXPECT_EQ(get("page=x").status, 400);
  const auto forbidden = get("field_mask=attributes,mac_state.x");
  EXPECT_EQ(forbidden.status, 400);
  EXPECT_NE(forbidden.body.find("forbidden path(s) in field mask"), std::string::npos);
  EXPECT_EQ(registry_.handle({"POST", "/api/v3/applications/app1/devices", "", own_key}, clock_.now()).status,
            501);
  EXPECT_EQ(registry_.handle({"GET", "/api/v3/applications", "", own_key}, clock_.now()).status, 404);
  EXPECT_EQ(registry_.totals().refused, 5U);
  EXPECT_EQ(registry_.totals().answers.at(400), 3U);
}

TEST_F(stack_registry_test, wants_the_applications_own_key) {
  EXPECT_EQ(get("", "", "").status, 401);
  EXPECT_EQ(get("", "", "Basic abc").status, 401);
  EXPECT_EQ(get("", "", "Bearer NNSXS.NO.KEY").status, 401);
  const auto foreign = get("", "", "Bearer NNSXS.OTHER.KEY");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(name_of(foreign), "no_application_rights");
  EXPECT_EQ(parse(foreign).at("message"),
            "error:pkg/auth/rights:no_application_rights (no rights for application `app1`)");
  EXPECT_EQ(get("", "", std::string{"bearer "} + own_key).status, 200);
}

TEST_F(stack_registry_test, looks_up_one_device) {
  registry_.put("app1", "d2", {std::nullopt, "70B3D57ED0000001", std::nullopt}, clock_.now().wall);
  EXPECT_EQ(parse(get("", "/d2")).at("ids").at("dev_eui"), "70B3D57ED0000001");
  EXPECT_TRUE(registry_.remove("app1", "d2", clock_.now().wall));
  EXPECT_FALSE(registry_.remove("app1", "d2", clock_.now().wall));
  const auto gone = get("field_mask=attributes", "/d2");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(parse(gone).at("code"), 5);
  EXPECT_EQ(registry_.totals().lookups, 2U);
}

// things-stack-wire.md E.5.
TEST_F(stack_registry_test, tells_what_has_changed_and_counts_all) {
  const auto ask = [&](const std::string& body) {
    return registry_.handle(
        {"POST", "/api/v3/applications/app1/devices/filter", "", std::string{"Bearer "} + own_key, body},
        clock_.now());
  };
  const auto since = format_rfc3339(clock_.now().wall);
  clock_.advance(std::chrono::seconds{10});
  const auto body = [&](std::size_t page) {
    return R"({"field_mask":{"paths":["attributes"]},"filters":[{"updated_since":")" + since +
           R"("}],"limit":2,"page":)" + std::to_string(page) + R"(,"order":"device_id"})";
  };
  EXPECT_EQ(ask(body(1)).body, "{}");
  for (const auto* id : {"d5", "d1", "d3"})
    registry_.put("app1", id, {{}, {}, attribute_list{{"azureintegration", "false"}}}, clock_.now().wall);
  const auto first = ask(body(1));
  EXPECT_EQ(ids(first), "d1 d3 ");
  EXPECT_EQ(header(first, "X-Total-Count"), "5");
  EXPECT_NE(first.body.find("azureintegration"), std::string::npos);
  EXPECT_EQ(ids(ask(body(2))), "d5 ");
  EXPECT_EQ(ask(body(3)).body, "{}");
  EXPECT_EQ(registry_.move("app1", "d*", clock_.now().wall), 5U);
  EXPECT_EQ(ids(ask(body(3))), "d5 ");

  const auto later = format_rfc3339(clock_.now().wall + std::chrono::seconds{1});
  EXPECT_EQ(ask(R"({"filters":[{"updated_since":")" + later + R"("}]})").status, 400);
  EXPECT_EQ(ask("{").status, 400);
  EXPECT_EQ(ask(R"({"limit":1001})").status, 400);
  add_fault(fault_kind::registry_no_changes);
  EXPECT_EQ(ask(body(1)).status, 404);
}

TEST_F(stack_registry_test, limits_each_method_by_itself) {
  stack_registry limited{faults_, {1}, "seed"};
  limited.add_application("app1", own_key, {"d1"});
  EXPECT_EQ(on(limited, "").status, 200);
  EXPECT_EQ(on(limited, "").status, 429);
  EXPECT_EQ(on(limited, "", "/d1").status, 200);
  EXPECT_EQ(on(limited, "", "/d1").status, 429);
}

TEST_F(stack_registry_test, limits_the_rate_of_a_key_and_says_so) {
  stack_registry limited{faults_, {2}, "seed"};
  limited.add_application("app1", own_key, {"d1"});
  EXPECT_EQ(header(on(limited, ""), "X-Rate-Limit-Available"), "1");
  EXPECT_EQ(on(limited, "").status, 200);
  const auto refused = on(limited, "");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "X-Rate-Limit-Limit"), "2");
  EXPECT_EQ(header(refused, "X-Rate-Limit-Available"), "0");
  EXPECT_EQ(header(refused, "X-Rate-Limit-Retry"), "30");
  EXPECT_EQ(name_of(refused), "rate_limit_exceeded");
  EXPECT_EQ(parse(refused).at("details").at(0).at("attributes").at("rate"), 2);
  clock_.advance(30s);
  EXPECT_EQ(on(limited, "").status, 200);
  EXPECT_EQ(header(get(""), "X-Rate-Limit-Limit"), "");
}

TEST_F(stack_registry_test, lies_on_demand) {
  add_fault(fault_kind::registry_endless_pages);
  EXPECT_EQ(ids(get("limit=7&page=1")), "d1 d2 d3 d4 d5 d1 d2 ");
  EXPECT_EQ(ids(get("limit=2&page=1000")), "d4 d5 ");
  faults_.clear();
  add_fault(fault_kind::registry_duplicates);
  EXPECT_EQ(ids(get("limit=3&page=1")), "d1 d2 d3 ");
  EXPECT_EQ(ids(get("limit=3&page=2")), "d3 d4 d5 ");
  EXPECT_EQ(ids(get("limit=3&page=3")), "d5 ");
  EXPECT_EQ(get("limit=3&page=4").body, "{}");
  faults_.clear();
  add_fault(fault_kind::registry_long_attributes);
  const auto device = parse(get("limit=1&field_mask=attributes")).at("end_devices").at(0).as_object();
  EXPECT_EQ(device.at("attributes").at("dtdlmodelid").as_string().size(), 10'000U);
  faults_.clear();
  add_fault(fault_kind::registry_endless_pages, "app2"); // of another application
  EXPECT_EQ(get("page=2").body, "{}");
}

TEST_F(stack_registry_test, fails_on_demand) {
  fault rule;
  rule.kind = fault_kind::registry_status;
  rule.pattern = "app1";
  rule.status = 503;
  rule.retry_after = 7;
  rule.remaining = 1;
  faults_.add(rule);
  const auto failed = get("");
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(header(failed, "Retry-After"), "7");
  EXPECT_EQ(parse(failed).at("code"), 14);
  EXPECT_EQ(get("").status, 200);
}

} // namespace
} // namespace causeway::emulator
