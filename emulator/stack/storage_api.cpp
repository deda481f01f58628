// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/storage_api.h"

#include "base/encoding.h"
#include "emulator/stack/json_tree.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace causeway::emulator {
namespace {

constexpr std::string_view base_path = "/api/v3/as/applications/";
constexpr std::size_t longest_token = 16'000;

constexpr auto kinds = std::to_array<std::string_view>(
    {"uplink_message", "uplink_normalized", "join_accept", "downlink_ack", "downlink_nack", "downlink_sent",
     "downlink_failed", "downlink_queued", "downlink_queue_invalidated", "location_solved", "service_data"});

// What the path names.
struct storage_path {
  std::string application, kind;
  std::optional<std::string> device;
  bool counts = false;
};

std::optional<storage_path> parse_path(std::string_view path) {
  if (!path.starts_with(base_path)) return std::nullopt;
  auto parts = split_text(path.substr(base_path.size()), '/');
  storage_path parsed;
  if (parts.size() > 3 && parts[1] == "devices") {
    parsed.device = percent_decode(parts[2]);
    parts.erase(parts.begin() + 1, parts.begin() + 3);
  }
  if (parts.size() == 5 && parts[4] == "count") {
    parsed.counts = true;
    parts.pop_back();
  }
  if (parts.size() != 4 || parts[1] != "packages" || parts[2] != "storage") return std::nullopt;
  parsed.application = percent_decode(parts[0]);
  parsed.kind = percent_decode(parts[3]);
  return parsed;
}

std::optional<std::uint32_t> parse_number(const std::string& text) {
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// The query again, and where to go on.
std::string make_token(const std::string& query, const stored_message& last) {
  const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(last.received_at.time_since_epoch());
  return base64_encode(std::to_string(at.count()) + " " + std::to_string(last.order) + " " + query);
}

struct continuation {
  std::pair<wall_time, std::uint64_t> behind;
  std::string query;
};

std::optional<continuation> parse_token(const std::string& token) {
  if (token.size() > longest_token) return std::nullopt;
  const auto text = base64_decode(token);
  if (!text) return std::nullopt;
  std::int64_t at = 0;
  std::uint64_t order = 0;
  const char* const end = text->data() + text->size();
  const auto time = std::from_chars(text->data(), end, at);
  if (time.ec != std::errc{} || time.ptr == end || *time.ptr != ' ') return std::nullopt;
  const auto number = std::from_chars(time.ptr + 1, end, order);
  if (number.ec != std::errc{} || number.ptr == end || *number.ptr != ' ') return std::nullopt;
  const wall_time when{std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds{at})};
  return continuation{{when, order}, {number.ptr + 1, end}};
}

struct storage_question {
  storage_query what;
  std::vector<std::string> paths;
  std::optional<stack_fault> problem;
};

void read_time(storage_question& asked, const std::string& name, const std::string& value,
               std::optional<wall_time>& into) {
  const auto time = parse_rfc3339(value);
  if (time)
    into = *time;
  else
    asked.problem = invalid_field(name, "value is not a time");
}

storage_question parse_question(const storage_path& path, const std::string& query) {
  storage_question asked;
  asked.what.application = path.application;
  asked.what.device = path.device;
  asked.what.kind = path.kind;
  asked.what.limit = storage_api::most_records;
  if (std::find(kinds.begin(), kinds.end(), path.kind) == kinds.end())
    asked.problem = invalid_field("type", "value is none of the message types");
  for (const auto& [name, value] : parse_query(query)) {
    if (name == "limit") {
      const auto limit = parse_number(value);
      if (!limit)
        asked.problem = invalid_field(name, "value is not a number");
      else if (*limit > 0)
        asked.what.limit = std::min<std::size_t>(*limit, storage_api::most_records);
    } else if (name == "f_port") {
      asked.what.f_port = parse_number(value);
      if (!asked.what.f_port) asked.problem = invalid_field(name, "value is not a number");
    } else if (name == "after") {
      read_time(asked, name, value, asked.what.after);
    } else if (name == "before") {
      read_time(asked, name, value, asked.what.before);
    } else if (name == "order") {
      asked.what.newest_first = value == "-received_at";
      if (!value.empty() && value != "received_at" && value != "-received_at")
        asked.problem = invalid_field(name, "value must be in list [received_at -received_at]");
    } else if (name == "field_mask" || name == "field_mask.paths") {
      for (auto& field : split_text(value, ','))
        asked.paths.push_back(std::move(field));
    }
  }
  return asked;
}

} // namespace

