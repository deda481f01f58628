// SPDX-License-Identifier: Apache-2.0
#include "core/organ_scene.h"
#include "core/roster.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::organ_scene;
using testing::shard_fixture;

struct listing : organ_scene {
  roster words{rules, names, table, stack, totals};
  using organ_scene::organ_scene;
  const device& of(device_ref which) { return table.at(which); }
  device_ref named(const char* name, std::optional<bool> integration = {}) {
    const auto which = add(meters, name);
    const auto word = shard_fixture::word(name, integration);
    words.hear(which, word);
    words.take(which, word);
    return which;
  }
};

TEST(roster_alone, knows_who_is_awaited_and_who_is_switched_off) {
  struct row {
    bool by_default;
    std::optional<bool> said;
    bool off;
  };
  for (const auto& row : {row{true, std::nullopt, false}, row{true, false, true},
                          row{false, std::nullopt, true}, row{false, true, false}}) {
    auto rules = shard_fixture::rules();
    rules[2].enabled_by_default = row.by_default;
    listing f{rules};
    const auto which = f.add(f.meters, "dev");
    EXPECT_TRUE(f.words.awaits(f.of(which)));
    EXPECT_FALSE(f.words.is_switched_off(f.of(which))) << "nothing is said yet";
    f.words.take(which, shard_fixture::word("dev", row.said));
    EXPECT_FALSE(f.words.awaits(f.of(which)));
    EXPECT_EQ(f.words.is_switched_off(f.of(which)), row.off);
    EXPECT_FALSE(f.words.awaits(f.of(f.add(f.field, "dev")))) << "no registry is followed there";
  }
}

TEST(roster_alone, only_what_is_new_is_news) {
  listing f;
  const auto which = f.named("dev", true);
  EXPECT_FALSE(f.words.hear(which, shard_fixture::word("dev", true)));
  EXPECT_TRUE(f.words.hear(which, shard_fixture::word("dev", false)));
  EXPECT_TRUE(f.words.hear(which, shard_fixture::word("dev")));
  EXPECT_TRUE(f.words.hear(which, shard_fixture::word("dev", true, "dtmi:x:own;1")));
  auto with_eui = shard_fixture::word("dev", true);
  with_eui.dev_eui = dev_eui{"70B3D52DD600035A"};
  EXPECT_TRUE(f.words.hear(which, with_eui));
  EXPECT_EQ(f.totals.registry.listed, 1U);
  EXPECT_EQ(f.totals.registry.changes, 1U);
}

TEST(roster_alone, whom_a_whole_list_lacks_is_looked_up_a_few_at_a_time) {
  listing f;
  for (int i = 0; i < 10; ++i)
    f.named(("dev-" + std::to_string(i)).c_str());
  f.words.on_listed(f.meters); // has named them all
  f.words.tick(f.now());
  EXPECT_EQ(f.take(), calls{});
  f.words.on_listed(f.meters); // has named none
  std::vector<device_ref> asked;
  for (int i = 0; i < 20; ++i) {
    f.words.tick(f.now());
    for (const auto& call : f.take())
      asked.push_back(static_cast<device_ref>(std::stoul(call.substr(8))));
    f.clock.advance(milliseconds{100});
  }
  EXPECT_EQ(asked.size(), 4U) << "none has been answered";
  EXPECT_TRUE(f.words.on_answered(asked[0]));
  EXPECT_FALSE(f.words.on_answered(asked[0]));
  f.words.tick(f.now());
  EXPECT_EQ(f.take().size(), 1U);
  EXPECT_TRUE(f.words.on_answered(asked[1]));
  f.words.put_off(asked[1], f.now());
  f.words.tick(f.now());
  EXPECT_EQ(f.take(), calls{}) << "the registry cannot say: in a minute";
  EXPECT_EQ(f.words.deadline(), f.now().mono + seconds{60});
}

TEST(roster_alone, a_word_between_two_lists_says_nothing_of_the_second) {
  listing f;
  const auto which = f.named("dev");
  f.words.on_listed(f.meters);
  auto change = shard_fixture::word("dev");
  change.is_change = true;
  f.words.hear(which, change);
  f.words.on_listed(f.meters);
  f.words.tick(f.now());
  EXPECT_EQ(f.take().size(), 1U) << "the second list lacks it";
}

TEST(roster_alone, a_word_overtakes_the_answer_to_an_older_question) {
  listing f;
  const auto which = f.named("dev");
  f.words.suspect(which);
  f.words.suspect(which);
  f.words.tick(f.now());
  EXPECT_EQ(f.take(), calls{"look_up 0 dev"});
  f.words.hear(which, shard_fixture::word("dev"));
  EXPECT_FALSE(f.words.on_answered(which));
}

TEST(roster_alone, who_waits_for_a_list_is_told_when_it_is_whole_and_does_not_name_it) {
  listing f;
  const auto which = f.add(f.meters, "dev");
  f.appear(which, device_state::unlisted);
  EXPECT_FALSE(f.words.may_be_asked(f.of(which)));
  EXPECT_EQ(f.words.on_listed(f.meters), std::vector{which});
  EXPECT_TRUE(f.words.may_be_asked(f.of(which)));
  f.words.look_up(which);
  EXPECT_FALSE(f.words.may_be_asked(f.of(which)));
  f.words.on_answered(which);
  EXPECT_TRUE(f.words.may_be_asked(f.of(which)));
}

TEST(roster_alone, a_deleted_device_counts_no_longer_and_is_not_awaited) {
  listing f;
  const auto which = f.named("dev", false);
  f.words.mark_deleted(which);
  EXPECT_EQ(f.totals.registry.listed, 0U);
  EXPECT_FALSE(f.words.awaits(f.of(which)));
  EXPECT_TRUE(f.words.is_switched_off(f.of(which))) << "as it was said last";
  f.words.doubt_deletion(which);
  EXPECT_TRUE(f.words.awaits(f.of(which)));
  f.words.forget(which);
  EXPECT_EQ(f.totals.registry.listed, 0U);
}

} // namespace
} // namespace causeway::core
