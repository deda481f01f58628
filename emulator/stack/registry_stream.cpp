// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/registry_stream.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace causeway::emulator {

namespace json = boost::json;

namespace {

constexpr std::string_view right = "RIGHT_APPLICATION_DEVICES_READ";
constexpr auto known_names = std::to_array<std::string_view>(
    {"end_device.create", "end_device.update", "end_device.delete", "end_device.batch.delete"});

std::string_view name_of(const registry_change& what) {
  switch (what.what) {
  case registry_change::kind::created:
    return "end_device.create";
  case registry_change::kind::updated:
    return "end_device.update";
  case registry_change::kind::deleted:
    break;
  }
  return what.devices.size() == 1 ? "end_device.delete" : "end_device.batch.delete";
}

json::object device_ids(const std::string& application, const std::string& device) {
  return {{"device_id", device}, {"application_ids", json::object{{"application_id", application}}}};
}

std::string record_of(const json::object& event) {
  return json::serialize(json::object{{"result", event}}) + "\n\n";
}

net::http_response refuse(int status, const std::string& body) {
  net::http_response response;
  response.status = status;
  response.content_type = "text/event-stream";
  response.body = R"({"error":)" + body + "}";
  return response;
}

} // namespace

struct registry_stream::question {
  std::string application;
  std::set<std::string, std::less<>> names; // none: all
  std::optional<wall_time> after;
  std::string unknown; // a name that the stack does not know
};

struct registry_stream::reader {
  std::string application;
  std::set<std::string, std::less<>> names;
  std::deque<std::string> waiting;
  std::size_t begun = 0; // bytes of the first that have been read
  bool ends = false;
  std::function<void()> ready;

  bool wants(std::string_view name) const { return names.empty() || names.contains(name); }
  void take(std::string record) {
    if (waiting.size() >= most_buffered) return;
    waiting.push_back(std::move(record));
    if (ready) ready();
  }
};

class registry_stream::source final : public net::http_source {
public:
  explicit source(std::shared_ptr<reader> of) : of_{std::move(of)} {}
  net::http_piece read(std::span<char> into) override {
    auto& r = *of_;
    if (r.waiting.empty()) return {r.ends ? net::http_piece::kind::end : net::http_piece::kind::later};
    const auto& first = r.waiting.front();
    const auto size = std::string_view{first}.substr(r.begun).copy(into.data(), into.size());
    r.begun += size;
    if (r.begun == first.size()) {
      r.waiting.pop_front();
      r.begun = 0;
    }
    return {net::http_piece::kind::some, size};
  }
  void on_ready(std::function<void()> ready) override { of_->ready = std::move(ready); }
  void wind_up() override {
    of_->ends = true;
    if (of_->ready) of_->ready();
  }

private:
  std::shared_ptr<reader> of_;
};

std::optional<registry_stream::question> registry_stream::read(const std::string& body) {
  boost::system::error_code ec;
  const auto document = json::parse(body, ec);
  if (ec || !document.is_object()) return std::nullopt;
  const auto& members = document.as_object();
  question asked;
  const auto* identifiers = members.if_contains("identifiers");
  if (identifiers == nullptr || !identifiers->is_array() || identifiers->get_array().empty())
    return std::nullopt;
  const auto application = identifiers->find_pointer("/0/application_ids/application_id", ec);
  if (application == nullptr || !application->is_string()) return std::nullopt;
  asked.application = application->get_string();
  if (const auto* names = members.if_contains("names"); names != nullptr && names->is_array())
    for (const auto& one : names->get_array()) {
      if (!one.is_string()) return std::nullopt;
      const std::string name{one.get_string()};
      if (std::find(known_names.begin(), known_names.end(), name) == known_names.end()) asked.unknown = name;
      asked.names.insert(name);
    }
  if (const auto* after = members.if_contains("after"); after != nullptr && after->is_string()) {
    const auto time = parse_rfc3339(std::string{after->get_string()});
    if (!time) return std::nullopt;
    asked.after = *time;
  }
  return asked;
}

