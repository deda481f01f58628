// SPDX-License-Identifier: Apache-2.0
// The webhook with the real parser, core and format behind it; only disk and hub are fakes.
#include "stack/webhook.h"

#include "base/encoding.h"
#include "base/sample_file.h"
#include "core/device_table.h"
#include "core/recording_ports.h"
#include "formats/flat.h"
#include "net/run_task.h"

#include <gtest/gtest.h>

#include <sstream>

namespace causeway::stack {
namespace {

using core::testing::recording_ports;

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

class flat_formatter final : public model::formatter {
public:
  core::shard* target = nullptr;
  void format(model::ticket which, const model::event& event, moment now) override {
    target->on_formatted(which, formats::format_flat(event, {now.wall, {}}), now);
  }
};

// Answers of the disk come on the loop, as they do from the store.
class instant_disk final : public model::journal {
public:
  core::shard* target = nullptr;
  net::loop* loop = nullptr;
  std::optional<error> refuses, fails;
  std::vector<model::append_request> rows;
  std::vector<error> raw_dead_letters;
  spool_seq last = 0;

  result<void> append(model::append_request request) override {
    if (refuses) return *refuses;
    const auto id = request.id;
    const auto device = *request.device;
    const auto key = request.key;
    const auto messages = request.messages;
    if (request.refused)
      raw_dead_letters.push_back(request.refused->reason);
    else
      rows.push_back(std::move(request));
    loop->post([this, id, device, key, messages] {
      target->on_appended({{id, fails ? result<void>{*fails} : result<void>{}}}, loop->now());
      std::vector<model::fresh_row> fresh;
      for (const auto& message : messages)
        fresh.push_back({++last, device, id, key, 0, loop->now().mono, message});
      if (!fails) target->on_rows(std::move(fresh), loop->now());
    });
    return {};
  }
  void commit(model::change) override {}
  void read_back(std::vector<spool_seq>) override {}
};

std::vector<webhook_application> applications(const std::vector<std::string>& names) {
  std::vector<webhook_application> out;
  for (const auto& name : names)
    out.push_back({application_id{name}, {"tts", {}, secret{"pw-" + name}}});
  return out;
}

std::vector<core::application_rules> rules(const std::vector<std::string>& names) {
  std::vector<core::application_rules> out;
  std::bitset<model::event_kinds> events;
  events.set(static_cast<std::size_t>(model::event_kind::uplink));
  for (const auto& name : names)
    out.push_back({application_id{name}, azure_name{"hub"}, "{device_id}", {}, events});
  return out;
}

const std::vector<std::string> configured{
    "app1",   "starter-kit",    "lemt-raumsensoren",      "clairchen-test",
    "flwsb",  "icicle-monitor", "thingsboard-connection", "tti-ch-test-app",
    "foo-app"};

struct fixture {
  net::loop loop;
  recording_ports ports;
  instant_disk disk;
  flat_formatter format;
  answer_desk desk{loop};
  core::shard shard{rules(configured), options(), loop.now()};
  stack::webhook webhook{applications(configured), shard, desk, loop, "key"};

