// SPDX-License-Identifier: Apache-2.0
#include "core/device_table.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace causeway::core {
namespace {

TEST(device_table, a_device_is_small) {
  // The figure of ARCHITECTURE.md; its name, its recent keys and what only few have come on top.
  EXPECT_LE(sizeof(device), 120u);
}

TEST(device_table, finds_by_name_and_never_gives_a_ref_twice) {
  device_table table;
  EXPECT_EQ(table.find(0, "dev-4"), std::nullopt);
  table.restore(device_ref{4}, 0, "dev-4");
  EXPECT_EQ(table.find(0, "dev-4"), device_ref{4});
  EXPECT_EQ(table.find(1, "dev-4"), std::nullopt);
  EXPECT_EQ(table.find(0, "dev-5"), std::nullopt);
  EXPECT_EQ(table.add(0, "dev-5"), device_ref{5});
  EXPECT_EQ(table.add(1, "dev-5"), device_ref{6});
  EXPECT_FALSE(table.contains(device_ref{3}));
  EXPECT_FALSE(table.contains(device_ref{7}));
  EXPECT_EQ(table.size(), 3u);
  std::vector<std::uint32_t> seen;
  table.for_each([&](device_ref ref, device&) { seen.push_back(index_of(ref)); });
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{4, 5, 6}));
}

TEST(device_table, finds_each_of_many) {
  device_table table;
  constexpr std::uint32_t devices = 20'000;
  for (std::uint32_t i = 0; i < devices; ++i)
    table.add(i % 3, "a-device-with-a-long-name-" + std::to_string(i));
  const auto* first = &table.at(device_ref{0});
  for (std::uint32_t i = 0; i < devices; ++i) {
    const auto name = "a-device-with-a-long-name-" + std::to_string(i);
    ASSERT_EQ(table.find(i % 3, name), device_ref{i});
    ASSERT_EQ(table.at(device_ref{i}).name(), name);
  }
  EXPECT_EQ(&table.at(device_ref{0}), first);
}

TEST(device_table, forgets_a_device_and_finds_all_the_others) {
  device_table table;
  std::vector<device_ref> refs;
  for (int i = 0; i < 5000; ++i)
    refs.push_back(table.add(static_cast<std::uint32_t>(i % 3), "dev-" + std::to_string(i / 3)));
  for (int i = 0; i < 5000; i += 2)
    table.remove(refs[static_cast<std::size_t>(i)]);
  EXPECT_EQ(table.size(), 2500u);
  for (int i = 0; i < 5000; ++i) {
    const auto found = table.find(static_cast<std::uint32_t>(i % 3), "dev-" + std::to_string(i / 3));
    EXPECT_EQ(found.has_value(), i % 2 == 1) << i;
    EXPECT_EQ(table.contains(refs[static_cast<std::size_t>(i)]), i % 2 == 1) << i;
  }
  // A whole block goes, and no ref comes again.
  for (int i = 1; i < 5000; i += 2)
    table.remove(refs[static_cast<std::size_t>(i)]);
  std::size_t left = 0;
  table.for_each([&](device_ref, const device&) { ++left; });
  EXPECT_EQ(left, 0u);
  EXPECT_EQ(table.add(0, "dev-0"), device_ref{5000});
  EXPECT_EQ(table.find(0, "dev-0"), device_ref{5000});
}

