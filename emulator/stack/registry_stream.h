// SPDX-License-Identifier: Apache-2.0
// The stack's event stream, for what happens to devices in the registry: POST /api/v3/events
// (things-stack-wire.md E.7, real-stack-facts.md 3; a recorded one: tests/data/things-stack/
// real-event-stream.txt). Who may not see an event is not told of it, and hears the start alone; what a
// reader does not take is dropped. Pure: time is a parameter, no sockets. One thread.
#pragma once

#include "emulator/hub/faults.h"
#include "emulator/stack/stack_access.h"
#include "emulator/stack/ulid_source.h"
#include "net/http_message.h"

#include <deque>
#include <memory>
#include <set>
#include <vector>

namespace causeway::emulator {

class registry_stream {
public:
  static constexpr std::size_t most_buffered = 1'024; // events of a reader
  static constexpr std::size_t most_kept = 100;       // of an application, for who comes with `after`
  static constexpr std::size_t most_readers = 1'000;

  // All must live as long, and longer than the answers' sources.
  registry_stream(stack_access& access, fault_table& faults, std::string seed)
      : access_{access}, faults_{faults}, ids_{std::move(seed)} {}
  registry_stream(const registry_stream&) = delete;
  registry_stream& operator=(const registry_stream&) = delete;

  static bool is_for(std::string_view path) { return path == "/api/v3/events"; }
  net::http_response handle(const registry_request& request, moment now);
  void publish(const registry_change& what, wall_time now);
  std::size_t readers() const;

private:
  struct reader;
  class source;
  struct kept_event {
    wall_time at;
    std::string name, record;
  };
  struct question;

  static std::optional<question> read(const std::string& body);
  std::string make_event(std::string_view name, const registry_change& what, wall_time now);
  std::string make_start(const question& asked, wall_time now);

  stack_access& access_;
  fault_table& faults_;
  ulid_source ids_;
  std::vector<std::weak_ptr<reader>> readers_;
  std::map<std::string, std::deque<kept_event>> kept_; // by application
};

} // namespace causeway::emulator
