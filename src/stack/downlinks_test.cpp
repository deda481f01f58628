// SPDX-License-Identifier: Apache-2.0
#include "stack/downlinks.h"

#include "net/http_server.h"
#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

using namespace std::chrono_literals;
using model::command_id;
using model::push_end;
using model::read_end;

const command_id id{"00112233445566778899aabbccddeeff"};
const model::device_key device{application_id{"app1"}, device_id{"dev1"}};

net::task<> turn() {
  co_await net::sleep_for(0ms);
}

net::http_response answer_of(int status, std::string body) {
  net::http_response made;
  made.status = status;
  made.content_type = "application/json";
  made.body = std::move(body);
  return made;
}

// A stack that gives one answer, and a core that writes down what it hears.
struct scene : model::downlink_answers {
  net::loop on;
  net::task_group tasks{on};
  net::http_response answer = answer_of(200, "{}");
  bool is_silent = false;
  net::wake_up never{on};
  std::vector<net::http_request> asked;
  std::optional<net::http_server> server;
  std::unique_ptr<downlinks> out;

  bool lets = true;
  std::vector<command_id> may_leave_asked;
  std::optional<model::push_outcome> pushed;
  std::optional<model::queue_reading> queue;
  std::optional<model::record_reading> record;

  explicit scene(downlink_options options = {}) {
    auto started = net::http_server::start(on, tasks, {"127.0.0.1", 0}, {}, {},
                                           [this](net::http_request r) { return serve(this, std::move(r)); });
    EXPECT_TRUE(started);
    server.emplace(std::move(*started));
    if (options.base_url.empty()) options.base_url = "http://127.0.0.1:" + std::to_string(server->port());
    std::vector<stack_application> applications;
    applications.push_back({application_id{"app1"}, secret{"NNSXS.KEY"}});
    out = std::make_unique<downlinks>(on, tasks, *this, std::move(options), std::move(applications),
                                      [] { return 0.5; });
  }
  ~scene() override { net::run_task(on, tasks.stop()); }

  static net::task<net::http_response> serve(scene* s, net::http_request request) {
    s->asked.push_back(std::move(request));
    if (s->is_silent) co_await s->never.wait();
    co_return net::http_response{s->answer.status, s->answer.content_type, s->answer.body, s->answer.headers};
  }
  bool may_leave(const command_id& which, moment) override {
    may_leave_asked.push_back(which);
    return lets;
  }
  void on_push_outcome(const command_id& which, const model::push_outcome& what, moment) override {
    EXPECT_EQ(which, id);
    pushed = what;
    on.stop();
  }
  void on_queue_read(const command_id& which, const model::queue_reading& what, moment) override {
    EXPECT_EQ(which, id);
    queue = what;
    on.stop();
  }
  void on_record_read(const command_id& which, const model::record_reading& what, moment) override {
    EXPECT_EQ(which, id);
    record = what;
    on.stop();
  }

  model::push_outcome push(const model::device_key& to = device) {
    model::downlink what;
    what.f_port = 10;
    what.frm_payload = "\x01\x02";
    pushed.reset();
    out->push(id, to, what);
    EXPECT_FALSE(pushed) << "never from inside the call";
    on.run();
    return pushed.value_or(model::push_outcome{});
  }
};

TEST(downlinks, a_push_is_one_request_with_one_item) {
  scene s;
  const auto before = s.on.now().mono;
  const auto outcome = s.push();
  EXPECT_EQ(outcome.how, push_end::taken);
  ASSERT_EQ(s.asked.size(), 1U);
  EXPECT_EQ(s.asked[0].method, "POST");
  EXPECT_EQ(s.asked[0].target, "/api/v3/as/applications/app1/devices/dev1/down/push");
  EXPECT_EQ(s.asked[0].header("Authorization"), "Bearer NNSXS.KEY");
  EXPECT_EQ(s.asked[0].header("Content-Type"), "application/json");
  EXPECT_NE(s.asked[0].body.find(R"("frm_payload":"AQI=")"), std::string::npos) << s.asked[0].body;
  EXPECT_NE(s.asked[0].body.find("causeway:" + id.str()), std::string::npos) << s.asked[0].body;
  EXPECT_EQ(s.may_leave_asked, std::vector{id});
  ASSERT_TRUE(outcome.began);
  EXPECT_GE(*outcome.began, before);
  EXPECT_GE(outcome.ended, *outcome.began);
  EXPECT_EQ(s.out->totals().at(device.application).taken, 1U);
  EXPECT_EQ(s.out->under_way(), 0U);
}

