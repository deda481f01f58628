// SPDX-License-Identifier: Apache-2.0
// One AMQP connection of the floor to the hub: tokens through `$cbs`, a session a device with the links that
// the gateway has in it, one message of a device under way. Bytes in, bytes out. What goes wrong ends the
// floor: it throws std::runtime_error. One thread.
#pragma once

#include "amqp/engine.h"
#include "azure/hub_address.h"
#include "azure/sas_token.h"
#include "base/ids.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::bench {

inline constexpr std::uint32_t floor_devices_a_connection = 900; // the gateway's

// How many devices each connection has.
std::vector<std::uint32_t> floor_placement(std::uint32_t devices);

struct floor_hub_options {
  azure::hub_address hub;
  std::string container_id;
  std::string policy; // its name; empty: key is the group's, and each device has a token of its own
  azure::signing_key key;
  std::vector<std::string> devices; // the identities
};

class floor_hub {
public:
  explicit floor_hub(floor_hub_options options);

  void feed(std::string_view bytes);
  // Appends what is for the peer.
  void take_output(std::string& out) { engine_.take_output(out); }
  // Once a second.
  void tick(mono_time now) { engine_.tick(now); }
  bool is_ready() const { return attached_ == devices_.size(); }
  // Precondition: is_ready(), and none of the device under way. encoded stays where it is until the device is
  // among the accepted.
  void send(std::uint32_t device, std::string_view encoded);
  // The devices whose messages were accepted since.
  std::vector<std::uint32_t>& accepted() { return accepted_; }

private:
  struct attached_device {
    std::string identity;
    amqp::link telemetry, c2d;
    std::string_view waiting; // for credit
    bool is_attached = false;
  };

  void on_event(const amqp::event& what);
  void on_cbs_event(const amqp::event& what);
  void on_device_event(std::uint32_t device, const amqp::event& what);
  void open_cbs();
  void put_tokens();
  void put_token(std::uint32_t asker, const std::string& resource);
  void on_token_answer(const amqp::event& what);
  void attach(std::uint32_t device);
  void send_waiting(attached_device& who);

  floor_hub_options options_;
  amqp::engine engine_;
  amqp::session cbs_session_;
  amqp::link cbs_sender_, cbs_receiver_;
  std::deque<std::uint32_t> tokens_wanted_; // by asker: a device, or 0 for the policy
  std::uint32_t tokens_under_way_ = 0;
  std::vector<attached_device> devices_;
  std::size_t attached_ = 0;
  std::uint64_t sent_ = 0;
  std::vector<std::uint32_t> accepted_;
};

} // namespace causeway::bench
