// SPDX-License-Identifier: Apache-2.0
#include "app/path_words.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

TEST(path_words, that_an_earlier_version_took_for_devices_are_found_with_what_waits_for_them) {
  const auto record = [](std::uint32_t ref, const char* name, const char* eui = "", bool listed = false) {
    return model::device_record{
        device_ref{ref}, {application_id{"app1"}, device_id{name}}, dev_eui{eui}, listed};
  };
  model::start_image image;
  image.devices = {record(0, "dev1"), record(1, "uplink"), record(2, "notification"),
                   record(3, "location", "70B3D52DD600035A"), record(4, "service", "", true)};
  image.waiting = {
      {1, device_ref{0}, 10}, {2, device_ref{1}, 10}, {3, device_ref{1}, 10}, {4, device_ref{9}, 10}};
  const auto key = [](const char* name) {
    return model::device_key{application_id{"app1"}, device_id{name}};
  };
  EXPECT_EQ(find_path_word_devices(image),
            (std::vector<path_word_device>{{key("uplink"), 2}, {key("notification"), 0}}));
  EXPECT_TRUE(find_path_word_devices({}).empty());
}

} // namespace
} // namespace causeway::app
