// SPDX-License-Identifier: Apache-2.0
// A shard whose rules a test changes, and its devices. As in the fixture: "plant" is 0 and by connection
// string, "field" is 1 and through DPS, "meters" is 2, through DPS, too, and follows its registry.
#pragma once

#include "core/device_table.h"
#include "core/recording_ports.h"

#include <string>
#include <vector>

namespace causeway::core::testing {

struct changing : shard_fixture {
  std::vector<application_rules> by = rules();

  explicit changing(shard_options options = {}, std::vector<application_rules> with = rules())
      : shard_fixture{std::move(options), with}, by{std::move(with)} {
    ports.fingerprints["other"] = "f2";
  }
  application_rules& of(const std::string& application) {
    return *std::find_if(by.begin(), by.end(), [&](const auto& one) { return one.id.str() == application; });
  }
  calls take() {
    shard.take_rules(by, clock.now());
    return ports.take();
  }
  calls without(const std::string& application) {
    std::erase_if(by, [&](const auto& one) { return one.id.str() == application; });
    return take();
  }
  calls with_all() {
    by = rules();
    return take();
  }
  // On its way to its hub, with nothing waiting that is not said. Calls are taken.
  device_ref meet(const std::string& application, const std::string& name) {
    if (application == "meters") {
      registered(name);
    } else {
      post(frame(application, name, 1));
      spooled(ports.appended.back().rows.front().seq);
    }
    ports.take();
    return *shard.devices().find(application == "plant" ? 0 : application == "field" ? 1 : 2, name);
  }
  void found(device_ref which, const std::string& application, const std::string& name) {
    if (application == "plant") return assigned(which, "h", "hub", "", name);
    assigned(which, "h", of(application).section.str(), "", name);
  }
  device_ref attaching_one(const std::string& application, const std::string& name) {
    const auto which = meet(application, name);
    found(which, application, name);
    ports.take();
    return which;
  }
  device_ref online(const std::string& application, const std::string& name) {
    const auto which = attaching_one(application, name);
    shard.on_device_attached(which, clock.now());
    if (application != "meters")
      shard.on_send_outcome(which, ports.appended.back().rows.front().seq, {}, clock.now());
    ports.take();
    return which;
  }
  void wait_for(const std::string& application, const std::string& name, std::uint32_t f_cnt) {
    post(frame(application, name, f_cnt));
    spooled(ports.appended.back().rows.front().seq);
  }
  device_state state(const std::string& application, const std::string& name = "dev") const {
    return status(application, name).state;
  }
  answer answer_to(const std::string& application, const std::string& name, std::uint32_t f_cnt) {
    const auto number = post(frame(application, name, f_cnt));
    const auto found = ports.answered.find(number);
    return found == ports.answered.end() ? answer::stored : found->second; // it is on its way
  }
};

} // namespace causeway::core::testing
