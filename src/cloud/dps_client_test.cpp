// SPDX-License-Identifier: Apache-2.0
// Through TLS to a DPS in this process; what happens over time is the tests' of dps::fleet.
#include "cloud/dps_client.h"

#include "net/http_server.h"
#include "net/run_task.h"
#include "net/test_certificates.h"

#include <gtest/gtest.h>

namespace causeway::cloud {
namespace {

struct scene {
  net::loop on;
  net::task_group tasks{on};
  std::optional<net::http_server> server;
  azure_section section;
  model::timeline timeline{on.now()};
  std::optional<dps_client> client;
  std::vector<std::string> asked;
  std::size_t wanted = 0;
  std::vector<std::pair<device_ref, result<model::assignment>>> answers;

  scene() {
    auto started =
        net::http_server::start(on, tasks, {"127.0.0.1", 0}, net::test_server_context(), {},
                                [this](net::http_request r) { return answer(this, std::move(r)); });
    EXPECT_TRUE(started);
    server.emplace(std::move(*started));
    section.name = azure_name{"field"};
    section.dps = azure::hub_address{"localhost", server->port()};
    section.enrolment.section = azure_name{"field"};
    section.enrolment.id_scope = "0ne1";
    section.enrolment.group_key = azure::signing_key{secret{"0123456789abcdef"}};
    section.enrolment.registrations_per_minute = 1'000'000;
    section.ca_file = net::test_certificates() + "/ca.pem";
  }
  ~scene() { net::run_task(on, tasks.stop()); }

  // Assigned at once, so that nothing waits for Retry-After.
  static net::task<net::http_response> answer(scene* s, net::http_request request) {
    s->asked.push_back(request.method + " " + request.target + " " + request.body);
    co_await net::sleep_for(milliseconds{0});
    net::http_response made;
    if (request.target.find("/dev-404/") != std::string::npos) {
      made.status = 404;
      made.body = R"({"errorCode":404201,"message":"not found"})";
    } else {
      made.body = R"({"operationId":"5.x","status":"assigned","registrationState":)"
                  R"({"assignedHub":"h.net","deviceId":"d","substatus":"initialAssignment"}})";
    }
    co_return made;
  }
  void find(std::vector<std::uint32_t> devices) {
    client.emplace(
        on, tasks, section, [] { return 0.5; }, &timeline,
        [this](device_ref device, result<model::assignment> where) {
          answers.emplace_back(device, std::move(where));
          if (answers.size() == wanted) on.stop();
        });
    wanted = devices.size();
    for (const auto device : devices)
      client->find_hub(device_ref{device}, identity{"Dev-" + std::to_string(device)}, {"dtmi:x:y;1"});
    EXPECT_TRUE(answers.empty()); // not from inside the call
    on.run();
  }
};

TEST(dps_client, carries_registrations_to_dps_and_back) {
  scene s;
  s.find({7});
  ASSERT_EQ(s.answers.size(), 1U);
  EXPECT_EQ(s.answers[0].first, device_ref{7});
  ASSERT_TRUE(s.answers[0].second) << s.answers[0].second.fault().message();
  EXPECT_EQ(s.answers[0].second->hub.str(), "h.net");
  EXPECT_EQ(s.asked.at(0), "PUT /0ne1/registrations/dev-7/register?api-version=2019-03-31 "
                           R"({"registrationId":"dev-7","payload":{"modelId":"dtmi:x:y;1"}})");
  EXPECT_EQ(s.timeline.of(device_ref{7}).size(), 2U);
}

TEST(dps_client, one_refusal_is_one_devices_matter) {
  scene s;
  s.find({1, 404, 3});
  for (const auto& [device, where] : s.answers)
    EXPECT_EQ(where.has_value(), device != device_ref{404});
}

TEST(dps_client, carries_many_over_few_connections) {
  scene s;
  std::vector<std::uint32_t> devices(500);
  for (std::uint32_t i = 0; i < 500; ++i)
    devices[i] = 1'000 + i;
  s.find(devices);
  EXPECT_EQ(s.asked.size(), 500U);
  EXPECT_LE(s.server->connections(), 96U);
  const auto totals = s.client->totals();
  EXPECT_EQ(totals.assigned, 500U);
  EXPECT_EQ(totals.in_progress, 0U);
}

TEST(dps_client, a_service_with_a_certificate_that_is_not_trusted_is_named_as_that) {
  scene s;
  s.section.ca_file.clear();
  s.find({1});
  EXPECT_EQ(s.answers[0].second.fault().code(), errc::tls_untrusted);
  EXPECT_EQ(s.client->totals().unreachable, errc::tls_untrusted);
  EXPECT_TRUE(s.asked.empty());
}

// Throws, so that its task group starts it again, until the pauses are longer than those of tasks that have
// failed once, when it began.
net::task<> outlast_a_restart(net::loop* on, int* rounds) {
  if (++*rounds < 3) throw std::runtime_error{"once more"};
  on->stop();
  co_return;
}

// The worker, started again, told the fleet of the same request a second time: as a DPS that is gone, with
// requests under way that never end, so that nothing was sent any more.
TEST(dps_client, an_answer_counts_once_even_when_taking_it_throws) {
  scene s;
  bool thrown = false;
  int rounds = 0;
  s.client.emplace(
      s.on, s.tasks, s.section,
      [&] {
        if (std::exchange(thrown, true)) return 0.5;
        s.tasks.spawn("test", net::restart_policy::on_fault,
                      [&] { return outlast_a_restart(&s.on, &rounds); });
        throw std::bad_alloc{};
      },
      &s.timeline,
      [&](device_ref device, result<model::assignment> where) {
        s.answers.emplace_back(device, std::move(where));
        s.on.stop();
      });
  s.client->find_hub(device_ref{1}, identity{"Dev-1"}, {});
  s.on.run();
  ASSERT_TRUE(thrown);
  EXPECT_EQ(rounds, 3);
  EXPECT_FALSE(s.client->totals().unreachable);
  s.client->find_hub(device_ref{2}, identity{"Dev-2"}, {});
  s.on.run();
  ASSERT_EQ(s.answers.size(), 1U);
  EXPECT_EQ(s.answers[0].first, device_ref{2});
  EXPECT_TRUE(s.answers[0].second);
}

TEST(dps_client, ends_with_its_task_group_while_requests_are_under_way) {
  auto s = std::make_unique<scene>();
  s->find({1});
  s->client->find_hub(device_ref{2}, identity{"dev-2"}, {});
  s.reset();
}

} // namespace
} // namespace causeway::cloud
