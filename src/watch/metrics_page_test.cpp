// SPDX-License-Identifier: Apache-2.0
#include "watch/metrics_page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace causeway::watch {
namespace {

snapshot example() {
  snapshot s;
  s.shard.sent = 7;
  s.shard.latency = {3, 1};
  s.shard.latency.back() = 1;
  s.shard.latency_ms_sum = 12'345;
  s.hubs["contoso.azure-devices.net"].connections_open = 2;
  s.clock_skews["contoso.azure-devices.net"] = -2'400;
  s.hubs["contoso.azure-devices.net"].connects_limit = 87.5;
  s.hubs["contoso.azure-devices.net"].connects_ceiling = 100;
  s.dps["field"].throttled = 2;
  s.registry["water-meters"].listed = 3'000;
  s.exporters["otlp"].lost = 4;
  s.mqtt["water-meters"].line.connected = true;
  s.mqtt["water-meters"].line.away = milliseconds{1'250};
  s.mqtt["water-meters"].answered[static_cast<std::size_t>(model::answer::stored)] = 5;
  s.mqtt["water-meters"].lost[static_cast<std::size_t>(model::mqtt_loss::not_taken)] = 2;
  s.webhook_server.connections = 4;
  s.webhook_server.http2_connections = 3;
  s.webhook.by_status[200] = 9;
  s.webhook.refused[errc::unauthorized] = 1;
  return s;
}

TEST(metrics_page, parses_as_prometheus_text_without_duplicates) {
  std::istringstream page{render_metrics(example())};
  const std::regex comment{R"(# (HELP|TYPE) ([a-z_]+) (.+))"};
  const std::regex sample{R"(([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? ([0-9.e+-]+|\+Inf))"};
  std::map<std::string, std::string> types;
  std::set<std::string> samples;
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (std::regex_match(line, match, comment)) {
      if (match[1] == "TYPE") {
        EXPECT_TRUE(types.emplace(match[2], match[3]).second) << line;
      }
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_TRUE(samples.insert(match[1].str() + match[2].str()).second) << line;
      const auto name = std::regex_replace(match[1].str(), std::regex{"_(bucket|sum|count)$"}, "");
      EXPECT_TRUE(types.contains(name)) << line;
      if (types[name] == "counter") {
        EXPECT_TRUE(name.ends_with("_total")) << name;
      }
    }
  }
  EXPECT_TRUE(samples.contains("causeway_messages_sent_total"));
  EXPECT_TRUE(samples.contains(R"(causeway_clock_skew_seconds{service="contoso.azure-devices.net"})"));
  EXPECT_TRUE(samples.contains(R"(causeway_hub_connections{hub="contoso.azure-devices.net"})"));
  EXPECT_TRUE(samples.contains(R"(causeway_dps_throttled_total{section="field"})"));
  EXPECT_TRUE(samples.contains(R"(causeway_registry_devices{application="water-meters"})"));
  EXPECT_TRUE(samples.contains(R"(causeway_mqtt_connected{application="water-meters"})"));
  EXPECT_TRUE(samples.contains(R"(causeway_mqtt_lost_total{application="water-meters",reason="not_taken"})"));
  EXPECT_TRUE(samples.contains(R"(causeway_export_spans_lost_total{exporter="otlp"})"));
}

using lines = std::vector<std::string>;

lines lines_of(const std::string& page) {
  lines all;
  std::istringstream from{page};
  for (std::string line; std::getline(from, line);)
    all.push_back(line);
  return all;
}

// Names, types, labels and values are an interface: the page of these figures as prometheus-cpp wrote it.
TEST(metrics_page, still_has_every_line_that_it_had_with_prometheus_cpp) {
  std::ifstream before{CAUSEWAY_TEST_DATA "/metrics/prometheus-cpp.txt"};
  const auto page = lines_of(render_metrics(example()));
  const std::set<std::string> now{page.begin(), page.end()};
  std::size_t looked_at = 0;
  for (std::string line; std::getline(before, line); ++looked_at)
    if (!line.starts_with("# HELP")) {
      EXPECT_TRUE(now.contains(line)) << line;
    }
  EXPECT_GT(looked_at, 500U);
}

TEST(metrics_page, of_open_metrics_has_the_same_samples) {
  const auto open = lines_of(render_metrics(example(), exposition_format::open_metrics));
  ASSERT_EQ(open.back(), "# EOF");
  const std::regex whole_bound{R"re((le="[0-9]+)\.0")re"};
  lines found, plain;
  for (const auto& line : open)
    if (!line.starts_with("#")) found.push_back(std::regex_replace(line, whole_bound, "$1\""));
  for (const auto& line : lines_of(render_metrics(example())))
    if (!line.starts_with("#")) plain.push_back(line);
  EXPECT_EQ(found, plain);
}

TEST(metrics_page, tells_a_budget_from_its_quota) {
  const auto page = render_metrics(example());
  EXPECT_NE(page.find("causeway_hub_connects_limit{hub=\"contoso.azure-devices.net\"} 87.5\n"),
            std::string::npos);
  EXPECT_NE(page.find("causeway_hub_connects_ceiling{hub=\"contoso.azure-devices.net\"} 100\n"),
            std::string::npos);
}

TEST(metrics_page, the_histogram_is_cumulative) {
  const auto page = render_metrics(example());
  EXPECT_NE(page.find("causeway_delivery_latency_seconds_count 5\n"), std::string::npos);
  EXPECT_NE(page.find("causeway_delivery_latency_seconds_bucket{le=\"0.002\"} 4\n"), std::string::npos);
  EXPECT_NE(page.find("causeway_delivery_latency_seconds_bucket{le=\"+Inf\"} 5\n"), std::string::npos);
}

TEST(metrics_page, of_commands_has_a_histogram_each_step) {
  auto s = example();
  s.commands.latency[1].count(milliseconds{3});
  s.commands.latency[1].count(milliseconds{86'400'001});
  const auto page = render_metrics(s);
  const auto has = [&](const std::string& line) { return page.find(line + "\n") != std::string::npos; };
  EXPECT_TRUE(has(R"(causeway_command_latency_seconds_count{step="pushed"} 2)"));
  EXPECT_TRUE(has(R"(causeway_command_latency_seconds_count{step="acknowledged"} 0)"));
  EXPECT_TRUE(has(R"(causeway_command_latency_seconds_bucket{step="pushed",le="0.002"} 0)"));
  EXPECT_TRUE(has(R"(causeway_command_latency_seconds_bucket{step="pushed",le="0.005"} 1)"));
  EXPECT_TRUE(has(R"(causeway_command_latency_seconds_bucket{step="pushed",le="86400"} 1)"));
  EXPECT_TRUE(has(R"(causeway_command_latency_seconds_bucket{step="pushed",le="+Inf"} 2)"));
}

TEST(metrics_page, every_metric_is_documented) {
  const auto table = describe_metrics_markdown();
  std::istringstream page{render_metrics(example())};
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("# TYPE ")) {
      const auto name = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_NE(table.find("`" + name + "`"), std::string::npos) << name;
    }
}

} // namespace
} // namespace causeway::watch
