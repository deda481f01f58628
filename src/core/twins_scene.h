// SPDX-License-Identifier: Apache-2.0
// The scene of commands, with the device's twin.
#pragma once

#include "core/commands_scene.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace causeway::core::testing {

// The recorder's twin is in short: what is desired is "5 bell", at $version 5; "5": nothing is.
struct twins_scene : commands_scene {
  explicit twins_scene(std::vector<application_rules> by = with_twins())
      : commands_scene{{}, std::move(by)} {}

  static std::vector<application_rules> with_twins() {
    auto by = rules();
    by[0].commands = by[0].twin = true;
    return by;
  }
  static std::vector<application_rules> that_send_first() {
    auto by = with_twins();
    by[0].sends_first_desired = true;
    return by;
  }
  void open() { shard.commands().on_twin_open(which, clock.now()); }
  void changed(const std::string& patch) { shard.commands().on_twin_changed(which, patch, clock.now()); }
  void read(const result<std::string>& document) {
    shard.commands().on_twin_read(which, document, clock.now());
  }
  void read(const std::string& document) { read(result<std::string>{document}); }
  void read(const char* document) { read(std::string{document}); }
  void reported(const result<void>& outcome = {}) {
    shard.commands().on_twin_reported(which, outcome, clock.now());
  }
  // Its twin has been read, and asked for nothing.
  void opened() {
    open();
    read("1");
    durable();
    ports.take();
  }
  // A change that was read, and is a command now: pushed, and taken by the stack. What was told is answered.
  command_id asked(const std::string& document) {
    changed(document);
    read(document);
    durable();
    reported();
    durable();
    auto id = ports.pushed.back();
    outcome(id, push_end::taken);
    durable();
    reported();
    ports.take();
    return id;
  }
  std::size_t pushes() const { return ports.pushed.size(); }
  // The same device in a process that begins with what is on disk; its twin is open.
  void restart(twins_scene& into) const {
    into.ports.next_seq = ports.next_seq;
    auto image = on_disk();
    image.devices.front().ref = which;
    into.start(std::move(image));
  }
};

} // namespace causeway::core::testing
