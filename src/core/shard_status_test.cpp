// SPDX-License-Identifier: Apache-2.0
// What can be told about devices, one by one and in pages.
#include "core/explain.h"
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::shard_fixture;

TEST(status, tells_all_about_a_device) {
  shard_fixture f;
  auto word = f.word("dev-1", true, "dtmi:x:own;2");
  word.dev_eui = dev_eui{"70B3D52DD600035A"};
  f.shard.on_registered(word, f.clock.now());
  const auto assigned_at = f.clock.now().wall;
  f.shard.on_assignment(
      device_ref{0},
      assignment{hub_host{"hub-a"}, identity{"other-name"}, azure_name{"dps"}, assigned_at, "f1"},
      f.clock.now());
  f.clock.advance(seconds{5});
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  const auto attached = f.clock.now();
  for (const std::uint32_t f_cnt : {3u, 6u, 5u}) {
    f.post(f.frame("meters", "dev-1", f_cnt));
    f.spooled(f.ports.appended.back().rows.front().seq);
  }
  f.shard.on_send_outcome(device_ref{0}, 1, {}, f.clock.now());
  const auto is = f.status("meters", "dev-1");
  EXPECT_EQ(is.dev_eui, word.dev_eui);
  EXPECT_EQ(is.identity.str(), "other-name");
  EXPECT_EQ(is.hub.str(), "hub-a");
  EXPECT_EQ(is.section.str(), "dps");
  EXPECT_TRUE(is.through_dps);
  EXPECT_EQ(is.assigned_at, assigned_at);
  EXPECT_EQ(is.model_id, "dtmi:x:own;2");
  EXPECT_TRUE(is.listed);
  EXPECT_EQ(is.integration, true);
  EXPECT_EQ(is.state, device_state::online);
  EXPECT_EQ(is.since, attached.mono);
  EXPECT_EQ(is.last_seen, attached.wall);
  EXPECT_EQ(is.waiting, 2u);
  EXPECT_TRUE(is.in_flight);
  EXPECT_EQ(is.sent, 1u);
  EXPECT_EQ(is.last_f_cnt, 6u);
  EXPECT_EQ(is.gaps, 2u);
  EXPECT_EQ(is.late, 1u);
  f.shard.on_send_outcome(device_ref{0}, 2, error{errc::hub_throttled}.with_retry_after(seconds{9}),
                          f.clock.now());
  EXPECT_TRUE(f.status("meters", "dev-1").paused);
  EXPECT_EQ(f.status("meters", "dev-1").reason, errc::hub_throttled);
  EXPECT_EQ(f.status("meters", "dev-1").next_try, f.clock.now().mono + seconds{9});
  EXPECT_EQ(f.shard.view().status(f.key("elsewhere", "dev-1")), std::nullopt);
}

// Not what the loss was that it began with.
TEST(status, names_what_stands_in_the_way_now) {
  shard_fixture f;
  const auto which = f.online_device("meter-17");
  f.shard.on_device_detached(which, error{errc::peer_closed}, true, f.clock.now());
  EXPECT_EQ(f.status("plant", "meter-17").state, device_state::attaching);
  EXPECT_EQ(f.status("plant", "meter-17").reason, std::nullopt);
  const auto next = f.clock.now().mono + seconds{4};
  f.ports.in_the_way[which] = {"", {}, error{errc::tls_untrusted, "self-signed"}, next};
  EXPECT_EQ(f.status("plant", "meter-17").reason, errc::tls_untrusted);
  EXPECT_EQ(f.status("plant", "meter-17").reason_detail, "self-signed");
  EXPECT_EQ(f.status("plant", "meter-17").next_try, next);
  f.ports.in_the_way[which] = {"the hub's OPEN", f.clock.now().mono, std::nullopt, std::nullopt};
  EXPECT_EQ(f.status("plant", "meter-17").reason, std::nullopt);
  EXPECT_EQ(f.status("plant", "meter-17").waits_for, "the hub's OPEN");
}