  fixture() {
    shard.connect({disk, ports, ports, ports, format, desk, ports, ports});
    ports.target = format.target = disk.target = &shard;
    disk.loop = &loop;
  }
  static core::shard_options options() {
    core::shard_options made;
    made.random = [] { return 0.5; };
    return made;
  }
  static net::http_request request(const std::string& path, std::string body, const std::string& password) {
    net::http_request made;
    made.method = "POST";
    made.target = path;
    made.peer = "192.0.2.1";
    made.headers = {{"Content-Type", "application/json"},
                    {"Authorization", "Basic " + base64_encode("tts:" + password)}};
    made.body = std::move(body);
    return made;
  }
  net::http_response send(net::http_request made) {
    return net::run_task(loop, webhook.handle(std::move(made)));
  }
  net::http_response post(const std::string& path, std::string body) {
    const auto app =
        path.substr(9, path.find('/', 9) == std::string::npos ? std::string::npos : path.find('/', 9) - 9);
    return send(request(path, std::move(body), "pw-" + app));
  }
};

struct expectation {
  const char* file;
  const char* path;
  int status;
  const char* outcome;  // in the answer; the error's name for a refusal
  const char* identity; // nullptr: nothing is to be sent
};

TEST(webhook, gives_every_sample_uplink_its_outcome) {
  const expectation table[] = {
      {"up-01-docs-full.json", "/webhook/app1", 200, "stored", "dev1"}, // without a port
      {"up-02-mqtt-docs-2019-no-fcnt.json", "/webhook/app1", 200, "stored", "dev1"},
      {"up-03-mclimate-button-confirmed-battery-2025.json", "/webhook/starter-kit", 200, "stored",
       "eui-70b3d52dd600035a"},
      {"up-04-webhook-field-masked.json", "/webhook/app1", 400, "identifiers_missing", nullptr},
      {"up-04-webhook-field-masked.json", "/webhook/app1/devices/dev1", 200, "stored", "dev1"},
      {"up-04-webhook-field-masked.json", "/webhook/app1/devices/dev1/up", 200, "stored", "dev1"},
      {"up-05-cayenne-two-temperatures-fragment.json", "/webhook/app1", 400, "identifiers_missing", nullptr},
      {"up-05-cayenne-two-temperatures-fragment.json", "/webhook/app1/devices/dev1", 200, "stored", "dev1"},
      {"up-06-cayenne-pressure-temperature-fragment.json", "/webhook/app1", 400, "identifiers_missing",
       nullptr},
      {"up-06-cayenne-pressure-temperature-fragment.json", "/webhook/app1/devices/dev1", 200, "stored",
       "dev1"},
      {"up-07-things-node-normalized-warnings-fragment.json", "/webhook/app1", 400, "identifiers_missing",
       nullptr},
      {"up-07-things-node-normalized-warnings-fragment.json", "/webhook/app1/devices/dev1", 200, "stored",
       "dev1"},
      {"up-08-uplink_normalized-fragment.json", "/webhook/app1", 400, "identifiers_missing", nullptr},
      {"up-08-uplink_normalized-fragment.json", "/webhook/app1/devices/dev1", 200, "unwanted", nullptr},
      {"up-09-milesight-am107-packetbroker-2021.json", "/webhook/lemt-raumsensoren", 200, "stored",
       "eui-24e124128b100001"},
      {"up-10-no-fport-no-payload-three-gateways-2021.json", "/webhook/clairchen-test", 200, "control",
       nullptr},
      {"up-11-two-antennas-fine-timestamp-2022.json", "/webhook/flwsb", 200, "stored",
       "eui-0004a30b0020da72"},
      {"up-12-arduino-confirmed-2024.json", "/webhook/icicle-monitor", 200, "stored",
       "portenta-h7-icicle-00"},
      {"up-13-simulated-2024.json", "/webhook/icicle-monitor", 200, "stored", "portenta-h7-icicle-00"},
      {"up-14-simulated-no-frequency-2022.json", "/webhook/thingsboard-connection", 200, "stored",
       "thermostat-a"},
      {"up-15-ttig-indoor-gateway-2021.json", "/webhook/tti-ch-test-app", 200, "stored", "test-dev-01"},
      {"up-16-no-gateway-time-2020.json", "/webhook/tti-ch-test-app", 200, "stored", "test-dev-01"},
      {"up-17-minimal-unit-test.json", "/webhook/foo-app", 200, "stored", "foo-device"},
      {"up-18-constructed-fsk-fcnt0.json", "/webhook/tti-ch-test-app", 200, "stored", "test-dev-01"},
      {"up-19-constructed-lrfhss-snr0.json", "/webhook/tti-ch-test-app", 200, "stored", "test-dev-01"},
  };
  for (const auto& expected : table) {
    SCOPED_TRACE(std::string{expected.file} + " at " + expected.path);
    fixture f;
    const auto response = f.post(expected.path, sample(expected.file));
    EXPECT_EQ(response.status, expected.status) << response.body;
    EXPECT_NE(response.body.find(expected.outcome), std::string::npos) << response.body;
    ASSERT_EQ(f.disk.rows.size(), expected.identity == nullptr ? 0u : 1u);
    if (expected.identity == nullptr) continue;

    const auto& row = f.disk.rows[0].messages[0];
    // Sent under the identity that the provisioner is asked for; the body is the golden one where the clock
    // has no part.
    const auto asked = f.ports.take();
    EXPECT_NE(
        std::find(asked.begin(), asked.end(), "find_hub 0 " + std::string{expected.identity} + " in hub"),
        asked.end());
    const std::string name = expected.file;
    const bool dated = sample(name).find("received_at") != std::string::npos;
    if (dated) {
      const auto golden = testing::read_sample("golden/flat/" + name.substr(0, name.rfind('.')) + ".txt");
      EXPECT_TRUE(golden.ends_with("\nbody: " + row.body + "\n")) << golden;
    }
    EXPECT_EQ(row.content_type, "application/json");
    EXPECT_EQ(row.content_encoding, "utf-8");
    const auto has = [&](const std::string& key, const std::string& value) {
      return std::find(row.properties.begin(), row.properties.end(), std::pair{key, value}) !=
             row.properties.end();
    };
    EXPECT_TRUE(has("deviceId", expected.identity));
    EXPECT_TRUE(has("event", "uplink"));
    const bool masked = !dated || sample(name).find("correlation_ids") == std::string::npos;
    const bool simulated = sample(name).find("\"simulated\"") != std::string::npos;
    EXPECT_EQ(has("simulated", "true"), simulated);
    EXPECT_EQ(has("simulated", "false"), !simulated && !masked);
  }
}

TEST(webhook, refuses_what_is_not_an_event_and_says_why) {
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  const struct {
    const char* what;
    std::string path, body;
    int status;
    const char* error;
  } table[] = {
      {"broken JSON", "/webhook/starter-kit", "{broken", 400, "json_malformed"},
      {"empty body", "/webhook/starter-kit", "", 400, "json_malformed"},
      {"an array", "/webhook/starter-kit", "[]", 400, "event_unrecognised"},
      {"body of another application", "/webhook/app1", good, 400, "identifiers_mismatch"},
      {"device id outside the rule", "/webhook/app1/devices/Dev_1", R"({"uplink_message":{"f_port":1}})", 400,
       "identifier_invalid"},
      {"port out of range", "/webhook/app1/devices/dev1", R"({"uplink_message":{"f_port":256}})", 400,
       "field_invalid"},
      {"no such path", "/webhook/", "{}", 404, "not_found"},
      {"a dev_eui alone", "/webhook/app1",
       R"({"end_device_ids":{"dev_eui":"70B3D52DD600035A"},"uplink_message":{"f_port":1}})", 400,
       "identifiers_missing"},
      {"an event of the Console", "/webhook/app1",
       R"({"name":"as.up.data.forward","data":{"uplink_message":{}}})", 400, "event_unrecognised"},
  };
  for (const auto& expected : table) {
    SCOPED_TRACE(expected.what);
    fixture f;
    const auto response = f.post(expected.path, expected.body);
    EXPECT_EQ(response.status, expected.status);
    EXPECT_NE(response.body.find(std::string{"\"error\":\""} + expected.error + "\""), std::string::npos)
        << response.body;
    EXPECT_TRUE(f.disk.rows.empty());
    // A bad message disturbs no good one.
    EXPECT_EQ(f.post("/webhook/starter-kit", good).status, 200);
  }
}

struct wild_path {
  std::string path, device, origin;
};

std::vector<wild_path> wild_paths() {
  std::istringstream lines{testing::read_sample("webhooks/paths.txt")};
  std::vector<wild_path> all;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const auto first = line.find(" | "), second = line.find(" | ", first + 3);
    auto path = line.substr(0, first), device = line.substr(first + 3, second - first - 3);
    all.push_back({path == "\"\"" ? "" : path, device == "-" ? "" : device, line.substr(second + 3)});
  }
  return all;
}

// The paths of the stack's own documents and templates were refused, or became a device (faults B1, B3).
TEST(webhook, takes_a_device_from_its_own_place_and_never_from_a_word) {
  const auto paths = wild_paths();
  ASSERT_GE(paths.size(), 60U);
  const auto whole = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  const std::string masked = R"({"uplink_message":{"f_port":1,"decoded_payload":{"t":1}}})";
  const std::string eui_alone =
      R"({"end_device_ids":{"dev_eui":"70B3D52DD600035A"},"received_at":"2025-04-16T11:54:13.9Z","uplink_message":{"decoded_payload":{"t":1}}})";
  for (const auto& one : paths) {
    SCOPED_TRACE(one.path + ", " + one.origin);
    const auto target = "/webhook/starter-kit" + one.path;
    {
      fixture f;
      const auto response = f.send(f.request(target, whole, "pw-starter-kit"));
      EXPECT_EQ(response.status, 200) << response.body;
      EXPECT_EQ(f.shard.devices().size(), 1U);
      EXPECT_TRUE(f.shard.devices().find(1, "eui-70b3d52dd600035a"));
    }
    for (const auto& body : {masked, eui_alone}) {
      fixture f;
      const auto response = f.send(f.request(target, body, "pw-starter-kit"));
      EXPECT_EQ(response.status, one.device.empty() ? 400 : 200) << response.body;
      EXPECT_EQ(f.shard.devices().size(), one.device.empty() ? 0U : 1U);
      if (!one.device.empty()) {
        EXPECT_TRUE(f.shard.devices().find(1, one.device));
      } else if (response.body.find("identifier_invalid") == std::string::npos) {
        EXPECT_NE(response.body.find("/webhook/starter-kit/devices{/devID}"), std::string::npos)
            << response.body;
        EXPECT_NE(response.body.find("end_device_ids"), std::string::npos) << response.body;
      }
    }
  }
}

TEST(webhook, counts_a_path_that_says_more_than_is_needed_and_tells_of_it_once) {
  fixture f;
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  for (const char* path : {"/webhook/starter-kit", "/webhook/starter-kit/devices/eui-70b3d52dd600035a/up"})
    f.post(path, good);
  EXPECT_EQ(f.webhook.totals().needless_paths, 0U);
  for (const char* path : {"/webhook/starter-kit/up", "/webhook/starter-kit/devices/other"})
    EXPECT_EQ(f.post(path, good).status, 200);
  EXPECT_EQ(f.webhook.totals().needless_paths, 2U);
  EXPECT_EQ(f.disk.rows.size(), 1U); // of the body's device, four times the same
}

TEST(webhook, needs_the_applications_own_password) {
  fixture f;
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  EXPECT_EQ(f.send(f.request("/webhook/starter-kit", good, "wrong")).status, 401);
  EXPECT_EQ(f.send(f.request("/webhook/starter-kit", good, "pw-app1")).status, 401);
  auto bare = f.request("/webhook/starter-kit", good, "");
  bare.headers.pop_back();
  const auto response = f.send(bare);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers.front().first, "WWW-Authenticate");
  EXPECT_TRUE(f.disk.rows.empty());
  EXPECT_EQ(f.send(f.request("/webhook/starter-kit", good, "pw-starter-kit")).status, 200);
}

