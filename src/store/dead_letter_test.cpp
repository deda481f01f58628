// SPDX-License-Identifier: Apache-2.0
// Dead letters: read in pages, dropped, and replayed in the transaction that stores what has become of them.
#include "store/store_fixture.h"

namespace causeway::store {
namespace {

class dead_letter_test : public store_fixture {
protected:
  // Letter n is the event {"n":n} of a device that follows n modulo 3.
  void add(spool_seq first, std::uint64_t count) {
    for (std::uint64_t n = first; n < first + count; ++n) {
      auto request = make_refused(n, "{\"n\":" + std::to_string(n) + "}", error{errc::format_refused, "why"});
      request.refused->from = make_device(static_cast<std::uint32_t>(n % 3)).key;
      ASSERT_TRUE(it->append(std::move(request)));
    }
    const auto asked = events.answered() + count;
    ASSERT_TRUE(answered(asked));
  }
  model::dead_letter_page list(model::dead_letter_query query) {
    const auto before = events.pages.size();
    it->list_dead_letters(++number, std::move(query));
    return answer_after(before);
  }
  model::dead_letter_page read(std::uint64_t id) {
    const auto before = events.pages.size();
    it->read_dead_letter(++number, id);
    return answer_after(before);
  }
  model::dead_letter_page answer_after(std::size_t before) {
    EXPECT_TRUE(box.run_until([&] { return events.pages.size() > before; }));
    EXPECT_EQ(events.pages.back().first, number);
    EXPECT_TRUE(events.pages.back().second);
    return *events.pages.back().second;
  }
  // By hand, and the answers told.
  void step_all() {
    box.drain();
    while (it->step(clock.now())) {
    }
    box.drain();
  }
  static std::vector<std::uint64_t> ids(const model::dead_letter_page& page) {
    std::vector<std::uint64_t> all;
    for (const auto& one : page.letters)
      all.push_back(one.id);
    return all;
  }
  std::uint64_t number = 0;
};

TEST_F(dead_letter_test, are_listed_in_pages_and_by_what_is_asked_for) {
  open();
  EXPECT_EQ(list({}).newest, 0U);
  add(1, 10);
  auto page = list({0, 4, "", "", ""});
  EXPECT_EQ(ids(page), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(page.next, 4U);
  EXPECT_EQ(page.newest, 10U);
  const auto& one = page.letters[0];
  EXPECT_TRUE(one.is_event);
  EXPECT_EQ(one.reason, "format_refused");
  EXPECT_EQ(one.detail, "why");
  EXPECT_EQ(one.from, make_device(1).key);
  EXPECT_EQ(one.bytes, 7U);
  EXPECT_EQ(unix_seconds(one.at), unix_seconds(clock.now().wall));
  EXPECT_EQ(one.content, "");
  page = list({4, 100, "", "meter-2", ""});
  EXPECT_EQ(ids(page), (std::vector<std::uint64_t>{5, 8}));
  EXPECT_EQ(page.next, std::nullopt);
  EXPECT_TRUE(list({0, 100, "elsewhere", "", ""}).letters.empty());
  EXPECT_TRUE(list({0, 100, "", "", "hub_refused"}).letters.empty());
  EXPECT_EQ(list({0, 100, "water-meters", "", "format_refused"}).letters.size(), 10U);
  EXPECT_TRUE(list({UINT64_MAX, 100, "", "", ""}).letters.empty());
}

TEST_F(dead_letter_test, a_search_looks_at_so_many_at_once_and_says_where_it_goes_on) {
  open();
  add(1, 2500);
  std::size_t found = 0, pages = 0;
  for (std::optional<std::uint64_t> after = 0; after; ++pages) {
    const auto page = list({*after, 10'000, "", "meter-0", ""});
    found += page.letters.size();
    after = page.next;
    ASSERT_LT(pages, 1000U);
  }
  EXPECT_EQ(found, 833U);
  EXPECT_GE(pages, 3U);
}

TEST_F(dead_letter_test, are_read_with_their_content) {
  open();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  bury(*it, 1, error{errc::hub_refused, "no"});
  add(2, 1);
  const auto message = read(1);
  ASSERT_EQ(message.letters.size(), 1U);
  EXPECT_FALSE(message.letters[0].is_event);
  EXPECT_EQ(*model::decode_message(message.letters[0].content), make_message());
  EXPECT_EQ(read(2).letters.at(0).content, "{\"n\":2}");
  EXPECT_TRUE(read(3).letters.empty());
}

TEST_F(dead_letter_test, are_dropped_for_good) {
  open();
  add(1, 3);
  EXPECT_EQ(it->counters().dead_letters, (amount{3, 21}));
  const auto before = events.pages.size();
  it->drop_dead_letters(++number, {1, 3, 77});
  EXPECT_EQ(ids(answer_after(before)), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(it->counters().dead_letters, (amount{1, 7}));
  reopen();
  EXPECT_EQ(it->counters().dead_letters, (amount{1, 7}));
  EXPECT_EQ(ids(list({})), (std::vector<std::uint64_t>{2}));
}

// A3: one pool for all applications, the oldest went first.
TEST_F(dead_letter_test, are_counted_by_application_and_none_is_pushed_out) {
  open();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  bury(*it, 1, error{errc::hub_refused, "no"});
  const std::string raw(1'000'000, 'x');
  for (spool_seq seq = 2; seq < 302; ++seq) {
    auto request = make_refused(seq, raw, error{errc::format_refused});
    request.refused->from = {application_id{"plant"}, device_id{"b"}};
    ASSERT_TRUE(it->append(std::move(request)));
    ASSERT_TRUE(answered(seq));
  }
  const model::dead_letter_amounts all{{application_id{"plant"}, {300, 300'000'000}},
                                       {application_id{"water-meters"}, {1, model::size_of(make_message())}}};
  EXPECT_EQ(events.letters, all);
  reopen();
  EXPECT_EQ(image.dead_letters, all);
  EXPECT_EQ(ids(list({0, 10, "water-meters", "", ""})), (std::vector<std::uint64_t>{1}));
  const auto before = events.pages.size();
  it->drop_dead_letters(++number, {1});
  answer_after(before);
  EXPECT_EQ(events.letters, (model::dead_letter_amounts{{application_id{"plant"}, {300, 300'000'000}}}));
}

TEST_F(dead_letter_test, a_replayed_one_goes_as_its_message_comes) {
  open();
  add(1, 2);
  auto request = make_append(3);
  request.replays = 2;
  ASSERT_TRUE(it->append(request));
  ASSERT_TRUE(answered(3));
  EXPECT_EQ(events.stored.back(), 3U);
  EXPECT_EQ(it->counters().waiting.messages, 1U);
  // Again: it is not there any more, and there is no second message.
  request.id = model::append_id{4};
  ASSERT_TRUE(it->append(request));
  ASSERT_TRUE(answered(4));
  EXPECT_EQ(events.refusals, (std::vector<errc>{errc::not_found}));
  EXPECT_EQ(it->counters().waiting.messages, 1U);
  EXPECT_EQ(it->counters().queued_messages, 0U);
  EXPECT_EQ(it->counters().dead_letters.messages, 1U);
  EXPECT_EQ(events.faults, 0U);
  reopen();
  ASSERT_EQ(image.waiting.size(), 1U);
  EXPECT_EQ(image.waiting[0].seq, 3U);
  EXPECT_EQ(image.next_seq, 5U);
  EXPECT_EQ(ids(list({})), (std::vector<std::uint64_t>{1}));
}

// What a format has refused is one dead letter an event, and none when a copy of it is sent.
class refused_copies : public dead_letter_test {
protected:
  void refuse(spool_seq seq, model::kept_key key, const std::string& raw) {
    auto request = make_refused(seq, raw, error{errc::format_refused, "why"});
    request.key = key;
    const auto asked = events.answered() + 1;
    ASSERT_TRUE(it->append(std::move(request)));
    ASSERT_TRUE(answered(asked));
  }
  void store(spool_seq seq, model::kept_key key) {
    auto request = make_append(seq);
    request.key = key;
    const auto asked = events.answered() + 1;
    ASSERT_TRUE(it->append(std::move(request)));
    ASSERT_TRUE(answered(asked));
  }
  const model::appended& result_of(spool_seq seq) { return events.last_results.at(seq); }
};

TEST_F(refused_copies, are_one_dead_letter_the_longest) {
  open();
  const model::kept_key key{'u', 0xf000000000000001U};
  refuse(1, key, "{\"cut\":1}");
  EXPECT_EQ(result_of(1).letters, (amount{1, 9}));
  refuse(2, key, "{\"cut\":2}"); // a retry
  EXPECT_EQ(result_of(2).letters, amount{});
  refuse(3, {'u', 2}, "{\"another\":1}");
  reopen();
  refuse(4, key, "{\"cut\":1,\"whole\":2}");
  EXPECT_EQ(result_of(4).letters, (amount{1, 19}));
  refuse(5, key, "{\"cut\":1}");
  EXPECT_EQ(ids(list({})), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(read(3).letters.at(0).content, "{\"cut\":1,\"whole\":2}");
  EXPECT_EQ(it->counters().dead_letters, (amount{2, 32}));
}

TEST_F(refused_copies, go_when_one_is_sent) {
  open();
  const model::kept_key key{'u', 7};
  refuse(1, key, "{\"cut\":1}");
  add(2, 1); // without a key
  store(3, {'n', 8});
  EXPECT_EQ(ids(list({})), (std::vector<std::uint64_t>{1, 2}));
  reopen();
  store(4, key);
  EXPECT_EQ(ids(list({})), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(it->counters().dead_letters, (amount{1, 7}));
  store(5, key);
  EXPECT_EQ(it->counters().waiting.messages, 3U);
}

TEST_F(refused_copies, that_were_replayed_leave_the_key_behind) {
  open();
  refuse(1, {'u', 7}, "{\"cut\":1}");
  auto request = make_append(2);
  request.replays = 1;
  request.key = model::kept_key{'u', 7};
  ASSERT_TRUE(it->append(std::move(request)));
  ASSERT_TRUE(answered(2));
  reopen();
  ASSERT_EQ(image.recent_keys.size(), 1U);
  EXPECT_EQ(image.recent_keys[0], (model::start_image::recent_key{device_ref{0}, {'u', 7}}));
}

// It was the machine's, beside an owner whose clock is another one.
TEST_F(dead_letter_test, what_is_found_damaged_while_it_is_read_has_the_time_of_the_owners_clock) {
  open_by_hand();
  save_device(*it, make_device(0));
  for (spool_seq seq = 1; seq <= 5; ++seq)
    ASSERT_TRUE(it->append(make_append(seq)));
  step_all();
  it.reset();
  // A start looks at the first, the middle and the last. 2 is no record any more, which is its own matter; 4
  // is another's, so that the file is mended.
  alter_spool(options.directory / "spool.db",
              "UPDATE record SET message = CAST(message || 'x' AS BLOB) WHERE seq = 2;"
              "UPDATE record SET message = (SELECT message FROM record WHERE seq = 5) WHERE seq = 4");
  open_by_hand();
  clock.advance(std::chrono::hours{1});
  for (const spool_seq seq : {2, 4}) {
    it->read_back({seq});
    step_all();
    it->list_dead_letters(seq, {});
    step_all();
    ASSERT_EQ(events.pages.size(), seq / 2);
    ASSERT_TRUE(events.pages.back().second);
    const auto& letters = events.pages.back().second->letters;
    ASSERT_EQ(letters.size(), seq / 2);
    EXPECT_EQ(letters.back().reason, "record_corrupt");
    EXPECT_EQ(letters.back().at, clock.now().wall);
  }
}

} // namespace
} // namespace causeway::store
