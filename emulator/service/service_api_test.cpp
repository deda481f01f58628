// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/service_api.h"

#include "emulator/hub/desk_test_client.h"
#include "emulator/state/json_text.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

class service_api_test : public desk_test {
protected:
  service_api_test() {
    hub_.registry.put_policy("owner", {test_keys("owner policy"), true, true, true, true});
    hub_.registry.put_policy("read", {test_keys("read policy"), false, false, true, false});
  }

  service_request request(const std::string& method, const std::string& path, const std::string& body = {}) {
    service_request made;
    made.method = method;
    made.path = path;
    made.authorization = policy_token("owner");
    made.body = body;
    return made;
  }
  service_answer ask(const service_request& asked) {
    std::optional<service_answer> answer;
    api_.handle(asked, hub_.clock.now(), [&](service_answer made) { answer = std::move(made); });
    EXPECT_TRUE(answer) << "it waits";
    return answer ? *answer : service_answer{0, {}, {}};
  }
  service_answer ask(const std::string& method, const std::string& path, const std::string& body = {}) {
    return ask(request(method, path, body));
  }
  json::value body_of(const service_answer& answer, int status = 200) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const auto body = read_json(answer.body);
    EXPECT_TRUE(body) << answer.body;
    return body ? *body : json::value{};
  }
  void expect_error(const service_answer& answer, int status, const std::string& code) {
    const auto message = std::string{body_of(answer, status).at("Message").as_string()};
    EXPECT_EQ(message.substr(0, message.find(';')), "ErrorCode:" + code);
    EXPECT_EQ(answer.headers.at(0), (std::pair<std::string, std::string>{"iothub-errorcode", code}));
  }
  static std::string header_of(const service_answer& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers)
      if (key == name) return value;
    return {};
  }

  service_api api_{hub_.service, "seed"};
};

TEST_F(service_api_test, each_request_wants_its_right) {
  const auto status_with = [&](const std::string& policy, const std::string& method,
                               const std::string& path) {
    auto asked = request(method, path, R"({"deviceId":"new"})");
    asked.authorization = policy_token(policy);
    return ask(asked).status;
  };
  EXPECT_EQ(status_with("read", "GET", "/devices/dev-0"), 200);
  EXPECT_EQ(status_with("read", "PUT", "/devices/new"), 401);
  EXPECT_EQ(status_with("read", "GET", "/twins/dev-0"), 200);
  EXPECT_EQ(status_with("read", "PATCH", "/twins/dev-0"), 401);
  EXPECT_EQ(status_with("read", "POST", "/twins/dev-0/methods"), 401);
  EXPECT_EQ(status_with("service", "GET", "/devices/dev-0"), 401);
  EXPECT_EQ(status_with("service", "GET", "/twins/dev-0"), 200);
  EXPECT_EQ(status_with("service", "DELETE", "/devices/dev-0/commands"), 200);
  EXPECT_EQ(status_with("device", "GET", "/twins/dev-0"), 401);
  auto of_a_device = request("GET", "/devices/dev-0");
  of_a_device.authorization = hub_.token("dev-0");
  EXPECT_EQ(ask(of_a_device).status, 401);
  auto none = request("GET", "/devices/dev-0");
  none.authorization = "";
  expect_error(ask(none), 401, "IotHubUnauthorizedAccess");
  auto late = request("GET", "/devices/dev-0");
  hub_.clock.advance(2h);
  EXPECT_EQ(ask(late).status, 401);
}

TEST_F(service_api_test, a_device_is_made_shown_changed_and_removed) {
  const std::string empty_keys =
      R"(,"authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}})";
  const auto made = body_of(ask("PUT", "/devices/new", R"({"deviceId":"new")" + empty_keys));
  EXPECT_EQ(made.at("deviceId"), "new");
  EXPECT_EQ(made.at("status"), "enabled");
  EXPECT_EQ(made.at("connectionState"), "Disconnected");
  EXPECT_FALSE(made.at_pointer("/authentication/symmetricKey/primaryKey").as_string().empty());
  EXPECT_NE(made.at_pointer("/authentication/symmetricKey/primaryKey"),
            made.at_pointer("/authentication/symmetricKey/secondaryKey"));
  expect_error(ask("PUT", "/devices/new", R"({"deviceId":"new"})"), 409, "DeviceAlreadyExists");
  auto change = request("PUT", "/devices/new", R"({"deviceId":"new","status":"disabled")" + empty_keys);
  change.if_match = "\"AAAAAAAAAAk=\"";
  expect_error(ask(change), 412, "PreconditionFailed");
  change.if_match = "\"" + std::string{made.at("etag").as_string()} + "\"";
  const auto changed = body_of(ask(change));
  EXPECT_EQ(changed.at("status"), "disabled");
  EXPECT_NE(changed.at("etag"), made.at("etag"));
  EXPECT_EQ(changed.at("authentication"), made.at("authentication")) << "empty keys leave them";
  EXPECT_EQ(body_of(ask("GET", "/devices/new")), changed);
  EXPECT_EQ(ask("DELETE", "/devices/new").status, 204);
  expect_error(ask("GET", "/devices/new"), 404, "DeviceNotFound");
  change.if_match = "\"*\"";
  expect_error(ask(change), 404, "DeviceNotFound");
}

