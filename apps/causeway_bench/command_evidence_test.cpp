// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_evidence.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

TEST(command_evidence, has_the_items_of_the_book_that_are_ours) {
  const auto items = read_book(
      R"({"accepted":2,"items":[{"number":1,"application":"a","device":"d","correlation_ids":["as:downlink:X","causeway:abc"],
      "frm_payload":"MDAwMDAwNDI=","confirmed":true,"accepted":"2026-11-30T12:00:00.5Z","queued":2,
      "transmissions":[{"session_key_id":"s","f_cnt":3,"at":"2026-11-30T12:00:01Z"}],"told":["downlink_queued"],
      "heard":[{"kind":"downlink_sent","f_cnt":3}],"end":"acknowledged","ended":"2026-11-30T12:00:02Z"},
      {"number":2,"device":"d","correlation_ids":[],"frm_payload":"AQ==","confirmed":false,"accepted":"2026-11-30T12:00:00Z","queued":1,"end":"none"}]})");
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 1U);
  const auto& one = items->front();
  EXPECT_EQ(one.number, 42U);
  EXPECT_EQ(format_command_payload(42), "MDAwMDAwNDI=");
  EXPECT_EQ(one.id, "abc");
  EXPECT_TRUE(one.confirmed);
  EXPECT_EQ(one.queued, 2U);
  EXPECT_EQ(one.transmissions.size(), 1U);
  EXPECT_EQ(one.last_f_cnt, 3U);
  EXPECT_EQ(one.heard.at(0).kind, "downlink_sent");
  EXPECT_EQ(one.heard.at(0).f_cnt, 3U);
  EXPECT_EQ(one.end, "acknowledged");
  EXPECT_EQ(one.ended - one.accepted, std::chrono::milliseconds{1'500});
  EXPECT_FALSE(read_book("{"));
}

TEST(command_evidence, has_reports_as_the_hub_has_them) {
  const auto page = read_report_page(
      R"({"last":17,"not_whole":2,"messages":[{"order":16,"device":"d","message_id":"r-1",
      "body":"{\"downlink\":{\"state\":\"sent\",\"source\":\"twin\",\"command\":\"abc\",\"messageId\":\"m42\",\"fCnt\":3,\"at\":\"2026-11-30T12:00:01.250Z\"}}"},
      {"order":17,"message_id":"u-1","body":"{\"uplink\":1}"}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->last, 17U);
  EXPECT_EQ(page->not_whole, 2U);
  ASSERT_EQ(page->reports.size(), 1U);
  EXPECT_EQ(page->reports[0].id, "abc");
  EXPECT_EQ(page->reports[0].number, 42U);
  EXPECT_EQ(format_command_message_id(42), "m42");
  EXPECT_EQ(page->reports[0].message_id, "r-1");
  EXPECT_EQ(page->reports[0].device, "d");
  EXPECT_TRUE(page->reports[0].by_twin);
  EXPECT_EQ(page->reports[0].state, "sent");
  EXPECT_EQ(page->reports[0].f_cnt, 3U);
}

TEST(command_evidence, tells_what_waits_in_the_hub_from_what_has_ended_there) {
  const auto ends =
      read_hub_ends(R"({"waiting":[{"message_id":"m2"}],"ended":[{"message_id":"m1","end":"Success"}]})");
  ASSERT_TRUE(ends);
  EXPECT_EQ(ends->ended.at("m1"), "Success");
  EXPECT_TRUE(ends->waiting.contains("m2"));
}

TEST(command_evidence, has_what_a_twin_tells_of_its_downlink) {
  const auto told = read_told_twin(
      R"({"deviceId":"d","properties":{"desired":{"$version":2},"reported":{"lorawan":{"downlink":{"version":2,"state":"sent","command":"abc"}},"$version":7}}})");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->command, "abc");
  EXPECT_EQ(told->state, "sent");
  EXPECT_TRUE(read_told_twin(R"({"properties":{"reported":{}}})")->command.empty());
  EXPECT_FALSE(read_told_twin("{"));
}

TEST(command_evidence, of_a_twin_its_version_and_when_its_device_has_read_it) {
  EXPECT_EQ(*read_desired_version(R"({"properties":{"desired":{"a":1,"$version":7},"reported":{}}})"), 7U);
  EXPECT_FALSE(read_desired_version(R"({"Message":"no"})"));
  const auto reads =
      read_twin_reads(R"({"device":"d","reads":[{"version":7,"at":"2026-12-01T00:00:01.5Z"}]})");
  ASSERT_TRUE(reads);
  ASSERT_EQ(reads->size(), 1U);
  EXPECT_EQ(reads->front().version, 7U);
  EXPECT_EQ(format_rfc3339(reads->front().at), "2026-12-01T00:00:01.500Z");
  EXPECT_FALSE(read_twin_reads(R"({"device":"d"})"));
}

TEST(command_evidence, a_call_without_the_devices_word_has_no_status) {
  const auto word =
      read_method_answer(200, R"({"status":202,"payload":{"command":"abc","state":"pushing"}})");
  EXPECT_EQ(word.status, 202);
  EXPECT_EQ(word.id, "abc");
  EXPECT_EQ(read_method_answer(504, R"({"Message":"no"})").status, 0);
  EXPECT_EQ(read_method_answer(200, R"({"status":429,"payload":null})").status, 429);
}

} // namespace
} // namespace causeway::bench
