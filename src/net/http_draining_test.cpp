// SPDX-License-Identifier: Apache-2.0
#include "net/http_server_scene.h"
#include "net/test_certificates.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;

const std::string request = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";

task<stream> open(std::uint16_t port, bool tls) {
  connect_options options;
  options.host = "localhost";
  options.port = port;
  if (tls) options.tls = *tls_client_context::make(test_certificates() + "/ca.pem");
  auto connected = co_await connect(std::move(options));
  co_return connected ? std::move(connected->bytes) : stream{};
}

task<bool> write(stream* to, std::string text) {
  const auto written = co_await to->write(text);
  co_return written.has_value();
}

// One piece; "|" and the fault's name when there is none any more.
task<std::string> read(stream* from) {
  std::array<char, 4096> room{};
  const auto size = co_await from->read_some(room);
  if (!size) co_return "|" + std::string{size.fault().name()};
  co_return std::string{room.data(), *size};
}

task<> turn() {
  co_await sleep_for(milliseconds{1});
}

// With and without TLS.
struct http_draining : testing::TestWithParam<bool> {
  struct scene : http_server_scene {
    explicit scene(bool t)
        : http_server_scene{{},
                            t ? std::optional{*tls_server_context::make(test_certificates() + "/server.pem",
                                                                        test_certificates() +
                                                                            "/server-key.pem")}
                              : std::nullopt},
          tls{t} {}
    bool tls;

    stream client() { return run_task(on, open(server->port(), tls)); }
    // One that is kept alive.
    stream idle_client() {
      auto made = client();
      EXPECT_TRUE(ask(made).starts_with("HTTP/1.1 200"));
      return made;
    }
    std::string ask(stream& by) {
      EXPECT_TRUE(run_task(on, write(&by, request)));
      return run_task(on, read(&by));
    }
    void until(const std::function<bool()>& done) {
      for (int i = 0; i < 10'000 && !done(); ++i)
        run_task(on, turn());
      EXPECT_TRUE(done());
    }
  };
};

TEST_P(http_draining, who_is_sent_away_is_answered_and_asked_to_come_by_another_connection) {
  scene s{GetParam()};
  auto kept = s.idle_client();
  s.server->send_away();
  EXPECT_NE(s.ask(kept).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(run_task(s.on, read(&kept)), "|peer_closed");
  auto fresh = s.client();
  const auto text = s.ask(fresh);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200"));
  EXPECT_NE(text.find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST_P(http_draining, what_comes_after_the_half_close_is_handled_though_nobody_can_be_told) {
  scene s{GetParam()};
  auto kept = s.idle_client();
  s.server->send_away();
  run_task(s.on, turn());
  EXPECT_EQ(s.server->connections(), 1U);
  EXPECT_FALSE(s.server->is_serving());
  s.server->half_close_idle();
  EXPECT_EQ(run_task(s.on, read(&kept)), "|peer_closed");
  EXPECT_EQ(s.handled, 1);
  EXPECT_TRUE(run_task(s.on, write(&kept, request)));
  s.until([&] { return s.handled == 2 && s.server->connections() == 0; });
}

TEST_P(http_draining, the_end_closes_what_is_half_closed_and_waits_for_what_is_under_way) {
  scene s{GetParam()};
  auto kept = s.idle_client();
  auto busy = s.client();
  s.server->send_away();
  EXPECT_TRUE(run_task(s.on, write(&busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")));
  s.until([&] { return s.asked == 2; });
  EXPECT_TRUE(s.server->is_serving());
  EXPECT_FALSE(s.server->is_serving(mono_time{}));
  s.server->half_close_idle();
  s.server->stop_accepting();
  s.until([&] { return s.server->connections() == 1; });
  s.gate.notify();
  EXPECT_TRUE(run_task(s.on, read(&busy)).starts_with("HTTP/1.1 200"));
  s.until([&] { return !s.server->is_serving() && s.server->connections() == 0; });
}

TEST_P(http_draining, who_has_just_come_at_the_end_is_answered_once) {
  scene s{GetParam()};
  auto fresh = s.client();
  s.server->send_away();
  s.server->half_close_idle();
  s.server->stop_accepting();
  EXPECT_TRUE(s.server->is_expecting());
  EXPECT_TRUE(s.ask(fresh).starts_with("HTTP/1.1 200"));
  EXPECT_EQ(run_task(s.on, read(&fresh)), "|peer_closed");
  s.until([&] { return !s.server->is_expecting() && s.server->connections() == 0; });
  EXPECT_FALSE(s.client().is_open());
}

TEST_P(http_draining, who_says_nothing_is_not_waited_for) {
  scene s{GetParam()};
  const auto silent = s.client();
  s.server->send_away();
  s.server->half_close_idle();
  s.server->stop_accepting();
  s.until([&] { return !s.server->is_expecting() && s.server->connections() == 0; });
}

INSTANTIATE_TEST_SUITE_P(, http_draining, testing::Bool(),
                         [](const auto& of) { return of.param ? "tls" : "plain"; });

// A connection in the kernel's queue when the server ends is served, not reset.
TEST(http_draining_queue, who_waits_there_is_answered) {
  http_server_scene s;
  s.server->send_away();
  const int waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(s.server->port());
  ASSERT_EQ(::connect(waiting, reinterpret_cast<const ::sockaddr*>(&where), sizeof where), 0);
  s.server->stop_accepting(); // before the loop has seen it
  ASSERT_EQ(::send(waiting, request.data(), request.size(), 0), static_cast<::ssize_t>(request.size()));
  for (int i = 0; i < 10'000 && s.handled == 0; ++i)
    run_task(s.on, turn());
  EXPECT_EQ(s.handled, 1);
  ::close(waiting);
}

} // namespace
} // namespace causeway::net