TEST(pages, hold_every_device_once_in_the_order_of_first_sight) {
  shard_fixture f;
  for (std::uint32_t i = 0; i < 100; ++i)
    f.registered("dev-" + std::to_string(i), i % 10 != 0);
  const auto walk = [&](std::size_t limit, std::optional<device_state> state) {
    std::vector<std::uint32_t> refs;
    std::optional<device_ref> after;
    do {
      const auto page = f.shard.view().list(after, limit, {.state = state});
      EXPECT_LE(page.devices.size(), limit);
      for (const auto& one : page.devices)
        refs.push_back(index_of(one.ref));
      after = page.next;
    } while (after);
    return refs;
  };
  std::vector<std::uint32_t> all, off;
  for (std::uint32_t i = 0; i < 100; ++i) {
    all.push_back(i);
    if (i % 10 == 0) off.push_back(i);
  }
  for (const std::size_t limit : {1u, 7u, 50u, 100u, 1000u}) {
    EXPECT_EQ(walk(limit, {}), all) << limit;
    EXPECT_EQ(walk(limit, device_state::off), off) << limit;
    EXPECT_TRUE(walk(limit, device_state::parked).empty());
  }
  EXPECT_TRUE(f.shard.view().list(device_ref{99}, 10).devices.empty());
  EXPECT_TRUE(f.shard.view().list(device_ref{12345}, 10).devices.empty());
  EXPECT_TRUE(f.shard.view().list(device_ref{0xffffffff}, 10).devices.empty()); // no wrap to the first one
}

TEST(pages, hold_the_devices_that_are_asked_for) {
  shard_fixture f;
  f.post(f.frame("plant", "meter-17", 1));
  f.post(f.frame("field", "meter-17", 1));
  auto named = f.word("valve-2");
  named.dev_eui = dev_eui{"70B3D57ED0001788"};
  f.shard.on_registered(named, f.clock.now());
  const auto found = [&](const device_filter& wanted) {
    std::vector<std::string> names;
    for (const auto& one : f.shard.view().list({}, 10, wanted).devices)
      names.push_back(one.key.application.str() + "/" + one.key.device.str());
    return names;
  };
  using names = std::vector<std::string>;
  const auto valve = named.key.application.str() + "/valve-2";
  EXPECT_EQ(found({}).size(), 3U);
  EXPECT_EQ(found({.application = "field", .text = "meter"}), names{"field/meter-17"});
  EXPECT_EQ(found({.text = "METER-1"}).size(), 2U);
  EXPECT_EQ(found({.text = "70b3D57e"}), names{valve});
  EXPECT_EQ(found({.text = "17"}).size(), 3U) << "a part of an id or of an EUI";
  EXPECT_EQ(found({.state = device_state::off, .text = "17"}), names{});
  EXPECT_EQ(found({.application = "nobody"}), names{});
  EXPECT_EQ(found({.text = "valve-3"}), names{});
}

