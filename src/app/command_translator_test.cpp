// SPDX-License-Identifier: Apache-2.0
#include "app/command_translator.h"

#include "app/configuration_check.h"
#include "config/fake_secrets.h"
#include "config/loader.h"
#include "tts/json_span.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

config::configuration parse(const std::string& applications) {
  config::fake_secrets secrets;
  auto report = config::parse(R"([things_stack]
base_url = "https://stack.example"
[webhook]
password = "pw"
[azure.plant]
connection_string = "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)" + applications,
                              "c.toml", secrets);
  if (report.value) report.add(check_configuration(*report.value));
  for (const auto& one : report.faults)
    ADD_FAILURE() << report.format(one);
  return std::move(*report.value);
}

std::string application(const std::string& id, const std::string& more = "") {
  return "[[application]]\nid = \"" + id +
         "\"\nazure = \"plant\"\napi_key = \"NNSXS.A.B\"\nidentity = \"{application_id}.{device_id}\"\n" +
         more;
}

std::string in_section(const std::string& name, std::string of) {
  const std::string plant = "azure = \"plant\"";
  return of.replace(of.find(plant), plant.size(), "azure = \"" + name + "\"");
}

const application_id meters{"meters"}, others{"others"}, gone{"gone"};

class command_translator_test : public testing::Test {
protected:
  config::configuration settings_ = parse(application("meters", R"([application.command.LightsGoOn]
port = 10
payload = { value_2 = 2.5, value_1 = 1 }
[application.command.Fan]
port = 11
confirmed = true
priority = "aboveNormal"
queue = "push"
[application.command.Low]
port = 12
priority = 0
)") + application("others", "[application.command.Fan]\nport = 21\n"));
  command_translator translator_{settings_};
};

TEST_F(command_translator_test, a_c2d_message_is_read_by_its_own_properties) {
  model::c2d_message message;
  message.properties = {{"port", "10"}, {"Confirmed", "true"}};
  message.body = "AQID";
  const auto read = translator_.read_c2d(meters, message);
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->f_port, 10);
  EXPECT_TRUE(read->confirmed);
  EXPECT_EQ(read->frm_payload, "\x01\x02\x03");
  message.properties.clear();
  EXPECT_EQ(translator_.read_c2d(meters, message).fault().code(), errc::downlink_port_invalid);
}

TEST_F(command_translator_test, a_name_is_what_its_own_application_says_of_it) {
  model::c2d_message message;
  message.properties = {{"method-name", "LightsGoOn"}};
  message.body = "@";
  const auto lights = translator_.read_c2d(meters, message);
  ASSERT_TRUE(lights) << lights.fault().message();
  EXPECT_EQ(*lights, (model::downlink{.f_port = 10,
                                      .frm_payload = {},
                                      .decoded_payload = R"({"value_2":2.5,"value_1":1})",
                                      .confirmed = false,
                                      .priority = model::downlink_priority::normal,
                                      .queue = model::queue_operation::replace,
                                      .class_b_c = {},
                                      .max_attempts = {}}));
  EXPECT_EQ(translator_.read_c2d(others, message).fault().code(), errc::method_unknown);

  model::method_call call;
  call.name = "Fan";
  call.payload = "2";
  const auto fan = translator_.read_method(meters, call);
  ASSERT_TRUE(fan) << fan.fault().message();
  EXPECT_EQ(fan->what.f_port, 11);
  EXPECT_EQ(fan->what.decoded_payload, R"({"Fan":2})");
  EXPECT_TRUE(fan->what.confirmed);
  EXPECT_EQ(fan->what.priority, model::downlink_priority::above_normal);
  EXPECT_EQ(fan->what.queue, model::queue_operation::push);
  const auto other = translator_.read_method(others, call);
  ASSERT_TRUE(other) << other.fault().message();
  EXPECT_EQ(other->what.f_port, 21);
  EXPECT_FALSE(other->what.confirmed);
  call.name = "Low";
  EXPECT_EQ(translator_.read_method(meters, call)->what.priority, model::downlink_priority::lowest);
  EXPECT_EQ(translator_.read_method(others, call).fault().code(), errc::method_unknown);
}

TEST_F(command_translator_test, the_built_in_method_needs_no_name_in_the_configuration) {
  model::method_call call;
  call.name = "downlink";
  call.payload = R"({"f_port":3,"frm_payload":"AQ==","wait":"acknowledged","id":"x"})";
  const auto read = translator_.read_method(others, call);
  ASSERT_TRUE(read) << read.fault().message();
  EXPECT_EQ(read->what.f_port, 3);
  EXPECT_EQ(read->wait, model::awaited_step::acknowledged);
  EXPECT_EQ(read->id, "x");
}

TEST_F(command_translator_test, an_application_that_is_not_configured_is_named) {
  model::c2d_message message;
  message.properties = {{"Port", "10"}};
  message.body = "AQID";
  const auto c2d = translator_.read_c2d(gone, message);
  ASSERT_FALSE(c2d);
  EXPECT_EQ(c2d.fault(), (error{errc::application_unknown, "gone"}));
  model::method_call call;
  call.name = "downlink";
  call.payload = R"({"f_port":3,"frm_payload":"AQ=="})";
  EXPECT_EQ(translator_.read_method(gone, call).fault().code(), errc::application_unknown);
}

