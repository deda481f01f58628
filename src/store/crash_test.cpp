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
struct reporting_child final : store_events {
  int to = -1;
  store* it = nullptr;
  spool_seq next = 0;

  void on_spooled(std::vector<model::spool_result> results) override {
    for (const auto& one : results) {
      if (!one.outcome) ::_exit(3);
      if (one.first % 3 == 0) it->mark_done(one.first);
      if (::write(to, &one.first, sizeof one.first) != static_cast<ssize_t>(sizeof one.first)) ::_exit(4);
      if (!it->append(make_append(next++, 0, 1200))) ::_exit(5);
    }
  }
  void on_read_back(std::vector<model::spool_row>, std::vector<spool_seq>) override {}
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
  (*opened)->start(child);
  (*opened)->save_device(make_device(0));
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
