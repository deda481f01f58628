// SPDX-License-Identifier: Apache-2.0
// The MQTT source with Paho, the real parser, core and format; server, disk and hub are fakes. Real threads
// and sockets: under TSan, too (script/nightly).
#include "stack/mqtt_source.h"

#include "core/recording_ports.h"
#include "formats/flat.h"
#include "net/run_task.h"
#include "net/test_certificates.h"
#include "stack/mqtt_probe.h"
#include "stack/scripted_broker.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

using core::testing::recording_ports;
using testing::scripted_broker;

constexpr milliseconds patience{20'000};

class flat_formatter final : public model::formatter {
public:
  core::shard* target = nullptr;
  void format(model::ticket which, const model::event& event, moment now) override {
    target->on_formatted(which, formats::format_flat(event, {now.wall, {}}), now);
  }
};

// Answers of the disk come on the loop, as they do from the store.
class disk final : public model::journal {
public:
  core::shard* target = nullptr;
  net::loop* loop = nullptr;
  bool full = false;
  std::vector<std::string> bodies;
  spool_seq last = 0;

  result<void> append(model::append_request request) override {
    if (full) return error{errc::spool_full};
    for (const auto& message : request.messages)
      bodies.push_back(message.body);
    loop->post([this, from = std::move(request)] {
      target->on_appended({{from.id, {}}}, loop->now());
      std::vector<model::fresh_row> fresh;
      for (const auto& message : from.messages)
        fresh.push_back({++last, *from.device, from.id, from.key, 0, loop->now().mono, message});
      target->on_rows(std::move(fresh), loop->now());
    });
    return {};
  }
  void commit(model::change) override {}
  void read_back(std::vector<spool_seq>) override {}
};

std::string uplink(const std::string& application, const std::string& device, int f_cnt) {
  return R"({"end_device_ids":{"device_id":")" + device + R"(","application_ids":{"application_id":")" +
         application +
         R"("}},"uplink_message":{"session_key_id":"AYfg8rhha5n+FWx0ZaAprA==","f_port":2,"f_cnt":)" +
         std::to_string(f_cnt) + R"(,"decoded_payload":{"n":)" + std::to_string(f_cnt) +
         R"(},"received_at":"2026-01-01T00:00:00.)" + std::to_string(100'000 + f_cnt) + R"(Z"}})";
}

struct watcher final : mqtt_watcher {
  std::vector<std::string> said;
  void on_mqtt_up(const application_id& id) override { said.push_back("up " + id.str()); }
  void on_mqtt_down(const application_id& id, wall_time) override { said.push_back("down " + id.str()); }
  void on_mqtt_lost(const application_id& id, wall_time) override { said.push_back("lost " + id.str()); }
};

struct fixture {
  net::loop loop;
  net::task_group tasks{loop};
  recording_ports ports;
  disk spool;
  flat_formatter format;
  answer_desk desk{loop};
  watcher told;
  std::optional<core::shard> shard;
  std::optional<scripted_broker> broker;
  std::optional<mqtt_source> source;
  mqtt_settings settings;

  fixture() {
    settings.tenant = "acme";
    settings.instance = "0001";
    settings.server = {"127.0.0.1", 0, false, {}};
  }
  ~fixture() {
    source.reset();
    net::run_task(loop, tasks.stop());
  }
  // Applications of these names.
  void start(const std::vector<std::string>& names = {"app1"}) {
    std::vector<core::application_rules> rules;
    for (const auto& name : names) {
      rules.emplace_back();
      rules.back().id = application_id{name};
      rules.back().section = azure_name{"hub"};
      rules.back().identity_template = "{device_id}";
      rules.back().events.set(static_cast<std::size_t>(model::event_kind::uplink));
    }
    core::shard_options options;
    options.random = [] { return 0.5; };
    shard.emplace(std::move(rules), std::move(options), loop.now());
    shard->connect({spool, ports, ports, ports, format, desk, ports, ports});
    ports.target = format.target = spool.target = &*shard;
    spool.loop = &loop;
    if (!broker) broker.emplace(loop, tasks);
    if (settings.server.port == 0) settings.server.port = broker->port();
    source.emplace(loop, tasks, settings, applications(names), *shard, desk, [] { return 0.5; });
    source->tell(told);
    source->start();
  }
  static std::vector<mqtt_application> applications(const std::vector<std::string>& names) {
    std::vector<mqtt_application> made;
    for (const auto& name : names)
      made.push_back({application_id{name}, secret{"NNSXS." + name}, {"uplink", "join"}});
    return made;
  }
  mqtt_totals totals(const std::string& name = "app1") const {
    return source->totals().at(application_id{name});
  }
  std::uint64_t answered(model::answer what) const {
    return totals().answered[static_cast<std::size_t>(what)];
  }
  std::uint64_t lost(mqtt_loss why) const { return totals().lost[static_cast<std::size_t>(why)]; }
  std::uint64_t refused(errc why) const {
    const auto all = totals().refused;
    return all.contains(why) ? all.at(why) : 0;
  }
  // Runs the loop until it is so.
  void until(const std::function<bool()>& so) {
    const bool came = net::run_task(loop, wait(&loop, so));
    EXPECT_TRUE(came);
  }
  static net::task<bool> wait(net::loop* on, std::function<bool()> so) {
    const auto deadline = on->now().mono + patience;
    while (!so() && on->now().mono < deadline)
      co_await net::sleep_for(milliseconds{2});
    co_return so();
  }
  void until_connected() {
    until([this] { return totals().line.connected; });
  }
  void publish(const std::string& device, int f_cnt) {
    broker->publish("v3/app1@acme/devices/" + device + "/up", uplink("app1", device, f_cnt));
  }
};