TEST(webhook, tells_of_unknown_applications_only_who_has_a_password) {
  fixture f;
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  EXPECT_EQ(f.send(f.request("/webhook/no-such-app", good, "pw-app1")).status, 404);
  EXPECT_EQ(f.send(f.request("/webhook/no-such-app", good, "guess")).status, 401);
}

TEST(webhook, slows_guessing_down_and_never_who_knows_the_password) {
  fixture f;
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(f.send(f.request("/webhook/starter-kit", good, "wrong")).status, 401);
  EXPECT_EQ(f.send(f.request("/webhook/starter-kit", good, "wrong")).status, 429);
  EXPECT_EQ(f.send(f.request("/webhook/starter-kit", good, "pw-starter-kit")).status, 200);
}

TEST(webhook, holds_the_answer_to_a_wrong_log_in_and_to_no_other) {
  fixture f;
  auto wrong = f.request("/webhook/starter-kit", "", "wrong"),
       unknown = f.request("/webhook/no-such-app", "", "wrong"),
       right = f.request("/webhook/starter-kit", "", "pw-starter-kit"),
       elsewhere = f.request("/webhook/no-such-app", "", "pw-starter-kit");
  for (auto* const one : {&wrong, &unknown}) {
    const auto away = f.webhook.admit(*one);
    ASSERT_TRUE(away);
    EXPECT_EQ(away->answer.status, 401);
    EXPECT_EQ(away->after, log_in_guard::pause);
  }
  EXPECT_FALSE(f.webhook.admit(right));
  const auto away = f.webhook.admit(elsewhere);
  ASSERT_TRUE(away);
  EXPECT_EQ(away->answer.status, 404);
  EXPECT_EQ(away->after, milliseconds{0});
}

