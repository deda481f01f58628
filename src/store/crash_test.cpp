// SPDX-License-Identifier: Apache-2.0
// kill -9 while a process appends: what it was told is durable must be there.
#include "store/store_fixture.h"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

namespace causeway::store {
namespace {

// Appends without end and writes each acknowledged seq to the pipe; every third is marked as done before, and
// so may be gone.
struct reporting_child final : store_events, model::journal_events {
  int to = -1;
  store* it = nullptr;
  spool_seq next = 0;

  void on_appended(const std::vector<model::appended>& what, moment) override {
    for (const auto& one : what) {
      if (!one.outcome) ::_exit(3);
      const auto number = static_cast<spool_seq>(one.id);
      if (number % 3 == 0) mark_done(*it, number);
      if (::write(to, &number, sizeof number) != static_cast<ssize_t>(sizeof number)) ::_exit(4);
      if (!it->append(make_append(next++, 0, 1200))) ::_exit(5);
    }
  }
  void on_rows(std::vector<model::fresh_row>, moment) override {}
  void on_read_back(std::vector<model::spool_row>, const std::vector<spool_seq>&, moment) override {}
  void on_dead_letters_counted(const model::dead_letter_amounts&) override {}
  void on_store_fault(const error&) override { ::_exit(6); }
  void on_store_healed() override {}
};

[[noreturn]] void run_child(const store_options& options, int to) {
  system_clock clock;
  mailbox box;
  auto opened = store::open(options, clock, [&](std::function<void()> work) { box.post(std::move(work)); });
  if (!opened) ::_exit(1);
  auto image = (*opened)->load();
  if (!image) ::_exit(2);
  reporting_child child;
  child.to = to;
  child.it = opened->get();
  child.next = image->next_seq;
  (*opened)->start(child, child);
  save_device(**opened, make_device(0));
  for (int n = 0; n < 20; ++n)
    if (!(*opened)->append(make_append(child.next++, 0, 1200))) ::_exit(5);
  box.run_until([] { return false; });
  ::_exit(7);
}

using crash_test = store_fixture;

TEST_F(crash_test, nothing_acknowledged_is_lost_by_kill) {
  options.directory = directory.path() / "state";
  std::set<spool_seq> acknowledged;
  spool_seq highest = 0;
  for (const std::size_t wanted : {1U, 150U, 700U}) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      run_child(options, ends[1]);
    }
    ::close(ends[1]);
    spool_seq seq = 0;
    std::size_t count = 0;
    while (count < wanted && ::read(ends[0], &seq, sizeof seq) == static_cast<ssize_t>(sizeof seq)) {
      ++count;
      acknowledged.insert(seq);
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    while (::read(ends[0], &seq, sizeof seq) == static_cast<ssize_t>(sizeof seq))
      acknowledged.insert(seq);
    ::close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    ASSERT_GE(count, wanted);

    open();
    std::set<spool_seq> there;
    for (const auto& row : image.waiting)
      there.insert(row.seq);
    for (const auto one : acknowledged)
      EXPECT_TRUE(one % 3 == 0 || there.contains(one)) << one;
    EXPECT_GT(image.next_seq, *acknowledged.rbegin());
    EXPECT_GE(image.next_seq, highest);
    highest = image.next_seq;
    std::vector<spool_seq> all{there.begin(), there.end()};
    it->read_back(all);
    ASSERT_TRUE(box.run_until([&] { return events.reads == 1; }));
    EXPECT_TRUE(events.gone.empty());
    for (const auto& row : events.rows)
      EXPECT_EQ(row.body, make_message(1200));
    close();
  }
}

} // namespace
} // namespace causeway::store
