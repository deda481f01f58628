// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/desk_test_client.h"

#include "emulator/hub/hub_connection_fixture.h"
#include "emulator/state/json_text.h"

namespace causeway::emulator {
namespace {

class twin_desk_test : public desk_test {
protected:
  twin_desk_test() { client_.put_token(hub_.token("dev-0")); }

  static std::string address() { return "/devices/dev-0/twin"; }
  void open_pair(int credit = 100) {
    to_hub_ = client_.sender(address());
    from_hub_ = client_.receiver(address(), credit);
  }
  std::string ask(const std::string& operation, const std::string& resource = {},
                  const std::string& body = " ", amqp::value id = {std::string{"id"}}, bool settled = true) {
    amqp::message out;
    out.correlation_id = std::move(id);
    out.message_annotations = {{{amqp::symbol{"operation"}}, {operation}}};
    if (!resource.empty()) out.message_annotations.push_back({{amqp::symbol{"resource"}}, {resource}});
    out.kind = amqp::message::body_kind::data;
    out.data = body;
    return client_.send(to_hub_, out, settled);
  }
  void subscribe() {
    ask("PUT", notifications);
    EXPECT_EQ(client_.take_one().note<std::int32_t>("status"), 200);
  }
  void change(const std::string& desired) {
    const auto change = read_twin_change(*read_json(R"({"properties":{"desired":)" + desired + "}}"), false);
    EXPECT_FALSE(hub_.service.desks().change_twin(device_, *change, hub_.clock.now()));
    client_.exchange();
  }
  static std::vector<std::string> bodies_of(const std::vector<desk_message>& messages) {
    std::vector<std::string> bodies;
    bodies.reserve(messages.size());
    for (const auto& one : messages)
      bodies.push_back(one.message.data);
    return bodies;
  }

