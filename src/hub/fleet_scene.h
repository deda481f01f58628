// SPDX-License-Identifier: Apache-2.0
// For the tests of hub::fleet_set: hubs written by hand behind its lines, on a manual clock, and what it
// tells as words.
#pragma once

#include "hub/fleet_set.h"
#include "hub/scripted_peer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace causeway::hub {

using namespace std::chrono_literals;

inline const std::string plant = "plant.azure-devices.net";

class fleet_scene : public model::hub_link_events, public model::hub_command_events, public line_orders {
public:
  struct wire {
    fleet* of = nullptr;
    line* which = nullptr;
    std::unique_ptr<scripted_peer> peer; // none: a server that says nothing
  };

  // What the test decides before the first call.
  std::vector<fleet_terms> sections{terms_named("field")};
  // What the test decides at any time.
  double random = 0.5;
  std::uint16_t channel_max = 8191;
  bool answers_orders = true;                                          // those to open a line
  std::optional<error> unreachable;                                    // what they are answered with
  bool says_nothing = false;                                           // who answers
  std::function<void(scripted_peer&)> on_peer = [](scripted_peer&) {}; // each new one

  // What it has seen.
  manual_clock clock;
  model::timeline spans{clock.now(), 100'000};
  std::vector<std::string> words; // "attached 1", "detached 1 hub_interrupted, comes back", "sent 7 ok", "c2d
                                  // 1 body", "call 1 name", "twin 1 open", "twin 1 changed {}", "twin 1
                                  // read {}", "twin 1 reported ok"
  std::vector<std::pair<fleet*, line*>> orders;    // not answered
  std::vector<mono_time> orders_at;                // all there were
  std::map<std::uint32_t, wire> wires;             // by the line's id
  std::vector<std::string> containers;             // of the connections ever made
  std::vector<std::string> told_in_a_call;         // what came when it must not
  std::map<std::string, recording_tokens*> tokens; // by section and hub
  std::size_t wakes = 0, turns = 0;

  static fleet_terms terms_named(const std::string& name) {
    fleet_terms made;
    made.section = azure_name{name};
    made.connects_per_second = made.sends_per_second = 10'000;
    return made;
  }

  fleet_set& set() {
    if (set_) return *set_;
    fleet_set::options options;
    for (auto terms : sections) {
      const auto name = terms.section.str();
      if (!terms.keys_of)
        terms.keys_of = [this, name](const azure::hub_address& hub) {
          auto made = std::make_unique<recording_tokens>();
          tokens[name + " " + hub.hub().str()] = made.get();
          return hub_keys{std::move(made), mode};
        };
      options.sections.push_back(std::move(terms));
    }
    options.random = [this] { return random; };
    options.client_version = "causeway/test";
    options.spans = &spans;
    set_ = std::make_unique<fleet_set>(std::move(options), *this, *this, *this);
    return *set_;
  }
  auth mode = auth::device_keys;

  mono_time now() const { return clock.now().mono; }
  static model::assignment at(const std::string& hub, const std::string& name,
                              const std::string& section = "field") {
    return {hub_host{hub}, identity{name}, azure_name{section}, {}, {}};
  }

  void attach(std::uint32_t number, const model::connect_wish& wish = {}) {
    attach(number, at(plant, name_of(number).str()), wish);
  }
  void attach(std::uint32_t number, const model::assignment& where, const model::connect_wish& wish = {}) {
    in_a_call_ = true;
    set().attach(ref(number), where, wish, clock.now());
    in_a_call_ = false;
  }
  void attach_many(std::uint32_t first, std::uint32_t count) {
    for (auto number = first; number < first + count; ++number)
      attach(number);
  }
  void detach(std::uint32_t number) {
    in_a_call_ = true;
    set().detach(ref(number), clock.now());
    in_a_call_ = false;
  }
  void send(std::uint32_t number, spool_seq seq) { send(number, seq, reading("m" + std::to_string(seq))); }
  void send(std::uint32_t number, spool_seq seq, const model::message& what) {
    in_a_call_ = true;
    set().send(ref(number), seq, what, clock.now());
    in_a_call_ = false;
  }
  void settle(std::uint32_t number, model::delivery_number which,
              model::c2d_settlement how = model::c2d_settlement::complete) {
    in_a_call_ = true;
    set().settle(ref(number), which, how, clock.now());
    in_a_call_ = false;
  }
  void answer(std::uint32_t number, model::delivery_number which, const model::method_answer& what) {
    in_a_call_ = true;
    set().answer(ref(number), which, what);
    in_a_call_ = false;
  }
  void read_twin(std::uint32_t number, bool urgent = false) {
    in_a_call_ = true;
    set().read_twin(ref(number), urgent);
    in_a_call_ = false;
  }
  void report_twin(std::uint32_t number, const std::string& patch) {
    in_a_call_ = true;
    set().report_twin(ref(number), patch, false);
    in_a_call_ = false;
  }
  void take_c2d(bool can_store) {
    in_a_call_ = true;
    set().take_c2d(can_store);
    in_a_call_ = false;
  }
  model::link_progress progress(std::uint32_t number) { return set().progress(ref(number), now()); }
  model::hub_totals totals(const std::string& hub = plant) { return set().totals(now())[hub]; }

  // All that can happen without time going on.
  void run() {
    for (bool any = true; any;) {
      any = false;
      if (set().deadline() <= now()) {
        set().advance(clock.now());
        ++turns;
        any = true;
      }
      if (answers_orders && !orders.empty()) {
        answer_orders();
        any = true;
      }
      for (auto& [id, on] : wires)
        if (on.which->is_up() && carry(on)) any = true;
    }
  }
  // Turns the clock, stopping at whatever is due on the way.
  void advance(std::chrono::nanoseconds by) {
    const auto end = now() + by;
    run();
    while (true) {
      auto next = set().deadline();
      for (const auto& [id, on] : wires) {
        if (!on.which->is_up()) continue;
        next = std::min(next, on.which->deadline().value_or(mono_time::max()));
        if (on.peer) next = std::min(next, on.peer->engine().tick(now()).value_or(mono_time::max()));
      }
      if (next > end) break;
      if (next > now()) clock.advance(next - now());
      for (auto& [id, on] : wires)
        if (on.which->is_up() && on.peer) on.peer->engine().tick(now());
      run();
    }
    clock.advance(end - now());
  }
  void answer_orders() {
    for (auto [of, which] : std::exchange(orders, {})) {
      if (unreachable) {
        of->line_lost(*which, *unreachable, clock.now());
        continue;
      }
      if (!of->line_opened(*which, {1ms, 2ms, 3ms}, clock.now())) continue;
      auto& on = wires[which->id()];
      on = {of, which, says_nothing ? nullptr : std::make_unique<scripted_peer>(channel_max)};
      if (on.peer) on_peer(*on.peer);
    }
  }
  // The stream of one line breaks.
  void lose(std::uint32_t id, const error& why = error{errc::connection_lost}) {
    auto& on = wires.at(id);
    on.of->line_lost(*on.which, why, clock.now());
  }
  scripted_peer& peer(std::uint32_t id = 0) { return *wires.at(id).peer; }

  std::size_t count(const std::string& word) const {
    return static_cast<std::size_t>(std::ranges::count(words, word));
  }
  // Those that begin like this.
  std::size_t count_of(const std::string& beginning) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(words, [&](const auto& word) { return word.starts_with(beginning); }));
  }
  std::vector<std::string> take_words() { return std::exchange(words, {}); }

  std::function<void(device_ref, moment)> on_attached = [](device_ref, moment) {};
  std::function<void(device_ref, bool, moment)> on_detached = [](device_ref, bool, moment) {};

  void on_device_attached(device_ref device, moment when) override {
    tell("attached " + std::to_string(index_of(device)));
    on_attached(device, when);
  }
  void on_device_detached(device_ref device, const error& why, bool link_retries, moment when) override {
    tell("detached " + std::to_string(index_of(device)) + " " + std::string{why.name()} +
         (link_retries ? ", comes back" : ""));
    last_fault = why;
    on_detached(device, link_retries, when);
  }
  void on_shard_closed(model::shard_number which, moment) override {
    tell("closed " + std::to_string(static_cast<unsigned>(which)));
  }
  void on_send_outcome(device_ref, spool_seq seq, const result<void>& outcome, moment) override {
    tell("sent " + std::to_string(seq) + " " + (outcome ? "ok" : std::string{outcome.fault().name()}));
    if (!outcome) last_fault = outcome.fault();
  }
  std::optional<error> last_fault; // of a detach or an outcome
  void on_c2d(device_ref device, model::c2d_message what, moment) override {
    tell("c2d " + std::to_string(index_of(device)) + " " + what.body);
    messages.push_back(std::move(what));
  }
  void on_method(device_ref device, model::method_call what, moment) override {
    tell("call " + std::to_string(index_of(device)) + " " + what.name);
    calls.push_back(std::move(what));
  }
  void on_twin_open(device_ref device, moment) override { tell_twin(device, "open"); }
  void on_twin_changed(device_ref device, std::string patch, moment) override {
    tell_twin(device, "changed " + patch);
  }
  void on_twin_read(device_ref device, result<std::string> document, moment) override {
    tell_twin(device, "read " + (document ? *document : std::string{document.fault().name()}));
  }
  void on_twin_reported(device_ref device, result<void> outcome, moment) override {
    tell_twin(device, "reported " + (outcome ? "ok" : std::string{outcome.fault().name()}));
  }
  std::vector<model::c2d_message> messages;
  std::vector<model::method_call> calls;

  void open(fleet& of, line& which) override {
    orders.emplace_back(&of, &which);
    orders_at.push_back(now());
  }
  void flush(line&) override {}
  void cut(line& which) override {
    auto& on = wires.at(which.id());
    on.of->line_lost(which, error{errc::stopped}, clock.now());
  }
  void wake() override { ++wakes; }

private:
  void tell_twin(device_ref device, const std::string& what) {
    tell("twin " + std::to_string(index_of(device)) + " " + what);
  }
  void tell(std::string what) {
    if (in_a_call_) told_in_a_call.push_back(what);
    words.push_back(std::move(what));
  }
  // Bytes both ways. False: there were none.
  bool carry(wire& on) {
    on.which->tick(clock.now());
    on.of->line_events(*on.which, clock.now());
    std::string bytes;
    bool any = on.which->take_output(bytes);
    if (any && on.peer) on.peer->feed(bytes);
    bytes.clear();
    if (on.peer && on.peer->engine().take_output(bytes)) {
      on.which->on_bytes(bytes, clock.now());
      on.of->line_events(*on.which, clock.now());
      any = true;
    }
    if (!on.which->is_over()) return any;
    on.of->line_lost(*on.which, error{errc::connection_lost}, clock.now());
    return true;
  }

  std::unique_ptr<fleet_set> set_;
  bool in_a_call_ = false;
};

} // namespace causeway::hub