bool storage_api::is_for(std::string_view path) {
  return parse_path(path).has_value();
}

std::string make_storage_record(const stored_message& message, const std::vector<std::string>& paths) {
  auto tree = parse_json_tree(message.body);
  if (!tree) return {};
  tree->erase("correlation_ids");
  if (!paths.empty()) {
    std::vector<std::string> wanted{"received_at", "end_device_ids.device_id"};
    for (const auto& path : paths)
      wanted.push_back(path.starts_with("up.") ? path.substr(3) : path);
    keep_paths(*tree, wanted);
    // The stubs that the stack leaves.
    if (auto* ids = tree->find("end_device_ids"); ids != nullptr && ids->find("application_ids") == nullptr) {
      json_tree empty;
      empty.is = json_tree::kind::object;
      ids->members.emplace_back("application_ids", std::move(empty));
    }
    if (auto* uplink = tree->find("uplink_message");
        uplink != nullptr && uplink->find("settings") == nullptr) {
      json_tree stub;
      stub.text = R"({"data_rate":{}})";
      uplink->members.emplace_back("settings", std::move(stub));
    }
  }
  return R"({"result":)" + write_json(*tree) + "}";
}

registry_response storage_api::handle(const registry_request& request, moment now) {
  auto response = route(request, now);
  ++totals_.requests;
  ++totals_.answers[response.status];
  return response;
}

registry_response storage_api::route(const registry_request& request, moment now) {
  const auto path = parse_path(request.path);
  if (!path || !log_.is_on()) {
    registry_response nothing;
    nothing.status = 404;
    nothing.body = R"({"code":5,"message":"Not Found","details":[]})";
    return nothing;
  }
  if (request.method != "GET") {
    registry_response wrong;
    wrong.status = 501;
    wrong.body = R"({"code":12,"message":"Method Not Allowed","details":[]})";
    return wrong;
  }
  if (auto refused = registry_.refuse_for_fault(fault_kind::storage_status, path->application))
    return std::move(*refused);
  if (auto refused = registry_.authorize(path->application, bearer_key(request.authorization)))
    return std::move(*refused);

  auto query = request.query;
  std::optional<std::pair<wall_time, std::uint64_t>> behind;
  for (const auto& [name, value] : parse_query(request.query)) {
    if (name != "continuation_token" || value.empty()) continue;
    auto going_on = parse_token(value);
    if (!going_on) return registry_.fail(invalid_field(name, "value is not a token of this server"));
    behind = going_on->behind;
    query = std::move(going_on->query);
  }
  auto asked = parse_question(*path, query);
  if (asked.problem) return registry_.fail(*asked.problem);
  asked.what.behind = behind;

  registry_response response;
  if (path->counts) {
    asked.what.limit = SIZE_MAX;
    std::map<std::string, std::uint64_t> counts;
    log_.visit(asked.what, now.wall, [&](const stored_message& message) { ++counts[message.device]; });
    boost::json::object by_device;
    for (const auto& [device, count] : counts)
      by_device[device] = count;
    response.body = boost::json::serialize(boost::json::object{{"count", std::move(by_device)}});
    return response;
  }
  const stored_message* last = nullptr;
  const bool more = log_.visit(asked.what, now.wall, [&](const stored_message& message) {
    response.body += make_storage_record(message, asked.paths) + "\n\n";
    last = &message;
    ++totals_.records;
  });
  response.content_type = "text/event-stream";
  if (more && last != nullptr)
    response.headers.emplace_back("X-Continuation-Token", make_token(query, *last));
  return response;
}

} // namespace causeway::emulator
