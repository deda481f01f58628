// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_api.h"

#include "base/encoding.h"
#include "emulator/stack/downlink_scene.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr const char* key = "NNSXS.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB.SECRET";
const std::string devices = "/api/v3/as/applications/lab-app/devices/";
const std::string hook = "/api/v3/as/applications/lab-app/webhooks/hook/devices/";
const std::string records = "/api/v3/ns/applications/lab-app/devices/";

class downlink_http : public downlink_scene {
protected:
  downlink_http() {
    registry_.add_application(app, key, {});
    access_.change(app, *parse_access_change(R"({"webhooks":[{"ids":{"webhook_id":"hook"}}]})"));
    make_abp("abp-2");
    device_change never;
    never.joined = false;
    make("otaa-3", never);
  }
  registry_response ask(const std::string& method, const std::string& path, const std::string& body = {},
                        const std::string& with = key) {
    const auto mark = path.find('?');
    registry_request request{method, path.substr(0, mark),
                             mark == std::string::npos ? "" : path.substr(mark + 1),
                             with.empty() ? "" : "Bearer " + with, body};
    auto outcome = api_.handle(request, clock.now());
    if (outcome.response) {
      run(outcome.after);
      return *outcome.response;
    }
    run(service.switches().push_time);
    auto answer = service.take_answer(outcome.push);
    EXPECT_TRUE(answer) << path;
    if (!answer) return {};
    auto& headers = answer->response.headers;
    headers.insert(headers.end(), outcome.headers.begin(), outcome.headers.end());
    return answer->response;
  }
  registry_response push(const std::string& device, const std::string& item, const std::string& with = key) {
    return ask("POST", devices + device + "/down/push", R"({"downlinks":[)" + item + "]}", with);
  }
  registry_response push_by_hook(const std::string& device, const std::string& item,
                                 const std::string& with = key) {
    return ask("POST", hook + device + "/down/push", R"({"downlinks":[)" + item + "]}", with);
  }
  void set_rights(const std::string& rights) {
    access_.change(app, *parse_access_change(R"({"rights":[)" + rights + "]}"));
  }
  static std::string name_of(const registry_response& answer) {
    const auto body = json::parse(answer.body).as_object();
    const auto* details = body.if_contains("details");
    if (details == nullptr) return "no details";
    const auto& detail = details->at(0).as_object();
    return std::string{detail.at("namespace").as_string()} + ":" + std::string{detail.at("name").as_string()};
  }
  static std::string name_of_or_status(const registry_response& answer) {
    return answer.status == 200 ? "200" : name_of(answer);
  }
  static std::string header_of(const registry_response& answer, const std::string& name) {
    for (const auto& [each, value] : answer.headers)
      if (each == name) return value;
    return "";
  }

  fault_table faults_;
  stack_registry registry_{faults_, {}, "seed"};
  stack_access access_{registry_};
  downlink_api api_{service, access_};
};

const std::string good = R"({"f_port":10,"frm_payload":"AQ==","correlation_ids":["my:a"]})";

std::string bytes(std::size_t count) {
  return R"({"f_port":10,"correlation_ids":["my:a"],"frm_payload":")" +
         base64_encode(std::string(count, 'a')) + "\"}";
}

struct http_case {
  const char* name; // behind "REST: " and "webhook route: " in the sample
  const char* device;
  std::string item;
  const char* with = key;
};

