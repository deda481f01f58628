// SPDX-License-Identifier: Apache-2.0
// The table of docs/commands.md: what happens to a command, by when its message is settled, and what Azure
// sees of it. A row here is a row there, and each of its cells is looked at.
#include "core/commands_scene.h"

#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::commands_scene;

constexpr std::array<std::optional<awaited_step>, 3> modes{std::nullopt, awaited_step::queued,
                                                           awaited_step::acknowledged};
constexpr std::array mode_names{"stored", "queued", "acknowledged"};

struct row {
  const char* what;
  const char* body; // of the message: "confirmed …", "bad"
  std::function<void(commands_scene&)> happens;
  std::array<const char*, 3> settled; // by mode: "Success", "Rejected", or "" for held, or left with the hub
  const char* reported;               // the last report's state; "" for none
  std::function<void(shard_options&, std::vector<application_rules>&)> before = [](auto&, auto&) {};
};
void PrintTo(const row& one, std::ostream* to) {
  *to << one.what;
}

command_id last(const commands_scene& f) {
  return f.ports.pushed.back();
}
void push(commands_scene& f) {
  f.durable();
  f.durable();
}
void queue(commands_scene& f) {
  push(f);
  f.outcome(last(f), push_end::taken);
  f.durable();
}
void step(commands_scene& f, event_kind kind) {
  queue(f);
  f.step(last(f), kind);
  f.durable();
}
// Two looks that prove nothing: the device has spoken since.
void look_in_vain(commands_scene& f) {
  f.look_twice(f.clock.now().wall);
  f.durable();
}

// clang-format off
const std::vector<row> table{
    {"cannot be read", "bad", [](auto&) {}, {"Rejected", "Rejected", "Rejected"}, ""},
    {"too long", "long", [](auto&) {}, {"Rejected", "Rejected", "Rejected"}, ""},
    {"the brake", "open", [](auto&) {}, {"Rejected", "Rejected", "Rejected"}, "failed downlink_brake", [](auto&, auto& by) { by[0].max_downlinks = downlink_brake{0, seconds{3600}}; }},
    {"no room in the ledger", "open", [](auto&) {}, {"", "", ""}, "", [](auto& options, auto&) { options.commands.most = 0; }},
    {"the disk refuses", "open", [](auto& f) { f.durable(error{errc::store_unavailable}); }, {"", "", ""}, ""},
    {"stored", "open", [](auto& f) { f.durable(); }, {"Success", "", ""}, ""},
    {"queued, unconfirmed", "open", queue, {"Success", "Success", "Success"}, "queued"},
    {"queued, confirmed", "confirmed open", queue, {"Success", "Success", ""}, "queued"},
    {"sent", "confirmed open", [](auto& f) { step(f, event_kind::downlink_sent); }, {"Success", "Success", ""}, "sent"},
    {"acknowledged", "confirmed open", [](auto& f) { step(f, event_kind::downlink_ack); }, {"Success", "Success", "Success"}, "acknowledged"},
    {"not acknowledged", "confirmed open", [](auto& f) { step(f, event_kind::downlink_nack); }, {"Success", "Success", ""}, "nacked"},
    {"refused by the stack", "confirmed open", [](auto& f) { push(f); f.outcome(last(f), push_end::refused, "pkg/x:y"); f.durable(); },
     {"Success", "Rejected", "Rejected"}, "failed pkg/x:y"},
    {"failed for good after it was queued", "confirmed open",
     [](auto& f) {
       queue(f);
       model::event event;
       event.kind = event_kind::downlink_failed;
       event.from = commands_scene::key("plant", "dev");
       downlink_event what;
       what.correlation_ids = {"as:downlink:" + last(f).str().substr(0, 8), correlation_id_of(last(f))};
       what.error_name = "pkg/applicationserver:max_retries_reached";
       what.by_network = true;
       what.f_cnt = 1;
       what.at = f.next_time++;
       event.what = std::move(what);
       f.post(std::move(event));
       f.durable();
     },
     {"Success", "Success", "Rejected"}, "failed pkg/applicationserver:max_retries_reached"},
    {"put out of the queue", "confirmed open", [](auto& f) { queue(f); f.shard.commands().on_c2d(f.which, [&] { c2d_message other; other.number = delivery_number{99}; other.message_id = "other"; other.sequence_number = 9; other.enqueued_ms = 1; other.body = "replace it"; return other; }(), f.clock.now()); push(f); f.outcome(last(f), push_end::taken); f.durable(); },
     {"Success", "Success", "Rejected"}, "replaced"},
    {"nothing heard, and found nowhere", "confirmed open",
     [](auto& f) {
       queue(f);
       f.tick(24h);
       look_in_vain(f);
     },
     {"Success", "Success", "Rejected"}, "no_word"},
    {"no answer, and nothing can be proven", "confirmed open",
     [](auto& f) {
       push(f);
       f.outcome(last(f), push_end::unanswered);
       look_in_vain(f);
     },
     {"Success", "", ""}, "in_doubt"},
};
// clang-format on

class commands_table : public ::testing::TestWithParam<row> {};

TEST_P(commands_table, is_as_the_document_says_in_each_cell) {
  const auto& one = GetParam();
  for (std::size_t mode = 0; mode < modes.size(); ++mode) {
    auto by = commands_scene::rules();
    by[0].settle_at = modes[mode];
    shard_options options;
    one.before(options, by);
    commands_scene f{options, by};
    const auto number = f.c2d(1, one.body);
    const auto id =
        f.ports.appended.size() > f.told ? f.ports.appended.back().commands.front().id : command_id{};
    // The hub gives what it holds again each minute; what is settled then is what the sender sees.
    one.happens(f);
    const auto again = f.state(id) ? f.c2d(1, one.body) : number;
    f.durable();
    std::string settled;
    for (const auto& call : f.ports.take())
      for (const auto which : {number, again}) {
        const auto of = "settle 0 " + std::to_string(static_cast<std::uint64_t>(which));
        if (settled.empty() && call == of + " complete") settled = "Success";
        if (settled.empty() && call == of + " reject") settled = "Rejected";
      }
    EXPECT_EQ(settled, one.settled[mode]) << mode_names[mode];
    std::string reported;
    for (const auto& appended : f.ports.appended)
      for (const auto& message : appended.messages)
        if (message.id == "report" && appended.commands.front().id == id) reported = message.body;
    EXPECT_EQ(reported, one.reported) << mode_names[mode];
  }
}

INSTANTIATE_TEST_SUITE_P(rows, commands_table, ::testing::ValuesIn(table));

// The last row: what was never pushed is the hub's to expire, and is reported.
TEST(commands_table, whose_time_came_before_the_push_is_left_to_the_hub) {
  for (const auto mode : modes) {
    auto by = commands_scene::rules();
    by[0].settle_at = mode;
    shard_options options;
    options.service_time = [](moment now) { return now.wall; };
    commands_scene f{options, by};
    f.pushed(1, "confirmed first"); // the second waits behind it
    f.expires = f.clock.now().wall + 60s;
    f.c2d(2, "second");
    f.durable();
    const auto asked = f.ports.take();
    EXPECT_EQ(std::find(asked.begin(), asked.end(), "settle 0 2 complete") != asked.end(), !mode);
    f.tick(60s);
    f.durable();
    EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "expired");
    for (const auto& call : f.ports.take())
      EXPECT_FALSE(call.starts_with("settle")) << call;
  }
}

} // namespace
} // namespace causeway::core
