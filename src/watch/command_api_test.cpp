// SPDX-License-Identifier: Apache-2.0
#include "watch/command_api.h"

#include "net/run_task.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::watch {
namespace {

struct three_commands final : command_view {
  std::vector<model::command_status> all;
  mutable model::command_query asked;
  std::vector<std::string> cancelled;

  three_commands() {
    for (const char letter : {'a', 'b', 'c'}) {
      model::command_status one;
      one.order = all.size() + 1;
      one.id = model::command_id{std::string(32, letter)};
      one.to = {application_id{"plant"}, device_id{"dev"}};
      one.state = model::command_state::queued;
      one.what.f_port = 10;
      one.what.frm_payload = "xyz";
      one.message_id = "m";
      one.sequence_number = 17;
      one.enqueued = wall_time{seconds{1}};
      one.marks = {{model::command_state::stored, wall_time{seconds{2}}},
                   {model::command_state::sent, wall_time{seconds{3}}, 7, 2}};
      one.error = "e";
      all.push_back(one);
    }
  }
  model::command_page commands(const model::command_query& query) const override {
    asked = query;
    return {all, 3};
  }
  std::optional<model::command_status> command(const model::command_id& which) const override {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == which; });
    return found == all.end() ? std::nullopt : std::optional{*found};
  }
  bool disk_refuses = false;
  net::task<model::calling_off> cancel(model::command_id which) override {
    if (!command(which)) co_return model::calling_off::unknown;
    if (which.str().starts_with("b")) co_return model::calling_off::pushed;
    if (which.str().starts_with("c")) co_return model::calling_off::ended;
    if (disk_refuses) co_return model::calling_off::unavailable;
    cancelled.push_back(which.str());
    co_return model::calling_off::done;
  }
  model::queue_clearing ends{model::clearing_end::done, {}, {}, 2};
  std::vector<model::device_key> cleared;
  net::task<model::queue_clearing> clear(model::device_key of) override {
    cleared.push_back(of);
    co_return ends;
  }
  result<application_id> owner_of(const device_id& device) const override {
    if (device.str() == "dev") return application_id{"plant"};
    return error{errc::not_found, "no device"};
  }
};

struct command_api_test : ::testing::Test {
  three_commands book;
  command_api api{book};

  net::http_response ask(const std::string& method, const std::string& target, bool may_change = true) {
    net::http_request request;
    request.method = method;
    request.target = target;
    net::loop loop;
    return net::run_task(loop, api.handle(request, may_change));
  }
  static boost::json::object json_of(const net::http_response& answer) {
    return boost::json::parse(answer.body).as_object();
  }
};

TEST_F(command_api_test, lists_a_page_with_what_is_known_of_each) {
  const auto answer =
      ask("GET", "/api/commands?limit=2&after=7&application=plant&device=dev&state=in_doubt", false);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(book.asked.limit, 2U);
  EXPECT_EQ(book.asked.after, 7U);
  EXPECT_EQ(book.asked.application, "plant");
  EXPECT_EQ(book.asked.device, "dev");
  EXPECT_EQ(book.asked.state, model::command_state::in_doubt);
  const auto page = json_of(answer);
  EXPECT_EQ(page.at("next").to_number<int>(), 3);
  const auto& one = page.at("commands").at(0).as_object();
  EXPECT_EQ(one.at("state"), "queued");
  EXPECT_EQ(one.at("port").to_number<int>(), 10);
  EXPECT_EQ(one.at("payload_bytes").to_number<int>(), 3);
  EXPECT_EQ(one.at("message_id"), "m");
  EXPECT_TRUE(one.at("item").is_null());
}

TEST_F(command_api_test, a_question_that_is_wrong_is_told_what_is) {
  for (const auto* query : {"state=lost", "limit=0", "limit=1001", "after=x", "colour=red"})
    EXPECT_EQ(ask("GET", std::string{"/api/commands?"} + query).status, 400) << query;
}