// Each case that was captured, by both ways in: status, code, message, members.
TEST_F(downlink_http, answers_as_a_running_stack_did) {
  const std::vector<http_case> cases{
      {"pushed", "abp-2", good},
      {"port 0", "abp-2", R"({"frm_payload":"AQ=="})"},
      {"port 224", "abp-2", R"({"f_port":224,"frm_payload":"AQ=="})"},
      {"243 bytes", "abp-2", bytes(243)},
      {"no payload", "abp-2", R"({"f_port":10})"},
      {"unknown device", "no-such", good},
      {"never joined", "otaa-3", good},
      {"no key", "abp-2", good, ""},
      {"malformed key", "abp-2", good, "nonsense"},
      {"unknown key", "abp-2", good, "NNSXS.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.SECRET"},
      {"wrong secret", "abp-2", good, "NNSXS.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB.OTHER"},
      {"max_attempts 50", "abp-2",
       R"({"f_port":1,"frm_payload":"AQ==","confirmed":true,"confirmed_retry":{"max_attempts":50}})"},
      {"bad base64", "abp-2", R"({"f_port":1,"frm_payload":"!"})"},
      {"absolute time in the past", "abp-2",
       R"({"f_port":1,"frm_payload":"AQ==","class_b_c":{"absolute_time":"2020-01-01T00:00:00Z"}})"},
  };
  const auto samples = json::parse(read_sample("real-http-answers.json")).as_array();
  std::size_t compared = 0;
  const auto compare = [&](const std::string& name, const registry_response& answer) {
    for (const auto& sample : samples) {
      if (std::string_view{sample.at("case").as_string()} != name) continue;
      ++compared;
      EXPECT_EQ(answer.status, sample.at("status").as_int64()) << name << answer.body;
      if (sample.at("body").is_null()) {
        EXPECT_EQ(answer.body, "") << name;
        continue;
      }
      const auto body = json::parse(answer.body);
      EXPECT_EQ(shape_of(body), shape_of(sample.at("body"))) << name;
      for (const auto* member : {"code", "message"}) {
        const auto* seen = sample.at("body").as_object().if_contains(member);
        if (seen != nullptr) {
          EXPECT_EQ(body.at(member), *seen) << name;
        }
      }
    }
  };
  for (const auto& one : cases) {
    compare(std::string{"REST: "} + one.name, push(one.device, one.item, one.with));
    compare(std::string{"webhook route: "} + one.name, push_by_hook(one.device, one.item, one.with));
  }
  compare("GET queue, never joined", ask("GET", devices + "otaa-3/down"));
  compare("GET queue, unknown device", ask("GET", devices + "no-such/down"));
  compare("unknown webhook",
          ask("POST", "/api/v3/as/applications/lab-app/webhooks/none/devices/abp-2/down/push",
              R"({"downlinks":[]})"));
  compare("REST: replaced by nothing", ask("POST", devices + "abp-2/down/replace", R"({"downlinks":[]})"));
  compare("webhook route: replaced by nothing",
          ask("POST", hook + "abp-2/down/replace", R"({"downlinks":[]})"));
  compare("GET queue, empty", ask("GET", devices + "abp-2/down"));
  push("abp-2", good);
  compare("GET queue", ask("GET", devices + "abp-2/down"));
  set_rights(R"("RIGHT_APPLICATION_DEVICES_READ","RIGHT_APPLICATION_TRAFFIC_READ")");
  compare("REST: key without the right", push("abp-2", good));
  compare("webhook route: key without the right", push_by_hook("abp-2", good));
  EXPECT_EQ(compared, samples.size() - 1) << "all but auth_info";
}

TEST_F(downlink_http, the_rest_of_the_refusals) {
  const auto refused = [this](const std::string& item, const std::string& name, int status, bool with_event) {
    told.clear();
    const auto answer = push("abp-2", item);
    EXPECT_EQ(answer.status, status) << item;
    EXPECT_EQ(name_of(answer), name) << item;
    EXPECT_EQ(news(), with_event ? "failed" : "") << item;
  };
  refused(R"({"frm_payload":"AQ=="})", "pkg/applicationserver:no_f_port", 400, true);
  refused(R"({"f_port":224,"frm_payload":"AQ=="})", "pkg/errors:validation", 400, false);
  refused(R"({"f_port":256,"frm_payload":"AQ=="})", "pkg/errors:validation", 400, false);
  refused(bytes(243), "pkg/networkserver:application_downlink_too_long", 400, true);
  refused(bytes(255), "pkg/networkserver:application_downlink_too_long", 400, true);
  refused(bytes(256), "pkg/errors:validation", 400, false);
  refused(R"({"f_port":1,"frm_payload":""})", "pkg/applicationserver:no_payload", 400, false);
  for (const auto* attempts : {"0", "101"})
    refused(R"({"f_port":1,"frm_payload":"AQ==","confirmed_retry":{"max_attempts":)" + std::string{attempts} +
                "}}",
            "pkg/errors:validation", 400, false);
  refused(R"({"f_port":1,"frm_payload":"AQ==","confirmed_retry":{"max_attempts":33}})",
          "pkg/applicationserver:downlink_max_retries_invalid", 400, false);
  std::string long_id, exact_id;
  for (int i = 0; i < 100; ++i)
    exact_id += "ü";
  long_id = exact_id + "ü";
  refused(R"({"f_port":1,"frm_payload":"AQ==","correlation_ids":[")" + long_id + "\"]}",
          "pkg/errors:validation", 400, false);
  EXPECT_EQ(
      push("abp-2", R"({"f_port":1,"frm_payload":"AQ==","correlation_ids":[")" + exact_id + "\"]}").status,
      200);
  EXPECT_EQ(push("abp-2", R"({"f_port":225,"frm_payload":"AQ=="})").status, 200);
  EXPECT_EQ(push("abp-2", R"({"f_port":255,"frm_payload":"AQ=="})").status, 200);
  EXPECT_EQ(push("abp-2", bytes(242)).status, 200);
  EXPECT_EQ(
      push("abp-2", R"({"f_port":1,"frm_payload":"AQ==","confirmed_retry":{"max_attempts":32}})").status,
      200);
  access_.change(app, *parse_access_change(R"({"expires_at":"2025-01-01T00:00:00Z"})"));
  EXPECT_EQ(name_of(push("abp-2", good)), "pkg/identityserver:api_key_expired");
}

