// SPDX-License-Identifier: Apache-2.0
#include "model/command.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway::model {
namespace {

const device_key dev{application_id{"app1"}, device_id{"dev-1"}};

// Worked out by hand (SHA-256 over each part behind its length): what any version makes of them.
TEST(command_id, of_each_source_is_the_same_in_every_version) {
  EXPECT_EQ(make_command_id(dev, c2d_origin{"plant.azure-devices.net", 42, 1767225600123, "m-1"}).str(),
            "01e64403ef375d8d98f1d35aa7ba5da5");
  EXPECT_EQ(make_command_id(dev, c2d_origin{"plant.azure-devices.net", {}, {}, "m-1"}).str(),
            "37369ba25dd399fbfa83d232e6348b87");
  EXPECT_EQ(make_command_id(dev, method_origin{"downlink", "call-7"}).str(),
            "bbc876f5afaf7d973d967575a3837326");
  method_origin without_id{"downlink", ""};
  for (std::uint8_t i = 0; i < 16; ++i)
    without_id.random[i] = i;
  EXPECT_EQ(make_command_id(dev, without_id).str(), "29b3f925a4bbca67ebc5a2514602d9ad");
  EXPECT_EQ(make_command_id(dev, twin_origin{R"({"f_port":10})", 7}).str(),
            "7a190eafdc92896592f5bc1009c8a542");
}

TEST(command_id, of_a_c2d_message_names_the_hub_by_its_first_label_in_any_case) {
  const auto id = [](std::string_view hub) { return make_command_id(dev, c2d_origin{hub, 42, 1, "m"}); };
  EXPECT_EQ(id("plant.azure-devices.net"), id("PLANT.device.azure-devices.net"));
  EXPECT_EQ(id("plant"), id("plant.azure-devices.net:5671"));
  EXPECT_NE(id("plant"), id("field"));
}

TEST(command_id, of_a_c2d_message_has_nothing_of_its_message_id_where_the_hub_has_numbered_it) {
  const auto id = [](std::optional<std::int64_t> number, std::optional<std::int64_t> at,
                     std::string_view message) {
    return make_command_id(dev, c2d_origin{"plant", number, at, message});
  };
  EXPECT_EQ(id(1, 2, "a"), id(1, 2, "b"));
  EXPECT_NE(id(1, 2, "a"), id(1, 3, "a"));
  EXPECT_NE(id(1, 2, "a"), id(2, 2, "a"));
  EXPECT_EQ(id({}, 2, "a"), id(1, {}, "a"));
  EXPECT_NE(id({}, {}, "a"), id({}, {}, "b"));
}

TEST(command_id, tells_what_differs_apart) {
  const device_key other_device{dev.application, device_id{"dev-2"}},
      other_application{application_id{"app2"}, dev.device};
  std::set<command_id> ids;
  for (const auto& to : {dev, other_device, other_application}) {
    ids.insert(make_command_id(to, c2d_origin{"plant", 1, 2, ""}));
    ids.insert(make_command_id(to, method_origin{"downlink", "1"}));
    ids.insert(make_command_id(to, method_origin{"fan", "1"}));
    ids.insert(make_command_id(to, method_origin{"downlink", "2"}));
    ids.insert(make_command_id(to, method_origin{"downlink", ""}));
    ids.insert(make_command_id(to, method_origin{"downlink", "", {1}}));
    ids.insert(make_command_id(to, twin_origin{"{}", 1}));
    ids.insert(make_command_id(to, twin_origin{"{}", 2}));
    ids.insert(make_command_id(to, twin_origin{"[]", 1}));
  }
  EXPECT_EQ(ids.size(), 27U);
}

TEST(command_id, is_found_among_the_correlation_ids_of_its_item) {
  const auto id = make_command_id(dev, method_origin{"downlink", "call-7"});
  const auto own = correlation_id_of(id);
  EXPECT_EQ(own.size(), 41U);
  const std::vector<std::string> ids{"as:downlink:01M8JNMC71QXQ1M05H1C5RV7V3", "az:LockToken:T1", own,
                                     "rpc:/ttn.lorawan.v3.AppAs/DownlinkQueuePush:01M8"};
  EXPECT_EQ(command_among(ids), id);
  EXPECT_EQ(item_among(ids), "as:downlink:01M8JNMC71QXQ1M05H1C5RV7V3");
}

TEST(command_id, that_is_none_makes_an_item_somebody_elses) {
  const std::string digits(32, 'a');
  for (const auto& foreign :
       {std::string{"causeway:"}, "causeway:" + digits + "a", "causeway:" + digits.substr(1),
        "causeway:" + std::string(32, 'A'), "causeway:" + std::string(32, 'g'), "Causeway:" + digits,
        " causeway:" + digits}) {
    const std::vector<std::string> ids{foreign};
    EXPECT_EQ(command_among(ids), std::nullopt) << foreign;
    EXPECT_EQ(item_among(ids), "");
  }
  EXPECT_EQ(command_among({}), std::nullopt);
  // A prefix twice is no reason to find none.
  const std::vector<std::string> twice{"causeway:", "causeway:" + digits};
  EXPECT_EQ(command_among(twice), command_id{digits});
}

TEST(command_expiry, by_a_service_counts_by_a_services_clock) {
  const wall_time at{seconds{1000}};
  const command_expiry what{.by_wall = at, .open_seconds = {}};
  EXPECT_FALSE(has_come(what, at - seconds{1}, 0));
  EXPECT_TRUE(has_come(what, at, 0));
  EXPECT_FALSE(has_come(what, std::nullopt, 0));
}

TEST(command_expiry, of_our_own_counts_the_time_in_which_the_store_was_open) {
  const command_expiry what{.by_wall = {}, .open_seconds = 300};
  EXPECT_FALSE(has_come(what, wall_time::max(), 299));
  EXPECT_TRUE(has_come(what, std::nullopt, 300));
  EXPECT_FALSE(has_come({}, wall_time::max(), 0xffffffff));
}

event about(event_kind kind) {
  event made;
  made.kind = kind;
  made.what = downlink_event{.correlation_ids = {"as:downlink:01A", "my:1"},
                             .session_key_id = "AaI=",
                             .f_cnt = 7,
                             .confirmed = true,
                             .attempt = 2,
                             .at = 123,
                             .error_name = "pkg/networkserver:transmission",
                             .error_text = "TOO_LATE",
                             .by_network = true,
                             .without_payload = true};
  return made;
}

TEST(command_step, of_an_event_has_what_the_event_says) {
  const auto step = step_of(about(event_kind::downlink_failed));
  ASSERT_TRUE(step);
  EXPECT_EQ(step->kind, step_kind::failed);
  EXPECT_EQ(step->item, "as:downlink:01A");
  EXPECT_EQ(step->session, "AaI=");
  EXPECT_EQ(step->f_cnt, 7U);
  EXPECT_EQ(step->attempt, 2U);
  EXPECT_EQ(step->received_at, 123);
  EXPECT_EQ(step->error_name, "pkg/networkserver:transmission");
  EXPECT_EQ(step->error_text, "TOO_LATE");
  EXPECT_TRUE(step->by_network);
  EXPECT_TRUE(step->without_payload);
}

TEST(command_step, is_what_five_kinds_of_events_are) {
  EXPECT_EQ(step_of(about(event_kind::downlink_queued))->kind, step_kind::queued);
  EXPECT_EQ(step_of(about(event_kind::downlink_sent))->kind, step_kind::sent);
  EXPECT_EQ(step_of(about(event_kind::downlink_nack))->kind, step_kind::nack);
  EXPECT_EQ(step_of(about(event_kind::downlink_ack))->kind, step_kind::ack);
  EXPECT_FALSE(step_of(about(event_kind::downlink_queue_invalidated)));
  event uplink;
  uplink.kind = event_kind::uplink;
  uplink.what = model::uplink{};
  EXPECT_FALSE(step_of(uplink));
}

TEST(command_step, is_no_simulated_event) {
  auto simulated = about(event_kind::downlink_ack);
  simulated.simulated = true;
  EXPECT_FALSE(step_of(simulated));
  simulated.simulated = false;
  EXPECT_TRUE(step_of(simulated));
}

TEST(command_words, are_those_of_the_report) {
  EXPECT_EQ(to_string(command_state::no_word), "no_word");
  EXPECT_EQ(to_string(command_state::stored), "stored");
  EXPECT_EQ(to_string(command_state::in_doubt), "in_doubt");
  EXPECT_EQ(to_string(command_source::twin), "twin");
  EXPECT_EQ(to_string(step_kind::ack), "ack");
  EXPECT_EQ(to_string(downlink_priority::below_normal), "BELOW_NORMAL");
  EXPECT_EQ(to_string(downlink_priority::highest), "HIGHEST");
  EXPECT_EQ(to_string(queue_operation::push), "push");
  EXPECT_EQ(to_string(queue_operation::replace), "replace");
}

} // namespace
} // namespace causeway::model
