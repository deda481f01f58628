// SPDX-License-Identifier: Apache-2.0
// Which hub a device goes to, and who has which identity.
#include "hub/fleet_scene.h"

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

const std::string mill = "mill.azure-devices.net";

TEST(fleet_set, hubs_have_lines_of_their_own) {
  fleet_scene s;
  s.attach(1);
  s.attach(2, fleet_scene::at(mill, "dev-2"));
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1", "attached 2"}));
  EXPECT_EQ(s.totals().attached, 1U);
  EXPECT_EQ(s.totals(mill).attached, 1U);
  EXPECT_EQ(s.set().totals(s.now()).size(), 2U);
  s.lose(1);
  EXPECT_EQ(s.totals().attached + s.totals(mill).attached, 1U);
}

TEST(fleet_set, a_hub_is_one_by_whichever_of_its_names) {
  fleet_scene s;
  s.attach(1);
  s.attach(2, fleet_scene::at("plant.device.azure-devices.net", "dev-2"));
  s.run();
  EXPECT_EQ(s.orders_at.size(), 1U);
  EXPECT_EQ(s.totals().attached, 2U);
}

TEST(fleet_set, what_is_no_host_name_is_refused_but_not_from_inside_the_call) {
  fleet_scene s;
  s.attach(1, fleet_scene::at("no host", "dev-1"));
  EXPECT_TRUE(s.words.empty());
  EXPECT_LE(s.set().deadline(), s.now());
  EXPECT_EQ(s.wakes, 1U);
  s.run();
  EXPECT_EQ(s.words, (words{"detached 1 hub_not_found"}));
  EXPECT_EQ(s.set().deadline(), mono_time::max());
}

TEST(fleet_set, a_section_that_is_not_there_is_refused) {
  fleet_scene s;
  s.attach(1, fleet_scene::at(plant, "dev-1", "nowhere"));
  s.run();
  EXPECT_EQ(s.words, (words{"detached 1 hub_not_found"}));
}

