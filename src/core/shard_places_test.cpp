// SPDX-License-Identifier: Apache-2.0
// Places that are used again: what comes late for one who has gone touches nobody.
#include "core/device_table.h"
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

struct places_scene : shard_fixture {
  // Until the place of the one who has gone is the next to be given again.
  void wear_out_places() {
    for (std::size_t i = 0; i + 1 < device_table::enough_free; ++i) {
      const auto name = "filler-" + std::to_string(i);
      registered(name);
      EXPECT_EQ(shard.forget(key("meters", name), false, clock.now()), forgetting::forgotten);
    }
    ports.take();
  }
  // A device of "field" at the first place, with a message from before that waits.
  void start_with_a_former() {
    start_image image;
    image.devices = {{device_ref{0}, key("field", "former"), {}}};
    image.assignments = {{key("field", "former"),
                          {hub_host{"h"}, identity{"former"}, azure_name{"dps"}, {}, "f1/{device_id}"}}};
    image.waiting = {{1, device_ref{0}, 10}};
    image.next_seq = 2;
    shard_fixture::start(shard, std::move(image), clock.now());
  }
};

TEST(places, what_comes_late_for_a_former_holder_touches_nobody) {
  places_scene f;
  f.start_with_a_former();
  const device_ref former{0};
  f.shard.on_device_attached(former, f.clock.now());
  ASSERT_EQ(f.ports.reads, (std::vector<std::vector<spool_seq>>{{1}}));
  EXPECT_EQ(f.shard.forget(f.key("field", "former"), true, f.clock.now()), forgetting::forgotten);
  f.wear_out_places();

  f.post(f.frame("plant", "next", 1));
  const auto seq = f.ports.appended.back().first;
  const auto next = f.ports.appended.back().device;
  ASSERT_EQ(next, make_ref(0, 1));
  f.spooled(seq);
  const auto late_words = [&] {
    f.ports.take();
    const auto before = f.status("plant", "next");
    f.shard.on_device_attached(former, f.clock.now());
    f.shard.on_device_detached(former, error{errc::hub_device_disabled}, false, f.clock.now());
    f.shard.on_device_detached(former, error{errc::connection_lost}, true, f.clock.now());
    f.shard.on_send_outcome(former, 1, {}, f.clock.now());
    f.shard.on_send_outcome(former, seq, {}, f.clock.now());
    f.assigned(former, "other", "hub", "", "next");
    f.shard.on_assignment(former, error{errc::dps_unauthorized}, f.clock.now());
    f.shard.on_looked_up(former, error{errc::device_unlisted}, f.clock.now());
    EXPECT_EQ(f.ports.take(), calls{});
    const auto after = f.status("plant", "next");
    EXPECT_EQ(after.state, before.state);
    EXPECT_EQ(after.waiting, 1U);
    EXPECT_EQ(after.in_flight, before.in_flight);
    EXPECT_EQ(after.reason, before.reason);
    EXPECT_EQ(after.hub, before.hub);
  };
  EXPECT_EQ(f.status("plant", "next").state, device_state::provisioning);
  late_words();
  f.assigned(next, "h", "hub", "", "next");
  EXPECT_EQ(f.status("plant", "next").state, device_state::attaching);
  late_words();
  f.shard.on_device_attached(next, f.clock.now());
  EXPECT_EQ(f.status("plant", "next").state, device_state::online);
  EXPECT_TRUE(f.status("plant", "next").in_flight);
  late_words();
  f.shard.on_send_outcome(next, seq, {}, f.clock.now());
  EXPECT_EQ(f.status("plant", "next").sent, 1U);
}

TEST(places, a_body_that_was_read_for_a_former_holder_is_nobodys) {
  places_scene f;
  f.start_with_a_former();
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  EXPECT_EQ(f.shard.forget(f.key("field", "former"), true, f.clock.now()), forgetting::forgotten);
  f.wear_out_places();
  const auto next = f.online_device("next");
  ASSERT_EQ(next, make_ref(0, 1));
  f.post(f.frame("plant", "next", 2));
  const auto seq = f.ports.appended.back().first;
  f.spooled(seq);
  f.ports.take();
  f.shard.on_read_back({}, {1}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_TRUE(f.status("plant", "next").in_flight);
  EXPECT_EQ(f.status("plant", "next").waiting, 1U);
}

TEST(places, nobody_goes_while_an_event_of_it_is_being_formatted_or_stored) {
  places_scene f;
  const auto ref = f.online_device("dev-1");
  f.ports.formats_later = true;
  const auto which = f.post(f.frame("plant", "dev-1", 2));
  const auto forget = [&] { return f.shard.forget(f.key("plant", "dev-1"), true, f.clock.now()); };
  EXPECT_EQ(forget(), forgetting::busy);
  f.shard.on_formatted(ticket{which}, std::vector<message>{{"id", "", "", "body", {}}}, f.clock.now());
  EXPECT_EQ(forget(), forgetting::busy);
  EXPECT_EQ(f.ports.appended.back().device, ref);
  f.spooled(f.ports.appended.back().first);
  EXPECT_EQ(forget(), forgetting::forgotten);
  f.wear_out_places();
  f.registered("next");
  EXPECT_EQ(f.status("meters", "next").ref, make_ref(index_of(ref), 1));
}

TEST(places, pages_go_on_behind_a_place_whoever_has_it) {
  places_scene f;
  f.registered("dev-0");
  f.registered("dev-1");
  EXPECT_EQ(f.shard.forget(f.key("meters", "dev-0"), false, f.clock.now()), forgetting::forgotten);
  f.wear_out_places();
  f.registered("dev-2");
  auto page = f.shard.view().list({}, 1);
  ASSERT_EQ(page.devices.size(), 1U);
  EXPECT_EQ(page.devices[0].ref, make_ref(0, 1));
  EXPECT_EQ(page.devices[0].key, f.key("meters", "dev-2"));
  ASSERT_TRUE(page.next);
  EXPECT_EQ(index_of(*page.next), 0U);
  page = f.shard.view().list(page.next, 1);
  ASSERT_EQ(page.devices.size(), 1U);
  EXPECT_EQ(page.devices[0].key, f.key("meters", "dev-1"));
}

} // namespace
} // namespace causeway::core