  static constexpr const char* notifications = "/notifications/twin/properties/desired";
  static constexpr const char* reported = "/properties/reported";
  desk_client client_{hub_};
  amqp::link to_hub_, from_hub_;
};

TEST_F(twin_desk_test, a_get_is_answered_with_both_sections_and_typed_annotations) {
  open_pair();
  change(R"({"rate":60})");
  ask("GET");
  const auto got = client_.take_one();
  EXPECT_TRUE(got.settled);
  EXPECT_EQ(got.note<std::int32_t>("status"), 200);
  EXPECT_EQ(got.note<std::int64_t>("version"), 2);
  EXPECT_EQ(got.message.data, R"({"desired":{"rate":60,"$version":2},"reported":{"$version":1}})");
  EXPECT_EQ(got.message.data_sections, 1U);
}

TEST_F(twin_desk_test, a_correlation_id_comes_back_in_its_own_type) {
  open_pair();
  const amqp::uuid id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  for (const auto& value : {amqp::value{std::string{"Get12"}}, amqp::value{id}}) {
    ask("GET", {}, "", value);
    EXPECT_EQ(client_.take_one().message.correlation_id, value);
  }
}

TEST_F(twin_desk_test, a_report_is_merged_and_answered_with_its_version_and_no_body) {
  open_pair();
  ask("PATCH", reported, R"({"fw":"1.0"})");
  const auto got = client_.take_one();
  EXPECT_EQ(got.note<std::int32_t>("status"), 200);
  EXPECT_EQ(got.note<std::int64_t>("version"), 2);
  EXPECT_EQ(got.message.data, "");
  EXPECT_EQ(hub_.service.desks().twin_of(device_, hub_.clock.now()).reported().version, 2U);
}

TEST_F(twin_desk_test, what_came_unsettled_is_settled_before_its_answer) {
  open_pair();
  const auto frames = performatives(ask("GET", {}, "", {std::string{"id"}}, false));
  const auto disposition = std::find(frames.begin(), frames.end(), 0x15);
  const auto transfer = std::find(frames.begin(), frames.end(), 0x14);
  ASSERT_NE(disposition, frames.end());
  EXPECT_LT(disposition, transfer);
  const auto silent = performatives(ask("GET"));
  EXPECT_EQ(std::count(silent.begin(), silent.end(), 0x15), 0) << "and what came settled is not";
}

TEST_F(twin_desk_test, a_change_is_pushed_to_who_has_subscribed_and_to_nobody_else) {
  open_pair();
  change(R"({"before":1})");
  EXPECT_TRUE(client_.take().empty());
  subscribe();
  EXPECT_TRUE(client_.take().empty()) << "what was before is read by a GET";
  change(R"({"rate":60,"before":null})");
  const auto got = client_.take_one();
  EXPECT_TRUE(got.settled);
  EXPECT_TRUE(got.message.correlation_id.is_null());
  EXPECT_EQ(got.note<std::string>("resource"), "/properties/desired");
  EXPECT_EQ(got.note<std::int64_t>("version"), 3);
  EXPECT_EQ(got.message.data, R"({"rate":60,"before":null,"$version":3})");
  ask("DELETE", notifications);
  client_.take();
  change(R"({"rate":61})");
  EXPECT_TRUE(client_.take().empty());
}

TEST_F(twin_desk_test, a_change_between_the_get_and_the_subscription_is_not_lost) {
  open_pair();
  ask("GET");
  change(R"({"rate":60})");
  EXPECT_EQ(client_.take().size(), 1U) << "the answer to the GET";
  ask("PUT", notifications);
  EXPECT_EQ(bodies_of(client_.take()), (strings{"", R"({"rate":60,"$version":2})"}));
}

TEST_F(twin_desk_test, a_get_makes_what_waited_unnecessary) {
  open_pair();
  ask("GET");
  change(R"({"rate":60})");
  ask("GET");
  client_.take();
  subscribe();
}

TEST_F(twin_desk_test, answers_and_pushes_wait_for_credit_in_their_order) {
  open_pair(1);
  subscribe();
  change(R"({"a":1})");
  change(R"({"a":2})");
  ask("GET");
  EXPECT_TRUE(client_.take().empty());
  from_hub_.add_credit(3);
  client_.exchange();
  const auto got = client_.take();
  ASSERT_EQ(got.size(), 3U);
  EXPECT_FALSE(got[0].message.correlation_id.is_null()) << "who asked is answered first";
  EXPECT_EQ(got[1].message.data, R"({"a":1,"$version":2})");
  EXPECT_EQ(got[2].message.data, R"({"a":2,"$version":3})");
}

TEST_F(twin_desk_test, an_answer_waits_for_the_receiver_of_its_session) {
  to_hub_ = client_.sender(address());
  ask("GET");
  client_.receiver(address(), 10);
  EXPECT_EQ(client_.take_one().note<std::int32_t>("status"), 200);
}

TEST_F(twin_desk_test, what_is_wrong_is_answered_with_a_status_and_the_hubs_error) {
  open_pair();
  const auto expect = [&](const std::string& operation, const std::string& resource, const std::string& body,
                          int status) {
    ask(operation, resource, body);
    const auto got = client_.take_one();
    EXPECT_EQ(got.note<std::int32_t>("status"), status) << operation << ' ' << body;
    const auto error = read_json(got.message.data);
    ASSERT_TRUE(error) << got.message.data;
    EXPECT_TRUE(error->as_object().contains("errorCode"));
    EXPECT_TRUE(error->as_object().contains("timestampUtc"));
  };
  expect("PATCH", reported, "[]", 400);
  expect("PATCH", reported, "{", 400);
  expect("PATCH", reported, R"({"a.b":1})", 400);
  expect("PATCH", "/properties/desired", "{}", 400);
  expect("POST", reported, "{}", 400);
  std::string large = R"({"z":0)";
  for (int i = 0; i < 9; ++i)
    large += ",\"k" + std::to_string(i) + "\":\"" + std::string(4000, 'v') + "\"";
  expect("PATCH", reported, large + "}", 413);
  auto& fault = hub_.add(fault_kind::twin_status, "dev-0");
  fault.status = 429;
  expect("GET", "", " ", 429);
  EXPECT_EQ(hub_.service.desks().twin_figures().refused, 7U);
}

TEST_F(twin_desk_test, the_newest_receiver_wins_and_gets_the_pushes) {
  open_pair();
  subscribe();
  desk_client thief{hub_};
  thief.put_token(hub_.token("dev-0"));
  thief.sender(address());
  thief.receiver(address(), 10);
  client_.exchange();
  EXPECT_EQ(client_.take_detaches(), strings{"com.microsoft:link-creation-conflict"});
  change(R"({"a":1})");
  EXPECT_TRUE(client_.take().empty());
  EXPECT_EQ(hub_.service.totals().twin_links_stolen, 1U);
}

} // namespace
} // namespace causeway::emulator
