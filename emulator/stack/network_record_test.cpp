// SPDX-License-Identifier: Apache-2.0
// Each record has the members that a running stack's record of the same situation has.
#include "emulator/stack/network_record.h"

#include "emulator/stack/downlink_scene.h"
#include "emulator/stack/stack_time.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

const std::vector<std::string> everything{"supports_join",
                                          "supports_class_c",
                                          "mac_state.device_class",
                                          "mac_state.recent_uplinks",
                                          "mac_state.recent_downlinks",
                                          "mac_state.last_downlink_at",
                                          "mac_state.last_confirmed_downlink_at",
                                          "mac_state.last_network_initiated_downlink_at",
                                          "mac_state.pending_application_downlink",
                                          "pending_mac_state.recent_uplinks",
                                          "pending_mac_state.recent_downlinks",
                                          "session.dev_addr",
                                          "session.keys.session_key_id",
                                          "session.last_f_cnt_up",
                                          "session.last_n_f_cnt_down",
                                          "session.last_conf_f_cnt_down",
                                          "session.started_at",
                                          "pending_session.dev_addr",
                                          "pending_session.keys.session_key_id"};

class network_record : public downlink_scene {
protected:
  json::object record(const std::string& device, const std::vector<std::string>& paths = everything) {
    return format_record(*service.device(app, device, clock.now()), paths);
  }
  void expect_like(const std::string& sample, const std::string& device, std::vector<std::string> paths) {
    auto seen = json::parse(read_sample(sample)).as_object();
    // What the device answered to the network's own orders.
    for (const auto* state : {"mac_state", "pending_mac_state"})
      if (auto* of = seen.if_contains(state))
        if (auto* uplinks = of->as_object().if_contains("recent_uplinks"))
          for (auto& up : uplinks->as_array())
            if (auto* frame = up.at("payload").as_object().if_contains("mac_payload"))
              frame->at("f_hdr").as_object().erase("f_opts");
    EXPECT_EQ(shape_of(record(device, paths)), shape_of(seen)) << sample;
  }
  void make_otaa(const std::string& device) {
    device_change never;
    never.joined = false;
    make(device, never);
  }
  // With an empty downlink for it.
  void answered_uplink(const std::string& device) {
    heard_uplink up;
    up.wants_mac_answer = true;
    service.hear(app, device, up, clock.now());
    run(10s);
  }
};

TEST_F(network_record, of_a_device_that_never_joined_or_has_not_spoken) {
  make_otaa("o");
  expect_like("real-ns-record-otaa-never-joined.json", "o", everything);
  make_abp("a");
  expect_like("real-ns-record-abp-before-first-uplink.json", "a", everything);
  // The samples of ABP do not show supports_join, for that is false.
  make_abp("c", true);
  expect_like("real-ns-record-class-c-before-first-uplink.json", "c", everything);
}

TEST_F(network_record, of_a_device_that_has_joined_and_one_that_has_joined_again) {
  make_otaa("o");
  service.join(app, "o", clock.now());
  run(2s);
  expect_like("real-ns-record-otaa-joined-no-uplink.json", "o", everything);
  push("o", item("x:1"));
  uplink("o");
  run(10s);
  service.join(app, "o", clock.now());
  run(2s);
  expect_like("real-ns-record-otaa-rejoined-no-uplink.json", "o", everything);
}

TEST_F(network_record, shows_class_c_of_otaa_from_the_first_uplink_on) {
  device_change how;
  how.class_c = true;
  make("o", how);
  EXPECT_TRUE(record("o").contains("supports_class_c"));
  EXPECT_FALSE(record("o").at("mac_state").as_object().contains("device_class"));
  uplink("o");
  run(1s);
  EXPECT_EQ(record("o").at("mac_state").at("device_class"), "CLASS_C");
}

TEST_F(network_record, of_class_c_behind_an_item) {
  make_abp("c", true);
  push("c", item("x:c1"));
  answered_uplink("c");
  EXPECT_EQ(news(), "queued sent");
  expect_like("real-ns-record-class-c-sent.json", "c", everything);
}

TEST_F(network_record, of_a_confirmed_item_that_waits_and_is_sent_again_in_a_new_session) {
  const std::vector<std::string> few{"mac_state.pending_application_downlink",
                                     "mac_state.recent_uplinks",
                                     "mac_state.recent_downlinks",
                                     "session.last_f_cnt_up",
                                     "session.last_n_f_cnt_down",
                                     "session.last_conf_f_cnt_down"};
  make_otaa("o");
  service.join(app, "o", clock.now());
  run(2s);
  answered_uplink("o");
  push("o", item("x:conf", true));
  uplink("o");
  run(10s);
  expect_like("real-ns-record-otaa-confirmed-waits-for-ack.json", "o", few);
  service.join(app, "o", clock.now());
  run(2s);
  auto more = few;
  for (const auto* path :
       {"pending_mac_state.recent_downlinks", "session.dev_addr", "pending_session.dev_addr"})
    more.emplace_back(path);
  expect_like("real-ns-record-otaa-confirmed-waits-rejoined.json", "o", more);
  uplink("o");
  run(600ms);
  expect_like("real-ns-record-otaa-confirmed-resent-in-new-session.json", "o", few);
}