net::http_response registry_stream::handle(const registry_request& request, moment now) {
  if (request.method != "POST") {
    net::http_response response;
    response.status = 501;
    response.body = R"({"code":12,"message":"Method Not Allowed","details":[]})";
    return response;
  }
  const auto asked = read(request.body);
  if (!asked) return refuse(400, R"({"code":3,"message":"invalid request","details":[]})");
  if (!asked->unknown.empty())
    return refuse(400, R"({"code":3,"message":"error:pkg/events:no_matching_events","details":[]})");
  const auto refused = access_.refuse(asked->application, bearer_key(request.authorization), right, now);
  // A key that lacks the right hears the start, and silence.
  const bool is_deaf = refused && refused->body.find("insufficient_application_rights") != std::string::npos;
  if (refused && !is_deaf) return refuse(refused->status, refused->body);
  std::erase_if(readers_, [](const auto& one) { return one.expired(); });
  if (readers_.size() >= most_readers)
    return refuse(503, R"({"code":14,"message":"too many subscriptions","details":[]})");

  const auto made = std::make_shared<reader>();
  made->application = asked->application;
  made->names = asked->names;
  made->take(make_start(*asked, now.wall));
  if (!is_deaf) {
    if (asked->after)
      for (const auto& one : kept_[asked->application])
        if (one.at >= *asked->after && made->wants(one.name)) made->take(one.record);
    readers_.push_back(made);
  }
  net::http_response response;
  response.content_type = "text/event-stream";
  response.source = std::make_unique<source>(made);
  return response;
}

std::string registry_stream::make_start(const question& asked, wall_time now) {
  json::array names;
  for (const auto& name : asked.names)
    names.emplace_back(name);
  return record_of(
      {{"name", "events.stream.start"},
       {"time", format_rfc3339(now)},
       {"identifiers",
        json::array{json::object{{"application_ids", json::object{{"application_id", asked.application}}}}}},
       {"data",
        json::object{{"@type", "type.googleapis.com/google.protobuf.Value"}, {"value", std::move(names)}}},
       {"correlation_ids", json::array{ids_.make("rpc:/ttn.lorawan.v3.Events/Stream", now)}},
       {"origin", "emulator"},
       {"unique_id", ids_.make(now)}});
}

std::string registry_stream::make_event(std::string_view name, const registry_change& what, wall_time now) {
  json::object event{{"name", json::string_view{name.data(), name.size()}}, {"time", format_rfc3339(now)}};
  if (name == "end_device.batch.delete") {
    json::array devices;
    for (const auto& one : what.devices)
      devices.push_back(device_ids(what.application, one));
    event["identifiers"] =
        json::array{json::object{{"application_ids", json::object{{"application_id", what.application}}}}};
    event["data"] = json::object{{"@type", "type.googleapis.com/ttn.lorawan.v3.EndDeviceIdentifiersList"},
                                 {"end_device_ids", std::move(devices)}};
  } else {
    event["identifiers"] =
        json::array{json::object{{"device_ids", device_ids(what.application, what.devices.front())}}};
  }
  if (name == "end_device.update") {
    json::array paths;
    for (const auto& one : what.paths)
      paths.emplace_back(one);
    event["data"] =
        json::object{{"@type", "type.googleapis.com/google.protobuf.Value"}, {"value", std::move(paths)}};
  }
  event["correlation_ids"] = json::array{ids_.make("rpc:/ttn.lorawan.v3.EndDeviceRegistry", now)};
  event["origin"] = "emulator";
  event["visibility"] = json::object{{"rights", json::array{json::string_view{right.data(), right.size()}}}};
  event["unique_id"] = ids_.make(now);
  return record_of(event);
}

void registry_stream::publish(const registry_change& what, wall_time now) {
  if (what.devices.empty() || faults_.find(fault_kind::registry_no_events, what.application) != nullptr)
    return;
  const auto name = name_of(what);
  const auto record = make_event(name, what, now);
  auto& kept = kept_[what.application];
  kept.push_back({now, std::string{name}, record});
  if (kept.size() > most_kept) kept.pop_front();
  for (const auto& one : readers_) {
    const auto to = one.lock();
    if (to && to->application == what.application && to->wants(name)) to->take(record);
  }
}

std::size_t registry_stream::readers() const {
  return static_cast<std::size_t>(
      std::count_if(readers_.begin(), readers_.end(), [](const auto& one) { return !one.expired(); }));
}

} // namespace causeway::emulator