TEST(device_table, stays_at_its_size_however_many_devices_come_and_go) {
  device_table table;
  constexpr std::uint32_t devices = 1'000, changes = 1'000'000;
  std::deque<device_ref> there;
  device_ref gone{};
  const auto add = [&](std::uint32_t number) {
    const auto ref = table.add(number % 3, "meter-" + std::to_string(number));
    auto& d = table.at(ref);
    table.set_hub(d, {hub_host{"hub-" + std::to_string(number / 10'000)}, azure_name{"s"}, ""});
    table.set_model(d, "dtmi:x:of-" + std::to_string(number / 10'000) + ";1");
    there.push_back(ref);
  };
  for (std::uint32_t number = 0; number < devices; ++number)
    add(number);
  for (std::uint32_t number = devices; number < devices + changes; ++number) {
    gone = there.front();
    there.pop_front();
    table.remove(gone);
    add(number);
    ASSERT_FALSE(table.contains(gone));
    ASSERT_NE(there.back(), gone);
  }
  EXPECT_EQ(table.size(), devices);
  EXPECT_LE(table.places(), devices + device_table::enough_free);
  EXPECT_LE(table.name_bytes(), 64U * 1024);
  EXPECT_EQ(table.hubs(), 1U);
  EXPECT_EQ(table.models(), 1U);
  EXPECT_GT(generation_of(there.back()), 100U);
  for (std::uint32_t number = changes; number < devices + changes; ++number)
    ASSERT_EQ(table.find(number % 3, "meter-" + std::to_string(number)), there[number - changes]);
  EXPECT_EQ(table.find(0, "meter-0"), std::nullopt);
}

TEST(device_table, gives_the_place_that_has_been_free_the_longest_and_a_ref_again_after_all_generations) {
  device_table table{2};
  const auto one = table.add(0, "a"), two = table.add(0, "b");
  table.remove(two);
  EXPECT_EQ(table.add(0, "c"), device_ref{2}) << "too few are free";
  table.remove(one);
  EXPECT_EQ(table.add(0, "d"), make_ref(1, 1));
  EXPECT_FALSE(table.contains(two));
  EXPECT_EQ(table.at_place(1), make_ref(1, 1));
  EXPECT_EQ(table.at_place(0), std::nullopt);

  device_table small{1};
  for (std::uint32_t round = 0; round < generations_of_a_place; ++round) {
    const auto ref = small.add(0, "a");
    ASSERT_EQ(ref, make_ref(0, round));
    small.remove(ref);
  }
  EXPECT_EQ(small.add(0, "a"), device_ref{0});
  EXPECT_EQ(small.places(), 1U);
}

TEST(device_table, is_full_when_no_place_is_left_and_takes_any_that_is_free_then) {
  device_table table;
  table.restore(device_ref{7}, 0, "dev");
  EXPECT_FALSE(table.is_full());
  table.reserve(most_places);
  EXPECT_TRUE(table.is_full());
  table.remove(device_ref{7});
  EXPECT_FALSE(table.is_full());
  EXPECT_EQ(table.add(0, "dev"), make_ref(7, 1));
  EXPECT_TRUE(table.is_full());
}

TEST(device_table, keeps_a_hub_as_long_as_a_device_has_it) {
  device_table table;
  const device_table::hub a{hub_host{"a"}, azure_name{"s"}, ""}, b{hub_host{"b"}, azure_name{"s"}, ""};
  const auto one = table.add(0, "dev-1"), two = table.add(0, "dev-2");
  table.set_hub(table.at(one), a);
  table.set_hub(table.at(two), a);
  const auto number = table.at(one).hub;
  EXPECT_EQ(table.hub_of(table.at(two)), a);
  table.set_hub(table.at(one), b);
  table.set_hub(table.at(one), b);
  EXPECT_EQ(table.hubs(), 2U);
  table.remove(two);
  EXPECT_EQ(table.hubs(), 1U);
  EXPECT_EQ(table.hub_at(number), device_table::hub{});
  table.set_hub(table.at(one), a);
  EXPECT_NE(table.at(one).hub, number) << "who waits at what was that hub has met nothing of this one";
  EXPECT_EQ(table.hub_of(table.at(one)), a);
}

TEST(device_table, keeps_a_model_id_as_long_as_a_device_has_it) {
  device_table table;
  auto& one = table.at(table.add(0, "dev-1"));
  auto& two = table.at(table.add(0, "dev-2"));
  table.set_model(one, "dtmi:x:a;1");
  table.set_model(two, "dtmi:x:a;1");
  EXPECT_EQ(one.model, two.model);
  table.set_model(one, "dtmi:x:b;1");
  EXPECT_EQ(table.model_of(two), "dtmi:x:a;1");
  table.set_model(two, "");
  EXPECT_EQ(table.model_of(two), "");
  const auto free = one.model == 1 ? 2u : 1u;
  table.set_model(two, "dtmi:x:c;1");
  EXPECT_EQ(two.model, free);
  EXPECT_EQ(table.model_of(one), "dtmi:x:b;1");
}

TEST(device, gives_back_its_eui) {
  device d;
  EXPECT_EQ(d.dev_eui(), dev_eui{});
  d.eui = *parse_eui(dev_eui{"70B3D52DD600035A"});
  d.has_eui = true;
  EXPECT_EQ(d.dev_eui(), dev_eui{"70B3D52DD600035A"});
  d.eui = *parse_eui(dev_eui{"0000000000000000"});
  EXPECT_EQ(d.dev_eui(), dev_eui{"0000000000000000"});
  EXPECT_EQ(parse_eui(dev_eui{"70B3"}), std::nullopt);
}

TEST(device_table, keeps_each_hub_once) {
  device_table table;
  const device_table::hub a{hub_host{"a"}, azure_name{"s"}, ""}, b{hub_host{"b"}, azure_name{"s"}, ""};
  EXPECT_EQ(table.intern(a), table.intern(a));
  EXPECT_NE(table.intern(a), table.intern(b));
}

TEST(recent_keys, remembers_the_last_thirty_two_of_each_kind) {
  recent_keys keys;
  EXPECT_FALSE(keys.contains('u', 0));
  keys.add('j', 7);
  for (std::uint64_t hash = 1; hash <= 40; ++hash) {
    keys.add('u', hash);
    if (hash <= 3) keys.add('n', 100 + hash);
    ASSERT_TRUE(keys.contains('u', hash));
  }
  EXPECT_FALSE(keys.contains('u', 8));
  for (std::uint64_t hash = 9; hash <= 40; ++hash)
    EXPECT_TRUE(keys.contains('u', hash)) << hash;
  // Measurements come several at a time: they must not push out the uplinks, nor these a join.
  for (std::uint64_t hash = 101; hash <= 103; ++hash)
    EXPECT_TRUE(keys.contains('n', hash)) << hash;
  EXPECT_TRUE(keys.contains('j', 7));
  EXPECT_FALSE(keys.contains('u', 7));
  EXPECT_FALSE(keys.contains('s', 7));
  EXPECT_FALSE(keys.has_former());
}

TEST(recent_keys, of_the_version_before_go_when_a_kind_has_thirty_two_of_its_own) {
  recent_keys keys;
  for (std::uint64_t hash = 1; hash <= 32; ++hash)
    keys.add(kept_key::former, hash);
  for (std::uint64_t hash = 101; hash <= 131; ++hash)
    keys.add('u', hash);
  keys.add('j', 7);
  EXPECT_TRUE(keys.has_former());
  EXPECT_TRUE(keys.contains(kept_key::former, 1));
  keys.add('u', 132);
  EXPECT_FALSE(keys.has_former());
  EXPECT_FALSE(keys.contains(kept_key::former, 32));
  for (std::uint64_t hash = 101; hash <= 132; ++hash)
    EXPECT_TRUE(keys.contains('u', hash)) << hash;
  EXPECT_TRUE(keys.contains('j', 7));
}

} // namespace
} // namespace causeway::core
