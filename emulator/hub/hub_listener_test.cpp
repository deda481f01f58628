// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_listener.h"

#include "net/run_task.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <filesystem>

namespace causeway::emulator {
namespace {

// A directory with certificates that goes at the end.
struct certificate_directory {
  std::string path = testing::TempDir() + "causeway-hub-listener-" + std::to_string(::getpid());

  certificate_directory() { EXPECT_TRUE(net::make_certificates(path, {"localhost", "127.0.0.1"})); }
  ~certificate_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

class hub_listener_test : public ::testing::Test {
protected:
  ~hub_listener_test() override {
    port_->close();
    net::run_task(on_, tasks_.stop());
  }

  void start(latency delays) {
    hub_options options;
    options.latency = delays;
    hub_.emplace(registry_, messages_, faults_, "DeviceGateway_0", 0, options);
    auto tls = net::tls_server_context::make(certificates_.path + "/server.pem",
                                             certificates_.path + "/server-key.pem");
    auto started = hub_listener::start(on_, tasks_, {"127.0.0.1", 0}, *tls, *hub_);
    ASSERT_TRUE(started) << started.fault().message();
    port_.emplace(std::move(*started));
  }

  result<net::connected_stream> connect() {
    net::connect_options options;
    options.host = "127.0.0.1";
    options.port = port_->port();
    options.tls = *net::tls_client_context::make(certificates_.path + "/ca.pem");
    return net::run_task(on_, net::connect(std::move(options)));
  }

  static net::task<result<std::string>> ask_for_sasl(net::stream* bytes) {
    const auto written = co_await bytes->write({"AMQP\x03\x01\x00\x00", 8});
    if (!written) co_return written.fault();
    std::array<char, 256> buffer{};
    const auto got = co_await bytes->read_some(buffer);
    if (!got) co_return got.fault();
    co_return std::string{buffer.data(), *got};
  }

  void set(fault_kind kind) {
    fault rule;
    rule.kind = kind;
    faults_.add(rule);
    hub_->review_faults();
  }
  void clear_faults() {
    faults_.clear();
    hub_->review_faults();
  }

  certificate_directory certificates_;
  identity_registry registry_{{"localhost"}};
  arrivals messages_{"localhost"};
  fault_table faults_;
  net::loop on_;
  net::task_group tasks_{on_};
  std::optional<hub_service> hub_;
  std::optional<hub_listener> port_;
};

TEST_F(hub_listener_test, answers_no_sooner_than_its_latency) {
  latency delays = latency::none();
  delays.answer = std::chrono::milliseconds{30};
  start(delays);
  auto client = connect();
  ASSERT_TRUE(client) << client.fault().message();
  const auto asked = on_.now().mono;
  const auto answer = net::run_task(on_, ask_for_sasl(&client->bytes));
  ASSERT_TRUE(answer) << answer.fault().message();
  EXPECT_EQ(answer->substr(0, 4), "AMQP");
  EXPECT_GE(on_.now().mono - asked, delays.answer);
}

TEST_F(hub_listener_test, leaves_its_port_while_the_hub_is_gone_and_takes_it_again) {
  start(latency::none());
  const auto port = port_->port();
  auto client = connect();
  ASSERT_TRUE(client) << client.fault().message();
  set(fault_kind::hub_gone);
  const auto refused = connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.fault().code(), errc::connection_refused);
  EXPECT_FALSE(net::run_task(on_, ask_for_sasl(&client->bytes))); // cut
  clear_faults();
  EXPECT_EQ(port_->port(), port);
  auto again = connect();
  ASSERT_TRUE(again) << again.fault().message();
  EXPECT_TRUE(net::run_task(on_, ask_for_sasl(&again->bytes)));
}

TEST_F(hub_listener_test, closes_new_connections_when_it_is_told_to) {
  start(latency::none());
  set(fault_kind::hub_refuse_connections);
  auto client = connect();
  ASSERT_TRUE(client) << client.fault().message(); // the handshake is whole
  EXPECT_FALSE(net::run_task(on_, ask_for_sasl(&client->bytes)));
  EXPECT_EQ(hub_->totals().connections_refused, 1U);
  EXPECT_EQ(hub_->totals().connections, 0U);
}

} // namespace
} // namespace causeway::emulator