TEST(fleet_set, a_thousand_hubs_are_more_than_any_dps_has) {
  fleet_scene s;
  s.answers_orders = false;
  for (std::uint32_t device = 0; device <= 1'000; ++device)
    s.attach(device, fleet_scene::at("hub" + std::to_string(device) + ".net", "d"));
  s.run();
  EXPECT_EQ(s.words, (words{"detached 1000 hub_not_found"}));
}

TEST(fleet_set, a_refusal_is_not_told_to_a_device_that_has_found_its_hub_meanwhile) {
  fleet_scene s;
  s.attach(1, fleet_scene::at("no host", "dev-1"));
  s.attach(1);
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1"}));
}

TEST(fleet_set, who_comes_to_a_place_that_another_had_is_somebody_else) {
  fleet_scene s;
  const std::uint32_t former = 1, next = static_cast<std::uint32_t>(make_ref(1, 1));
  s.attach(former);
  s.run();
  s.send(former, 7);
  s.detach(former);
  s.attach(next, fleet_scene::at(plant, "dev-next"));
  s.run();
  EXPECT_EQ(s.count("attached 1"), 2U);
  EXPECT_EQ(s.totals().attached, 1U);
  s.take_words();
  s.send(former, 8);
  s.detach(former);
  s.set().hurry(device_ref{former});
  EXPECT_EQ(s.progress(former).waits_for, "");
  s.run();
  EXPECT_EQ(s.words, words{});
  EXPECT_EQ(s.totals().attached, 1U);
  s.send(next, 9);
  s.run();
  EXPECT_EQ(s.words, words{"sent 9 ok"});
  s.detach(next);
  s.attach(former);
  s.run();
  EXPECT_EQ(s.totals().attached, 1U);
  EXPECT_EQ(s.totals().devices, 1U);
}

TEST(fleet_set, two_devices_cannot_have_one_identity_of_a_hub) {
  fleet_scene s;
  s.attach(1, fleet_scene::at(plant, "same"));
  s.attach(2, fleet_scene::at(plant, "same"));
  s.attach(3, fleet_scene::at(mill, "same"));
  EXPECT_TRUE(s.words.empty());
  s.run();
  EXPECT_EQ(s.words, (words{"detached 2 identity_taken", "attached 1", "attached 3"}));
  s.detach(1);
  s.attach(2, fleet_scene::at(plant, "same"));
  s.run();
  EXPECT_EQ(s.words.back(), "attached 2");
}

TEST(fleet_set, an_identity_is_taken_by_whichever_name_of_the_hub_and_in_whichever_section) {
  fleet_scene s;
  s.sections.push_back(fleet_scene::terms_named("other"));
  s.attach(1, fleet_scene::at(plant, "same"));
  s.attach(2, fleet_scene::at("plant.device.azure-devices.net", "same", "other"));
  s.run();
  EXPECT_EQ(s.count("detached 2 identity_taken"), 1U);
}

TEST(fleet_set, who_is_attached_already_is_told_so_but_not_from_inside_the_call) {
  fleet_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.attach(1);
  EXPECT_TRUE(s.words.empty());
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1"}));
  EXPECT_EQ(s.peer().tokens.size(), 1U) << "nothing was done anew";
}

TEST(fleet_set, who_is_on_its_way_already_stays_on_it) {
  fleet_scene s;
  s.attach(1);
  s.attach(1);
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1"}));
  EXPECT_EQ(s.totals().devices, 1U);
}

TEST(fleet_set, who_has_left_before_it_is_told_is_told_nothing) {
  fleet_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.attach(1);
  s.detach(1);
  s.run();
  EXPECT_TRUE(s.words.empty());
}

TEST(fleet_set, a_device_with_another_hub_or_identity_moves) {
  fleet_scene s;
  s.attach(1);
  s.run();
  s.attach(1, fleet_scene::at(plant, "renamed"));
  s.run();
  EXPECT_EQ(s.peer().telemetry.count("dev-1"), 0U);
  EXPECT_EQ(s.peer().telemetry.count("renamed"), 1U);
  s.attach(1, fleet_scene::at(mill, "renamed"));
  s.run();
  EXPECT_TRUE(s.peer().telemetry.empty());
  EXPECT_EQ(s.totals().devices, 0U);
  EXPECT_EQ(s.totals(mill).attached, 1U);
  EXPECT_EQ(s.words, (words{"attached 1", "attached 1", "attached 1"}));
}

TEST(fleet_set, sections_with_one_hub_have_their_own_lines_and_share_its_budgets) {
  fleet_scene s;
  s.sections = {fleet_scene::terms_named("a"), fleet_scene::terms_named("b")};
  s.sections[0].connects_per_second = s.sections[0].sends_per_second = 100;
  s.sections[1].connects_per_second = s.sections[1].sends_per_second = 20;
  for (std::uint32_t device = 0; device < 40; ++device)
    s.attach(device, fleet_scene::at(plant, name_of(device).str(), device % 2 == 0 ? "a" : "b"));
  EXPECT_EQ(s.totals().connects_ceiling, 20 * 0.99) << "what the more careful one says";
  EXPECT_EQ(s.totals().sends_ceiling, 20 * 0.99);
  s.advance(1s);
  EXPECT_EQ(s.totals().connections_open, 2U);
  EXPECT_LE(s.count_of("attached"), 20U);
  EXPECT_GE(s.count_of("attached"), 18U);
  s.advance(3s);
  EXPECT_EQ(s.totals().attached, 40U);
  EXPECT_EQ(s.tokens.size(), 2U) << "each signs for its own";
  // The day's quota is the hub's, too.
  s.peer(0).on_message = [](const auto&) {
    return amqp::outcome{amqp::outcome_kind::rejected, {"amqp:resource-limit-exceeded", ""}};
  };
  s.send(0, 1);
  s.run();
  s.send(1, 2);
  s.advance(10s);
  EXPECT_TRUE(s.peer(1).messages.empty());
  EXPECT_EQ(s.totals().sends_waiting, 1U);
}

// A section's terms with keys that are told apart.
fleet_terms signed_by(const std::string& section, const std::string& key, auth mode = auth::device_keys) {
  struct named_tokens final : token_source {
    explicit named_tokens(std::string by) : key{std::move(by)} {}
    secret device_token(device_ref, const identity&, wall_time) override { return secret{key}; }
    secret policy_token(wall_time) override { return secret{key}; }
    std::string key;
  };
  auto made = fleet_scene::terms_named(section);
  made.keys_of = [=](const azure::hub_address&) {
    return hub_keys{std::make_unique<named_tokens>(key), mode};
  };
  return made;
}

TEST(other_terms, the_next_token_is_made_with_other_keys_and_nobody_is_disconnected) {
  for (const auto mode : {auth::device_keys, auth::policy}) {
    fleet_scene s;
    s.sections = {signed_by("field", "old", mode)};
    s.attach(1);
    s.run();
    ASSERT_EQ(s.peer().tokens.size(), 1U);
    s.set().take_section(signed_by("field", "new", mode), s.now());
    s.advance(1s);
    EXPECT_EQ(s.words, words{"attached 1"});
    EXPECT_EQ(s.peer().tokens.size(), 1U) << "the old one lasts";
    s.advance(std::chrono::hours{24});
    ASSERT_GT(s.peer().tokens.size(), 1U);
    EXPECT_EQ(s.peer().tokens.back().token, "new");
    s.lose(0);
    s.advance(60s);
    EXPECT_EQ(s.peer().tokens.front().token, "new");
  }
}

TEST(other_terms, who_signs_otherwise_is_connected_anew_by_the_same_fleet) {
  fleet_scene s;
  s.sections = {signed_by("field", "old", auth::policy)};
  s.attach_many(1, 3);
  s.run();
  ASSERT_EQ(s.peer().tokens.size(), 1U);
  s.set().take_section(signed_by("field", "new"), s.now());
  s.advance(60s);
  EXPECT_EQ(s.count_of("attached"), 6U);
  EXPECT_EQ(s.count_of("detached"), 3U);
  EXPECT_EQ(s.peer().tokens.size(), 3U) << "each has its own";
  EXPECT_EQ(s.peer().tokens.back().token, "new");
}

TEST(other_terms, a_new_section_has_devices_and_one_that_has_left_no_new_ones) {
  fleet_scene s;
  s.attach(1);
  s.run();
  s.set().take_section(signed_by("other", "key"), s.now());
  s.attach(2, fleet_scene::at(plant, "dev-2", "other"));
  s.run();
  EXPECT_EQ(s.totals().attached, 2U);
  s.set().drop_section(azure_name{"other"}, s.now());
  s.attach(3, fleet_scene::at(plant, "dev-3", "other"));
  s.send(2, 7);
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1", "attached 2", "detached 3 hub_not_found", "sent 7 ok"}));
}

TEST(other_terms, a_hubs_budget_is_what_the_most_careful_of_its_fleets_says_now) {
  fleet_scene s;
  const auto with = [](const char* section, double quota) {
    auto made = signed_by(section, "key");
    made.connects_per_second = made.sends_per_second = quota;
    made.twin_reads_per_second = made.twin_updates_per_second = quota;
    return made;
  };
  const auto is = [&](double quota) {
    const auto are = s.totals();
    return are.connects_ceiling == quota * 0.99 && are.sends_ceiling == quota * 0.99 &&
           are.twin_reads_ceiling == quota * 0.99 && are.twin_updates_ceiling == quota * 0.99;
  };
  s.sections = {with("a", 100), with("b", 20)};
  s.attach(1, fleet_scene::at(plant, "dev-1", "a"));
  EXPECT_TRUE(is(100));
  s.attach(2, fleet_scene::at(plant, "dev-2", "b"));
  EXPECT_TRUE(is(20));
  s.set().take_section(with("b", 60), s.now());
  EXPECT_TRUE(is(60)) << "it rises";
  s.set().take_section(with("b", 600), s.now());
  EXPECT_TRUE(is(100));
  s.set().take_section(with("b", 10), s.now());
  s.set().drop_section(azure_name{"b"}, s.now());
  EXPECT_TRUE(is(10)) << "it still has a device";
  s.detach(2);
  s.set().take_section(with("a", 200), s.now());
  EXPECT_TRUE(is(200));
}

TEST(fleet_set, a_device_that_is_not_here_is_left_alone) {
  fleet_scene s;
  s.attach(1);
  s.detach(7);
  s.set().hurry(ref(8));
  EXPECT_EQ(s.progress(9).waits_for, "");
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1"}));
}

TEST(fleet_set, has_nothing_due_while_nothing_is_wanted) {
  fleet_scene s;
  EXPECT_EQ(s.set().deadline(), mono_time::max());
  s.attach_many(0, 10);
  s.advance(1s);
  EXPECT_EQ(s.set().deadline(), mono_time::max());
  EXPECT_EQ(s.wakes, 2U) << "for the first device, and for the line that is open";
}

} // namespace
} // namespace causeway::hub