TEST_F(downlink_http, the_two_routes_read_numbers_and_names_differently) {
  const auto by = [this](const std::string& item) {
    return std::pair{name_of_or_status(push("abp-2", item)), name_of_or_status(push_by_hook("abp-2", item))};
  };
  using both = std::pair<std::string, std::string>;
  const std::string decode = "pkg/applicationserver/io/web:decode_body";
  EXPECT_EQ(by(R"({"f_port":1.5,"frm_payload":"AQ=="})"), (both{"200", decode}));
  EXPECT_EQ(by(R"({"f_port":-1,"frm_payload":"AQ=="})"), (both{"pkg/applicationserver:no_f_port", decode}));
  EXPECT_EQ(by(R"({"f_port":4294967306,"frm_payload":"AQ=="})"),
            (both{"pkg/applicationserver:no_f_port", decode}));
  EXPECT_EQ(by(R"({"f_port":"10","frm_payload":"AQ=="})"), (both{"200", "200"}));
  EXPECT_EQ(by(R"({"f_port":1,"frm_payload":"AQ==","priority":"high"})"), (both{"no details", "200"}));
  EXPECT_EQ(
      by(R"({"f_port":1,"frm_payload":"AQ==","class_b_c":{"gateways":[{"gateway_ids":{"gateway_id":"g","eui":"0000000000000A01"}}]}})"),
      (both{"200", "pkg/applicationserver/io/web:validate_body"}));
  EXPECT_EQ(by(R"({"fPort":1,"frmPayload":"_-8","unknown":1})"), (both{"200", "200"}));
  EXPECT_EQ(ask("POST", devices + "abp-2/down/push").status, 200) << "without a body";
  EXPECT_EQ(name_of(ask("POST", hook + "abp-2/down/push")), decode);
  EXPECT_EQ(name_of(ask("POST", devices + "abp-2/down/push", "{")), "no details");
  EXPECT_EQ(ask("GET", devices + "abp-2/down/push").status, 501);
  EXPECT_EQ(ask("GET", hook + "abp-2/down/push").status, 404);
}

TEST_F(downlink_http, rights_are_by_method) {
  const std::string record =
      records + "abp-2?field_mask=session.dev_addr,mac_state.pending_application_downlink";
  set_rights(R"("RIGHT_APPLICATION_DEVICES_READ")");
  EXPECT_EQ(ask("GET", record).status, 200) << "needs no right to traffic";
  const auto list = ask("GET", devices + "abp-2/down");
  EXPECT_EQ(list.status, 403);
  EXPECT_NE(list.body.find(R"("missing":["RIGHT_APPLICATION_TRAFFIC_READ"])"), std::string::npos);
  const auto keys = ask("GET", records + "abp-2?field_mask=session");
  EXPECT_EQ(shape_of(json::parse(keys.body)),
            shape_of(json::parse(read_sample("real-ns-record-403-session-path.json"))));
  EXPECT_NE(keys.body.find("RIGHT_APPLICATION_DEVICES_READ_KEYS"), std::string::npos);
  set_rights(R"("RIGHT_APPLICATION_TRAFFIC_READ")");
  EXPECT_EQ(ask("GET", devices + "abp-2/down").status, 200);
  EXPECT_EQ(ask("GET", record).status, 403);
  set_rights(R"("RIGHT_APPLICATION_DEVICES_READ","RIGHT_APPLICATION_DEVICES_READ_KEYS")");
  EXPECT_EQ(ask("GET", records + "abp-2?field_mask=session").status, 200);
}