TEST(mqtt_source, logs_in_as_the_application_and_subscribes_to_its_own_topics) {
  fixture f;
  f.start();
  f.until_connected();
  ASSERT_EQ(f.broker->sessions.size(), 1u);
  const auto& session = f.broker->sessions.front();
  EXPECT_EQ(session.protocol, "MQTT");
  EXPECT_EQ(session.level, 4);
  EXPECT_TRUE(session.clean);
  EXPECT_EQ(session.keep_alive, 30);
  EXPECT_EQ(session.client_id, "causeway-app1-0001");
  EXPECT_EQ(session.username, "app1@acme");
  EXPECT_EQ(session.password, "NNSXS.app1");
  EXPECT_EQ(session.filters,
            (std::vector<std::string>{"v3/app1@acme/devices/+/up", "v3/app1@acme/devices/+/join"}));
  EXPECT_EQ(f.told.said, (std::vector<std::string>{"up app1"}));
}

TEST(mqtt_source, hands_in_each_message_once_and_the_core_tells_what_came_twice) {
  fixture f;
  f.start();
  f.until_connected();
  f.publish("dev1", 1);
  f.publish("dev1", 2);
  f.publish("dev1", 1);
  f.until([&] { return f.answered(model::answer::stored) + f.answered(model::answer::duplicate) == 3; });
  EXPECT_EQ(f.answered(model::answer::stored), 2u);
  EXPECT_EQ(f.answered(model::answer::duplicate), 1u);
  EXPECT_EQ(f.spool.bodies.size(), 2u);
  EXPECT_EQ(f.totals().messages, 3u);
  EXPECT_EQ(f.totals().waiting, 0u);
  EXPECT_EQ(f.desk.waiting(), 0u);
}

TEST(mqtt_source, refuses_and_counts_what_is_no_event_of_its_application) {
  fixture f;
  f.start();
  f.until_connected();
  f.broker->publish("v3/app2@acme/devices/dev1/up", uplink("app2", "dev1", 1));
  f.broker->publish("v3/app1@acme/devices/dev1/up", uplink("app2", "dev1", 1));
  f.broker->publish("v3/app1@acme/devices/dev1/up", uplink("app1", "dev2", 1));
  f.broker->publish("v3/app1@acme/devices/dev1/up", "{broken");
  f.broker->publish("v3/app1@acme/devices/dev1/up", "");
  f.broker->publish("v3/app1@acme/devices/dev1/up", std::string(300 * 1024, ' ') + uplink("app1", "dev1", 1));
  f.publish("dev1", 7);
  f.until([&] { return f.answered(model::answer::stored) == 1; });
  EXPECT_EQ(f.refused(errc::topic_unexpected), 1u);
  EXPECT_EQ(f.refused(errc::identifiers_mismatch), 2u);
  EXPECT_EQ(f.refused(errc::json_malformed), 2u);
  EXPECT_EQ(f.refused(errc::body_too_large), 1u);
  EXPECT_EQ(f.totals().messages, 7u);
  EXPECT_EQ(f.spool.bodies.size(), 1u);
}

TEST(mqtt_source, a_refused_log_in_is_named_and_tried_again) {
  fixture f;
  f.broker.emplace(f.loop, f.tasks);
  f.broker->connack = 5;
  f.start();
  f.until([&] { return f.totals().line.fault.has_value(); });
  const auto line = f.totals().line;
  EXPECT_EQ(line.fault->code(), errc::mqtt_unauthorized);
  EXPECT_EQ(line.connack, 5);
  EXPECT_NE(line.fault->detail().find("app1@acme"), std::string::npos);
  EXPECT_EQ(line.fault->detail().find("NNSXS"), std::string::npos);
  f.broker->connack = 0;
  f.until_connected();
  EXPECT_FALSE(f.totals().line.fault);
}

