// SPDX-License-Identifier: Apache-2.0
#include "model/store_totals.h"

namespace causeway::model {
namespace {

// For people.
constexpr figure_reader<store_counters> last_commit_ms{[](const store_counters& from, const figure_sink& to) {
  to({}, std::chrono::duration<double>(from.last_commit).count() * 1'000);
}};

constexpr auto dead_letter_rows = std::to_array<figure<store_counters>>({
    {"causeway_dead_letters",
     figure_kind::gauge,
     "Dead letters that are kept",
     at<&store_counters::dead_letters, &amount::messages>,
     {.key = "spool.dead_letters", .order = 4}},
});

constexpr auto spool_rows = std::to_array<figure<store_counters>>({
    {"causeway_spool_messages",
     figure_kind::gauge,
     "Messages waiting in the spool",
     at<&store_counters::waiting, &amount::messages>,
     {.key = "spool.messages"}},
    {"causeway_spool_bytes",
     figure_kind::gauge,
     "Bytes waiting in the spool",
     at<&store_counters::waiting, &amount::bytes>,
     {.key = "spool.bytes"}},
    {"causeway_spool_file_bytes", figure_kind::gauge, "Size of spool.db without its log",
     at<&store_counters::file_bytes>},
    {"causeway_spool_file_free_bytes", figure_kind::gauge, "Of these, free for what comes",
     at<&store_counters::free_bytes>},
    {"causeway_spool_missing_messages",
     figure_kind::gauge,
     "Acknowledged messages that damage to the spool has taken, at most and as far as it is known, found "
     "since this start: not there any more, or nothing of them can be read",
     at<&store_counters::missing>,
     {.key = "spool.missing", .order = 5}},
    {"causeway_spool_missing_unknown",
     figure_kind::gauge,
     "1 when damage found since this start may have taken more acknowledged messages than anything can tell",
     at<&store_counters::missing_unknown>,
     {.key = "spool.missing_unknown", .order = 5}},
    {"causeway_spool_unreadable_total",
     figure_kind::counter,
     "Messages that were read back and were not what was stored: not sent, dead letters record_corrupt",
     at<&store_counters::unreadable_total>,
     {.key = "spool.unreadable", .order = 5}},
});

constexpr auto commit_rows = std::to_array<figure<store_counters>>({
    {"causeway_store_queued", figure_kind::gauge, "Requests waiting for the store's thread",
     at<&store_counters::queued_messages>},
    {"causeway_store_commits_total", figure_kind::counter, "Transactions made durable",
     at<&store_counters::commits_total>},
    {"causeway_store_fsyncs_total", figure_kind::counter,
     "Times the disk was asked to make its writes durable", at<&store_counters::fsyncs_total>},
    {"causeway_store_commit_faults_total", figure_kind::counter,
     "Transactions that could not be made durable", at<&store_counters::commits_failed_total>},
    {"causeway_store_last_commit_seconds", figure_kind::gauge, "How long the last commit took",
     at<&store_counters::last_commit>},
    {"", figure_kind::gauge, "", last_commit_ms, {.key = "spool.last_commit_ms", .order = 6, .parts = 1'000}},
});

} // namespace

constinit const figure_table<store_counters> dead_letter_figures{dead_letter_rows};
constinit const figure_table<store_counters> spool_figures{spool_rows};
constinit const figure_table<store_counters> commit_figures{commit_rows};

} // namespace causeway::model