TEST(command_translator, a_property_is_a_command_in_iot_central_alone_and_where_twins_are_on) {
  const std::string command = "[application.command.Fan]\nport = 11\n";
  const auto settings = parse("[azure.central]\nkind = \"iot-central\"\nid_scope = \"0ne1\"\ngroup_key = "
                              "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n" +
                              in_section("central", application("central", "twin = true\n" + command)) +
                              in_section("central", application("without", command)) +
                              application("hub", "twin = true\n" + command));
  const command_translator translator{settings};
  const auto properties = [&](const char* id) {
    return translator.read_twin(application_id{id}, R"({"desired":{"Fan":2,"$version":3}})")->desired.size() -
           1;
  };
  EXPECT_EQ(properties("central"), 1U);
  EXPECT_EQ(properties("without"), 0U);
  EXPECT_EQ(properties("hub"), 0U);
  EXPECT_EQ(properties("gone"), 0U);
  const auto names = [&](const char* id) {
    return translator.read_change(application_id{id}, R"({"Fan":3,"$version":4})")->names_downlink;
  };
  EXPECT_TRUE(names("central"));
  EXPECT_FALSE(names("hub"));
  EXPECT_EQ(
      translator.write_twin_answer("Fan", "", model::twin_answer{3, "queued", "c", "", "", 200, "2"}).patch,
      R"({"Fan":{"value":2,"ac":200,"av":3,"ad":"queued"}})");
}

TEST(command_reports, are_sent_in_every_format_but_devmobile_which_must_name_them) {
  const auto settings = parse(
      application("of-flat") + application("of-stack", "format = \"things-stack\"\nevents = [\"join\"]\n") +
      application("of-transform", "transform = \".\"\n") +
      application("of-devmobile", "format = \"devmobile\"\n") +
      application("of-devmobile-named", "format = \"devmobile\"\nevents = [\"uplink\", \"downlink\"]\n"));
  const command_translator translator{settings};
  const std::pair<const char*, bool> cases[] = {
      {"of-flat", true},       {"of-stack", true},           {"of-transform", true},
      {"of-devmobile", false}, {"of-devmobile-named", true}, {"gone", true}};
  for (const auto& [id, sent] : cases) {
    model::downlink_report report;
    report.of = "0123456789abcdef0123456789abcdef";
    report.from = {application_id{id}, device_id{"dev"}};
    report.state = model::command_state::sent;
    const auto message = translator.write_report(report);
    ASSERT_EQ(message.has_value(), sent) << id;
    if (!message) continue;
    EXPECT_EQ(message->correlation_id, report.of);
    EXPECT_TRUE(message->body.starts_with(R"({"downlink":{"state":"sent","command":"0123456789abcdef)"))
        << message->body;
  }
}

TEST(command_reports, are_of_those_steps_alone_that_are_named) {
  const auto settings = parse(
      application("some", "events = [\"uplink\", \"downlink.failed\", \"downlink.acknowledged\"]\n") +
      application("all", "events = [\"downlink\", \"downlink.failed\"]\n") +
      application("of-devmobile", "format = \"devmobile\"\nevents = [\"uplink\", \"downlink.failed\"]\n"));
  const command_translator translator{settings};
  const auto sends = [&](const char* id, model::command_state state) {
    model::downlink_report report;
    report.of = "0123456789abcdef0123456789abcdef";
    report.from = {application_id{id}, device_id{"dev"}};
    report.state = state;
    return translator.write_report(report).has_value();
  };
  EXPECT_TRUE(sends("some", model::command_state::failed));
  EXPECT_TRUE(sends("some", model::command_state::acknowledged));
  EXPECT_FALSE(sends("some", model::command_state::sent));
  EXPECT_TRUE(sends("all", model::command_state::sent));
  EXPECT_TRUE(sends("of-devmobile", model::command_state::failed));
  EXPECT_FALSE(sends("of-devmobile", model::command_state::queued));
}

TEST_F(command_translator_test, an_answer_names_the_command_and_where_it_stands) {
  EXPECT_EQ(translator_.write_answer(model::command_id{"0123456789abcdef0123456789abcdef"},
                                     model::command_state::queued),
            R"({"command":"0123456789abcdef0123456789abcdef","state":"queued"})");
}

TEST_F(command_translator_test, a_refusal_has_the_catalogues_name_and_what_is_wrong) {
  EXPECT_EQ(translator_.write_refusal(error{errc::downlink_port_invalid, "Port is \"x\"; give a\nnumber"}),
            R"({"error":"downlink_port_invalid","text":"Port is \"x\"; give a\nnumber"})");
  EXPECT_EQ(translator_.write_refusal(error{errc::method_unknown}),
            R"({"error":"method_unknown","text":"no command of this name is configured"})");
  const auto odd = translator_.write_refusal(error{errc::method_unknown, "\"\xff\\\x7f\x01"});
  const auto document = tts::parse_json(odd);
  ASSERT_TRUE(document) << odd;
  tts::json_span text;
  tts::read_members(*document, {{"text", &text}});
  EXPECT_EQ(text.string(), "\"\xef\xbf\xbd\\\x7f\x01");
}

} // namespace
} // namespace causeway::app