TEST(mqtt_source, comes_back_and_subscribes_anew_when_the_connection_is_cut) {
  fixture f;
  f.start();
  f.until_connected();
  f.publish("dev1", 1);
  f.until([&] { return f.answered(model::answer::stored) == 1; });
  f.broker->cut();
  f.until([&] { return f.totals().line.losses == 1; });
  f.until_connected();
  ASSERT_EQ(f.broker->sessions.size(), 2u);
  EXPECT_EQ(f.broker->sessions.back().filters.size(), 2u);
  f.publish("dev1", 2);
  f.until([&] { return f.answered(model::answer::stored) == 2; });
  EXPECT_GT(f.totals().line.away.count(), 0);
  EXPECT_EQ(f.told.said, (std::vector<std::string>{"up app1", "down app1", "up app1"}));
}

TEST(mqtt_source, a_refused_subscription_is_no_connection) {
  fixture f;
  f.broker.emplace(f.loop, f.tasks);
  f.broker->suback = 0x80;
  f.start();
  f.until([&] { return f.totals().line.fault.has_value(); });
  EXPECT_EQ(f.totals().line.fault->code(), errc::mqtt_subscription_refused);
  EXPECT_NE(f.totals().line.fault->detail().find("v3/app1@acme/devices/+/"), std::string::npos);
  f.until([&] { return f.broker->open_sessions() == 0; });
  f.broker->suback = 0;
  f.until_connected();
}

TEST(mqtt_source, a_server_that_is_not_there_is_named) {
  fixture f;
  f.broker.emplace(f.loop, f.tasks);
  f.settings.server.port = f.broker->port();
  f.broker->close();
  f.start();
  f.until([&] { return f.totals().line.fault.has_value(); });
  EXPECT_EQ(f.totals().line.fault->code(), errc::mqtt_unreachable) << f.totals().line.fault->message();
  EXPECT_TRUE(f.totals().line.fault->detail().starts_with("127.0.0.1:")) << f.totals().line.fault->detail();
}

TEST(mqtt_source, speaks_tls_with_a_server_that_it_can_verify) {
  fixture f;
  f.broker.emplace(f.loop, f.tasks, net::test_server_context());
  f.settings.server.tls = true;
  f.settings.server.ca_file = net::test_certificates() + "/ca.pem";
  f.start();
  f.until_connected();
  f.publish("dev1", 1);
  f.until([&] { return f.answered(model::answer::stored) == 1; });
}

TEST(mqtt_source, sends_no_password_to_a_server_that_it_cannot_verify) {
  const auto other = net::test_certificates() + "-other";
  ASSERT_TRUE(net::make_certificates(other, {"mqtt.example"}));
  struct {
    const char* what;
    std::string certificates, ca_file;
    errc says;
  } const cases[] = {
      {"the system's authorities do not know it", net::test_certificates(), {}, errc::tls_untrusted},
      {"another authority", net::test_certificates(), other + "/ca.pem", errc::tls_untrusted},
      // Paho compares the name and does not say so.
      {"another name", other, other + "/ca.pem", errc::mqtt_unreachable}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    fixture f;
    f.broker.emplace(f.loop, f.tasks,
                     *net::tls_server_context::make(one.certificates + "/server.pem",
                                                    one.certificates + "/server-key.pem"));
    f.settings.server.tls = true;
    f.settings.server.ca_file = one.ca_file;
    f.start();
    f.until([&] { return f.totals().line.fault.has_value(); });
    EXPECT_EQ(f.totals().line.fault->code(), one.says) << f.totals().line.fault->message();
    EXPECT_TRUE(f.broker->sessions.empty());
  }
  std::filesystem::remove_all(other);
}

TEST(mqtt_source, what_the_spool_has_no_room_for_is_tried_again_in_its_order) {
  fixture f;
  f.start();
  f.until_connected();
  f.spool.full = true;
  for (int i = 1; i <= 20; ++i)
    f.publish("dev1", i);
  f.until([&] { return f.answered(model::answer::full) > 0 && f.totals().waiting == 20; });
  f.spool.full = false;
  f.until([&] { return f.answered(model::answer::stored) == 20; });
  ASSERT_EQ(f.spool.bodies.size(), 20u);
  for (int i = 1; i <= 20; ++i)
    EXPECT_NE(f.spool.bodies[static_cast<std::size_t>(i - 1)].find("\"n\":" + std::to_string(i) + ","),
              std::string::npos)
        << f.spool.bodies[static_cast<std::size_t>(i - 1)];
  EXPECT_EQ(f.totals().lost, (std::array<std::uint64_t, mqtt_losses>{}));
}

