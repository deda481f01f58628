// SPDX-License-Identifier: Apache-2.0
#include "tts/registry_page.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace causeway::tts {
namespace {

const application_id app{"app1"};

std::string sample(const std::string& name) {
  std::ifstream file{CAUSEWAY_TEST_DATA "/things-stack/" + name};
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string entry(std::string_view id, std::string_view attributes = "",
                  std::string_view application = "app1") {
  std::string out = R"({"ids":{"device_id":")";
  out.append(id).append(R"(","application_ids":{"application_id":")").append(application).append("\"}}");
  if (!attributes.empty()) out.append(R"(,"attributes":)").append(attributes);
  return out + "}";
}

registry_page page_of(const std::string& entries) {
  auto page = parse_registry_page(R"({"end_devices":[)" + entries + "]}", app);
  EXPECT_TRUE(page);
  return page ? std::move(*page) : registry_page{};
}

TEST(registry_page, reads_a_list_of_the_stack) {
  const auto page = parse_registry_page(sample("registry-02-constructed-device-list.json"), app);
  ASSERT_TRUE(page) << page.fault().message();
  EXPECT_EQ(page->entries, 2U);
  ASSERT_EQ(page->devices.size(), 2U);
  const auto& first = page->devices[0];
  EXPECT_EQ(first.device.key.device.str(), "dev1");
  EXPECT_EQ(first.device.key.application, app);
  EXPECT_EQ(first.device.dev_eui.str(), "46CF72F61862CBB0");
  EXPECT_EQ(first.device.integration, std::nullopt);
  EXPECT_EQ(first.device.model_id, "");
  EXPECT_EQ(first.warning, "");
  EXPECT_EQ(format_rfc3339(*first.created_at), "2020-07-31T12:17:51.645Z");
  EXPECT_EQ(format_rfc3339(*first.updated_at), "2021-07-20T14:14:56.318Z");
  EXPECT_TRUE(page->devices[1].device.dev_eui.empty());
}

TEST(registry_page, reads_one_device_of_the_stack) {
  const auto body = sample("registry-01-device-get.json");
  const auto device = parse_registered_device(body, {app, device_id{"dev1"}});
  ASSERT_TRUE(device) << device.fault().message();
  EXPECT_EQ(device->device.dev_eui.str(), "46CF72F61862CBB0");
  EXPECT_EQ(parse_registered_device(body, {app, device_id{"dev2"}}).fault().code(), errc::registry_protocol);
  EXPECT_EQ(parse_registered_device(body, {application_id{"app2"}, device_id{"dev1"}}).fault().code(),
            errc::registry_protocol);
  EXPECT_EQ(parse_registered_device("{}", {app, device_id{"dev1"}}).fault().code(), errc::registry_protocol);
}

TEST(registry_page, the_last_page_has_no_devices) {
  for (const auto* body : {"{}", R"({"end_devices":[]})", R"({"end_devices":null})", R"({"x":1})"}) {
    const auto page = parse_registry_page(body, app);
    ASSERT_TRUE(page) << body;
    EXPECT_EQ(page->entries, 0U);
  }
}

TEST(registry_page, refuses_what_is_no_page) {
  for (const auto* body : {"", "[]", "{", "<html>", R"({"end_devices":{}})", R"({"end_devices":"x"})",
                           "{\"end_devices\":[{\"ids\":\"\xff\"}]}"}) {
    const auto page = parse_registry_page(body, app);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.fault().code(), errc::registry_protocol);
  }
}

struct attribute_case {
  std::string_view attributes;
  std::optional<bool> integration;
  std::string_view model_id;
  std::string_view warning;
};

const attribute_case attribute_cases[] = {
    {"", std::nullopt, "", ""},
    {"{}", std::nullopt, "", ""},
    {R"({"azureintegration":"false"})", false, "", ""},
    {R"({"azureintegration":"TRUE","dtdlmodelid":"dtmi:x:own;2"})", true, "dtmi:x:own;2", ""},
    {R"({"azureintegration":"False"})", false, "", ""},
    {R"({"azureintegration":"maybe"})", std::nullopt, "",
     R"(azureintegration="maybe" is neither true nor false)"},
    {R"({"azureintegration":" true"})", std::nullopt, "", "neither"},
    {R"({"azureintegration":""})", std::nullopt, "", "neither"},
    {R"({"azureintegration":true})", std::nullopt, "", "(no text)"},
    {R"({"azureIntegration":"false"})", std::nullopt, "", ""},
    {R"({"azureintegration":"true","azureintegration":"false"})", false, "", ""},
    {R"({"dtdlmodelid":"dtmi:x:y;1"})", std::nullopt, "dtmi:x:y;1", ""},
    {R"({"dtdlmodelid":""})", std::nullopt, "", ""},
    {R"({"dtdlmodelid":"x:y;1"})", std::nullopt, "", R"(dtdlmodelid="x:y;1" is no DTMI)"},
    {R"({"dtdlmodelid":"dtmi:"})", std::nullopt, "", "no DTMI"},
    {R"({"dtdlmodelid":"dtmi:x y"})", std::nullopt, "", "no DTMI"},
    {R"({"dtdlmodelid":"dtmi:x\ny"})", std::nullopt, "", R"("dtmi:x\ny")"},
    {R"({"dtdlmodelid":["dtmi:x"]})", std::nullopt, "", "(no text)"},
    {R"("azureintegration")", std::nullopt, "", ""},
};

TEST(registry_page, reads_attributes_and_warns_of_those_that_say_nothing) {
  for (const auto& [attributes, integration, model_id, warning] : attribute_cases) {
    const auto page = page_of(entry("d1-x", attributes));
    ASSERT_EQ(page.devices.size(), 1U) << attributes;
    const auto& device = page.devices[0];
    EXPECT_EQ(device.device.integration, integration) << attributes;
    EXPECT_EQ(device.device.model_id, model_id) << attributes;
    EXPECT_EQ(device.warning.empty(), warning.empty()) << device.warning;
    EXPECT_NE(device.warning.find(warning), std::string::npos) << device.warning;
  }
}

TEST(registry_page, attributes_of_ten_thousand_characters_are_ignored_in_few_words) {
  const std::string lie(10'000, 'x');
  const auto page = page_of(
      entry("dev-1", R"({"azureintegration":"true)" + lie + R"(","dtdlmodelid":"dtmi:)" + lie + "\"}"));
  ASSERT_EQ(page.devices.size(), 1U);
  EXPECT_EQ(page.devices[0].device.integration, std::nullopt);
  EXPECT_EQ(page.devices[0].device.model_id, "");
  EXPECT_LT(page.devices[0].warning.size(), 250U);
  EXPECT_NE(page.devices[0].warning.find("10004 bytes"), std::string::npos) << page.devices[0].warning;
  const auto longest = "dtmi:" + std::string(123, 'y');
  EXPECT_EQ(page_of(entry("dev-1", R"({"dtdlmodelid":")" + longest + "\"}")).devices[0].device.model_id,
            longest);
  EXPECT_FALSE(is_valid_model_id(longest + "y"));
}

