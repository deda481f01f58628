// SPDX-License-Identifier: Apache-2.0
#include "transform/transform_runner.h"

#include "net/run_task.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::transform {
namespace {

constexpr const char* executable = CAUSEWAY_TRANSFORM;
const application_id meters{"meters"}, others{"others"};

// What an answer was, in words: "1 2" (the outputs), or "!name: detail".
std::string words_of(const result<std::vector<std::string>>& answer) {
  if (!answer) return "!" + std::string{answer.fault().name()} + ": " + answer.fault().detail();
  std::string words;
  for (const auto& one : *answer)
    words += (words.empty() ? "" : " ") + one;
  return words;
}

class transform_runner_test : public testing::Test {
protected:
  using answers = std::vector<std::pair<std::uint64_t, std::string>>;

  void use(std::vector<transform_program> programs, transform_options options = {}) {
    if (options.executable.empty()) options.executable = executable;
    runner.emplace(
        loop, tasks, std::move(options), std::move(programs), [] { return 0.5; },
        [this](model::ticket which, result<std::vector<std::string>> outputs) {
          got.emplace_back(static_cast<std::uint64_t>(which), words_of(outputs));
          changed.notify();
        });
  }
  // The answers to these events, when there are so many.
  answers run(const std::vector<std::pair<application_id, std::string>>& events) {
    runner->start();
    std::uint64_t number = 0;
    for (const auto& [application, event] : events)
      EXPECT_TRUE(runner->run(application, model::ticket{++number}, event));
    net::run_task(loop, wait_for(this, events.size()));
    return got;
  }
  static net::task<> wait_for(transform_runner_test* self, std::size_t count) {
    while (self->got.size() < count)
      static_cast<void>(co_await self->changed.wait());
    co_await self->tasks.stop();
  }

  static net::task<> wait_for_ends(transform_runner* of) {
    while (of->totals().front().second.ends < 2)
      static_cast<void>(co_await net::sleep_for(milliseconds{5}));
  }

  net::loop loop;
  net::task_group tasks{loop};
  net::wake_up changed{loop};
  answers got;
  std::optional<transform_runner> runner;
};

std::vector<std::pair<application_id, std::string>> numbers(std::size_t count) {
  std::vector<std::pair<application_id, std::string>> events;
  for (std::size_t i = 1; i <= count; ++i)
    events.emplace_back(meters, std::to_string(i));
  return events;
}

TEST_F(transform_runner_test, many_events_are_answered_in_their_order) {
  use({{meters, "., . * 10"}});
  const auto all = run(numbers(1000));
  ASSERT_EQ(all.size(), 1000U);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    EXPECT_EQ(all[i - 1].first, i);
    EXPECT_EQ(all[i - 1].second, std::to_string(i) + " " + std::to_string(10 * i));
  }
  const auto totals = runner->totals().front().second;
  EXPECT_EQ(totals.events, 1000U);
  EXPECT_EQ(totals.outputs, 2000U);
  EXPECT_EQ(totals.waiting, 0U);
  EXPECT_EQ(totals.ends, 0U);
}

TEST_F(transform_runner_test, an_error_has_jqs_words_and_the_next_event_goes_on) {
  use({{meters,
        "if . == 2 then .x elif . == 3 then 1, error(\"no\") elif . == 4 then error({a: 1}) "
        "elif . == 5 then empty elif . == 6 then (\"bye\" | halt_error) elif . == 7 then halt else . end"}});
  EXPECT_EQ(run(numbers(8)), (answers{{1, "1"},
                                      {2, "!transform_refused: Cannot index number with string \"x\""},
                                      {3, "!transform_refused: no"},
                                      {4, "!transform_refused: (not a string): {\"a\":1}"},
                                      {5, ""},
                                      {6, "!transform_refused: bye"},
                                      {7, ""},
                                      {8, "8"}}));
  EXPECT_EQ(runner->totals().front().second.refused, 4U);
}

TEST_F(transform_runner_test, a_program_that_loops_costs_its_own_event_only) {
  use({{meters, "def f: f; if . == 3 then f else . end"}, {others, "."}});
  auto events = numbers(5);
  events.emplace_back(others, "6");
  const auto all = run(events);
  answers of_meters;
  for (const auto& one : all)
    if (one.first != 6) of_meters.push_back(one);
  EXPECT_EQ(
      of_meters,
      (answers{
          {1, "1"}, {2, "2"}, {3, "!transform_limit: more than 1 s of processor time"}, {4, "4"}, {5, "5"}}));
  EXPECT_LT(std::find(all.begin(), all.end(), std::pair<std::uint64_t, std::string>{6, "6"}) - all.begin(),
            3);
  EXPECT_EQ(runner->totals().front().second.ends, 1U);
  EXPECT_EQ(runner->totals().back().second.ends, 0U);
}

TEST_F(transform_runner_test, a_program_that_grows_costs_its_own_event_only) {
  use({{meters, "if . == 2 then reduce range(40) as $i (\"xxxxxxxx\"; . + .) else . end"}});
  const auto all = run(numbers(3));
  EXPECT_EQ(all[0].second, "1");
  EXPECT_TRUE(all[1].second.starts_with("!transform_limit: ")) << all[1].second;
  EXPECT_EQ(all[2].second, "3");
}

