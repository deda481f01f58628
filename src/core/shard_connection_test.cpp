// SPDX-License-Identifier: Apache-2.0
// The life of a device's connection: urgency, doubt about an assignment, DPS that is down.
#include "core/recording_ports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

constexpr device_ref first{0};

// dev-1 of "field", attached to hub-a by DPS with one message waiting; calls are taken.
struct doubt : ::testing::Test {
  shard_fixture f;

  void SetUp() override {
    f.post(f.frame("field", "dev-1", 1));
    f.spooled(1);
    assigned("hub-a");
    f.ports.take();
  }
  void assigned(const char* hub) { f.assigned(first, hub, "dps", "f1", "dev-1"); }
  void refused(errc code = errc::hub_device_unknown) {
    f.shard.on_device_detached(first, error{code}, false, f.clock.now());
  }
  void dps_says(errc code) { f.shard.on_assignment(first, error{code}, f.clock.now()); }
  void tick_after(std::chrono::nanoseconds pause) {
    f.clock.advance(pause);
    f.shard.on_tick(f.clock.now());
  }
  device_status status() { return f.status("field", "dev-1"); }
};

struct doubt_of : doubt, ::testing::WithParamInterface<errc> {};

TEST_P(doubt_of, asks_dps_and_forgets_nothing_until_it_has_answered_with_another) {
  refused(GetParam());
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
  EXPECT_EQ(status().hub.str(), "hub-a");
  assigned("hub-b");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 hub-b", "attach 0 dev-1@hub-b"}));
  EXPECT_EQ(status().hub.str(), "hub-b");
  f.shard.on_device_attached(first, f.clock.now());
  f.shard.on_send_outcome(first, 1, {}, f.clock.now());
  f.ports.take();
  refused(GetParam()); // what has worked is trusted again: DPS is asked at once
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
}

INSTANTIATE_TEST_SUITE_P(refusals, doubt_of,
                         ::testing::Values(errc::hub_unauthorized, errc::hub_device_unknown,
                                           errc::hub_forbidden, errc::hub_not_found));

TEST_F(doubt, that_dps_does_not_share_gets_one_more_try_at_the_hub) {
  refused();
  assigned("hub-a");
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps", "attach 0 dev-1@hub-a"}));
  refused();
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(status().reason, errc::hub_device_unknown);
  EXPECT_EQ(status().next_try, f.clock.now().mono + seconds{60});
  // DPS may know better by then: it is asked before each further try.
  tick_after(seconds{60});
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
  assigned("hub-a");
  refused();
  EXPECT_EQ(f.ports.take(), (calls{"attach 0 dev-1@hub-a"}));
  EXPECT_EQ(status().next_try, f.clock.now().mono + seconds{120});
  tick_after(seconds{120});
  assigned("hub-b");
  EXPECT_EQ(f.ports.take(),
            (calls{"find_hub 0 dev-1 in dps", "save_assignment 0 hub-b", "attach 0 dev-1@hub-b"}));
}

TEST_F(doubt, that_dps_cannot_answer_now_leaves_the_device_with_its_hub) {
  refused();
  dps_says(errc::dps_busy);
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps", "attach 0 dev-1@hub-a"}));
  f.shard.on_device_attached(first, f.clock.now()); // the hub's mood is over
  EXPECT_EQ(f.ports.take(), (calls{"send 0 1 dev-1#1"}));
  EXPECT_EQ(status().state, device_state::online);
}

