// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/http2_posts.h"

#include "net/http_server.h"
#include "net/run_task.h"
#include "net/test_certificates.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace causeway::emulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class http2_posts_test : public ::testing::Test {
protected:
  ~http2_posts_test() override {
    posts_.reset();
    gate_.notify();
    net::run_task(on_, tasks_.stop());
  }

  void serve(const std::vector<std::string>& protocols, net::http_limits limits = {}) {
    const auto& directory = net::test_certificates();
    auto tls =
        net::tls_server_context::make(directory + "/server.pem", directory + "/server-key.pem", protocols);
    auto started =
        net::http_server::start(on_, tasks_, {"127.0.0.1", 0}, *tls, limits,
                                [this](net::http_request r) { return answer(this, std::move(r)); });
    ASSERT_TRUE(started) << started.fault().message();
    server_.emplace(std::move(*started));
    auto made = http2_posts::make(on_, tasks_, directory + "/ca.pem");
    ASSERT_TRUE(made) << made.fault().message();
    posts_.emplace(std::move(*made));
  }

  static net::task<net::http_response> answer(http2_posts_test* t, net::http_request request) {
    ++t->bodies_[request.body];
    t->last_ = request;
    if (request.path() == "/wait") co_await t->gate_.wait();
    net::http_response response;
    response.status = request.path() == "/busy" ? 503 : 200;
    co_return response;
  }

  net::task<http2_post_result> post(const std::string& path, const std::string& body,
                                    milliseconds patience = seconds{10}) {
    auto request = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Name: Value\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body;
    return posts_->post("localhost", server_->port(), std::move(request), on_.now().mono + patience);
  }

  // All of them at once.
  static net::task<> post_one(http2_posts_test* t, std::string body, std::vector<http2_post_result>* into) {
    auto answer = co_await t->post("/burst", body);
    into->push_back(std::move(answer));
  }
  static net::task<> post_all(http2_posts_test* t, int count, std::vector<http2_post_result>* into) {
    for (int i = 0; i < count; ++i)
      t->tasks_.spawn("post", net::restart_policy::never,
                      [t, into, body = std::to_string(i)] { return post_one(t, body, into); });
    while (into->size() < static_cast<std::size_t>(count))
      co_await net::sleep_for(milliseconds{1});
  }

  net::loop on_;
  net::task_group tasks_{on_};
  net::wake_up gate_{on_};
  std::map<std::string, int> bodies_;
  net::http_request last_;
  std::optional<net::http_server> server_;
  std::optional<http2_posts> posts_;
};

TEST_F(http2_posts_test, a_post_arrives_as_it_was_written) {
  serve({"h2", "http/1.1"});
  const auto done = net::run_task(on_, post("/path?query", std::string(100'000, 'x')));
  EXPECT_TRUE(done.is_offered);
  EXPECT_EQ(done.status, 200) << done.reason;
  EXPECT_EQ(last_.method, "POST");
  EXPECT_EQ(last_.target, "/path?query");
  EXPECT_EQ(last_.body, std::string(100'000, 'x'));
  EXPECT_EQ(last_.header("X-Name"), "Value");
  EXPECT_EQ(server_->http2_connections(), 1U);
}

TEST_F(http2_posts_test, a_burst_of_more_posts_than_the_server_takes_at_once_goes_over_one_connection) {
  serve({"h2", "http/1.1"});
  constexpr int count = 3000;
  std::vector<http2_post_result> results;
  net::run_task(on_, post_all(this, count, &results));
  for (const auto& one : results)
    EXPECT_EQ(one.status, 200) << one.reason;
  EXPECT_EQ(bodies_.size(), static_cast<std::size_t>(count));
  for (const auto& [body, times] : bodies_)
    EXPECT_EQ(times, 1) << body;
  EXPECT_EQ(posts_->connections_opened(), 1U);
}

TEST_F(http2_posts_test, any_answer_is_an_answer) {
  serve({"h2", "http/1.1"});
  EXPECT_EQ(net::run_task(on_, post("/busy", "{}")).status, 503);
}

TEST_F(http2_posts_test, a_host_that_speaks_http1_only_is_told) {
  serve({"http/1.1"});
  const auto done = net::run_task(on_, post("/", "{}"));
  EXPECT_FALSE(done.is_offered);
  EXPECT_EQ(done.status, 0);
  EXPECT_TRUE(bodies_.empty());
}

TEST_F(http2_posts_test, an_answer_that_does_not_come_is_a_time_out_and_the_connection_goes_on) {
  serve({"h2", "http/1.1"});
  const auto late = net::run_task(on_, post("/wait", "late", milliseconds{0}));
  EXPECT_EQ(late.status, 0);
  EXPECT_NE(late.reason, "");
  EXPECT_EQ(net::run_task(on_, post("/", "next")).status, 200);
  const auto waits = net::run_task(on_, post("/wait", "waits", milliseconds{50}));
  EXPECT_EQ(waits.reason, "time_out");
  EXPECT_EQ(net::run_task(on_, post("/", "after")).status, 200);
  EXPECT_EQ(bodies_["waits"], 1);
}

TEST_F(http2_posts_test, nobody_there_is_a_connection_fault_and_is_tried_again_by_the_next) {
  serve({"h2", "http/1.1"});
  const auto port = server_->port();
  const auto nowhere = net::run_task(on_, posts_->post("localhost", 1, "POST / HTTP/1.1\r\nHost: x\r\n\r\n{}",
                                                       on_.now().mono + seconds{10}));
  EXPECT_EQ(nowhere.status, 0);
  EXPECT_EQ(nowhere.reason, "connection");
  const auto again =
      net::run_task(on_, posts_->post("localhost", port, "POST / HTTP/1.1\r\nHost: x\r\n\r\n{}",
                                      on_.now().mono + seconds{10}));
  EXPECT_EQ(again.status, 200) << again.reason;
}

} // namespace
} // namespace causeway::emulator
