// SPDX-License-Identifier: Apache-2.0
// One client's AMQP connection to the emulated hub: bytes in, bytes out, time as a parameter
// (azure-iot-wire.md B.1 to B.5, B.10). Pure. One thread. Telemetry and CBS are whole; links for
// cloud-to-device messages and direct methods are attached and stay silent, as those of a hub that has
// nothing to say; twin links are refused (amqp:not-implemented).
#pragma once

#include "amqp/engine.h"
#include "amqp/sasl_frames.h"
#include "azure/names.h"
#include "emulator/cbs.h"
#include "emulator/hub_service.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace causeway::emulator {

// The real hub's figures (B.1, B.2).
inline constexpr std::size_t max_tokens = 1000;
inline constexpr int cbs_credit = 100;
inline constexpr int telemetry_credit = 1000;

class hub_connection {
public:
  // wake is called when there is output, or the end, that no feed() or tick() has brought about.
  hub_connection(hub_service& hub, moment now, std::function<void()> wake = {});
  ~hub_connection();
  hub_connection(const hub_connection&) = delete;
  hub_connection& operator=(const hub_connection&) = delete;

  void feed(std::string_view bytes, moment now);
  // The peer's end of stream.
  void feed_end(moment now);
  // Moves what must be written to the peer to the end of `out`; false when there was nothing.
  bool take_output(std::string& out);
  // Heartbeats, idle time-out, tokens that run out. When to call next.
  std::optional<mono_time> tick(moment now);
  // Nothing more will be read or written: close the stream.
  bool finished() const;

  // Bytes that wait for take_output().
  std::size_t pending_output() const { return out_.size(); }
  std::size_t telemetry_links() const { return telemetry_links_; }

  // Ends at once; what was to be written is dropped.
  void cut();
  void detach(const identity& device, const amqp::condition& why);
  // The device's own token counts no longer.
  void forget_token(const identity& device);
  // Answers what hub_hang has held.
  void resume();

private:
  enum class link_kind : std::uint8_t { cbs_request, cbs_answer, telemetry, silent };
  struct link_state {
    amqp::link link;
    link_kind kind{};
    identity device;
    std::string reply_address; // cbs_answer: what requests name as reply-to
    int used = 0;              // credit that the peer has used up
    bool closing = false;
  };
  struct held_message {
    link_state* on = nullptr;
    amqp::delivery delivery;
    std::string payload;
  };
  struct pending_answer {
    std::string reply_to;
    std::string encoded;
  };

  void feed_sasl(std::string_view bytes);
  bool admit_login(const amqp::sasl_init& init);
  void start_engine(const std::string& first_bytes);
  void pump();
  void on_event(amqp::event& event);
  void on_link_opened(amqp::link link);
  void on_link_closed(amqp::link link);
  void on_session_closed(amqp::session session);
  void on_message(amqp::event& event);
  void on_put_token(link_state& on, amqp::event& event);
  void on_telemetry(link_state& on, amqp::delivery delivery, const std::string& payload);
  void reject(amqp::delivery delivery, const std::string& condition, const std::string& description);
  void refuse_link(amqp::link link, const std::string& condition, const std::string& description);
  void add_link(amqp::link link, link_kind kind, identity device);
  void drop_link(link_state* state);
  void detach_link(link_state& state, const amqp::condition& why);
  void replenish(link_state& state, int credit);
  void answer_put_token(pending_answer answer);
  void send_answers();
  link_state* answer_link(const std::string& reply_to);
  void grant(const token_verdict& verdict);
  bool authorised(const identity& device) const;
  void expire_grants();
  void wake();

  hub_service& hub_;
  std::function<void()> wake_;
  moment now_;
  std::optional<amqp::sasl_server> sasl_;
  std::optional<amqp::engine> engine_;
  std::string out_;
  bool cut_ = false;
  bool pumping_ = false;
  bool close_after_output_ = false;

  std::unordered_map<const link_state*, std::unique_ptr<link_state>> links_;
  std::vector<link_state*> answer_links_;
  std::size_t telemetry_links_ = 0;
  std::deque<pending_answer> answers_;
  std::uint32_t next_tag_ = 0;
  std::deque<held_message> held_;
  std::unordered_map<std::string, wall_time> grants_; // by path: "/devices/dev-1", "/devices", ""
  std::unordered_set<std::string> tokens_seen_;       // paths ever granted on this connection
  std::optional<wall_time> next_expiry_;
};

} // namespace causeway::emulator