TEST_F(downlink_http, a_forbidden_path_refuses_the_whole_record_before_the_key_is_looked_at) {
  const auto answer =
      ask("GET", records + "abp-2?field_mask=session.dev_addr,session.queued_application_downlinks", {}, "");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(shape_of(json::parse(answer.body)),
            shape_of(json::parse(read_sample("real-ns-record-400-queue-path.json"))));
  EXPECT_EQ(ask("GET", records + "abp-2?field_mask=").status, 400);
  EXPECT_EQ(ask("GET", records + "abp-2?field_mask=session.dev_addr", {}, "").status, 403);
  const auto unknown = ask("GET", records + "no-such?field_mask=session.dev_addr");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(name_of(unknown), "pkg/redis:not_found");
  const auto plain = json::parse(ask("GET", records + "abp-2").body).as_object();
  EXPECT_EQ(plain.size(), 3U) << "ids and times";
}

TEST_F(downlink_http, the_queue_is_listed_with_counters_and_ids) {
  push("abp-2", R"({"f_port":10,"frm_payload":"AQ==","correlation_ids":["x:a1"]})");
  const auto listed = ask("GET", devices + "abp-2/down");
  EXPECT_EQ(shape_of(json::parse(listed.body)),
            shape_of(json::parse(read_sample("real-down-list-one-item.json"))));
}

TEST_F(downlink_http, limits_are_counted_for_each_device_and_key_or_for_the_application) {
  make_abp("abp-3");
  EXPECT_TRUE(push("abp-2", good).headers.empty()) << "none by default";
  service.switches().rate = 2;
  const auto first = push("abp-2", good);
  EXPECT_EQ(header_of(first, "X-Rate-Limit-Limit"), "2");
  EXPECT_EQ(header_of(first, "X-Rate-Limit-Available"), "1");
  EXPECT_EQ(header_of(first, "X-Rate-Limit-Retry"), "0") << "with a 200 too";
  EXPECT_EQ(push("abp-2", good).status, 200);
  const auto refused = push("abp-2", good);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(name_of(refused), "pkg/ratelimit:rate_limit_exceeded");
  EXPECT_EQ(header_of(refused, "X-Rate-Limit-Retry"), "30");
  EXPECT_EQ(push("abp-3", good).status, 200) << "another device";
  EXPECT_EQ(ask("GET", devices + "abp-2/down").status, 200) << "another method";
  for (int i = 0; i < 2; ++i)
    push_by_hook("abp-2", good);
  EXPECT_EQ(name_of(push_by_hook("abp-2", good)), "pkg/applicationserver/io/web:rate_limit_exceeded");
  service.switches().rate = 3;
  service.switches().rate_per_application = true;
  EXPECT_EQ(push("abp-2", good).status, 200);
  EXPECT_EQ(push("abp-3", good).status, 200);
  EXPECT_EQ(push("abp-2", good).status, 200);
  EXPECT_EQ(push("abp-3", good).status, 429) << "one for all of them";
}

TEST_F(downlink_http, each_reading_has_a_limit_of_its_own) {
  service.switches().rate = 2;
  service.switches().rate_of = {"queue", "record"};
  const auto record = records + "abp-2?field_mask=session.dev_addr";
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(ask("GET", devices + "abp-2/down").status, 200);
  const auto list = ask("GET", devices + "abp-2/down");
  EXPECT_EQ(list.status, 429);
  EXPECT_EQ(name_of(list), "pkg/ratelimit:rate_limit_exceeded");
  EXPECT_NE(list.body.find("AppAs/DownlinkQueueList:lab-app/abp-2"), std::string::npos);
  EXPECT_EQ(header_of(list, "X-Rate-Limit-Retry"), "30");
  const auto first = ask("GET", record);
  EXPECT_EQ(first.status, 200) << "the record is another method";
  EXPECT_EQ(header_of(first, "X-Rate-Limit-Available"), "1");
  ask("GET", record);
  const auto second = ask("GET", record);
  EXPECT_EQ(second.status, 429);
  EXPECT_NE(second.body.find("NsEndDeviceRegistry/Get:lab-app/abp-2"), std::string::npos);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(push("abp-2", good).status, 200) << "pushes are not concerned";
  run(30s);
  EXPECT_EQ(ask("GET", record).status, 200);
  EXPECT_EQ(ask("GET", devices + "abp-2/down").status, 200);
  service.switches().rate.reset();
  read_rule rule;
  rule.status = 429;
  service.switches().reads = {rule};
  const auto by_rule = ask("GET", record);
  EXPECT_EQ(by_rule.status, 429);
  EXPECT_NE(by_rule.body.find("NsEndDeviceRegistry/Get:lab-app/abp-2"), std::string::npos);
}

