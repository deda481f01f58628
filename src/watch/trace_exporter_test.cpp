// SPDX-License-Identifier: Apache-2.0
#include "watch/trace_exporter.h"

#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <deque>

namespace causeway::watch {
namespace {

// A collector that answers as told, and 200 when nothing more is told.
struct collector {
  net::loop on;
  net::task_group tasks{on};
  net::wake_up heard{on};
  std::vector<std::string> bodies;
  std::deque<net::http_response> answers;
  std::optional<net::http_server> server;
  model::timeline line{on.now(), 64};

  collector() {
    auto started =
        net::http_server::start(on, tasks, {"127.0.0.1", 0}, {}, {},
                                [this](net::http_request request) { return take(this, std::move(request)); });
    EXPECT_TRUE(started);
    server.emplace(std::move(*started));
  }
  ~collector() { net::run_task(on, tasks.stop()); }

  static net::task<net::http_response> take(collector* self, net::http_request request) {
    self->bodies.push_back(request.target + " " + request.body);
    self->heard.notify();
    net::http_response answer;
    if (!self->answers.empty()) {
      answer = std::move(self->answers.front());
      self->answers.pop_front();
    }
    co_return answer;
  }
  void will_answer(int status, std::string body = {}, std::string retry_after = {}) {
    net::http_response answer;
    answer.status = status;
    answer.body = std::move(body);
    if (!retry_after.empty()) answer.headers.emplace_back("Retry-After", std::move(retry_after));
    answers.push_back(std::move(answer));
  }
  void note(std::uint32_t device, model::phase what = model::phase::attach, int begin_ms = 0) {
    line.note(
        {line.started().mono + milliseconds{begin_ms}, milliseconds{5}, device_ref{device}, 1, what, {}});
  }
  trace_exporter exporter(std::size_t batch = 10) {
    exporter_options options;
    options.name = "test";
    options.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/v1/traces";
    options.format = {"application/json", "[", ",", "]", [](std::string& out, const span_record& of) {
                        out += of.device + ":" + of.trace_id.substr(0, 4);
                      }};
    options.batch = batch;
    options.period = milliseconds{1};
    options.pauses = {milliseconds{1}, milliseconds{5}, 2.0, 0};
    return trace_exporter{on,
                          tasks,
                          std::move(options),
                          line,
                          [](device_ref ref) -> std::optional<traced_device> {
                            return traced_device{
                                {application_id{"water"}, device_id{"m" + std::to_string(index_of(ref))}},
                                identity{"m"},
                                hub_host{"hub"}};
                          },
                          [] { return 0.5; }};
  }
  static net::task<> until(collector* self, std::function<bool()> done) {
    while (!done())
      static_cast<void>(co_await self->heard.wait_until(self->on.now().mono + milliseconds{1}));
  }
  // Of the first batch.
  std::vector<std::string> traces() const {
    std::vector<std::string> all;
    const auto& body = bodies.front();
    for (auto at = body.find(':'); at != std::string::npos; at = body.find(':', at + 1))
      all.push_back(body.substr(at + 1, 4));
    return all;
  }
  void wait(std::function<bool()> done) { net::run_task(on, until(this, std::move(done))); }
};

TEST(trace_exporter, hands_over_batches_until_all_are_there) {
  collector c;
  for (std::uint32_t i = 0; i < 25; ++i)
    c.note(i);
  auto exporter = c.exporter();
  exporter.start();
  c.wait([&] { return exporter.totals().exported == 25; });
  EXPECT_EQ(c.bodies.size(), 3U);
  EXPECT_TRUE(c.bodies[0].starts_with("/v1/traces [m0:")) << c.bodies[0];
  c.note(77);
  c.wait([&] { return exporter.totals().exported == 26; });
  EXPECT_TRUE(c.bodies[3].starts_with("/v1/traces [m77:"));
  EXPECT_EQ(exporter.totals().requests, 4U);
  EXPECT_EQ(exporter.totals().faults, 0U);
}

TEST(trace_exporter, tries_the_same_batch_again_while_the_collector_is_busy) {
  collector c;
  c.will_answer(503);
  c.will_answer(429, "", "0");
  c.will_answer(439);
  c.note(1);
  auto exporter = c.exporter();
  exporter.start();
  c.wait([&] { return exporter.totals().exported == 1; });
  ASSERT_EQ(c.bodies.size(), 4U);
  EXPECT_EQ(c.bodies[0], c.bodies[3]);
  EXPECT_EQ(exporter.totals().faults, 3U);
  EXPECT_FALSE(exporter.totals().last_fault);
}

TEST(trace_exporter, drops_what_is_refused_for_good_and_goes_on) {
  collector c;
  c.will_answer(400, "no");
  c.note(1);
  auto exporter = c.exporter();
  exporter.start();
  c.wait([&] { return exporter.totals().dropped == 1; });
  EXPECT_EQ(exporter.totals().last_fault->code(), errc::export_refused);
  c.note(2);
  c.wait([&] { return exporter.totals().exported == 1; });
  EXPECT_EQ(c.bodies.size(), 2U);
}

TEST(trace_exporter, counts_what_a_collector_took_of_a_batch) {
  collector c;
  c.will_answer(206, R"({"itemsReceived":3,"itemsAccepted":2,"errors":[{"index":1,"statusCode":400}]})");
  c.will_answer(200, R"({"partialSuccess":{"rejectedSpans":"1"}})");
  for (std::uint32_t i = 0; i < 3; ++i)
    c.note(i);
  auto exporter = c.exporter(3);
  exporter.start();
  c.wait([&] { return exporter.totals().exported == 2; });
  c.note(5);
  c.wait([&] { return exporter.totals().dropped == 2; });
  EXPECT_EQ(exporter.totals().exported, 2U);
}

TEST(trace_exporter, survives_a_collector_that_is_not_there_and_counts_what_the_ring_has_overwritten) {
  collector c;
  c.note(1);
  auto exporter = c.exporter();
  const auto port = c.server->port();
  c.server->stop_accepting();
  exporter.start();
  c.wait([&] { return exporter.totals().faults >= 2; });
  EXPECT_EQ(exporter.totals().last_fault->code(), errc::connection_refused);
  for (std::uint32_t i = 0; i < 100; ++i)
    c.note(i);
  auto back =
      net::http_server::start(c.on, c.tasks, {"127.0.0.1", port}, {}, {}, [&c](net::http_request request) {
        return collector::take(&c, std::move(request));
      });
  ASSERT_TRUE(back) << back.fault().message();
  c.wait([&] { return exporter.totals().exported + exporter.totals().lost == 101; });
  EXPECT_EQ(exporter.totals().lost, 36U); // 100 noted since, 64 kept
  back->stop_accepting();
}

TEST(trace_exporter, one_way_to_the_hub_is_one_trace) {
  collector c;
  c.note(1, model::phase::dps_queue, 0);
  c.note(1, model::phase::attach, 10);
  c.note(1, model::phase::first_send, 20);
  c.note(1, model::phase::hub_queue, 5'000); // the connection was lost
  c.note(1, model::phase::attach, 5'010);
  c.note(2, model::phase::hub_queue, 0);
  auto exporter = c.exporter();
  exporter.start();
  c.wait([&] { return exporter.totals().exported == 6; });
  const auto traces = c.traces();
  ASSERT_EQ(traces.size(), 6U);
  EXPECT_EQ(traces[0], traces[1]);
  EXPECT_EQ(traces[0], traces[2]);
  EXPECT_NE(traces[0], traces[3]);
  EXPECT_EQ(traces[3], traces[4]);
  EXPECT_NE(traces[0], traces[5]);
}

TEST(trace_exporter, a_command_is_a_trace_of_its_own) {
  collector c;
  c.note(1, model::phase::hub_queue, 0);
  c.note(1, model::phase::attach, 10);
  c.note(1, model::phase::command_store, 20);
  c.note(1, model::phase::command_push, 25);
  c.note(1, model::phase::command_store, 5'000);
  c.note(1, model::phase::command_send, 5'005);
  auto exporter = c.exporter();
  exporter.start();
  c.wait([&] { return exporter.totals().exported == 6; });
  const auto traces = c.traces();
  ASSERT_EQ(traces.size(), 6U);
  EXPECT_NE(traces[0], traces[2]);
  EXPECT_EQ(traces[2], traces[3]);
  EXPECT_NE(traces[2], traces[4]);
  EXPECT_EQ(traces[4], traces[5]);
}

} // namespace
} // namespace causeway::watch