TEST(downlinks, a_queue_is_emptied_by_replacing_it_with_nothing) {
  scene s;
  s.out->empty_queue(id, device);
  s.on.run();
  EXPECT_EQ(s.pushed->how, push_end::taken);
  EXPECT_EQ(s.asked[0].target, "/api/v3/as/applications/app1/devices/dev1/down/replace");
  EXPECT_EQ(s.asked[0].body, R"({"downlinks":[]})");
}

TEST(downlinks, a_refusal_has_the_stacks_name) {
  scene s;
  s.answer = answer_of(
      400, R"({"code":3,"message":"error:pkg/applicationserver:no_f_port","details":[)"
           R"({"namespace":"pkg/applicationserver","name":"no_f_port","message_format":"no f_port"}]})");
  const auto outcome = s.push();
  EXPECT_EQ(outcome.how, push_end::refused);
  EXPECT_EQ(outcome.error_name, "pkg/applicationserver:no_f_port");
  EXPECT_EQ(s.out->totals().at(device.application).refused, 1U);
}

TEST(downlinks, an_answer_that_says_nothing_of_the_item_is_none) {
  for (const int status : {204, 302, 408, 409, 499, 500, 502, 504}) {
    scene s;
    s.answer = answer_of(status, "");
    EXPECT_EQ(s.push().how, push_end::unanswered) << status;
    EXPECT_EQ(s.asked.size(), 1U) << status;
  }
}

TEST(downlinks, what_the_core_does_not_let_has_not_left) {
  scene s;
  s.lets = false;
  const auto outcome = s.push();
  EXPECT_EQ(outcome.how, push_end::not_made);
  EXPECT_FALSE(outcome.began);
  EXPECT_TRUE(s.asked.empty());
}

TEST(downlinks, a_push_without_a_connection_has_not_left) {
  downlink_options options;
  {
    net::loop on;
    options.base_url =
        "http://127.0.0.1:" + std::to_string(net::listener::bind(on, {"127.0.0.1", 0})->port());
  }
  scene s{options};
  const auto outcome = s.push();
  EXPECT_EQ(outcome.how, push_end::not_made);
  EXPECT_EQ(outcome.error_name, "connection_refused");
  EXPECT_TRUE(s.may_leave_asked.empty());
}

TEST(downlinks, a_push_that_has_left_and_is_not_answered_in_time_is_unanswered) {
  downlink_options options;
  options.push_time_out = 50ms;
  scene s{options};
  s.is_silent = true;
  const auto outcome = s.push();
  EXPECT_EQ(outcome.how, push_end::unanswered);
  EXPECT_EQ(outcome.error_name, "connection_timed_out");
  EXPECT_TRUE(outcome.began);
  EXPECT_EQ(s.asked.size(), 1U);
}

TEST(downlinks, a_429_says_how_long_the_application_is_to_wait) {
  scene s;
  s.answer =
      answer_of(429, R"({"code":8,"details":[{"namespace":"pkg/ratelimit","name":"rate_limit_exceeded"}]})");
  s.answer.headers = {{"X-Rate-Limit-Limit", "10"},
                      {"X-Rate-Limit-Available", "0"},
                      {"X-Rate-Limit-Reset", "7"},
                      {"X-Rate-Limit-Retry", "3"}};
  const auto outcome = s.push();
  EXPECT_EQ(outcome.how, push_end::later);
  EXPECT_GT(outcome.pause, 2s);
  EXPECT_LE(outcome.pause, 7s);
  EXPECT_EQ(s.out->totals().at(device.application).throttled, 1U);
}