TEST_F(downlink_http, an_application_that_is_unknown_is_one_without_rights) {
  const auto body = R"({"downlinks":[)" + good + "]}";
  for (const auto* path : {"/api/v3/as/applications/nobody/devices/abp-2/down/push",
                           "/api/v3/as/applications/nobody/webhooks/hook/devices/abp-2/down/push"}) {
    const auto answer = ask("POST", path, body);
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_EQ(name_of(answer), "pkg/auth/rights:no_application_rights") << path;
  }
  run(1s);
  EXPECT_EQ(news(), "");
}

TEST_F(downlink_http, neither_read_takes_the_lock_but_the_queue_needs_a_connection) {
  const auto number = begin("abp-2", good);
  run(8ms);
  service.leave_push(number, clock.now());
  EXPECT_NE(ask("GET", devices + "abp-2/down").body.find("my:a"), std::string::npos);
  EXPECT_EQ(ask("GET", records + "abp-2?field_mask=session.dev_addr").status, 200);
  for (int i = 0; i < 20; ++i)
    begin("abp-2", good);
  const auto before = clock.now().mono;
  const auto list = ask("GET", devices + "abp-2/down");
  EXPECT_EQ(list.status, 500);
  EXPECT_EQ(name_of(list), "pkg/redis:store");
  EXPECT_EQ(clock.now().mono - before, 4s);
}

TEST_F(downlink_http, a_reading_may_say_nothing_for_a_while) {
  read_rule rule;
  rule.of_record = false;
  rule.remaining = 1;
  rule.delay = 3s;
  service.switches().reads.push_back(rule);
  EXPECT_EQ(ask("GET", records + "abp-2").status, 200);
  EXPECT_EQ(name_of(ask("GET", devices + "abp-2/down")), "pkg/errors:context_deadline_exceeded");
  EXPECT_EQ(ask("GET", devices + "abp-2/down").status, 200);
  rule.of_queue = false;
  rule.of_record = true;
  rule.until = clock.now().mono + 6s;
  rule.remaining.reset();
  service.switches().reads = {rule};
  EXPECT_EQ(ask("GET", devices + "abp-2/down").status, 200);
  EXPECT_EQ(ask("GET", records + "abp-2").status, 504);
  run(6s);
  EXPECT_EQ(ask("GET", records + "abp-2").status, 200);
}

TEST_F(downlink_http,
       both_readings_fail_while_the_database_stands_still_and_the_first_that_does_not_shows_the_item) {
  push_rule rule;
  rule.pattern = "abp-2";
  rule.queued = true;
  rule.hang_up = true;
  rule.queued_after = 6s;
  service.switches().pushes.push_back(rule);
  make_abp("abp-3");
  begin("abp-2", good);
  run(12ms);
  const auto before = clock.now().mono;
  const auto list = ask("GET", devices + "abp-2/down");
  EXPECT_EQ(clock.now().mono - before, 3s);
  EXPECT_EQ(list.status, 504);
  EXPECT_EQ(name_of(list), "pkg/errors:context_deadline_exceeded");
  EXPECT_EQ(ask("GET", devices + "abp-3/down").status, 200) << "another device";
  EXPECT_EQ(ask("GET", records + "abp-2?field_mask=session.dev_addr").status, 504);
  const auto shown = ask("GET", devices + "abp-2/down");
  EXPECT_EQ(shown.status, 200);
  EXPECT_NE(shown.body.find("my:a"), std::string::npos);
  EXPECT_EQ(ask("GET", records + "abp-2?field_mask=session.dev_addr").status, 200);
}

TEST_F(downlink_http, other_paths_are_others) {
  EXPECT_TRUE(downlink_api::is_for(devices + "d/down"));
  EXPECT_TRUE(downlink_api::is_for(hook + "d/down/replace"));
  EXPECT_TRUE(downlink_api::is_for(records + "d"));
  EXPECT_FALSE(downlink_api::is_for(hook + "d/down"));
  EXPECT_FALSE(downlink_api::is_for(devices + "d/packages/storage/uplink_message"));
  EXPECT_FALSE(downlink_api::is_for("/api/v3/as/webhooks/lab-app"));
  EXPECT_FALSE(downlink_api::is_for("/api/v3/applications/lab-app/devices/d"));
}

} // namespace
} // namespace causeway::emulator
