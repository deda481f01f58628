// SPDX-License-Identifier: Apache-2.0
#include "causeway/top_page.h"

#include <gtest/gtest.h>

#include <cmath>

namespace causeway {
namespace {

constexpr const char* first_metrics = R"(# TYPE causeway_messages_sent_total counter
causeway_events_received_total{kind="uplink"} 10
causeway_events_received_total{kind="join"} 5
causeway_messages_sent_total 10
causeway_delivery_latency_seconds_bucket{le="0.01"} 10
causeway_delivery_latency_seconds_bucket{le="0.1"} 10
causeway_delivery_latency_seconds_bucket{le="+Inf"} 10
)";
constexpr const char* second_metrics = R"(causeway_events_received_total{kind="uplink"} 30
causeway_events_received_total{kind="join"} 5
causeway_messages_sent_total 20
causeway_delivery_latency_seconds_bucket{le="0.01"} 16
causeway_delivery_latency_seconds_bucket{le="0.1"} 19
causeway_delivery_latency_seconds_bucket{le="+Inf"} 20
)";

top_sample sample(double at, const char* metrics, const char* status) {
  return make_top_sample(at, boost::json::parse(status).as_object(), metrics);
}
top_sample first() {
  return sample(100, first_metrics,
                R"({"version":"1","ready":true,"uptime_seconds":5,"devices":6,
                    "devices_by_state":{"online":2,"parked":4}})");
}
top_sample second() {
  return sample(102, second_metrics,
                R"({"version":"1","ready":true,"uptime_seconds":7,"devices":6,
                    "devices_by_state":{"online":5,"parked":1},
                    "hubs":[{"host":"h.example","online":5,"devices":6,
                             "fault":{"error":"hub_throttled","detail":"slow down"}}]})");
}
std::string whole(const std::vector<top_line>& page) {
  return draw_top_page(page, 1'000, 1'000, false);
}

TEST(top_page, has_rates_and_changes_between_two_looks) {
  const auto before = first();
  const auto page = whole(make_top_page(&before, second()));
  EXPECT_NE(page.find("10.0 a second received, 0.0 refused, 5.0 sent"), std::string::npos) << page;
  EXPECT_NE(page.find("devices   6: 5 online (+3), 1 parked (-3)"), std::string::npos) << page;
  EXPECT_NE(page.find("half up to 10 ms, 99 of 100 above 10 s"), std::string::npos) << page;
  EXPECT_NE(page.find("hub_throttled: slow down"), std::string::npos) << page;
}

TEST(top_page, has_no_rates_at_the_first_look_and_after_a_restart) {
  EXPECT_NE(whole(make_top_page(nullptr, first())).find("rates come with the next look"), std::string::npos);
  const auto before = second();
  auto restarted = first();
  restarted.at_seconds = 103;
  const auto page = whole(make_top_page(&before, restarted));
  EXPECT_NE(page.find("rates come with the next look"), std::string::npos) << page;
  EXPECT_EQ(page.find("(-"), std::string::npos) << page;
}

TEST(top_page, takes_latencies_from_what_was_counted_between) {
  EXPECT_DOUBLE_EQ(latency_between(first(), second(), 0.5), 0.01);
  EXPECT_DOUBLE_EQ(latency_between(first(), second(), 0.9), 0.1);
  EXPECT_TRUE(std::isinf(latency_between(first(), second(), 0.99)));
  EXPECT_LT(latency_between(second(), second(), 0.5), 0);
  EXPECT_LT(latency_between(top_sample{}, second(), 0.5), 0);
}

TEST(top_page, is_cut_to_the_window) {
  const std::vector<top_line> page{{"größer", top_line::tone::good}, {"two"}, {"three", top_line::tone::bad}};
  EXPECT_EQ(draw_top_page(page, 4, 3, false), "größ\ntwo\nthre");
  EXPECT_EQ(draw_top_page(page, 80, 2, false), "größer\n… 2 more lines");
  EXPECT_EQ(draw_top_page(page, 1, 1, false), "…");
  EXPECT_EQ(draw_top_page(page, 3, 3, true), "\x1b[32mgrö\x1b[0m\ntwo\n\x1b[31mthr\x1b[0m");
}

} // namespace
} // namespace causeway
