// SPDX-License-Identifier: Apache-2.0
// One client's AMQP connection to the emulated hub: bytes in, bytes out, time as a parameter
// (azure-iot-wire.md B.1 to B.5, B.10, B.11). Pure. One thread. Telemetry and CBS are whole; links for
// cloud-to-device messages and direct methods are attached and stay silent, as those of a hub that has
// nothing to say; twin links are refused (amqp:not-implemented). A basic tier has neither of the three.
//
// Times that it is given are real; a hub whose clock is off (fault clock_skew) judges tokens by its own.
// Answers that have to wait (latency, quotas) wait here, until the tick that they are due at; the distance
// between client and hub is the listener's.
#pragma once

#include "amqp/engine.h"
#include "amqp/sasl_frames.h"
#include "azure/names.h"
#include "emulator/hub/cbs.h"
#include "emulator/hub/hub_frames.h"
#include "emulator/hub/hub_link.h"
#include "emulator/hub/hub_service.h"

#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace causeway::emulator {

// The real hub's figures (B.1, B.2).
inline constexpr std::size_t max_tokens = 1000;
inline constexpr int cbs_credit = 100;
inline constexpr int telemetry_credit = 1000;
inline constexpr std::chrono::minutes hub_idle_time_out{4};

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
  // Heartbeats, idle time-out, tokens that run out, answers that are due. When to call next.
  std::optional<mono_time> tick(moment now);
  // Nothing more will be read or written: close the stream.
  bool finished() const;
  // Finished, and what was written before shall not arrive either.
  bool was_cut() const { return cut_; }
  // Half open: nothing is read and nothing is written; after twice the idle time-out it is cut.
  bool frozen() const { return frozen_since_.has_value(); }

  // Bytes that wait for take_output().
  std::size_t pending_output() const { return out_.size(); }
  std::size_t telemetry_links() const { return telemetry_links_; }

  // Ends at once; what was to be written is dropped.
  void cut();
  // Says CLOSE; what the peer still sends is not looked at.
  void close(const amqp::condition& why);
  void freeze(moment now);
  // The link is one of this connection's.
  void detach(hub_link& link, const amqp::condition& why);
  // The device's own token counts no longer; what is attached stays.
  void forget_token(const identity& device);
  // As on expiry; see hub_service.
  void expire_tokens(std::string_view pattern);
  // Answers what hub_hang has held.
  void resume();
  // To links that no fault withhold_credit names any longer.
  void give_withheld_credit();

private:
  struct held_message {
    hub_link* on = nullptr;
    amqp::delivery delivery;
    std::string payload;
    std::uint32_t format = 0; // the transfer's message-format
    mono_time due{};
  };
  struct late_outcome {
    hub_link* on = nullptr;
    amqp::delivery delivery;
  };
  struct token_answer {
    std::string reply_to;
    std::string encoded;
    std::optional<token_verdict> granted; // from the moment that the answer leaves
    mono_time due{};
  };

  // hub_connection.cpp
  void feed_sasl(std::string_view bytes);
  bool admit_login(const amqp::sasl_init& init);
  void start_engine(const std::string& first_bytes);
  void pump();
  void on_event(amqp::event& event);
  void flush();
  void wake();
  // The hub's own time.
  wall_time hub_time() const { return hub_.clock_.at(now_).wall; }
  // What is due by now.
  void answer_due();
  std::optional<mono_time> next_answer() const;

  // hub_connection_links.cpp
  hub_session& session_of(amqp::session session);
  void on_session_closed(amqp::session session);
  void on_link_opened(amqp::link link);
  void on_link_closed(amqp::link link);
  void identify(hub_link& link);
  amqp::condition judge_attach(const hub_link& link) const;
  std::chrono::nanoseconds charge_connect(hub_link& link);
  void answer_attach(hub_link& link);
  void open_link(hub_link& link);
  void drop_link(hub_link& link);
  void remove_from_books();

  // hub_connection_tokens.cpp
  void on_put_token(hub_link& on, amqp::event& event);
  token_verdict judge_request(const put_token_request& request);
  void send_token_answers();
  hub_link* answer_link(const std::string& reply_to);
  void grant(const token_verdict& verdict);
  bool authorised(const identity& device) const;
  bool has_own_token(const identity& device) const;
  void expire_grants();
  void detach_expired(const std::vector<hub_link*>& links);

  // hub_connection_messages.cpp
  void on_message(amqp::event& event);
  void take_telemetry(held_message message);
  void on_telemetry(held_message message);
  void judge_telemetry(const held_message& message);
  void keep_event(const hub_link& on, std::string encoded);
  void reject(amqp::delivery delivery, const std::string& condition, const std::string& description);
  void accept(hub_link& on, amqp::delivery delivery);
  std::string describe_exhausted_quota() const;
  bool refuse_for_fault(const hub_link& on, amqp::delivery delivery);
  void replenish(hub_link& link, int credit);
  void give_credit(hub_link& link, int credit);

  hub_service& hub_;
  std::function<void()> wake_;
  moment now_;
  std::optional<amqp::sasl_server> sasl_;
  std::optional<amqp::engine> engine_;
  hub_frames frames_;
  std::string out_;
  bool cut_ = false;
  bool pumping_ = false;
  bool close_after_output_ = false;
  std::optional<mono_time> frozen_since_;

  std::list<hub_session> sessions_;
  std::vector<hub_link*> answer_links_;
  std::size_t telemetry_links_ = 0;
  attach_queue attaches_due_;
  std::deque<token_answer> answers_; // in the order of their dues
  std::uint32_t next_tag_ = 0;
  std::deque<held_message> shaped_;                      // by quota; in the order of their dues
  std::deque<held_message> held_;                        // by hub_hang
  std::multimap<mono_time, late_outcome> late_;          // by slow_accepts
  std::unordered_map<std::string, wall_time> grants_;    // by path: "/devices/dev-1", "/devices", ""
  std::set<std::pair<wall_time, std::string>> expiries_; // of grants_, soonest first
  std::unordered_set<std::string> tokens_seen_;          // paths ever granted on this connection
};

} // namespace causeway::emulator
