// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_messages.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <cstdlib>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

// The control API over one hub without a port.
class control_messages_test : public ::testing::Test {
protected:
  control_messages_test() {
    registry_.put(identity{"dev-1"}, {azure::signing_key{secret{"a"}}, azure::signing_key{secret{"b"}}},
                  true);
    shown_.on = &loop_;
    shown_.faults = &faults_;
    shown_.accepted = &accepted_;
    shown_.hubs = {&hub_};
  }
  json::object ask(const std::string& method, const std::string& target, const std::string& body = {},
                   int status = 200) {
    const auto answered = answer_control(shown_, {method, target, {}, body, "127.0.0.1"});
    EXPECT_EQ(answered.status, status) << method << " " << target << ": " << answered.body;
    return json::parse(answered.body).as_object();
  }

  net::loop loop_;
  identity_registry registry_{{"localhost"}};
  fault_tables faults_{1};
  arrivals accepted_{"hub"};
  hub_service hub_{registry_, accepted_, faults_.hub(0), "one"};
  controlled shown_;
};

TEST_F(control_messages_test, a_message_is_sent_shown_while_it_waits_and_shown_when_it_has_ended) {
  ask("POST", "/c2d", R"({"device":"dev-1","body":"{}","message_id":"m-1","ack":"full","expires_in":60})",
      201);
  const auto waiting = ask("GET", "/c2d?device=dev-1").at("waiting").as_array();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].at("message_id"), "m-1");
  EXPECT_EQ(waiting[0].at("state"), "enqueued");
  EXPECT_EQ(waiting[0].at("sequence").to_number<int>(), 1);
  EXPECT_EQ(ask("DELETE", "/c2d?device=dev-1").at("purged").to_number<int>(), 1);
  const auto shown = ask("GET", "/c2d?device=dev-1");
  EXPECT_TRUE(shown.at("waiting").as_array().empty());
  ASSERT_EQ(shown.at("ended").as_array().size(), 1U);
  EXPECT_EQ(shown.at("ended").as_array()[0].at("end"), "Purged");
  EXPECT_TRUE(ask("GET", "/c2d?device=other").at("ended").as_array().empty());
}

TEST_F(control_messages_test, of_those_of_another_event_only_how_far_one_has_read_is_told) {
  d2c_message uplink;
  uplink.message_id = "u-1";
  uplink.properties = {{"event", "uplink"}};
  accepted_.record(identity{"dev-1"}, uplink, loop_.now().wall);
  const auto page = ask("GET", "/ledger/messages?after=0&event=downlink");
  EXPECT_TRUE(page.at("messages").as_array().empty());
  EXPECT_EQ(page.at("last").to_number<int>(), 1);
  EXPECT_EQ(page.at("not_whole").to_number<int>(), 0);
}

TEST_F(control_messages_test, what_cannot_be_sent_is_refused) {
  ask("POST", "/c2d", R"({"device":"nobody"})", 404);
  ask("POST", "/c2d", R"({"body":"x"})", 400);
  ask("POST", "/c2d", R"({"device":"dev-1","ack":"always"})", 400);
  ask("POST", "/c2d", R"({"device":"dev-1","properties":{"a":1}})", 400);
  ask("POST", "/c2d", R"({"device":"dev-1","body":")" + std::string(65 * 1024, 'x') + R"("})", 413);
  for (int i = 0; i < 50; ++i)
    ask("POST", "/c2d", R"({"device":"dev-1"})", 201);
  ask("POST", "/c2d", R"({"device":"dev-1"})", 409);
  ask("DELETE", "/c2d?device=nobody", {}, 404);
  ask("PATCH", "/c2d", {}, 405);
}

TEST_F(control_messages_test, a_twin_is_shown_and_changed) {
  ask("PATCH", "/twins/dev-1", R"({"tags":{"site":"a"},"properties":{"desired":{"rate":27.5}}})");
  const auto shown = ask("GET", "/twins/dev-1");
  EXPECT_EQ(shown.at("tags").at("site"), "a");
  EXPECT_EQ(shown.at("properties").at("desired").at("rate").as_double(), 27.5);
  EXPECT_EQ(shown.at("properties").at("desired").at("$version").to_number<int>(), 2);
  EXPECT_TRUE(shown.at("reads").as_array().empty()) << "no device has read it";
  ask("PUT", "/twins/dev-1", R"({"properties":{"desired":{}}})");
  EXPECT_FALSE(ask("GET", "/twins/dev-1").at("properties").at("desired").as_object().contains("rate"));
  ask("PATCH", "/twins/dev-1", R"({"properties":{"desired":{"a b":1}}})", 400);
  ask("PATCH", "/twins/dev-1", "[]", 400);
  ask("GET", "/twins/nobody", {}, 404);
}

TEST_F(control_messages_test, nobody_holds_the_links_of_a_device_that_is_not_there) {
  EXPECT_TRUE(ask("GET", "/links?device=dev-1").at("links").as_array().empty());
  ask("GET", "/links", {}, 400);
}

TEST_F(control_messages_test, figures_are_added_up_over_hubs) {
  ask("POST", "/c2d", R"({"device":"dev-1"})", 201);
  downward_figures figures;
  figures.add(hub_);
  figures.add(hub_);
  json::object shown;
  figures.write(shown);
  EXPECT_EQ(shown.at("c2d").at("sent").to_number<int>(), 2);
  EXPECT_EQ(shown.at("links_stolen_by_role").at("c2d").to_number<int>(), 0);
  EXPECT_TRUE(shown.contains("methods"));
  EXPECT_TRUE(shown.contains("twins"));
}

} // namespace
} // namespace causeway::emulator
