// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/desk_test_client.h"

namespace causeway::emulator {
namespace {

class method_desk_test : public desk_test {
protected:
  method_desk_test() { client_.put_token(hub_.token("dev-0")); }

  static std::string address() { return "/devices/dev-0/methods/devicebound"; }
  void open_pair(int credit = 10) {
    to_hub_ = client_.sender(address());
    from_hub_ = client_.receiver(address(), credit);
  }
  void call(std::chrono::seconds connect_wait = 0s, const std::string& name = "reboot") {
    hub_.service.desks().call({device_, name, R"({"delay":5})", connect_wait, 30s}, hub_.clock.now(),
                              [this](const method_result& result) { results_.push_back(result); });
    client_.exchange();
  }
  void answer(const amqp::value& id, const amqp::value& status) {
    amqp::message out;
    out.correlation_id = id;
    out.application_properties = {{{std::string{"IoThub-status"}}, status}};
    out.kind = amqp::message::body_kind::data;
    out.data = R"({"ok":true})";
    client_.send(to_hub_, out);
  }

  desk_client client_{hub_};
  amqp::link to_hub_, from_hub_;
  std::vector<method_result> results_;
};

TEST_F(method_desk_test, a_call_comes_settled_with_a_uuid_and_its_name) {
  open_pair();
  call();
  const auto got = client_.take_one();
  EXPECT_TRUE(got.settled);
  EXPECT_NE(got.message.correlation_id.as<amqp::uuid>(), nullptr);
  EXPECT_EQ(*got.message.application_property("IoThub-methodname")->as<std::string>(), "reboot");
  EXPECT_EQ(got.message.data, R"({"delay":5})");
  EXPECT_EQ(got.message.data_sections, 1U);
}

TEST_F(method_desk_test, its_answer_is_taken_with_any_form_of_id_and_status) {
  open_pair();
  const std::vector<amqp::value> statuses = {
      {std::int32_t{201}}, {std::int64_t{201}}, {std::uint8_t{201}}, {std::string{"201"}}};
  for (const bool as_text : {false, true}) {
    for (const auto& status : statuses) {
      results_.clear();
      call();
      const auto id = client_.take_one().message.correlation_id;
      answer(as_text ? amqp::value{guid{id.as<amqp::uuid>()->bytes}.text()} : id, status);
      ASSERT_EQ(results_.size(), 1U);
      EXPECT_EQ(results_[0].how, method_end::answered);
      EXPECT_EQ(results_[0].status, 201);
      EXPECT_EQ(results_[0].payload, R"({"ok":true})");
    }
  }
  for (const auto& outcome : client_.take_outcomes())
    EXPECT_EQ(outcome.kind, amqp::outcome_kind::accepted) << "who sends unsettled is answered";
}

TEST_F(method_desk_test, a_call_wants_both_links_in_one_session) {
  call();
  EXPECT_EQ(results_.at(0).how, method_end::not_online);
  client_.receiver(address(), 10);
  call();
  EXPECT_EQ(results_.at(1).how, method_end::not_online) << "the device could not answer";
  client_.sender(address(), client_.new_session());
  call();
  EXPECT_EQ(results_.at(2).how, method_end::not_online) << "nor by another session";
  client_.sender(address());
  call();
  EXPECT_EQ(results_.size(), 3U);
  EXPECT_EQ(client_.take().size(), 1U);
}

TEST_F(method_desk_test, a_call_waits_for_the_pair_and_for_credit) {
  call(10s, "first");
  call(10s, "second");
  open_pair(0);
  EXPECT_TRUE(client_.take().empty());
  from_hub_.add_credit(1);
  client_.exchange();
  EXPECT_EQ(*client_.take_one().message.application_property("IoThub-methodname")->text(), "first");
  from_hub_.add_credit(1);
  client_.exchange();
  EXPECT_EQ(*client_.take_one().message.application_property("IoThub-methodname")->text(), "second");
  pass_after(30s);
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[0].how, method_end::without_answer);
}

TEST_F(method_desk_test, a_device_that_does_not_come_is_not_online_after_the_wait) {
  call(10s);
  EXPECT_TRUE(results_.empty());
  pass_after(10s);
  EXPECT_EQ(results_.at(0).how, method_end::not_online);
}

TEST_F(method_desk_test, the_newest_receiver_wins_and_its_theft_is_counted) {
  open_pair();
  desk_client thief{hub_};
  thief.put_token(hub_.token("dev-0"));
  thief.sender(address());
  thief.receiver(address(), 10);
  client_.exchange();
  EXPECT_EQ(client_.take_detaches(), strings{"com.microsoft:link-creation-conflict"});
  call();
  EXPECT_TRUE(client_.take().empty());
  thief.exchange();
  EXPECT_EQ(thief.take().size(), 1U);
  EXPECT_EQ(hub_.service.totals().method_links_stolen, 1U);
}

TEST_F(method_desk_test, another_devices_answer_is_none) {
  open_pair();
  call();
  const auto id = client_.take_one().message.correlation_id;
  client_.put_token(hub_.token("dev-1"));
  to_hub_ = client_.sender("/devices/dev-1/methods/devicebound");
  answer(id, {std::int32_t{200}});
  EXPECT_TRUE(results_.empty());
}

} // namespace
} // namespace causeway::emulator