TEST_F(service_api_test, a_device_has_the_keys_that_it_is_given) {
  const auto made = body_of(ask(
      "PUT", "/devices/new",
      R"({"deviceId":"new","authentication":{"symmetricKey":{"primaryKey":"AAEC","secondaryKey":"AwQF"}}})"));
  EXPECT_EQ(made.at_pointer("/authentication/symmetricKey/primaryKey"), "AAEC");
  EXPECT_EQ(hub_.registry.find(identity{"new"})->keys.secondary.base64().reveal(), "AwQF");
}

TEST_F(service_api_test, what_is_no_device_is_refused) {
  for (const auto* body : {"", "[]", R"({"deviceId":"other"})", R"({"deviceId":"new","status":"asleep"})",
                           R"({"deviceId":"new","authentication":{"type":"selfSigned"}})",
                           R"({"deviceId":"new","authentication":{"symmetricKey":{"primaryKey":"!"}}})"})
    expect_error(ask("PUT", "/devices/new", body), 400, "ArgumentInvalid");
  expect_error(ask("PUT", "/devices/a%20b", R"({"deviceId":"a b"})"), 400, "ArgumentInvalid");
  EXPECT_EQ(ask("POST", "/nothing").status, 404);
}

TEST_F(service_api_test, a_device_that_is_removed_loses_its_links_and_its_messages) {
  desk_client device{hub_};
  device.put_token(hub_.token("dev-0"));
  device.c2d("dev-0", 0);
  send("a");
  EXPECT_EQ(body_of(ask("GET", "/devices/dev-0")).at("connectionState"), "Connected");
  EXPECT_EQ(body_of(ask("GET", "/devices/dev-0")).at("cloudToDeviceMessageCount").to_number<int>(), 1);
  ask("DELETE", "/devices/dev-0");
  device.exchange();
  EXPECT_EQ(device.take_detaches(), strings{"amqp:not-found"});
  EXPECT_EQ(figures().purged, 1U);
}

TEST_F(service_api_test, devices_are_listed_counted_and_changed_in_bulk) {
  const auto changed = body_of(ask("POST", "/devices",
                                   R"([{"id":"a","importMode":"create"},{"id":"b","importMode":"create"},
                                       {"id":"b","importMode":"update","status":"disabled"},
                                       {"id":"dev-1","importMode":"delete"},{"id":"dev-0","importMode":"create"},
                                       {"id":"x","importMode":"merge"}])"));
  EXPECT_FALSE(changed.at("isSuccessful").as_bool());
  ASSERT_EQ(changed.at("errors").as_array().size(), 2U);
  EXPECT_EQ(changed.at("errors").at(0).at("errorCode"), "DeviceAlreadyExists");
  const auto all = body_of(ask("GET", "/devices/")).as_array();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].at("deviceId"), "b");
  auto one = request("GET", "/devices");
  one.query = "api-version=2021-04-12&top=1";
  EXPECT_EQ(body_of(ask(one)).as_array().size(), 1U);
  EXPECT_EQ(json_text(body_of(ask("GET", "/statistics/devices"))),
            R"({"totalDeviceCount":3,"enabledDeviceCount":2,"disabledDeviceCount":1})");
  EXPECT_EQ(json_text(body_of(ask("GET", "/statistics/service"))), R"({"connectedDeviceCount":0})");
}

TEST_F(service_api_test, a_twin_is_shown_patched_and_replaced_under_its_etag) {
  const auto first = body_of(ask("GET", "/twins/dev-0"));
  EXPECT_EQ(first.at("etag"), "AAAAAAAAAAE=");
  auto patch =
      request("PATCH", "/twins/dev-0", R"({"tags":{"site":"a"},"properties":{"desired":{"rate":60}}})");
  patch.if_match = "\"AAAAAAAAAAE=\"";
  const auto answered = ask(patch);
  EXPECT_EQ(header_of(answered, "ETag"), "\"AAAAAAAAAAI=\"");
  const auto second = body_of(answered);
  EXPECT_EQ(second.at_pointer("/properties/desired/rate").to_number<int>(), 60);
  EXPECT_EQ(second.at_pointer("/properties/desired/$version").to_number<int>(), 2);
  EXPECT_TRUE(second.at_pointer("/properties/desired/$metadata").as_object().contains("rate"));
  expect_error(ask(patch), 412, "PreconditionFailed");
  const auto third = body_of(ask("PUT", "/twins/dev-0", R"({"properties":{"desired":{"b":1}}})"));
  EXPECT_FALSE(third.at("properties").at("desired").as_object().contains("rate"));
  EXPECT_EQ(third.at_pointer("/tags/site"), "a");
  expect_error(ask("PATCH", "/twins/dev-0", R"({"tags":1})"), 400, "ArgumentInvalid");
  expect_error(ask("PATCH", "/twins/dev-0", R"({"tags":{"a b":1}})"), 400, "ArgumentInvalid");
  expect_error(ask("GET", "/twins/nobody"), 404, "DeviceNotFound");
}

