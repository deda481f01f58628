// SPDX-License-Identifier: Apache-2.0
#include "formats/transformed.h"

#include <gtest/gtest.h>

namespace causeway::formats {
namespace {

core::uplink small_event() {
  core::uplink event;
  event.kind = core::event_kind::uplink;
  event.from = {application_id{"app1"}, device_id{"dev1"}};
  event.f_port = 1;
  event.key = core::event_key{0xaa};
  return event;
}

TEST(transformed, each_output_is_a_message_with_its_number_in_the_id) {
  const auto made = format_transformed(small_event(), {}, {R"({"a":1})", "[1,2]", "3"});
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 3U);
  const std::string id = "u-aa000000000000000000000000000000.";
  const char* bodies[] = {R"({"a":1})", "[1,2]", "3"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*made)[i].id, id + std::to_string(i + 1));
    EXPECT_EQ((*made)[i].body, bodies[i]);
    EXPECT_EQ((*made)[i].properties, make_envelope(small_event(), {}).properties);
    EXPECT_EQ((*made)[i].content_type, "application/json");
  }
}

TEST(transformed, no_output_is_no_message) {
  const auto made = format_transformed(small_event(), {}, {});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->empty());
}

TEST(transformed, one_null_refuses_all_of_the_event) {
  const auto made = format_transformed(small_event(), {}, {"{}", "null"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::transform_refused);
  EXPECT_EQ(made.fault().detail(), "output 2 is null; to send nothing, put out nothing: `empty`");
}

TEST(transformed, names_the_output_that_is_too_large) {
  const auto made = format_transformed(small_event(), {}, {"{}", '"' + std::string(300 * 1024, 'x') + '"'});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::message_too_large);
  EXPECT_TRUE(made.fault().detail().starts_with("output 2: ")) << made.fault().detail();
}

} // namespace
} // namespace causeway::formats