TEST(webhook, tells_probers_without_a_log_in_whether_it_can_store) {
  fixture f;
  std::optional<errc> fault;
  f.webhook.tell_probers([&fault] { return fault; });
  for (const auto* const method : {"GET", "HEAD"}) {
    for (const auto* const path : {"/", "/readyz", "/readyz?x=1"}) {
      net::http_request probe;
      probe.method = method;
      probe.target = path;
      fault.reset();
      auto away = f.webhook.admit(probe);
      ASSERT_TRUE(away);
      EXPECT_EQ(away->answer.status, 200);
      fault = errc::store_unavailable;
      away = f.webhook.admit(probe);
      ASSERT_TRUE(away);
      EXPECT_EQ(away->answer.status, 503);
      EXPECT_EQ(away->answer.body, "not ready: store_unavailable\n");
    }
  }
  EXPECT_TRUE(f.webhook.totals().by_status.empty()); // it is the stack's posts that are counted
}

TEST(webhook, takes_json_by_post_only) {
  fixture f;
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  auto get = f.request("/webhook/starter-kit", good, "pw-starter-kit");
  get.method = "GET";
  EXPECT_EQ(f.send(get).status, 405);
  for (const char* type : {"application/octet-stream", "text/plain", ""}) {
    auto other = f.request("/webhook/starter-kit", good, "pw-starter-kit");
    other.headers[0].second = type;
    EXPECT_EQ(f.send(other).status, 415) << type;
  }
  auto charset = f.request("/webhook/starter-kit", good, "pw-starter-kit");
  charset.headers[0].second = "Application/JSON; charset=utf-8";
  EXPECT_EQ(f.send(charset).status, 200);
}