TEST(mqtt_source, what_is_not_taken_in_time_or_does_not_fit_is_lost_and_counted) {
  fixture f;
  f.settings.backlog = {8, 1'000'000, milliseconds{1'500}}; // longer than the pauses between tries
  f.settings.in_hand = 2;
  f.start();
  f.until_connected();
  f.spool.full = true;
  for (int i = 1; i <= 30; ++i)
    f.publish("dev1", i);
  f.until([&] { return f.lost(mqtt_loss::not_taken) + f.lost(mqtt_loss::backlog_full) == 30; });
  EXPECT_GE(f.lost(mqtt_loss::not_taken), 8u);
  EXPECT_GE(f.lost(mqtt_loss::backlog_full), 1u);
  EXPECT_EQ(f.told.said.back(), "lost app1");
  f.spool.full = false;
  f.publish("dev1", 31);
  f.until([&] { return f.answered(model::answer::stored) == 1; });
}

TEST(mqtt_source, a_burst_of_5000_messages_comes_through) {
  fixture f;
  f.start();
  f.until_connected();
  for (int i = 1; i <= 5'000; ++i)
    f.publish("dev" + std::to_string(i % 50), i);
  f.until([&] { return f.answered(model::answer::stored) == 5'000; });
  EXPECT_EQ(f.spool.bodies.size(), 5'000u);
  EXPECT_EQ(f.totals().lost, (std::array<std::uint64_t, mqtt_losses>{}));
}

TEST(mqtt_source, each_application_has_a_connection_of_its_own) {
  fixture f;
  f.start({"app1", "app2"});
  f.until([&] { return f.totals("app1").line.connected && f.totals("app2").line.connected; });
  ASSERT_EQ(f.broker->sessions.size(), 2u);
  EXPECT_NE(f.broker->sessions[0].username, f.broker->sessions[1].username);
  // The scripted server gives everybody everything: each takes its own.
  f.publish("dev1", 1);
  f.broker->publish("v3/app2@acme/devices/dev1/up", uplink("app2", "dev1", 1));
  const auto stored = [&](const std::string& name) {
    return f.totals(name).answered[static_cast<std::size_t>(model::answer::stored)];
  };
  f.until([&] { return stored("app1") == 1 && stored("app2") == 1; });
  f.until([&] { return f.totals("app1").messages == 2 && f.totals("app2").messages == 2; });
  EXPECT_EQ(f.totals("app1").refused.at(errc::topic_unexpected), 1u);
  EXPECT_EQ(f.totals("app2").refused.at(errc::topic_unexpected), 1u);
}

TEST(mqtt_source, says_goodbye_and_hands_in_what_has_come_before_it_stops) {
  fixture f;
  f.start();
  f.until_connected();
  f.spool.full = true;
  for (int i = 1; i <= 100; ++i)
    f.publish("dev1", i);
  f.until([&] { return f.totals().messages == 100; });
  f.spool.full = false;
  net::run_task(f.loop, f.source->stop(f.loop.now().mono + patience));
  EXPECT_TRUE(f.broker->sessions.front().said_goodbye);
  EXPECT_EQ(f.answered(model::answer::stored), 100u);
  EXPECT_EQ(f.lost(mqtt_loss::stopped), 0u);

  fixture full;
  full.start();
  full.until_connected();
  full.spool.full = true;
  full.publish("dev1", 1);
  full.until([&] { return full.answered(model::answer::full) > 0; });
  net::run_task(full.loop, full.source->stop(full.loop.now().mono + milliseconds{200}));
  EXPECT_EQ(full.lost(mqtt_loss::stopped), 1u);
}

TEST(mqtt_source, a_check_tells_of_each_key_what_the_server_says) {
  fixture f;
  f.broker.emplace(f.loop, f.tasks);
  f.settings.server.port = f.broker->port();
  auto good = net::run_task(
      f.loop, try_mqtt(&f.loop, f.settings, fixture::applications({"app1", "app2"}), milliseconds{10'000}));
  ASSERT_EQ(good.size(), 2u);
  EXPECT_TRUE(good[0] && good[1]);
  f.broker->connack = 5;
  auto bad = net::run_task(
      f.loop, try_mqtt(&f.loop, f.settings, fixture::applications({"app1"}), milliseconds{10'000}));
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].fault().code(), errc::mqtt_unauthorized);
  f.broker->connack = 0;
  f.broker->answers_subscribe = false;
  auto silent = net::run_task(
      f.loop, try_mqtt(&f.loop, f.settings, fixture::applications({"app1"}), milliseconds{300}));
  EXPECT_EQ(silent[0].fault().code(), errc::mqtt_unreachable);
}

} // namespace
} // namespace causeway::stack
