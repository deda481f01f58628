// SPDX-License-Identifier: Apache-2.0
#include "stack/webhook_path.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

TEST(webhook_path, a_device_has_one_place) {
  const struct {
    const char *path, *application, *device, *more;
  } cases[] = {
      {"/webhook/app1", "app1", "", ""},
      {"/webhook/app1/", "app1", "", ""},
      {"/webhook//app1///", "app1", "", ""},
      {"/webhook/app1/dev1", "app1", "", "dev1"},
      {"/webhook/app1/dev1/up", "app1", "", "dev1/up"},
      {"/webhook/app1/devices/dev1", "app1", "dev1", "devices/dev1"},
      {"/webhook/app1//devices///dev1/", "app1", "dev1", "devices///dev1/"},
      {"/webhook/app1/devices/dev1/up/and/more/of/it", "app1", "dev1", "devices/dev1/up/and/more/of/it"},
      {"/webhook/app1/devices/d%65v1", "app1", "dev1", "devices/d%65v1"},
      {"/webhook/app1/devices", "app1", "", "devices"},
      {"/webhook/app1/up/devices/dev1", "app1", "", "up/devices/dev1"},
      {"/webhook/devices/dev1", "devices", "", "dev1"},
      {"/webhook/devices/devices/dev1", "devices", "dev1", "devices/dev1"},
  };
  for (const auto& want : cases) {
    const auto read = read_path(want.path);
    ASSERT_TRUE(read) << want.path;
    EXPECT_EQ(read->application, want.application) << want.path;
    EXPECT_EQ(read->device, want.device) << want.path;
    EXPECT_EQ(read->more, want.more) << want.path;
  }
  for (const char* path :
       {"", "/", "/webhook", "/webhook/", "/webhook//", "/webhooks/app1", "/app1", "webhook/app1"})
    EXPECT_FALSE(read_path(path)) << path;
}

// All devices' data went to one identity of that name (fault B1).
TEST(webhook_path, a_word_for_a_kind_of_event_is_no_device_even_there) {
  for (const char* word :
       {"uplink", "Uplink", "uplink_message", "uplink-message", "join-accept", "LOCATION_SOLVED", "up-tti",
        "UplinkV3", "service-data", "downlink-queue-invalidated"}) {
    EXPECT_EQ(read_path(std::string{"/webhook/app1/devices/"} + word)->device, "") << word;
    EXPECT_TRUE(is_path_word(word)) << word;
  }
  EXPECT_EQ(read_path("/webhook/app1/devices/uplink-meter")->device, "uplink-meter");
}

TEST(webhook_path, what_is_said_twice_is_not_needless) {
  EXPECT_FALSE(is_needless(*read_path("/webhook/app1"), "dev1"));
  EXPECT_FALSE(is_needless(*read_path("/webhook/app1/devices/dev1/up"), "dev1"));
  EXPECT_TRUE(is_needless(*read_path("/webhook/app1/up"), "dev1"));
  EXPECT_TRUE(is_needless(*read_path("/webhook/app1/devices/dev2"), "dev1"));
}

TEST(webhook_path, words_of_paths_are_told_from_names_of_devices) {
  for (const char* word : {"devices", "uplink", "telegraf", "notification", "Web_Hook"})
    EXPECT_TRUE(is_path_word(word)) << word;
  for (const char* word : {"", "dev1", "eui-70b3d52dd600035a", "uplink-1", "meter"})
    EXPECT_FALSE(is_path_word(word)) << word;
}

TEST(webhook_path, the_way_out_names_the_application) {
  EXPECT_NE(way_to_name_devices("app1").find("/webhook/app1/devices{/devID}"), std::string::npos);
}

} // namespace
} // namespace causeway::stack