TEST(pages, look_at_so_many_devices_and_go_on_later) {
  shard_fixture f;
  start_image image;
  for (std::uint32_t place = 0; place < 200'000; ++place) // of an application that is gone
    image.devices.push_back({device_ref{place}, f.key("removed", "dev-1"), {}});
  f.start(std::move(image));
  f.post(f.frame("plant", "dev-1", 1));
  std::optional<device_ref> after;
  int pages = 0;
  for (;; ++pages) {
    const auto page = f.shard.view().list(after, 10);
    after = page.next;
    if (!after) {
      EXPECT_EQ(page.devices.size(), 1u);
      break;
    }
    EXPECT_TRUE(page.devices.empty());
  }
  EXPECT_EQ(pages, 3);
}

TEST(explain, says_in_a_sentence_why_and_when) {
  manual_clock clock;
  const auto now = clock.now();
  const auto status = [&](auto change) {
    device_status made;
    made.key = shard_fixture::key("meters", "meter-17");
    made.since = now.mono - seconds{90};
    change(made);
    return made;
  };
  struct row {
    device_status of;
    const char* sentence;
  };
  const row rows[] = {
      {status([](auto& s) { s.state = device_state::known; }),
       "meter-17 is known, and is connected when it sends something."},
      {status([](auto& s) {
         s.state = device_state::provisioning;
         s.waiting = 2;
       }),
       "meter-17 waits for its hub to be found, for 90 s; 2 messages wait for it."},
      {status([](auto& s) {
         s.state = device_state::provisioning;
         s.hub = hub_host{"hub-a"};
       }),
       "meter-17 was refused by hub-a, and DPS is asked whether it has another hub, for 90 s."},
      {status([](auto& s) {
         s.state = device_state::attaching;
         s.hub = hub_host{"hub-a"};
         s.waiting = 1;
       }),
       "meter-17 waits for hub-a to take it, for 90 s; 1 message waits for it."},
      {status([&](auto& s) {
         s.state = device_state::attaching;
         s.hub = hub_host{"hub-a"};
         s.reason = errc::tls_untrusted;
         s.reason_detail = "self-signed";
         s.next_try = now.mono + seconds{30};
         s.waiting = 1;
       }),
       "meter-17 waits for hub-a to take it, for 90 s; the last try: the peer's certificate is not trusted "
       "(self-signed); "
       "next try in 30 s; 1 message waits for it."},
      {status([&](auto& s) {
         s.state = device_state::attaching;
         s.hub = hub_host{"hub-a"};
         s.waits_for = "the hub's OPEN";
         s.waits_since = now.mono - seconds{7};
       }),
       "meter-17 waits for hub-a to take it, for 90 s; waiting for the hub's OPEN since 7 s."},
      {status([&](auto& s) {
         s.state = device_state::provisioning;
         s.reason = errc::tls_untrusted;
         s.next_try = now.mono + seconds{5};
       }),
       "meter-17 waits for its hub to be found, for 90 s; the last try: the peer's certificate is not "
       "trusted; next try in "
       "5 s."},
      {status([](auto& s) {
         s.state = device_state::online;
         s.hub = hub_host{"hub-a"};
       }),
       "meter-17 is online at hub-a, for 90 s."},
      {status([&](auto& s) {
         s.state = device_state::online;
         s.paused = true;
         s.reason = errc::hub_throttled;
         s.next_try = now.mono + seconds{9};
         s.waiting = 1;
       }),
       "meter-17 is online, but its last message was refused for now: the hub throttles; next try in 9 s; 1 "
       "message waits for it."},
      {status([&](auto& s) {
         s.state = device_state::parked;
         s.reason = errc::hub_device_disabled;
         s.reason_detail = "meter-17 at hub-a";
         s.next_try = now.mono + seconds{720};
       }),
       "meter-17 is parked: the hub has the device disabled (meter-17 at hub-a); next try in 12 min."},
      {status([&](auto& s) {
         s.state = device_state::parked;
         s.reason = errc::device_unlisted;
         s.next_try = now.mono - seconds{1};
       }),
       "meter-17 is parked: the registry has no such device; next try at any moment."},
      {status([](auto& s) {
         s.state = device_state::unlisted;
         s.waiting = 1;
       }),
       "meter-17 waits for The Things Stack's registry to name it, for 90 s; 1 message waits for it."},
      {status([](auto& s) {
         s.state = device_state::unlisted;
         s.looking_up = true;
       }),
       "meter-17 is in no list of The Things Stack's registry, which is being asked for it, for 90 s."},
      {status([](auto& s) {
         s.state = device_state::off;
         s.integration = false;
       }),
       "meter-17 is switched off in The Things Stack by its attribute azureintegration."},
      {status([](auto& s) { s.state = device_state::off; }),
       "meter-17 is switched off: its application connects only devices whose attribute azureintegration "
       "says so."},
  };
  for (const auto& row : rows)
    EXPECT_EQ(explain(row.of, now), row.sentence);
}

TEST(explain, measures_time_for_people) {
  const std::pair<seconds, const char*> rows[] = {
      {seconds{-5}, "now"},          {seconds{0}, "now"},           {seconds{1}, "1 s"},
      {seconds{119}, "119 s"},       {seconds{120}, "2 min"},       {seconds{725}, "12 min"},
      {seconds{7200}, "2 h"},        {seconds{11100}, "3 h 5 min"}, {seconds{172'800}, "2 d"},
      {seconds{187'200}, "2 d 4 h"},
  };
  for (const auto& [span, words] : rows)
    EXPECT_EQ(in_words(span), words);
  EXPECT_EQ(in_words(milliseconds{1}), "1 s");
}

} // namespace
} // namespace causeway::core
