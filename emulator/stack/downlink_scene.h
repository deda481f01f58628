// SPDX-License-Identifier: Apache-2.0
// A downlink side without ports, on a clock that a test turns; for tests.
#pragma once

#include "base/sample_file.h"
#include "emulator/stack/downlink_service.h"
#include "emulator/stack/network_record.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <map>
#include <optional>

namespace causeway::emulator {

using namespace std::chrono_literals;

class downlink_scene : public ::testing::Test {
protected:
  static constexpr const char* app = "lab-app";

  void run(std::chrono::nanoseconds by) {
    clock.advance(by);
    service.advance(clock.now());
    for (auto& event : service.take_events()) {
      arrived.push_back(clock.now());
      told.push_back(std::move(event));
    }
  }
  void make(const std::string& device, const device_change& how = {}) {
    registered.emplace(device, clock.now().wall);
    ASSERT_TRUE(service.change(app, device, how, clock.now()));
  }
  void make_abp(const std::string& device, bool class_c = false) {
    device_change how;
    how.abp = true;
    how.class_c = class_c;
    make(device, how);
  }

  std::uint64_t begin(const std::string& device, const std::string& downlinks, bool replaces = false,
                      downlink_route route = downlink_route::rest) {
    auto asked = parse_downlinks(R"({"downlinks":[)" + downlinks + "]}", route);
    EXPECT_FALSE(asked.fault || !asked.bare.empty()) << downlinks;
    return service.begin_push({app, device, route, replaces, std::move(asked.items)}, clock.now());
  }
  // Whole, with the time that it takes. The status, and the body in last_body.
  int push(const std::string& device, const std::string& downlinks, bool replaces = false,
           downlink_route route = downlink_route::rest) {
    const auto number = begin(device, downlinks, replaces, route);
    run(service.switches().push_time);
    const auto answer = service.take_answer(number);
    if (!answer) return 0;
    last_body = answer->response.body;
    return answer->response.status;
  }
  static std::string item(const std::string& id, bool confirmed = false, const std::string& more = {}) {
    return R"({"f_port":10,"frm_payload":"AQ==","correlation_ids":[")" + id + "\"]" +
           (confirmed ? R"(,"confirmed":true)" : "") + more + "}";
  }
  void uplink(const std::string& device, std::optional<bool> ack = {}, bool wants_ack = false) {
    heard_uplink up;
    up.ack = ack;
    up.confirmed = wants_ack;
    ASSERT_TRUE(service.hear(app, device, up, clock.now()));
  }

  // Kinds of the events so far, without uplinks and joins; "queued sent". With an id: of items that have it.
  std::string news(const std::string& id = {}) const {
    std::string kinds;
    for (const auto& event : told) {
      if (!event.kind.starts_with("downlink_") ||
          (!id.empty() && event.body.find('"' + id + '"') == std::string::npos))
        continue;
      kinds += (kinds.empty() ? "" : " ") + event.kind.substr(9);
    }
    return kinds;
  }
  const stack_event& last(const std::string& kind) const {
    for (auto each = told.rbegin(); each != told.rend(); ++each)
      if (each->kind == kind) return *each;
    throw std::runtime_error{"no " + kind};
  }
  boost::json::object body(const std::string& kind) const {
    return boost::json::parse(last(kind).body).as_object();
  }
  // The ids of callers in a list of items, in its order: "x:1 x:2".
  std::string queue(const std::string& device) {
    std::string shown;
    for (const auto* item : service.device(app, device, clock.now())->queue())
      shown += (shown.empty() ? "" : " ") + own_id(item->correlation_ids);
    return shown;
  }
  static std::string own_id(const std::vector<std::string>& ids) {
    for (const auto& id : ids)
      if (id.starts_with("x:")) return id;
    return "?";
  }
  const mac_state& mac(const std::string& device) {
    return service.device(app, device, clock.now())->active()->mac;
  }
  // Whose is scheduled last, by the record; "-" when it is nobody's.
  std::string recent(const std::string& device) {
    const auto& downlinks = mac(device).downlinks;
    if (downlinks.empty()) return "-";
    const auto id = own_id(downlinks.back().ids);
    return id == "?" ? "-" : id;
  }
  std::string pending(const std::string& device) {
    return mac(device).pending ? own_id(mac(device).pending->correlation_ids) : "-";
  }
  const booked_item& booked(const std::string& id) {
    const auto found = service.book().find(id);
    if (found.empty()) throw std::runtime_error{"not in the book: " + id};
    return *found.front();
  }

  manual_clock clock;
  std::map<std::string, wall_time> registered;
  downlink_service service{"seed", [this](const std::string& application, const std::string& device) {
                             std::optional<wall_time> created;
                             const auto found = registered.find(device);
                             if (application == app && found != registered.end()) created = found->second;
                             return created;
                           }};
  std::vector<stack_event> told;
  std::vector<moment> arrived; // of told
  std::string last_body;
};

inline std::string read_sample(const std::string& name) {
  return testing::read_sample("things-stack-downlinks/" + name);
}

// What two events, answers or records have in common when only ids, times and numbers differ: the members,
// in their order by name, and the kinds of the ids in lists.
inline std::string shape_of(const boost::json::value& value) {
  if (value.is_string()) return "text";
  if (value.is_number()) return "number";
  if (value.is_bool()) return "flag";
  if (value.is_null()) return "null";
  std::string shape;
  if (value.is_array()) {
    for (const auto& one : value.as_array()) {
      auto shown = shape_of(one);
      if (one.is_string()) shown = std::string{one.as_string()}.substr(0, one.as_string().rfind(':'));
      shape += (shape.empty() ? "" : ",") + shown;
    }
    return "[" + shape + "]";
  }
  std::map<std::string, std::string> members;
  for (const auto& [name, member] : value.as_object())
    members.emplace(std::string{name}, shape_of(member));
  for (const auto& [name, member] : members)
    shape.append(shape.empty() ? "" : ",").append(name).append(":").append(member);
  return "{" + shape + "}";
}

} // namespace causeway::emulator
