// SPDX-License-Identifier: Apache-2.0
// Pushes on their way through the Application Server: one of a device at a time, by a lock; what becomes of
// it when the client leaves; what too many waiting ones do; and what one does that comes into the queue late
// (real-stack-facts.md 1.1, 2.4 to 2.6). Pure. One thread.
#pragma once

#include "emulator/stack/agenda.h"
#include "emulator/stack/downlink_request.h"
#include "emulator/stack/downlink_switches.h"

#include <deque>
#include <unordered_map>

namespace causeway::emulator {

struct push_order {
  std::string application, device;
  downlink_route route = downlink_route::rest;
  bool replaces = false;
  std::vector<downlink_item> items; // with all of their correlation ids
};

struct push_answer {
  registry_response response;
  bool hang_up = false; // the connection is closed without a byte
};

// What pushes do to the rest of the stack.
class push_port {
public:
  virtual ~push_port() = default;
  // Into the queue; numbers the items. Or why not: then nothing has happened.
  virtual std::optional<downlink_refusal> store(push_order& order, moment now) = 0;
  // Events of its items: queued, or failed with the refusal.
  virtual void tell(const push_order& order, const stack_fault* refusal, wall_time received_at,
                    moment now) = 0;
  virtual registry_response fail(const stack_fault& what) = 0;
  // The device is free again.
  virtual void on_unlocked(const std::string& key, moment now) = 0;
};

// "application/device"
std::string device_key(std::string_view application, std::string_view device);

class downlink_pushes {
public:
  // All must outlive it.
  downlink_pushes(agenda& steps, downlink_switches& switches, push_port& to)
      : steps_{steps}, switches_{switches}, to_{to} {}
  downlink_pushes(const downlink_pushes&) = delete;
  downlink_pushes& operator=(const downlink_pushes&) = delete;

  // A number for the calls below. Ends with an answer that is taken, or leave(); by MQTT by itself.
  std::uint64_t begin(push_order order, moment now);
  // The answer, when it is there; then the push is over.
  std::optional<push_answer> take(std::uint64_t number);
  // The client has gone: a waiting push goes too, one that has been begun locks its device.
  void leave(std::uint64_t number, moment now);
  // The stack ends in the middle of them: waiting ones are dropped, those that have been begun lock their
  // devices. Their answer: 499, or when it is killed none.
  void interrupt(bool killed, moment now);

  bool is_locked(const std::string& key) const { return locks_.contains(key); }
  // When it is free, as far as can be told; now when it is.
  mono_time free_at(const std::string& key, mono_time now) const;
  // The database stands still, for this device: nothing can be read of it.
  bool is_stalled(const std::string& key) const;
  std::size_t waiting() const { return waiting_; }
  // So many wait that the Application Server has no connection left to its own database.
  bool is_starved() const { return waiting_ >= switches_.most_waiting; }

private:
  enum class stage : std::uint8_t { waiting, begun, reached, stored, told, done, left };
  struct push {
    push_order order;
    std::string key;
    std::optional<push_rule> rule;
    wall_time received_at;
    mono_time begun;
    stage at = stage::waiting;
    std::optional<downlink_refusal> refusal;
    std::optional<push_answer> answer;
  };
  struct device_lock {
    std::uint64_t holder = 0; // 0: who held it has gone, and it is locked until then
    mono_time until;
    bool stalled = false;
    std::deque<std::uint64_t> line;
  };

  void after(mono_time when, std::uint64_t number, void (downlink_pushes::*what)(push&, moment));
  void start(std::uint64_t number, moment now);
  void reach(push& of, moment now);
  void store(push& of, moment now);
  void tell(push& of, moment now);
  void finish(push& of, moment now);
  void tell_failure(const push& of, moment now);
  static bool is_late(const push& of) { return of.rule && of.rule->queued && of.rule->queued_after; }
  void queue_late(const push& of, mono_time ended);
  void give(std::uint64_t number, push_answer answer, milliseconds delay, moment now);
  void answer_later(std::uint64_t number, stack_fault what, milliseconds delay, moment now);
  push_answer answer_of(const push& of);
  void abandon(std::uint64_t number, push& of, moment now);
  // Its device, until the lock runs out by itself; then the push is over.
  void lock_out(std::uint64_t number, push& of, moment now);
  void release(const std::string& key, moment now);

  agenda& steps_;
  downlink_switches& switches_;
  push_port& to_;
  std::uint64_t last_ = 0, abandoned_ = 0;
  std::size_t waiting_ = 0;
  std::unordered_map<std::uint64_t, push> pushes_;
  std::unordered_map<std::string, device_lock> locks_; // by key; of locked devices only
};

} // namespace causeway::emulator
