// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_evidence.h"

#include "base/encoding.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>

namespace causeway::bench {
namespace {

namespace json = boost::json;

constexpr std::string_view own_prefix = "causeway:";

result<json::value> parse(std::string_view text) {
  boost::system::error_code fault;
  auto value = json::parse(text, fault);
  if (fault) return error{errc::http_protocol, "the emulator's answer is no JSON"};
  return value;
}

std::string text_of(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

std::uint64_t count_of(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found != nullptr && found->is_number() ? found->to_number<std::uint64_t>() : 0;
}

wall_time time_of(const json::object& from, std::string_view name) {
  const auto time = parse_rfc3339(text_of(from, name));
  return time ? *time : wall_time{};
}

const json::array& list_of(const json::object& from, std::string_view name) {
  static const json::array none;
  const auto* found = from.if_contains(name);
  return found != nullptr && found->is_array() ? found->as_array() : none;
}

// Of a payload; nothing: it is none of ours.
std::optional<std::uint64_t> number_of(const std::string& payload) {
  const auto digits = base64_decode(payload);
  std::uint64_t number = 0;
  if (!digits || digits->size() != 8) return std::nullopt;
  const auto* const end = digits->data() + digits->size();
  const auto read = std::from_chars(digits->data(), end, number);
  return read.ec == std::errc{} && read.ptr == end ? std::optional{number} : std::nullopt;
}

std::optional<std::uint64_t> number_of_message(std::string_view id) {
  std::uint64_t number = 0;
  if (!id.starts_with('m')) return std::nullopt;
  const auto read = std::from_chars(id.data() + 1, id.data() + id.size(), number);
  return read.ec == std::errc{} && read.ptr == id.data() + id.size() ? std::optional{number} : std::nullopt;
}

std::optional<booked_downlink> read_item(const json::object& item) {
  const auto number = number_of(text_of(item, "frm_payload"));
  if (!number) return std::nullopt;
  booked_downlink made;
  made.number = *number;
  for (const auto& one : list_of(item, "correlation_ids")) {
    const std::string id{one.as_string()};
    if (id.starts_with(own_prefix)) made.id = id.substr(own_prefix.size());
  }
  made.device = text_of(item, "device");
  made.confirmed = item.at("confirmed").as_bool();
  made.accepted = time_of(item, "accepted");
  made.queued = static_cast<std::uint32_t>(count_of(item, "queued"));
  for (const auto& one : list_of(item, "transmissions")) {
    made.transmissions.push_back(time_of(one.as_object(), "at"));
    made.last_f_cnt = static_cast<std::uint32_t>(count_of(one.as_object(), "f_cnt"));
  }
  made.end = text_of(item, "end");
  made.ended = time_of(item, "ended");
  for (const auto& one : list_of(item, "heard"))
    made.heard.push_back(
        {text_of(one.as_object(), "kind"), static_cast<std::uint32_t>(count_of(one.as_object(), "f_cnt"))});
  return made;
}

std::optional<told_step> read_report(const json::object& message) {
  const auto* body = message.if_contains("body");
  if (body == nullptr) return std::nullopt;
  json::value parsed = *body;
  if (body->is_string()) {
    boost::system::error_code fault;
    parsed = json::parse(body->as_string(), fault);
    if (fault) return std::nullopt;
  }
  if (!parsed.is_object()) return std::nullopt;
  const auto* downlink = parsed.as_object().if_contains("downlink");
  if (downlink == nullptr || !downlink->is_object()) return std::nullopt;
  const auto& shown = downlink->as_object();
  told_step made;
  made.id = text_of(shown, "command");
  made.device = text_of(message, "device");
  made.by_twin = text_of(shown, "source") == "twin";
  made.number = number_of_message(text_of(shown, "messageId"));
  made.message_id = text_of(message, "message_id");
  made.state = text_of(shown, "state");
  if (shown.contains("fCnt")) made.f_cnt = static_cast<std::uint32_t>(count_of(shown, "fCnt"));
  made.at = time_of(shown, "at");
  return made;
}

} // namespace

std::string format_command_payload(std::uint64_t number) {
  return base64_encode(fmt::format("{:08}", number));
}

std::string format_command_message_id(std::uint64_t number) {
  return fmt::format("m{}", number);
}

result<std::vector<booked_downlink>> read_book(std::string_view page) {
  const auto parsed = parse(page);
  if (!parsed) return parsed.fault();
  std::vector<booked_downlink> items;
  for (const auto& one : list_of(parsed->as_object(), "items"))
    if (auto item = read_item(one.as_object())) items.push_back(*std::move(item));
  return items;
}

result<report_page> read_report_page(std::string_view page) {
  const auto parsed = parse(page);
  if (!parsed) return parsed.fault();
  const auto& shown = parsed->as_object();
  report_page made;
  made.last = count_of(shown, "last");
  made.not_whole = count_of(shown, "not_whole");
  for (const auto& one : list_of(shown, "messages"))
    if (auto report = read_report(one.as_object())) made.reports.push_back(*std::move(report));
  return made;
}

result<hub_ends> read_hub_ends(std::string_view page) {
  const auto parsed = parse(page);
  if (!parsed) return parsed.fault();
  hub_ends made;
  for (const auto& one : list_of(parsed->as_object(), "ended"))
    made.ended.emplace(text_of(one.as_object(), "message_id"), text_of(one.as_object(), "end"));
  for (const auto& one : list_of(parsed->as_object(), "waiting"))
    made.waiting.insert(text_of(one.as_object(), "message_id"));
  return made;
}

result<told_twin> read_told_twin(std::string_view document) {
  const auto parsed = parse(document);
  if (!parsed) return parsed.fault();
  boost::system::error_code absent;
  const auto* told = parsed->find_pointer("/properties/reported/lorawan/downlink", absent);
  if (told == nullptr || !told->is_object()) return told_twin{};
  return told_twin{text_of(told->as_object(), "command"), text_of(told->as_object(), "state")};
}

result<std::uint64_t> read_desired_version(std::string_view document) {
  const auto parsed = parse(document);
  if (!parsed) return parsed.fault();
  boost::system::error_code absent;
  const auto* desired = parsed->find_pointer("/properties/desired", absent);
  if (desired == nullptr || !desired->is_object())
    return error{errc::http_protocol, "a twin without desired properties"};
  return count_of(desired->as_object(), "$version");
}

result<std::vector<told_twin::reading>> read_twin_reads(std::string_view shown) {
  const auto parsed = parse(shown);
  if (!parsed) return parsed.fault();
  const auto* reads = parsed->is_object() ? parsed->as_object().if_contains("reads") : nullptr;
  if (reads == nullptr || !reads->is_array()) return error{errc::http_protocol, "a twin without its reads"};
  std::vector<told_twin::reading> made;
  for (const auto& one : reads->as_array())
    if (one.is_object())
      made.push_back({count_of(one.as_object(), "version"), time_of(one.as_object(), "at")});
  return made;
}

method_word read_method_answer(int http_status, std::string_view body) {
  method_word made;
  if (http_status != 200) return made;
  const auto parsed = parse(body);
  if (!parsed || !parsed->is_object()) return made;
  const auto& answer = parsed->as_object();
  made.status = static_cast<int>(count_of(answer, "status"));
  if (const auto* payload = answer.if_contains("payload"); payload != nullptr && payload->is_object())
    made.id = text_of(payload->as_object(), "command");
  return made;
}

} // namespace causeway::bench