TEST_F(transform_runner_test, a_program_that_crashes_gets_a_second_try) {
  use({{meters, "if . == 2 then reduce range(4e5) as $i (.; [.]) else . end"}});
  const auto all = run(numbers(3));
  EXPECT_EQ(all[0].second, "1");
  EXPECT_TRUE(all[1].second.starts_with("!transform_refused: jq came to no end: it ")) << all[1].second;
  EXPECT_EQ(all[2].second, "3");
  EXPECT_EQ(runner->totals().front().second.ends, 2U);
}

TEST_F(transform_runner_test, output_without_end_is_refused) {
  use({{meters, "if . == 1 then range(1e9) elif . == 2 then range(10) | [range(100000)] else . end"}});
  EXPECT_EQ(run(numbers(3)), (answers{{1, "!transform_limit: more than 1000 outputs"},
                                      {2, "!transform_limit: outputs of more than 4194304 bytes"},
                                      {3, "3"}}));
}

TEST_F(transform_runner_test, a_program_sees_no_environment_no_input_and_no_file) {
  use({{meters, "if . == 1 then env, $ENV, $ENV.PATH elif . == 2 then inputs elif . == 3 then input "
                "elif . == 4 then (try input_filename catch \"none\") else get_search_list end"}});
  EXPECT_EQ(run(numbers(5)),
            (answers{{1, "{} {} null"}, {2, ""}, {3, "!transform_refused: break"}, {4, "null"}, {5, "[]"}}));
}

TEST_F(transform_runner_test, what_a_program_says_for_debugging_changes_nothing) {
  use({{meters, "if . == 1 then debug else stderr | debug end"}});
  EXPECT_EQ(run(numbers(2)), (answers{{1, "1"}, {2, "2"}}));
}

TEST_F(transform_runner_test, events_that_wait_are_bounded) {
  transform_options options;
  options.max_waiting = 2;
  options.max_waiting_bytes = 10;
  use({{meters, "."}, {others, "."}}, options);
  EXPECT_TRUE(runner->run(meters, model::ticket{1}, "1"));
  EXPECT_TRUE(runner->run(meters, model::ticket{2}, "2"));
  EXPECT_EQ(runner->run(meters, model::ticket{3}, "3").fault().code(), errc::transform_busy);
  EXPECT_EQ(runner->run(others, model::ticket{3}, "12345678901").fault().code(), errc::transform_busy);
  EXPECT_EQ(runner->totals().front().second.waiting, 2U);
}

TEST_F(transform_runner_test, a_child_that_takes_events_and_answers_none_is_ended_by_the_clock) {
  // Says that it is ready, and nothing more.
  transform_options options;
  options.executable = std::string{CAUSEWAY_TEST_CHILDREN} + "/silent_child.sh";
  options.patience = milliseconds{300};
  use({{meters, "."}}, options);
  EXPECT_EQ(run(numbers(2)), (answers{{1, "!transform_limit: no answer in 300 ms"},
                                      {2, "!transform_limit: no answer in 300 ms"}}));
}

TEST_F(transform_runner_test, a_child_that_breaks_the_protocol_is_ended) {
  transform_options options;
  options.executable = "/bin/cat"; // gives the program back
  options.max_waiting = 1;
  use({{meters, "."}}, options);
  runner->start();
  EXPECT_TRUE(runner->run(meters, model::ticket{1}, "1"));
  net::run_task(loop, wait_for_ends(&*runner));
  net::run_task(loop, tasks.stop());
  EXPECT_TRUE(got.empty());
}

TEST(check_transform, tells_what_jq_says) {
  net::loop loop;
  EXPECT_TRUE(net::run_task(loop, check_transform(&loop, executable, ".a | length")));
  const auto bad = net::run_task(loop, check_transform(&loop, executable, ".a\n| foo(1)"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.fault().code(), errc::transform_invalid);
  EXPECT_TRUE(bad.fault().detail().starts_with("jq: error: foo/1 is not defined at <top-level>, line 2:"))
      << bad.fault().detail();
  const auto import = net::run_task(
      loop, check_transform(&loop, executable, "import \"passwd\" as $x {search: \"/etc\"}; $x"));
  ASSERT_FALSE(import);
  EXPECT_NE(import.fault().detail().find("module not found"), std::string::npos) << import.fault().detail();
}

TEST(check_transform, names_the_program_that_is_not_there) {
  net::loop loop;
  const auto missing = net::run_task(loop, check_transform(&loop, "/nowhere/causeway-transform", "."));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.fault().code(), errc::transform_missing);
  EXPECT_EQ(missing.fault().detail(),
            "/nowhere/causeway-transform: No such file or directory; it is installed beside causeway");
  const auto other = net::run_task(loop, check_transform(&loop, "/bin/false", "."));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.fault().detail(), "/bin/false: it ended with status 1");
}

} // namespace
} // namespace causeway::transform