// A1: what net::http_server asks before it takes a body.
TEST(webhook, judges_path_method_credential_and_type_before_there_is_a_body) {
  fixture f;
  const auto admitted = [&](net::http_request head) {
    const auto away = f.webhook.admit(head);
    EXPECT_NE(away.has_value(), head.admitted.has_value());
    return away ? away->answer.status : 0;
  };
  const auto good = f.request("/webhook/starter-kit", {}, "pw-starter-kit");
  EXPECT_EQ(admitted(good), 0);
  EXPECT_EQ(admitted(f.request("/webhook/starter-kit", {}, "wrong")), 401);
  EXPECT_EQ(admitted(f.request("/webhook/no-such-app", {}, "pw-app1")), 404);
  EXPECT_EQ(admitted(f.request("/elsewhere", {}, "pw-app1")), 404);
  auto get = good;
  get.method = "GET";
  EXPECT_EQ(admitted(get), 405);
  auto text = good;
  text.headers[0].second = "text/plain";
  EXPECT_EQ(admitted(text), 415);
  EXPECT_EQ(f.webhook.totals().by_status.at(404), 2u);
}

TEST(webhook, has_a_name_for_each_request_that_never_became_one) {
  fixture f;
  const auto named = [&](int status, const char* name) {
    const auto response = f.webhook.refuse(status);
    EXPECT_EQ(response.status, status);
    EXPECT_NE(response.body.find(name), std::string::npos) << response.body;
  };
  named(400, "http_protocol");
  named(413, "body_too_large");
  named(415, "content_encoding_unsupported");
  named(431, "header_too_large");
  named(501, "http_protocol");
}

