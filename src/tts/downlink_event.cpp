// SPDX-License-Identifier: Apache-2.0
#include "tts/downlink_event.h"

#include "base/clock.h"
#include "tts/stack_error.h"

#include <algorithm>

namespace causeway::tts {
namespace {

using model::event_kind;

// The stack leaves zeros out; where nothing else can have been left out, absent is zero.
std::optional<std::uint32_t> read_count(const json_span& span, bool whole) {
  if (span.present()) return parse_integer<std::uint32_t>(span.text());
  return whole ? std::optional<std::uint32_t>{0} : std::nullopt;
}

std::optional<bool> read_flag(const json_span& span, bool whole) {
  if (span.is_true()) return true;
  if (span.is_false() || (whole && !span.present())) return false;
  return std::nullopt;
}

std::optional<std::int64_t> read_nanoseconds(const json_span& span) {
  const auto text = span.string();
  const auto time = text ? parse_rfc3339(*text) : result<wall_time>{error{errc::field_invalid}};
  if (!time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
}

void add_ids_of_item(const json_span& item, std::vector<std::string>& to) {
  json_span ids;
  read_members(item, {{"correlation_ids", &ids}});
  for (auto& id : read_correlation_ids(ids))
    to.push_back(std::move(id));
}

struct item_members {
  json_span session_key_id, f_port, f_cnt, frm_payload, confirmed, retry, attempt, correlation_ids;

  explicit item_members(const json_span& item) {
    read_members(item, {{"session_key_id", &session_key_id},
                        {"f_port", &f_port},
                        {"f_cnt", &f_cnt},
                        {"frm_payload", &frm_payload},
                        {"confirmed", &confirmed},
                        {"confirmed_retry", &retry},
                        {"correlation_ids", &correlation_ids}});
    read_members(retry, {{"attempt", &attempt}});
  }
};

// Whether an item of this kind has a counter always.
bool is_counted(event_kind kind) {
  return kind == event_kind::downlink_sent || kind == event_kind::downlink_ack ||
         kind == event_kind::downlink_nack;
}

void read_item(event_kind kind, const json_span& item, const downlink_envelope& of,
               model::downlink_event& into) {
  const item_members members{item};
  const bool whole = of.whole && members.correlation_ids.present() && members.f_port.present();
  into.session_key_id = members.session_key_id.string().value_or("");
  into.f_cnt = read_count(members.f_cnt, whole && is_counted(kind));
  into.confirmed = read_flag(members.confirmed, whole);
  into.attempt = read_count(members.attempt, members.retry.is_object());
  into.without_payload =
      kind == event_kind::downlink_queued && whole && members.frm_payload.string().value_or("").empty();
}

void read_failure(const json_span& content, const downlink_envelope& of, model::downlink_event& into) {
  json_span told, dev_addr;
  read_members(content, {{"error", &told}});
  read_members(of.end_device_ids, {{"dev_addr", &dev_addr}});
  auto why = read_stack_error(told);
  into.error_name = std::move(why.name);
  into.error_text = std::move(why.text);
  into.by_network = into.f_cnt.has_value() || dev_addr.present();
}

} // namespace

std::vector<std::string> read_correlation_ids(const json_span& list) {
  std::vector<std::string> ids;
  if (!list.is_array()) return ids;
  for (json_cursor entry{list}; entry.next();)
    if (auto id = entry.value().string()) ids.push_back(std::move(*id));
  return ids;
}

model::downlink_event read_downlink_event(event_kind kind, const json_span& content,
                                          const downlink_envelope& of) {
  json_span wrapped, several;
  read_members(content, {{"downlink", &wrapped}, {"downlinks", &several}});
  model::downlink_event made;
  auto& ids = made.correlation_ids;
  add_ids_of_item(content, ids);
  add_ids_of_item(wrapped, ids);
  if (several.is_array())
    for (json_cursor item{several}; item.next();)
      add_ids_of_item(item.value(), ids);
  if (ids.empty()) ids = read_correlation_ids(of.correlation_ids); // a mask has left out the item's
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());

  made.at = read_nanoseconds(of.received_at);
  if (kind == event_kind::downlink_queue_invalidated) return made;
  read_item(kind, wrapped.is_object() ? wrapped : content, of, made);
  if (kind == event_kind::downlink_failed) read_failure(content, of, made);
  return made;
}

} // namespace causeway::tts