TEST(registry_page, skips_ids_outside_the_rule_and_devices_of_others) {
  const auto page = page_of(entry("good-1") + "," + entry("Bad") + "," + entry("") + "," +
                            entry("dev-2", "", "app2") + R"(,{},{"ids":{}},7,null,{"ids":{"device_id":5}},)" +
                            entry(std::string(37, 'a')) + "," + entry("a b"));
  EXPECT_EQ(page.entries, 11U);
  EXPECT_EQ(page.skipped, 10U);
  ASSERT_EQ(page.devices.size(), 1U);
  EXPECT_EQ(page.devices[0].device.key.device.str(), "good-1");
}

TEST(registry_page, of_duplicates_the_last_counts_once) {
  const auto page = page_of(entry("dev-1", R"({"azureintegration":"true"})") + "," + entry("dev-2") + "," +
                            entry("dev-1", R"({"azureintegration":"false"})"));
  EXPECT_EQ(page.entries, 3U);
  EXPECT_EQ(page.duplicates, 1U);
  ASSERT_EQ(page.devices.size(), 2U);
  EXPECT_EQ(page.devices[0].device.key.device.str(), "dev-1");
  EXPECT_EQ(page.devices[0].device.integration, false);
}

TEST(registry_page, an_eui_that_is_none_is_left_out_and_others_are_in_upper_case) {
  const auto device = [](std::string_view eui) {
    return page_of(R"({"ids":{"device_id":"dev-1","application_ids":{"application_id":"app1"},"dev_eui":)" +
                   std::string{eui} + "}}")
        .devices.at(0)
        .device.dev_eui.str();
  };
  EXPECT_EQ(device(R"("0004a30b001c0530")"), "0004A30B001C0530");
  EXPECT_EQ(device(R"("xyz")"), "");
  EXPECT_EQ(device("5"), "");
}

TEST(registry_page, an_error_answer_says_why) {
  EXPECT_EQ(parse_stack_fault(sample("error-01-no-rights.json")).substr(0, 41),
            "error:pkg/auth/rights:no_user_rights (no ");
  EXPECT_EQ(parse_stack_fault("<html>"), "");
  EXPECT_EQ(parse_stack_fault("{}"), "");
  EXPECT_LT(parse_stack_fault(R"({"message":")" + std::string(9'000, 'x') + "\"}").size(), 210U);
}

TEST(registry_page, an_error_has_a_name_of_its_own) {
  EXPECT_EQ(parse_stack_fault_name(sample("error-03-malformed-key.json")), "pkg/auth:token");
  EXPECT_EQ(parse_stack_fault_name("<html>"), "");
  EXPECT_EQ(parse_stack_fault_name(R"({"details":[]})"), "");
  EXPECT_EQ(parse_stack_fault_name(R"({"details":[{"namespace":"pkg/auth"}]})"), "");
  EXPECT_EQ(parse_stack_fault_name(R"({"details":[7]})"), "");
}

TEST(registry_page, an_error_answer_is_not_cut_inside_a_character) {
  std::string message = "x";
  for (int i = 0; i < 200; ++i)
    message += "ä";
  EXPECT_TRUE(is_utf8(parse_stack_fault(R"({"message":")" + message + "\"}")));
}

} // namespace
} // namespace causeway::tts
