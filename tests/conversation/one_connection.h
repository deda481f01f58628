// SPDX-License-Identifier: Apache-2.0
// For tests of what goes down: two devices on one hub::connection, and the emulated hub behind a wire in
// memory. The hub is the judge.
#pragma once

#include "conversation/traffic.h"
#include "emulator/hub/hub_connection.h"
#include "hub/connection.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>

namespace causeway::conversation {

class one_connection : public testing::Test, public plant {
protected:
  explicit one_connection(emulator::hub_options options = {}) : plant{2, std::move(options)} {
    hub::connection_options own;
    own.host = hub_host{plant_hub().host};
    own.container_id = "causeway-test";
    own.client_version = "causeway/test";
    client.emplace(std::move(own), tokens, clock.now());
    server.emplace(plant::hub, clock.now());
  }

  static device_ref ref(std::uint32_t number) { return device_ref{number}; }
  void attach(const hub::link_wish& wish) {
    for (const std::uint32_t number : {0U, 1U})
      client->attach(ref(number), name_of(number), wish, clock.now());
    run();
  }
  // Bytes both ways until both are silent.
  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      std::string bytes;
      if (client->take_output(bytes)) {
        server->feed(bytes, clock.now());
        moved = true;
      }
      bytes.clear();
      if (server->take_output(bytes)) {
        client->on_bytes(bytes, clock.now());
        moved = true;
      }
    }
    for (const auto& what : client->take_events())
      if (std::holds_alternative<hub::attached>(what)) ++attached;
    for (auto& what : client->commands().take_news())
      hear(std::move(what));
  }
  void run_for(seconds time) {
    for (const auto end = clock.now().mono + time; clock.now().mono < end;) {
      clock.advance(seconds{1});
      if (const auto due = client->deadline(); due && *due <= clock.now().mono) client->tick(clock.now());
      server->tick(clock.now());
      plant::hub.desks().pass(clock.now());
      run();
    }
  }
  virtual void hear(hub::command_news what) = 0;

  service_clocks clocks;
  cloud::section_tokens tokens{keys.sections(hub::auth::device_keys).front(), plant_hub(), clocks};
  std::optional<hub::connection> client;
  std::optional<emulator::hub_connection> server;
  std::size_t attached = 0;
};

} // namespace causeway::conversation
