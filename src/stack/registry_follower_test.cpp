// SPDX-License-Identifier: Apache-2.0
#include "stack/registry_follower.h"

#include "base/encoding.h"
#include "net/http_server.h"
#include "net/http_source_scene.h"
#include "net/run_task.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

using namespace std::chrono_literals;

std::string entry(const std::string& id) {
  return R"({"ids":{"device_id":")" + id + R"(","application_ids":{"application_id":"app1"}}})";
}

std::string page(const std::vector<std::string>& ids) {
  if (ids.empty()) return "{}";
  std::string body = R"({"end_devices":[)";
  for (std::size_t i = 0; i < ids.size(); ++i)
    body += (i == 0 ? "" : ",") + entry(ids[i]);
  return body + "]}";
}

std::string event(const std::string& name, const std::string& id, const std::string& data = "") {
  return R"({"result":{"name":"end_device.)" + name + R"(","identifiers":[{"device_ids":{"device_id":")" +
         id + R"(","application_ids":{"application_id":"app1"}}}])" +
         (data.empty() ? "" : R"(,"data":)" + data) + "}}\n\n";
}

// A stack whose registry lists dev-1 alone, and whose changes and devices a test sets.
struct scene : model::registry_events {
  net::loop on;
  net::task_group tasks{on};
  std::optional<net::http_server> server;
  std::unique_ptr<registry_client> client;
  std::unique_ptr<registry_follower> follower;

  std::vector<std::string> changed;     // pages of what has changed, from then on
  std::set<std::string> there{"dev-1"}; // what a look-up finds
  int changes_status = 200, events_status = 200;
  std::vector<std::pair<std::string, std::string>> changes_headers{{"Date", "Tue, 01 Dec 2026 12:00:00 GMT"}};
  std::vector<std::string> polls, read, streams; // bodies; ids; bodies
  int lists = 0;
  std::shared_ptr<net::source_script> stream;

  std::vector<std::string> registered, suspected;
  int listed = 0, changes_told = 0;
  std::function<bool()> done;

  void on_registered(const model::registered_device& what, moment) override {
    registered.push_back(what.key.device.str());
    changes_told += what.is_change ? 1 : 0;
    look();
  }
  void on_listed(const application_id&, moment) override {
    ++listed;
    look();
  }
  void on_suspected(const model::device_key& which, moment) override {
    suspected.push_back(which.device.str());
    look();
  }
  void on_looked_up(device_ref, result<model::registered_device>, moment) override {}
  void look() {
    if (done && done()) on.stop();
  }

  static net::task<net::http_response> answer(scene* s, net::http_request request) {
    net::http_response made;
    const std::string path{request.path()};
    co_await net::sleep_for(0ms);
    if (path == "/api/v3/events") {
      s->streams.push_back(request.body);
      made.status = s->events_status;
      if (made.status == 200) {
        s->stream = std::make_shared<net::source_script>();
        s->stream->waiting = R"({"result":{"name":"events.stream.start"}})"
                             "\n\n";
        made.source = std::make_unique<net::scripted_source>(s->stream);
      }
    } else if (path.ends_with("/filter")) {
      s->polls.push_back(request.body);
      made.status = s->changes_status;
      made.headers = s->changes_headers;
      const auto at = request.body.find(R"("page":)") + 7;
      const auto number = static_cast<std::size_t>(std::stoul(request.body.substr(at)));
      made.body = number <= s->changed.size() ? s->changed[number - 1] : "{}";
    } else if (path.ends_with("/devices")) {
      ++s->lists;
      made.headers = {{"Date", "Tue, 01 Dec 2026 11:00:00 GMT"}};
      made.body = page({"dev-1"});
    } else {
      const auto id = path.substr(path.rfind('/') + 1);
      s->read.push_back(id);
      made.status = s->there.contains(id) ? 200 : 404;
      made.body = made.status == 200 ? entry(id) : "{}";
    }
    s->look();
    co_return made;
  }

  static follower_options options() {
    follower_options made;
    made.poll = std::chrono::hours{1};
    made.soon = 1ms;
    made.page_size = 2;
    made.reconnect = made.refused = {1ms, 5ms, 2.0, 0.0};
    return made;
  }
  void start(follower_options with) {
    auto started = net::http_server::start(on, tasks, {"127.0.0.1", 0}, {}, {}, [this](net::http_request r) {
      return answer(this, std::move(r));
    });
    ASSERT_TRUE(started);
    server.emplace(std::move(*started));
    registry_options about;
    about.base_url = with.base_url = "http://127.0.0.1:" + std::to_string(server->port());
    about.page_size = 2;
    about.unavailable = about.refused = {1ms, 5ms, 2.0, 0.0};
    about.list_again = std::chrono::hours{24};
    const auto applications = [] {
      std::vector<stack_application> made;
      made.push_back({application_id{"app1"}, secret{"NNSXS.KEY"}});
      return made;
    };
    client = std::make_unique<registry_client>(on, tasks, *this, about, applications(), [] { return 0.5; });
    follower = std::make_unique<registry_follower>(on, tasks, *this, *client, std::move(with), applications(),
                                                   [] { return 0.5; });
    client->start();
    follower->start();
  }
  void run_until(std::function<bool()> what) {
    if (what()) return;
    done = std::move(what);
    on.run();
    done = nullptr;
  }
  // Listed, and the stream is open.
  void begin(follower_options with = options()) {
    start(std::move(with));
    run_until([this] { return listed == 1 && stream && totals().hears_events; });
    registered.clear();
  }
  const registry_totals& totals() const { return client->totals().begin()->second; }
  ~scene() override { net::run_task(on, tasks.stop()); }
};