TEST_F(command_api_test, shows_one_and_says_where_there_is_none) {
  const auto one = json_of(ask("GET", "/api/commands/" + std::string(32, 'a')));
  EXPECT_EQ(one.at("command").as_string(), std::string(32, 'a').c_str());
  EXPECT_EQ(one.at("sequence_number").to_number<int>(), 17);
  EXPECT_EQ(one.at("enqueued_at"), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(boost::json::serialize(one.at("steps")),
            R"([{"state":"stored","at":"1970-01-01T00:00:02.000Z","f_cnt":null,"attempt":null},)"
            R"({"state":"sent","at":"1970-01-01T00:00:03.000Z","f_cnt":7,"attempt":2}])");
  EXPECT_EQ(one.at("error"), "e");
  EXPECT_EQ(ask("GET", "/api/commands/nothing").status, 404);
}

TEST_F(command_api_test, cancels_over_the_socket_alone_and_not_what_has_been_pushed) {
  const auto path = "/api/commands/" + std::string(32, 'a');
  EXPECT_EQ(ask("DELETE", path, false).status, 403);
  EXPECT_TRUE(book.cancelled.empty());
  EXPECT_EQ(ask("DELETE", path).status, 200);
  EXPECT_EQ(book.cancelled, std::vector<std::string>{std::string(32, 'a')});
  const auto late = ask("DELETE", "/api/commands/" + std::string(32, 'b'));
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(json_of(late).at("error"), "command_pushed");
  EXPECT_NE(json_of(late).at("message").as_string().find("replace"), boost::json::string::npos)
      << "what may be done instead";
  const auto over = ask("DELETE", "/api/commands/" + std::string(32, 'c'));
  EXPECT_EQ(over.status, 409);
  EXPECT_EQ(json_of(over).at("error"), "command_ended");
  EXPECT_EQ(ask("DELETE", "/api/commands/nothing").status, 404);
  book.disk_refuses = true;
  EXPECT_EQ(ask("DELETE", path).status, 503);
  EXPECT_EQ(ask("POST", path).status, 405);
  EXPECT_EQ(ask("DELETE", "/api/commands").status, 405);
}

TEST_F(command_api_test, clears_a_devices_queue_over_the_socket_alone) {
  const std::string path = "/api/commands/clear?device=dev";
  EXPECT_EQ(ask("POST", path, false).status, 403);
  EXPECT_EQ(ask("GET", path).status, 405);
  EXPECT_EQ(ask("POST", "/api/commands/clear").status, 400);
  EXPECT_EQ(ask("POST", "/api/commands/clear?device=nobody").status, 404);
  EXPECT_TRUE(book.cleared.empty());
  const auto answer = ask("POST", path);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json_of(answer).at("cancelled").to_number<int>(), 2);
  EXPECT_EQ(book.cleared.at(0), (model::device_key{application_id{"plant"}, device_id{"dev"}}));
  ask("POST", path + "&application=other");
  EXPECT_EQ(book.cleared.at(1).application, application_id{"other"});
}

TEST_F(command_api_test, says_how_a_clearing_ended_that_was_not_done) {
  struct row {
    model::clearing_end how;
    int status;
    const char* name;
  };
  for (const auto& one : {row{model::clearing_end::unknown, 404, "not_found"},
                          row{model::clearing_end::not_begun, 503, "queue_busy"},
                          row{model::clearing_end::closed, 503, "commands_closed"},
                          row{model::clearing_end::refused, 502, "downlink_refused"},
                          row{model::clearing_end::unanswered, 504, "queue_in_doubt"}}) {
    book.ends = {one.how, "pkg/applicationserver:no_device_session", "words", 0};
    const auto answer = ask("POST", "/api/commands/clear?device=dev");
    EXPECT_EQ(answer.status, one.status);
    EXPECT_EQ(json_of(answer).at("error").as_string(), one.name);
  }
  book.ends.how = model::clearing_end::refused;
  EXPECT_NE(ask("POST", "/api/commands/clear?device=dev").body.find("no_device_session"), std::string::npos);
}

} // namespace
} // namespace causeway::watch