// A gateway holds the one against the other.
TEST_F(network_record, has_the_time_of_an_uplink_that_the_application_is_told_to_the_nanosecond) {
  make_abp("a");
  const auto last_of_record = [this] {
    const auto shown = record("a");
    const auto& uplinks = shown.at("mac_state").at("recent_uplinks").as_array();
    return parse_rfc3339(uplinks.back().at("received_at").as_string()).value();
  };
  run(123'456'780ns); // its last digit is not written
  uplink("a");
  run(1s);
  const auto told_at = body("uplink_message").at("uplink_message").at("received_at").as_string();
  EXPECT_EQ(parse_rfc3339(told_at).value(), last_of_record());
  const auto simulated_at = clock.now().wall; // of a simulation, which tells it by itself
  service.pass_uplink(app, "a", {}, 7, clock.now());
  run(1s);
  EXPECT_EQ(last_of_record(), simulated_at);
}

TEST_F(network_record, keeps_twenty_uplinks_and_five_downlinks_with_the_ids_of_the_last_only) {
  make_abp("a");
  for (int i = 0; i < 8; ++i)
    push("a", item("x:" + std::to_string(i)));
  for (int i = 0; i < 29; ++i) {
    uplink("a");
    run(10s);
  }
  const auto mac = record("a").at("mac_state").as_object();
  const auto& uplinks = mac.at("recent_uplinks").as_array();
  ASSERT_EQ(uplinks.size(), 20U);
  EXPECT_EQ(uplinks.front().at("payload").at("mac_payload").at("full_f_cnt"), 9);
  EXPECT_EQ(uplinks.back().at("payload").at("mac_payload").at("full_f_cnt"), 28);
  for (const auto& up : uplinks) {
    EXPECT_TRUE(up.as_object().contains("received_at"));
    EXPECT_EQ(up.as_object().contains("correlation_ids"), &up == &uplinks.back());
  }
  const auto& downlinks = mac.at("recent_downlinks").as_array();
  ASSERT_EQ(downlinks.size(), 5U);
  for (const auto& down : downlinks)
    EXPECT_EQ(down.as_object().contains("correlation_ids"), &down == &downlinks.back());
  EXPECT_EQ(shape_of(downlinks.front()),
            shape_of(json::parse(read_sample("real-ns-record-abp-after-many-uplinks-shortened.json"))
                         .at("mac_state")
                         .at("recent_downlinks")
                         .at(0)));
}

TEST_F(network_record,
       an_uplink_is_there_a_fifth_of_a_second_after_it_was_sent_and_an_item_before_it_is_on_the_air) {
  make_abp("a");
  push("a", item("x:1"));
  uplink("a");
  run(210ms);
  EXPECT_EQ(mac("a").uplinks.size(), 0U);
  run(20ms);
  EXPECT_EQ(mac("a").uplinks.size(), 1U);
  run(230ms);
  ASSERT_TRUE(mac("a").last_downlink_at);
  EXPECT_GT(*mac("a").last_downlink_at, clock.now().wall + 4s) << "scheduled, not sent";
}

TEST_F(network_record, a_mask_names_what_it_may) {
  const auto read = [](const std::string& query) { return parse_record_mask(parse_query(query)); };
  EXPECT_TRUE(read("").paths.empty());
  EXPECT_FALSE(read("").is_empty);
  EXPECT_TRUE(read("field_mask=").is_empty);
  EXPECT_TRUE(read("field_mask=session.dev_addr,mac_state.recent_uplinks").forbidden.empty());
  for (const auto* path :
       {"session.queued_application_downlinks", "pending_session.queued_application_downlinks",
        "mac_state.recent_uplinks.received_at", "pending_mac_state.pending_application_downlink",
        "session.last_a_f_cnt_down", "nonsense"})
    EXPECT_EQ(read(std::string{"field_mask=session.dev_addr,"} + path).forbidden,
              std::vector<std::string>{path});
  for (const auto* path : {"session", "pending_session", "mac_state", "pending_mac_state", "session.keys"}) {
    EXPECT_TRUE(read(std::string{"field_mask="} + path).needs_keys) << path;
    EXPECT_TRUE(read(std::string{"field_mask="} + path).forbidden.empty()) << path;
  }
  make_abp("a");
  EXPECT_EQ(shape_of(record("a", {})),
            "{created_at:text,ids:" + shape_of(record("a").at("ids")) + ",updated_at:text}");
  EXPECT_EQ(shape_of(record("a", {"session.dev_addr"}).at("session")), "{dev_addr:text}");
}

// A device that nobody has asked for yet has been registered long ago all the same.
TEST_F(network_record, tells_when_its_device_was_registered) {
  registered.emplace("a", clock.now().wall);
  clock.advance(std::chrono::hours{1});
  EXPECT_EQ(record("a", {}).at("created_at").as_string(),
            format_stack_time(clock.now().wall - std::chrono::hours{1}));
}

} // namespace
} // namespace causeway::emulator
