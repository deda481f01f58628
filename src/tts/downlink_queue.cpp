// SPDX-License-Identifier: Apache-2.0
#include "tts/downlink_queue.h"

#include "base/clock.h"
#include "tts/json_span.h"
#include "tts/stack_error.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace causeway::tts {
namespace {

error unreadable(std::string_view what) {
  return error{errc::stack_protocol, std::string{what}};
}

// An absent one is empty; anything but a list of texts is not read.
result<std::vector<std::string>> read_ids(const json_span& list) {
  std::vector<std::string> ids;
  if (!list.present()) return ids;
  if (!list.is_array()) return unreadable("correlation_ids is not a list");
  for (json_cursor at{list}; at.next();) {
    auto id = at.value().string();
    if (!id) return unreadable("a correlation id is not text");
    ids.push_back(std::move(*id));
  }
  return ids;
}

template <class Number>
result<Number> read_number(const json_span& span, std::string_view name) {
  if (!span.present()) return Number{0};
  const auto value = parse_integer<Number>(span.text());
  if (!value) return unreadable(std::string{name} + " is not a number");
  return *value;
}

result<model::queued_downlink> read_queued(const json_span& item) {
  if (!item.is_object()) return unreadable("an item is not an object");
  json_span ids, f_port, f_cnt;
  read_members(item, {{"correlation_ids", &ids}, {"f_port", &f_port}, {"f_cnt", &f_cnt}});
  auto read = read_ids(ids);
  if (!read) return std::move(read).fault();
  const auto port = read_number<std::uint8_t>(f_port, "f_port");
  if (!port) return port.fault();
  const auto count = read_number<std::uint32_t>(f_cnt, "f_cnt");
  if (!count) return count.fault();
  model::queued_downlink made{std::move(*read), {}, *count};
  if (f_port.present()) made.f_port = *port;
  return made;
}

bool is_object_or_absent(const json_span& span) {
  return !span.present() || span.is_object();
}
bool is_list_or_absent(const json_span& span) {
  return !span.present() || span.is_array();
}

result<std::int64_t> read_time(const json_span& text) {
  const auto words = text.string();
  if (!words) return unreadable("");
  const auto time = parse_rfc3339(*words);
  if (!time) return unreadable("");
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
}

// The time of the last; nothing: there is none.
result<std::optional<std::int64_t>> read_uplinks(const json_span& list, model::network_record& into) {
  std::optional<std::int64_t> last;
  if (!is_list_or_absent(list)) return unreadable("recent_uplinks is not a list");
  for (json_cursor at{list}; at.next();) {
    json_span received_at;
    read_members(at.value(), {{"received_at", &received_at}});
    const auto time = read_time(received_at);
    if (!time) return unreadable("an uplink of recent_uplinks has no time");
    into.newest_uplink = std::max(into.newest_uplink.value_or(*time), *time);
    last = *time;
  }
  return last;
}

// The last one alone has ids.
result<void> read_last_downlink(const json_span& list, model::network_record& into) {
  if (!is_list_or_absent(list)) return unreadable("recent_downlinks is not a list");
  json_span ids;
  for (json_cursor at{list}; at.next();) {
    if (!at.value().is_object()) return unreadable("a downlink of recent_downlinks is not an object");
    ids = {};
    read_members(at.value(), {{"correlation_ids", &ids}});
  }
  auto read = read_ids(ids);
  if (!read) return std::move(read).fault();
  into.last_downlink = std::move(*read);
  return {};
}

result<void> read_pending(const json_span& item, model::network_record& into) {
  if (!is_object_or_absent(item)) return unreadable("pending_application_downlink is not an object");
  json_span ids;
  read_members(item, {{"correlation_ids", &ids}});
  auto read = read_ids(ids);
  if (!read) return std::move(read).fault();
  into.pending = std::move(*read);
  return {};
}

// The network server's and the application server's own registries, and what the latter makes of it.
bool is_of_no_device(std::string_view name) {
  return name == "pkg/redis:not_found" || name == "pkg/applicationserver:device_not_found";
}

bool is_about(const json_span& ids, const model::device_key& device) {
  json_span device_id, applications, application;
  read_members(ids, {{"device_id", &device_id}, {"application_ids", &applications}});
  read_members(applications, {{"application_id", &application}});
  return device_id.string() == device.device.str() && application.string() == device.application.str();
}

} // namespace