// They were parked for up to an hour, though it was the connection's fault and the link kept trying.
TEST_F(doubt, is_not_cast_by_a_connection_that_somebody_must_mend) {
  for (const auto code : {errc::tls_untrusted, errc::clock_skew, errc::tls_untrusted}) {
    f.shard.on_device_detached(first, error{code, "hub-a"}, true, f.clock.now());
    EXPECT_EQ(f.ports.take(), (calls{"hurry 0"}));
    EXPECT_EQ(status().state, device_state::attaching);
    EXPECT_EQ(status().failures, 0u);
    EXPECT_EQ(f.shard.totals().parks, 0u);
    tick_after(seconds{3'600});
    EXPECT_EQ(f.ports.take(), calls{});
  }
  f.shard.on_device_attached(first, f.clock.now()); // it is mended
  EXPECT_EQ(f.ports.take(), (calls{"send 0 1 dev-1#1"}));
  EXPECT_EQ(status().reason, std::nullopt);
}

TEST_F(doubt, stays_while_the_way_to_dps_needs_somebody) {
  for (const auto code : {errc::clock_skew, errc::tls_untrusted}) {
    refused();
    f.ports.take();
    dps_says(code);
    EXPECT_EQ(f.ports.take(), (calls{"attach 0 dev-1@hub-a"}));
    refused();
    tick_after(seconds{300});
    EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
    assigned("hub-a");
    f.shard.on_device_attached(first, f.clock.now());
    f.clock.advance(seconds{61});
  }
}

TEST_F(doubt, is_told_to_dps_only_with_growing_pauses_while_it_is_down) {
  refused();
  for (const auto pause : {2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    f.ports.take();
    dps_says(errc::dps_busy);
    f.clock.advance(milliseconds{200});
    refused();
    EXPECT_EQ(f.ports.take(), (calls{"attach 0 dev-1@hub-a"}));
    EXPECT_EQ(status().state, device_state::parked);
    EXPECT_EQ(status().reason, errc::hub_device_unknown);
    const auto left = status().next_try - f.clock.now().mono;
    EXPECT_EQ(left, seconds{pause} - milliseconds{200});
    tick_after(left);
    EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
  }
  EXPECT_EQ(status().hub.str(), "hub-a");
  assigned("hub-b");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 hub-b", "attach 0 dev-1@hub-b"}));
}

TEST_F(doubt, that_dps_confirms_for_good_parks_the_device_with_its_reason) {
  for (const auto code : {errc::dps_disabled, errc::dps_enrolment_unknown}) {
    refused();
    dps_says(code);
    EXPECT_EQ(status().reason, code);
    EXPECT_EQ(status().hub.str(), "hub-a");
    f.ports.take();
    tick_after(seconds{60});
    EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
    assigned("hub-a");
    EXPECT_EQ(f.ports.take(), (calls{"attach 0 dev-1@hub-a"}));
    f.shard.on_device_attached(first, f.clock.now());
    tick_after(seconds{61});
  }
}

TEST_F(doubt, of_a_hub_by_connection_string_can_be_told_to_nobody) {
  const auto ref = f.online_device("dev-9");
  f.shard.on_device_detached(ref, error{errc::hub_not_found}, false, f.clock.now());
  EXPECT_EQ(f.status("plant", "dev-9").reason, errc::hub_not_found);
  EXPECT_EQ(f.status("plant", "dev-9").next_try, f.clock.now().mono + seconds{2});
  f.ports.take();
  tick_after(seconds{2});
  EXPECT_EQ(f.ports.take(), (calls{"attach 1 dev-9@h"}));
}

TEST_F(doubt, is_none_when_another_device_has_the_identity) {
  refused(errc::identity_taken);
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(status().reason, errc::identity_taken);
  EXPECT_EQ(status().next_try, f.clock.now().mono + seconds{60});
}

TEST(urgency, is_told_once_when_the_first_message_waits) {
  shard_fixture f;
  f.registered("dev-1");
  f.ports.take();
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  EXPECT_EQ(f.ports.take(), (calls{"append 1", "answer 1 stored", "hurry 0"}));
  f.post(f.frame("meters", "dev-1", 2));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(), (calls{"append 2", "answer 2 stored"}));
  f.assigned(first, "hub-a", "dps", "f1", "dev-1");
  EXPECT_TRUE(f.ports.wishes.back().urgent);

  f.registered("dev-2");
  f.assigned(device_ref{1}, "hub-a", "dps", "f1", "dev-2");
  EXPECT_FALSE(f.ports.wishes.back().urgent);
  f.ports.take();
  f.post(f.frame("meters", "dev-2", 1));
  f.spooled(3);
  EXPECT_EQ(f.ports.take(), (calls{"append 3", "answer 3 stored", "hurry 1"}));
}

TEST(first_send, is_noted_from_the_hand_over_to_the_accept) {
  timeline spans{manual_clock{}.now()};
  shard_fixture f{{.timeline = &spans}};
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(1);
  f.assigned(first, "h", "hub", "", "dev-1");
  f.shard.on_device_attached(first, f.clock.now());
  f.clock.advance(milliseconds{7});
  f.shard.on_send_outcome(first, 1, {}, f.clock.now());
  ASSERT_EQ(spans.noted(), 1u);
  EXPECT_EQ(spans.at(0).what, phase::first_send);
  EXPECT_EQ(spans.at(0).device, first);
  EXPECT_EQ(spans.at(0).duration, milliseconds{7});
  EXPECT_EQ(spans.at(0).fault, std::nullopt);
  f.post(f.frame("plant", "dev-1", 2));
  f.spooled(2);
  f.shard.on_send_outcome(first, 2, {}, f.clock.now());
  EXPECT_EQ(spans.noted(), 1u); // only the first
  f.shard.on_device_detached(first, error{errc::connection_lost}, true, f.clock.now());
  f.shard.on_device_attached(first, f.clock.now());
  f.post(f.frame("plant", "dev-1", 3));
  f.spooled(3);
  f.shard.on_device_detached(first, error{errc::connection_lost}, true, f.clock.now());
  ASSERT_EQ(spans.noted(), 2u);
  EXPECT_EQ(spans.at(1).fault, errc::connection_lost);
}

// DPS is down for an hour at start; the cache is full. With pauses that have grown to five minutes, spread by
// a quarter, the new devices come back over minutes.
TEST(start_without_dps, cached_devices_are_attached_and_new_ones_come_spread_out_when_it_is_back) {
  constexpr std::uint32_t cached = 2'000, fresh = 200;
  std::uint64_t seed = 1;
  shard_options options;
  options.random = [&seed] {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(seed >> 11) / 9007199254740992.0;
  };
  manual_clock clock;
  testing::recording_ports ports;
  ports.fingerprints["dps"] = "f1";
  shard b{shard_fixture::rules(), options, clock.now()};
  b.connect({ports, ports, ports, ports, ports, ports, ports, ports});
  ports.target = &b;
  start_image image;
  for (std::uint32_t i = 0; i < cached + fresh; ++i) {
    const auto name = "dev-" + std::to_string(i);
    image.devices.push_back({device_ref{i}, shard_fixture::key("meters", name), {}, true});
    if (i < cached)
      image.assignments.push_back(
          {shard_fixture::key("meters", name),
           {hub_host{"hub-a"}, identity{name}, azure_name{"dps"}, {}, "f1/{device_id}"}});
  }
  shard_fixture::start(b, std::move(image), clock.now());

  const auto at_start = clock.now().mono;
  const auto back = at_start + seconds{3600};
  std::vector<std::uint32_t> tries(fresh), tries_in_last_quarter(fresh);
  std::vector<std::chrono::seconds> came;
  for (; clock.now().mono < back + seconds{400}; clock.advance(seconds{1})) {
    b.on_tick(clock.now());
    for (const auto& call : ports.take()) {
      const auto ref = device_ref{static_cast<std::uint32_t>(std::stoul(call.substr(call.find(' ') + 1)))};
      if (call.starts_with("attach")) {
        b.on_device_attached(ref, clock.now());
      } else if (call.starts_with("find_hub")) {
        if (clock.now().mono < back) {
          ++tries[index_of(ref) - cached];
          if (clock.now().mono > back - seconds{900}) ++tries_in_last_quarter[index_of(ref) - cached];
          b.on_assignment(ref, error{errc::dps_busy}, clock.now());
        } else {
          const identity name{"dev-" + std::to_string(index_of(ref))};
          b.on_assignment(ref, assignment{hub_host{"hub-a"}, name, azure_name{"dps"}, {}, "f1"}, clock.now());
          came.push_back(std::chrono::duration_cast<seconds>(clock.now().mono - back));
        }
      }
    }
    // All at once, without DPS.
    if (clock.now().mono == at_start + seconds{1}) {
      ASSERT_EQ(b.totals().devices[static_cast<std::size_t>(device_state::online)], cached);
    }
  }
  EXPECT_EQ(b.totals().detaches, 0u);
  EXPECT_EQ(b.totals().provisionings - came.size(),
            static_cast<std::size_t>(std::accumulate(tries.begin(), tries.end(), 0U)));
  EXPECT_LE(*std::ranges::max_element(tries), 24u); // 2 s, 4 s, … 5 min
  EXPECT_LE(*std::ranges::max_element(tries_in_last_quarter), 5u);
  ASSERT_EQ(came.size(), fresh);
  EXPECT_EQ(b.totals().devices[static_cast<std::size_t>(device_state::attaching)] +
                b.totals().devices[static_cast<std::size_t>(device_state::online)],
            cached + fresh);
  // In no ten seconds more than a tenth.
  for (const auto moment_of_one : came) {
    const auto together = std::ranges::count_if(
        came, [&](auto other) { return other >= moment_of_one && other < moment_of_one + seconds{10}; });
    EXPECT_LE(together, fresh / 10);
  }
}

// A14: a wrong clock at boot.
TEST(a_clock_that_is_set, tries_at_once_what_tokens_were_refused_for) {
  for (const auto why : {errc::hub_unauthorized, errc::hub_device_disabled}) {
    shard_fixture f;
    const auto which = f.online_device("dev-a");
    f.shard.on_device_detached(which, error{why}, false, f.clock.now());
    for (int failures = 0; failures < 4; ++failures) { // the pause has grown
      f.clock.advance(std::chrono::hours{2});
      f.shard.on_tick(f.clock.now());
      f.shard.on_device_detached(which, error{why}, false, f.clock.now());
    }
    f.ports.take();
    f.shard.on_clock_set(f.clock.now());
    f.shard.on_tick(f.clock.now());
    const bool tried = why == errc::hub_unauthorized;
    EXPECT_EQ(f.ports.take(), tried ? calls{"attach 0 dev-a@h"} : calls{});
    EXPECT_EQ(f.status("plant", "dev-a").failures, tried ? 0u : 5u);
  }
}

} // namespace
} // namespace causeway::core
