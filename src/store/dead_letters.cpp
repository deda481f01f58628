// SPDX-License-Identifier: Apache-2.0
#include "store/dead_letters.h"

#include "store/seal.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::store {
namespace {

// Of the columns id, at, application, device, reason, detail, size, and whether it is an event.
model::dead_letter letter_of(const statement& row) {
  model::dead_letter one;
  one.id = static_cast<std::uint64_t>(row.integer(0));
  one.at = wall_time{milliseconds{row.integer(1)}};
  one.from = {application_id{std::string{row.text(2)}}, device_id{std::string{row.text(3)}}};
  one.reason = row.text(4);
  one.detail = row.text(5);
  one.bytes = static_cast<std::uint64_t>(row.integer(6));
  one.is_event = row.integer(7) != 0;
  return one;
}

bool matches(const model::dead_letter& one, const model::dead_letter_query& query) {
  return (query.application.empty() || one.from.application.str() == query.application) &&
         (query.device.empty() || one.from.device.str() == query.device) &&
         (query.reason.empty() || one.reason == query.reason);
}

} // namespace

result<model::dead_letter_page> list_dead_letters(database& db, const model::dead_letter_query& query) {
  constexpr std::size_t most_looked_at = 1000;
  constexpr milliseconds longest{5}; // commits wait meanwhile
  const auto until = std::chrono::steady_clock::now() + longest;
  model::dead_letter_page page;
  auto newest = db.integer("SELECT coalesce(max(id), 0) FROM dead_letter");
  if (!newest) return std::move(newest).fault();
  page.newest = static_cast<std::uint64_t>(*newest);
  auto rows = db.prepare("SELECT id, at, application, device, reason, detail, size, event IS NOT NULL "
                         "FROM dead_letter WHERE id > ?1 ORDER BY id");
  if (!rows) return std::move(rows).fault();
  rows->with(std::min<std::uint64_t>(query.after, std::numeric_limits<std::int64_t>::max()));
  std::uint64_t last = query.after;
  for (std::size_t looked_at = 0;; ++looked_at) {
    auto row = rows->step();
    if (!row) return std::move(row).fault();
    if (!*row) return page;
    const bool is_long = looked_at > 0 && looked_at % 16 == 0 && std::chrono::steady_clock::now() >= until;
    if (page.letters.size() >= query.limit || looked_at >= most_looked_at || is_long) {
      page.next = last;
      return page;
    }
    auto one = letter_of(*rows);
    last = one.id;
    if (matches(one, query)) page.letters.push_back(std::move(one));
  }
}

result<std::optional<model::dead_letter>> read_dead_letter(database& db, std::uint64_t id) {
  auto query = db.prepare("SELECT id, at, application, device, reason, detail, size, event IS NOT NULL, "
                          "coalesce(event, message) FROM dead_letter WHERE id = ?1");
  if (!query) return std::move(query).fault();
  auto row = query->with(std::min<std::uint64_t>(id, std::numeric_limits<std::int64_t>::max())).step();
  if (!row) return std::move(row).fault();
  if (!*row) return std::optional<model::dead_letter>{};
  auto one = letter_of(*query);
  auto content = query->text(8);
  if (const auto inside = unseal(content)) {
    one.from = {application_id{std::string{inside->seal.application}},
                device_id{std::string{inside->seal.device}}};
    content = inside->content;
  } else if (is_sealed(content) || content.empty()) {
    one.is_event = false;
  }
  one.content = content;
  return std::optional{std::move(one)};
}

} // namespace causeway::store
