// SPDX-License-Identifier: Apache-2.0
// model::hub_link over one hub::connection and the emulated hub's end of it, with byte queues in between.
// Made again after a back-off when it is lost, as cloud::hub_pool does it, but pure: step() moves bytes and
// events, time is the manual clock's.
#pragma once

#include "base/backoff.h"
#include "core/bridge.h"
#include "emulator/hub/hub_connection.h"
#include "hub/connection.h"

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

namespace causeway::conversation {

// What happens when so many bytes, both directions together, have crossed a connection.
struct break_plan {
  std::deque<std::size_t> after; // one for each connection to come; none left: it lasts
  std::size_t breaks = 0;        // so far
};

class memory_link final : public model::hub_link {
public:
  struct settings {
    hub_host host;
    hub::auth mode = hub::auth::device_keys;
    std::string container_id;
  };
  // on_break: instead of losing the connection, when given; the link does nothing more then.
  memory_link(const manual_clock& clock, emulator::hub_service& hub, hub::token_source& tokens, settings how,
              break_plan& breaks, std::function<void()> on_break = {});
  ~memory_link() override;
  void answer_to(core::bridge* bridge) { bridge_ = bridge; }

  void attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) override;
  void detach(device_ref device) override;
  void hurry(device_ref) override {} // there is no budget here
  void send(device_ref device, spool_seq seq, const model::message& what) override;

  // Does what can be done now; false when there was nothing.
  bool step();
  // When step() is worth calling although nothing has happened.
  std::optional<mono_time> deadline() const;

  bool is_open() const { return line_ != nullptr; }
  std::size_t attached() const { return line_ ? line_->client.attached_devices() : 0; }
  std::uint64_t connections_made() const { return connections_made_; }
  std::uint64_t connections_lost() const { return connections_lost_; }
  // Of the connection that is up, and of all.
  std::size_t bytes_carried() const { return line_ ? line_->carried : 0; }
  std::uint64_t renewals() const { return renewals_ + (line_ ? line_->client.counters().renewals : 0); }
  // Detaches that were one device's own, not the connection's.
  std::uint64_t own_detaches() const { return own_detaches_; }

private:
  struct member {
    causeway::identity identity;
    hub::link_wish wish;
  };
  struct line {
    hub::connection client;
    emulator::hub_connection server;
    std::string to_server, to_client;
    std::optional<mono_time> server_due;
    std::optional<std::size_t> breaks_after;
    std::size_t carried = 0;
    mono_time made, next_carry;
    std::vector<hub::sent> refused;

    line(hub::connection_options options, hub::token_source& tokens, emulator::hub_service& hub, moment now)
        : client{std::move(options), tokens, now}, server{hub, now}, made{now.mono}, next_carry{now.mono} {}
  };

  void connect();
  bool tick();
  bool carry();
  // What may still cross of this many bytes.
  std::size_t allowed(std::size_t bytes) const;
  bool deliver_events();
  void lose(const error& why);

  const manual_clock& clock_;
  emulator::hub_service& hub_;
  hub::token_source& tokens_;
  settings settings_;
  break_plan& breaks_;
  std::function<void()> on_break_;
  core::bridge* bridge_ = nullptr;
  std::unordered_map<std::uint32_t, member> members_;
  std::unique_ptr<line> line_;
  mono_time next_try_{};
  std::uint32_t failures_ = 0;
  bool over_ = false; // the line is: what the core asks for now goes to the next one
  bool crashed_ = false;
  std::uint64_t connections_made_ = 0, connections_lost_ = 0, renewals_ = 0, own_detaches_ = 0;
};

} // namespace causeway::conversation