TEST_F(service_api_test, a_query_comes_in_pages) {
  for (const auto* id : {"a", "b", "c"})
    hub_.registry.put(identity{id}, test_keys(id), true);
  auto query = request("POST", "/devices/query", R"({"query":"SELECT * FROM devices"})");
  query.max_items = "2";
  strings ids;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = ask(query);
    EXPECT_EQ(header_of(page, "x-ms-item-type"), "twin");
    const auto twins = body_of(page);
    for (const auto& twin : twins.as_array())
      ids.emplace_back(twin.at("deviceId").as_string());
    query.continuation = header_of(page, "x-ms-continuation");
    if (query.continuation.empty()) break;
  }
  EXPECT_EQ(ids, (strings{"a", "b", "c", "dev-0", "dev-1"}));
  const auto one = ask("POST", "/devices/query", R"({"query":"SELECT * FROM devices WHERE deviceId = 'b'"})");
  EXPECT_EQ(body_of(one).as_array().size(), 1U);
  expect_error(ask("POST", "/devices/query", R"({"query":"SELECT count() FROM devices"})"), 400,
               "ArgumentInvalid");
}

TEST_F(service_api_test, a_method_is_answered_when_the_device_has) {
  desk_client device{hub_};
  device.put_token(hub_.token("dev-0"));
  auto to_hub = device.sender("/devices/dev-0/methods/devicebound");
  device.receiver("/devices/dev-0/methods/devicebound", 10);
  std::optional<service_answer> answer;
  const auto call = [&](const std::string& body) {
    answer.reset();
    api_.handle(request("POST", "/twins/dev-0/methods", body), hub_.clock.now(),
                [&](service_answer made) { answer = std::move(made); });
    device.exchange();
  };
  const auto reply = [&](const std::string& body) {
    amqp::message out;
    out.correlation_id = device.take_one().message.correlation_id;
    out.application_properties = {{{std::string{"IoThub-status"}}, {std::int32_t{201}}}};
    out.kind = amqp::message::body_kind::data;
    out.data = body;
    device.send(to_hub, out);
  };
  call(
      R"({"methodName":"go","payload":{"a":27.5},"responseTimeoutInSeconds":30,"connectTimeoutInSeconds":5})");
  EXPECT_FALSE(answer);
  reply(R"({"ok":[1,null]})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(json_text(body_of(*answer)), R"({"status":201,"payload":{"ok":[1,null]}})");
  call(R"({"methodName":"go"})");
  reply("");
  EXPECT_EQ(json_text(body_of(*answer)), R"({"status":201,"payload":null})");
  call(R"({"methodName":"go"})");
  reply("no json");
  EXPECT_EQ(answer->status, 502);
  call(R"({"methodName":"go","responseTimeoutInSeconds":5})");
  pass_after(5s);
  ASSERT_TRUE(answer);
  expect_error(*answer, 504, "GatewayTimeout");
  EXPECT_NE(answer->body.find("504101"), std::string::npos);
}

TEST_F(service_api_test, a_method_of_a_device_that_is_not_there_is_answered_with_404103) {
  const auto answer = ask("POST", "/twins/dev-0/methods", R"({"methodName":"go"})");
  expect_error(answer, 404, "DeviceNotOnline");
  EXPECT_NE(answer.body.find("404103"), std::string::npos);
  expect_error(ask("POST", "/twins/nobody/methods", R"({"methodName":"go"})"), 404, "DeviceNotFound");
}

TEST_F(service_api_test, a_call_has_its_bounds) {
  for (const auto* body :
       {"", "{}", R"({"methodName":""})", R"({"methodName":"a","responseTimeoutInSeconds":4})",
        R"({"methodName":"a","responseTimeoutInSeconds":301})",
        R"({"methodName":"a","connectTimeoutInSeconds":301})",
        R"({"methodName":"a","connectTimeoutInSeconds":-1})"})
    expect_error(ask("POST", "/twins/dev-0/methods", body), 400, "ArgumentInvalid");
  expect_error(ask("POST", "/twins/dev-0/methods",
                   R"({"methodName":"a","payload":")" + std::string(most_method_bytes, 'x') + R"("})"),
               413, "MessageTooLarge");
}

TEST_F(service_api_test, the_messages_of_a_device_are_purged) {
  send("a");
  send("b");
  EXPECT_EQ(json_text(body_of(ask("DELETE", "/devices/dev-0/commands"))),
            R"({"deviceId":"dev-0","totalMessagesPurged":2,"moduleId":null})");
  expect_error(ask("DELETE", "/devices/nobody/commands"), 404, "DeviceNotFound");
}

} // namespace
} // namespace causeway::emulator
