// SPDX-License-Identifier: Apache-2.0
#include "watch/trace_records.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

span_record example() {
  span_record span;
  span.what = model::phase::dps_wait;
  span.begin = manual_clock{}.now().wall + milliseconds{250};
  span.duration = milliseconds{3'021};
  span.trace_id = "0123456789abcdef0123456789abcdef";
  span.span_id = "0123456789abcdef";
  span.application = "water";
  span.device = "meter-1";
  span.hub = "contoso.azure-devices.net";
  span.connection = 3;
  return span;
}

std::string body_of(const trace_format& format, const std::vector<span_record>& spans) {
  std::string out = format.prefix;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0) out += format.separator;
    format.append(out, spans[i]);
  }
  return out + format.suffix;
}

TEST(trace_records, as_otlp) {
  auto failed = example();
  failed.what = model::phase::attach;
  failed.fault = errc::hub_throttled;
  failed.connection = 0;
  failed.hub.clear();
  const auto body = body_of(otlp_format("0.1.0"), {example(), failed});
  EXPECT_EQ(
      body,
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"causeway"}},)"
      R"({"key":"service.version","value":{"stringValue":"0.1.0"}}]},"scopeSpans":[{"scope":{"name":"causeway.timeline"},"spans":[)"
      R"({"traceId":"0123456789abcdef0123456789abcdef","spanId":"0123456789abcdef","name":"dps.wait","kind":1,)"
      R"("startTimeUnixNano":"1767225600250000000","endTimeUnixNano":"1767225603271000000","attributes":[)"
      R"({"key":"application.id","value":{"stringValue":"water"}},{"key":"device.id","value":{"stringValue":"meter-1"}},)"
      R"({"key":"azure.iot.hub","value":{"stringValue":"contoso.azure-devices.net"}},{"key":"causeway.connection","value":{"intValue":"3"}}]},)"
      R"({"traceId":"0123456789abcdef0123456789abcdef","spanId":"0123456789abcdef","name":"attach","kind":3,)"
      R"("startTimeUnixNano":"1767225600250000000","endTimeUnixNano":"1767225603271000000","attributes":[)"
      R"({"key":"application.id","value":{"stringValue":"water"}},{"key":"device.id","value":{"stringValue":"meter-1"}},)"
      R"({"key":"error.type","value":{"stringValue":"hub_throttled"}}],"status":{"code":2,"message":"the hub throttles"}}]}]}]})");
}

TEST(trace_records, as_application_insights_takes_them) {
  auto failed = example();
  failed.fault = errc::dps_throttled;
  const auto body = body_of(application_insights_format("11111111-2222-3333-4444-555555555555", "0.1.0"),
                            {example(), failed});
  const auto line_end = body.find('\n');
  EXPECT_EQ(
      body.substr(0, line_end),
      R"({"name":"Microsoft.ApplicationInsights.RemoteDependency","time":"2026-01-01T00:00:00.250Z",)"
      R"("iKey":"11111111-2222-3333-4444-555555555555","tags":{"ai.cloud.role":"causeway",)"
      R"("ai.operation.id":"0123456789abcdef0123456789abcdef","ai.internal.sdkVersion":"causeway:0.1.0"},)"
      R"("data":{"baseType":"RemoteDependencyData","baseData":{"ver":2,"id":"0123456789abcdef","name":"dps.wait",)"
      R"("duration":"0.00:00:03.021000","success":true,"resultCode":"0","type":"Azure DPS","target":"contoso.azure-devices.net",)"
      R"("properties":{"application.id":"water","device.id":"meter-1","causeway.connection":"3"}}}})");
  const auto second = boost::json::parse(body.substr(line_end + 1, body.size() - line_end - 2));
  EXPECT_EQ(second.at("data").at("baseData").at("success"), false);
  EXPECT_EQ(second.at("data").at("baseData").at("resultCode"), "dps_throttled");
  EXPECT_TRUE(body.ends_with("}\n"));
}