TEST(webhook, says_503_when_the_event_could_not_be_kept) {
  fixture f;
  const auto good = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  f.disk.refuses = error{errc::spool_full};
  const auto full = f.post("/webhook/starter-kit", good);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.front(), (std::pair<std::string, std::string>{"Retry-After", "5"}));
  f.disk.refuses.reset();
  f.disk.fails = error{errc::store_unavailable};
  EXPECT_EQ(f.post("/webhook/starter-kit", good).status, 503);
  f.disk.fails.reset();
  EXPECT_EQ(f.post("/webhook/starter-kit", good).body, R"({"outcome":"stored"})");
  EXPECT_EQ(f.post("/webhook/starter-kit", good).body, R"({"outcome":"duplicate"})");
  EXPECT_EQ(f.desk.waiting(), 0u);
}

TEST(webhook, keeps_what_the_format_refuses_as_a_dead_letter) {
  fixture f;
  const std::string big = R"({"uplink_message":{"f_port":1,"decoded_payload":{"text":")" +
                          std::string(300 * 1024, 'x') + R"("}}})";
  const auto response = f.post("/webhook/app1/devices/dev1", big);
  EXPECT_EQ(response.status, 200);
  ASSERT_EQ(f.disk.raw_dead_letters.size(), 1u);
  EXPECT_EQ(f.disk.raw_dead_letters[0].code(), errc::message_too_large);
}

struct noting_watcher final : webhook_watcher {
  std::vector<std::pair<std::string, wall_time>> told; // "" where nobody knows whose it was
  void on_turned_away(const application_id& application, wall_time since) override {
    told.emplace_back(application.str(), since);
  }
  void on_turned_away_unread(wall_time since) override { told.emplace_back("", since); }
};

// house-review, defect 10: any 503 used to mark every application as missing.
TEST(webhook, tells_whose_event_was_turned_away_and_nobody_elses) {
  fixture f;
  noting_watcher watcher;
  f.webhook.tell(watcher);
  ASSERT_EQ(f.post("/webhook/app1", sample("up-02-mqtt-docs-2019-no-fcnt.json")).status, 200);
  EXPECT_TRUE(watcher.told.empty());

  f.disk.fails = error{errc::store_unavailable};
  const auto before = f.loop.now().wall;
  const auto body = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  ASSERT_EQ(f.post("/webhook/starter-kit", body).status, 503);
  ASSERT_EQ(watcher.told.size(), 1U);
  EXPECT_EQ(watcher.told[0].first, "starter-kit");
  // The sample's own time is years ago: so far back nobody looks.
  EXPECT_GE(watcher.told[0].second, before - std::chrono::hours{2});
  EXPECT_LT(watcher.told[0].second, before - std::chrono::minutes{119});
}

TEST(webhook, what_is_refused_for_good_or_to_a_stranger_is_not_missing) {
  fixture f;
  noting_watcher watcher;
  f.webhook.tell(watcher);
  f.disk.fails = error{errc::store_unavailable};
  EXPECT_EQ(f.post("/webhook/foo-app", "{").status, 400);
  EXPECT_EQ(f.send(fixture::request("/webhook/foo-app", "{}", "wrong")).status, 401);
  EXPECT_EQ(f.send(fixture::request("/webhook/no-such-app", "{}", "pw-app1")).status, 404);
  EXPECT_TRUE(watcher.told.empty());
}

TEST(webhook, what_was_turned_away_unread_is_anybodys_and_with_its_head_its_senders) {
  fixture f;
  noting_watcher watcher;
  f.webhook.tell(watcher);
  f.webhook.on_turned_away(nullptr);
  auto head = fixture::request("/webhook/foo-app/up", "", "pw-foo-app");
  EXPECT_FALSE(f.webhook.admit(head));
  f.webhook.on_turned_away(&head);
  auto stranger = fixture::request("/webhook/foo-app/up", "", "pw-app1");
  EXPECT_TRUE(f.webhook.admit(stranger));
  f.webhook.on_turned_away(&stranger);
  ASSERT_EQ(watcher.told.size(), 2U);
  EXPECT_EQ(watcher.told[0].first, "");
  EXPECT_EQ(watcher.told[1].first, "foo-app");
}

} // namespace
} // namespace causeway::stack