TEST(registry_follower, asks_what_has_changed_since_the_list_began_and_a_minute_before) {
  scene s;
  s.changed = {page({"dev-1", "dev-2"}), page({"dev-3"})};
  auto with = s.options();
  with.poll = 20ms;
  s.start(with);
  s.run_until([&] { return s.polls.size() >= 3; });
  EXPECT_NE(s.polls[0].find(R"("updated_since":"2026-12-01T10:59:00Z")"), std::string::npos) << s.polls[0];
  EXPECT_NE(s.polls[1].find(R"("page":2)"), std::string::npos);
  // From the second poll on by the time of the one before, by the stack's clock.
  EXPECT_NE(s.polls[2].find(R"("updated_since":"2026-12-01T11:59:00Z")"), std::string::npos) << s.polls[2];
  EXPECT_EQ(s.registered, (std::vector<std::string>{"dev-1", "dev-1", "dev-2", "dev-3"}));
  EXPECT_EQ(s.changes_told, 3) << "which says nothing of the list";
  EXPECT_EQ(s.totals().polls, 1U);
  EXPECT_EQ(s.totals().changes, 3U);
}

TEST(registry_follower, a_device_that_is_hinted_at_is_read_at_once) {
  scene s;
  s.begin();
  s.there.insert("dev-2");
  s.stream->say(event("create", "dev-2") + event("update", "dev-1", R"({"value":["locations"]})"));
  s.run_until([&] { return s.registered.size() == 1; });
  EXPECT_EQ(s.registered, std::vector<std::string>{"dev-2"});
  EXPECT_EQ(s.read, std::vector<std::string>{"dev-2"}) << "a position is nothing to us";
  EXPECT_EQ(s.changes_told, 1);
  EXPECT_EQ(s.totals().hints, 1U);
}

TEST(registry_follower, a_deletion_is_a_suspicion_whoever_tells_of_it) {
  scene s;
  s.begin();
  s.stream->say(event("delete", "dev-1"));
  s.run_until([&] { return s.suspected.size() == 1; });
  EXPECT_TRUE(s.read.empty()) << "the core asks";
  s.stream->say(event("update", "dev-7", R"({"value":["attributes"]})")); // and it is gone meanwhile
  s.run_until([&] { return s.suspected.size() == 2; });
  EXPECT_EQ(s.suspected, (std::vector<std::string>{"dev-1", "dev-7"}));
}

TEST(registry_follower, many_hints_are_one_question) {
  scene s;
  s.begin();
  s.changed = {page({"dev-1"})};
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += event("create", "new-" + std::to_string(i));
  s.stream->say(many);
  s.run_until([&] { return !s.registered.empty(); });
  EXPECT_EQ(s.polls.size(), 1U);
  EXPECT_TRUE(s.read.empty());
}

TEST(registry_follower, a_stack_that_cannot_be_asked_what_has_changed_is_listed_again_and_hints_are_read) {
  scene s;
  s.changes_status = 404;
  auto with = s.options();
  with.poll = 1ms;
  with.relist = 1ms;
  s.start(with);
  s.run_until([&] { return s.listed >= 2 && s.stream; });
  EXPECT_EQ(s.polls.size(), 1U);
  s.there.insert("dev-2");
  s.stream->say(event("create", "dev-2"));
  s.run_until([&] { return s.registered.size() > 2 && s.registered.back() == "dev-2"; });
}

TEST(registry_follower, what_was_said_while_nobody_heard_it_is_asked_for) {
  scene s;
  s.begin();
  s.changed = {page({"dev-2"})};
  s.stream->say(R"({"result":{"name":"end_device.update","time":")" + format_rfc3339(s.on.now().wall) +
                R"(","identifiers":[],"data":{"value":["name"]}}})"
                "\n\n");
  s.run_until([&] { return s.stream->waiting.empty(); });
  s.stream->end();
  s.run_until([&] { return s.streams.size() == 2 && s.registered.size() == 1; });
  EXPECT_EQ(s.registered, std::vector<std::string>{"dev-2"});
  EXPECT_NE(s.streams[1].find(R"("after":")"), std::string::npos) << s.streams[1];
}

TEST(registry_follower, without_the_event_stream_it_goes_by_what_has_changed) {
  scene s;
  s.events_status = 403;
  s.changed = {page({"dev-2"})};
  auto with = s.options();
  with.poll = 5ms;
  s.start(with);
  s.run_until([&] { return s.totals().polls >= 2 && s.streams.size() >= 2; });
  EXPECT_FALSE(s.totals().hears_events);
  EXPECT_EQ(s.registered.at(1), "dev-2");
}

TEST(registry_follower, takes_no_more_than_a_tenth_of_what_the_stack_takes) {
  scene s;
  s.changed = {page({"dev-1", "dev-2"}), page({"dev-3", "dev-4"}), page({"dev-5"})};
  s.changes_headers.emplace_back("X-Rate-Limit-Limit", "60000"); // a tenth of it: a page each 10 ms
  auto with = s.options();
  with.poll = 1ms;
  s.start(with);
  s.run_until([&] { return s.polls.size() >= 4; });
  const auto begun = s.on.now().mono;
  s.run_until([&] { return s.polls.size() >= 13; }); // three polls more, and a page
  EXPECT_GE(s.on.now().mono - begun, 3 * 3 * 10ms - 10ms);
}

TEST(registry_follower, what_has_changed_without_an_end_is_given_up) {
  scene s;
  s.changed.assign(100, page({"dev-1", "dev-2"}));
  auto with = s.options();
  with.poll = 1ms;
  with.most_pages = 5;
  s.start(with);
  s.run_until([&] { return s.polls.size() >= 6; });
  EXPECT_NE(s.polls[5].find(R"("page":1,)"), std::string::npos) << "begun anew";
  EXPECT_EQ(s.totals().polls, 0U);
}

} // namespace
} // namespace causeway::stack