std::string format_queue_path(const model::device_key& device) {
  return "/as/applications/" + device.application.str() + "/devices/" + device.device.str() + "/down";
}

std::string format_record_path(const model::device_key& device) {
  return "/ns/applications/" + device.application.str() + "/devices/" + device.device.str() +
         "?field_mask=" + std::string{network_record_fields};
}

model::read_end read_look_answer(int status, std::string_view body) {
  using model::read_end;
  if (status == 200) return read_end::seen;
  // No repetition changes these.
  if (status != 400 && status != 401 && status != 403 && status != 404) return read_end::failed;
  const auto document = parse_json(body);
  if (!document) return read_end::failed;
  json_cursor first{member_of(*document, "details")};
  const auto name = first.next() ? read_stack_error(first.value()).name : std::string{};
  if (name.empty()) return read_end::failed;
  return status == 404 && is_of_no_device(name) ? read_end::unknown : read_end::refused;
}

result<model::downlink_queue> parse_downlink_queue(std::string_view body) {
  const auto document = parse_json_object(body, errc::stack_protocol);
  if (!document) return document.fault();
  json_span list;
  for (json_cursor at{*document}; at.next();) {
    if (at.key() != "downlinks" || !at.value().is_array()) return unreadable("it is not a list of downlinks");
    list = at.value();
  }
  model::downlink_queue made;
  for (json_cursor at{list}; at.next();) {
    auto item = read_queued(at.value());
    if (!item) return std::move(item).fault();
    made.push_back(std::move(*item));
  }
  return made;
}

result<model::network_record> parse_network_record(std::string_view body,
                                                   const model::device_key& asked_for) {
  const auto document = parse_json_object(body, errc::stack_protocol);
  if (!document) return document.fault();
  json_span ids, created_at, class_b, class_c, multicast, mac, pending_mac;
  read_members(*document, {{"ids", &ids},
                           {"created_at", &created_at},
                           {"supports_class_b", &class_b},
                           {"supports_class_c", &class_c},
                           {"multicast", &multicast},
                           {"mac_state", &mac},
                           {"pending_mac_state", &pending_mac}});
  if (!is_about(ids, asked_for)) return unreadable("the record is not of " + asked_for.device.str());
  const auto created = read_time(created_at);
  if (!created) return unreadable("the record has no created_at");
  if (!is_object_or_absent(mac) || !is_object_or_absent(pending_mac))
    return unreadable("mac_state is not an object");
  json_span device_class, uplinks, downlinks, waiting, pending_uplinks;
  read_members(mac, {{"device_class", &device_class},
                     {"recent_uplinks", &uplinks},
                     {"recent_downlinks", &downlinks},
                     {"pending_application_downlink", &waiting}});
  read_members(pending_mac, {{"recent_uplinks", &pending_uplinks}});

  model::network_record made;
  made.created_at = *created;
  const auto is_set = [](const json_span& flag) { return flag.present() && !flag.is_false(); };
  made.class_a = !is_set(class_b) && !is_set(class_c) && !is_set(multicast) &&
                 device_class.string().value_or("CLASS_A") == "CLASS_A" &&
                 (!device_class.present() || device_class.is_string());
  const auto last = read_uplinks(uplinks, made);
  if (!last) return last.fault();
  made.last_uplink = *last;
  if (auto read = read_uplinks(pending_uplinks, made); !read) return std::move(read).fault();
  if (auto read = read_last_downlink(downlinks, made); !read) return std::move(read).fault();
  if (auto read = read_pending(waiting, made); !read) return std::move(read).fault();
  return made;
}

} // namespace causeway::tts