TEST(trace_records, of_a_command_are_of_the_things_stack) {
  auto command = example();
  command.what = model::phase::command_push;
  const auto body = body_of(application_insights_format("1", "0"), {command});
  const auto data =
      boost::json::parse(body.substr(0, body.find_last_not_of('\n') + 1)).at("data").at("baseData");
  EXPECT_EQ(data.at("name"), "command.push");
  EXPECT_EQ(data.at("type"), "The Things Stack");
  EXPECT_EQ(data.at("target"), "");
}

TEST(trace_records, what_is_in_a_name_is_text) {
  auto odd = example();
  odd.device = "a\"b\\\n";
  for (const auto& format : {otlp_format("0"), application_insights_format("1", "0")}) {
    const auto body = body_of(format, {odd});
    boost::system::error_code bad;
    static_cast<void>(boost::json::parse(body.substr(0, body.find_last_not_of('\n') + 1), bad));
    EXPECT_FALSE(bad) << body;
  }
}

TEST(trace_records, ids_are_stable_and_differ) {
  const auto begin = manual_clock{}.now().wall;
  const auto trace = make_trace_id("water/meter-1", begin);
  EXPECT_EQ(trace.size(), 32U);
  EXPECT_EQ(trace, make_trace_id("water/meter-1", begin));
  EXPECT_NE(trace, make_trace_id("water/meter-2", begin));
  EXPECT_NE(trace, make_trace_id("water/meter-1", begin + seconds{1}));
  EXPECT_EQ(make_span_id(trace, 1).size(), 16U);
  EXPECT_NE(make_span_id(trace, 1), make_span_id(trace, 2));
}

TEST(application_insights, is_told_by_its_connection_string) {
  struct row {
    const char* text;
    const char* url;
  };
  const row rows[] = {
      {"InstrumentationKey=11111111-2222-3333-4444-555555555555;IngestionEndpoint=https://westeurope-5.in."
       "applicationinsights.azure.com/;LiveEndpoint=https://westeurope.livediagnostics.monitor.azure.com/",
       "https://westeurope-5.in.applicationinsights.azure.com/v2/track"},
      {"instrumentationkey=ab;EndpointSuffix=applicationinsights.azure.cn\n",
       "https://dc.applicationinsights.azure.cn/v2/track"},
      {"InstrumentationKey=ab", "https://dc.services.visualstudio.com/v2/track"},
      {";InstrumentationKey=ab;;Authorization=ikey;IngestionEndpoint=http://127.0.0.1:99",
       "http://127.0.0.1:99/v2/track"},
  };
  for (const auto& row : rows) {
    const auto target = parse_application_insights(secret{row.text}, "x");
    ASSERT_TRUE(target) << target.fault().message();
    EXPECT_EQ(target->url, row.url);
  }
}

TEST(application_insights, errors_name_the_key_and_not_its_value) {
  struct row {
    std::string text;
    const char* named;
  };
  const row rows[] = {{"", "empty"},
                      {"   ", "empty"},
                      {"IngestionEndpoint=https://x", "InstrumentationKey is missing"},
                      {"InstrumentationKey=treasure!", "InstrumentationKey is not"},
                      {"InstrumentationKey=ab;IngestionEndpoint=treasure", "IngestionEndpoint"},
                      {"InstrumentationKey=ab;IngestionEndpoint=https://", "IngestionEndpoint"},
                      {"InstrumentationKey=ab;IngestionEndpoint=https://a b", "IngestionEndpoint"},
                      {"InstrumentationKey=ab;treasure", "without '='"},
                      {"InstrumentationKey=ab;Authorization=treasure", "Authorization"},
                      {std::string(5'000, 'a'), "longer"}};
  for (const auto& row : rows) {
    const auto target = parse_application_insights(secret{row.text}, "telemetry.application_insights");
    ASSERT_FALSE(target) << row.text;
    EXPECT_EQ(target.fault().code(), errc::connection_string_malformed);
    EXPECT_NE(target.fault().detail().find("telemetry.application_insights"), std::string::npos);
    EXPECT_NE(target.fault().detail().find(row.named), std::string::npos) << target.fault().detail();
    EXPECT_EQ(target.fault().detail().find("treasure"), std::string::npos) << target.fault().detail();
  }
}

} // namespace
} // namespace causeway::watch