TEST(downlinks, an_application_without_a_key_is_refused_and_shown_nothing) {
  scene s;
  const model::device_key other{application_id{"other"}, device_id{"dev1"}};
  EXPECT_EQ(s.push(other).how, push_end::refused);
  s.out->read_queue(id, other);
  s.on.run();
  EXPECT_EQ(s.queue->how, read_end::refused);
  EXPECT_TRUE(s.asked.empty());
}

TEST(downlinks, a_read_that_succeeds_shows_the_queue) {
  scene s;
  s.out->read_queue(id, device);
  s.on.run();
  EXPECT_EQ(s.asked[0].method, "GET");
  EXPECT_EQ(s.asked[0].target, "/api/v3/as/applications/app1/devices/dev1/down");
  EXPECT_EQ(s.queue->how, read_end::seen);
  EXPECT_TRUE(s.queue->what.empty());
  s.answer.body = R"({"downlinks":[{"f_port":10,"correlation_ids":["as:downlink:1","causeway:x"]}]})";
  s.out->read_queue(id, device);
  s.on.run();
  ASSERT_EQ(s.queue->what.size(), 1U);
  EXPECT_EQ(s.queue->what[0].correlation_ids.size(), 2U);
}

TEST(downlinks, a_record_comes_with_the_stacks_time) {
  scene s;
  s.answer.body = R"({"ids":{"device_id":"dev1","application_ids":{"application_id":"app1"}},)"
                  R"("created_at":"2026-10-20T07:28:00Z"})";
  s.answer.headers = {{"Date", "Wed, 21 Oct 2026 07:28:00 GMT"}};
  s.out->read_record(id, device);
  s.on.run();
  EXPECT_TRUE(s.asked[0].target.starts_with(
      "/api/v3/ns/applications/app1/devices/dev1?field_mask=supports_class_b,"));
  EXPECT_EQ(s.record->how, read_end::seen);
  EXPECT_TRUE(s.record->what.class_a);
  ASSERT_TRUE(s.record->stack_time);
  EXPECT_EQ(s.record->stack_time->time_since_epoch(), 1'792'567'680s);
}

// What has come to the two reads for this answer.
void expect_read_ends(int status, const std::string& body, read_end how) {
  scene s;
  s.answer = answer_of(status, body);
  s.out->read_queue(id, device);
  s.on.run();
  EXPECT_EQ(s.queue->how, how) << status << body;
  s.out->read_record(id, device);
  s.on.run();
  EXPECT_EQ(s.record->how, how) << status << body;
}

std::string error_of(const std::string& space, const std::string& name) {
  return R"({"code":5,"message":"error:…","details":[{"namespace":")" + space + R"(","name":")" + name +
         R"("}]})";
}

TEST(downlinks, a_read_that_is_refused_by_the_stack_shows_nothing) {
  expect_read_ends(400, error_of("pkg/auth", "token"), read_end::refused);
  expect_read_ends(401, error_of("pkg/identityserver", "api_key_not_found"), read_end::refused);
  expect_read_ends(403, error_of("pkg/auth/rights", "no_application_rights"), read_end::refused);
  expect_read_ends(404, error_of("pkg/redis", "not_found"), read_end::unknown);
}

// A proxy's page, and what cannot be read, say nothing of the device.
TEST(downlinks, a_read_that_fails_is_no_look) {
  for (const int status : {400, 401, 403, 404, 429, 500, 504})
    expect_read_ends(status, "{}", read_end::failed);
  for (const auto* body : {"", "[", "<html>", R"({"error":"upstream"})"})
    expect_read_ends(200, body, read_end::failed);
}

// The process that comes next settles them by what the stack shows.
TEST(downlinks, a_stop_of_the_tasks_tells_nothing_of_what_is_under_way) {
  scene s;
  s.is_silent = true;
  s.out->push(id, device, {});
  while (s.asked.empty())
    net::run_task(s.on, turn());
  EXPECT_EQ(s.out->under_way(), 1U);
  net::run_task(s.on, s.tasks.stop());
  EXPECT_FALSE(s.pushed);
}

} // namespace
} // namespace causeway::stack
