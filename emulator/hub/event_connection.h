// SPDX-License-Identifier: Apache-2.0
// One reader's AMQP connection to the Event-Hubs-compatible endpoint: bytes in, bytes out, time as a
// parameter (azure-iot-wire.md D.3 b): $cbs, $management, and links that read a partition of a consumer
// group. Pure. One thread.
//
// A reader gets events as fast as it gives credit, at most max_in_flight without its outcome and max_output
// bytes ahead of the socket. Any consumer group exists. Nothing can be sent here.
#pragma once

#include "amqp/sasl_frames.h"
#include "emulator/hub/cbs.h"
#include "emulator/hub/ended_channels.h"
#include "emulator/hub/event_endpoint.h"

#include <functional>
#include <list>
#include <map>
#include <optional>

namespace causeway::emulator {

class event_connection {
public:
  static constexpr std::size_t max_in_flight = 5000;
  static constexpr std::size_t max_output = 1024U * 1024;

  // wake is called when there is output, or the end, that no feed() or tick() has brought about.
  event_connection(event_endpoint& endpoint, moment now, std::function<void()> wake = {});
  ~event_connection();
  event_connection(const event_connection&) = delete;
  event_connection& operator=(const event_connection&) = delete;

  void feed(std::string_view bytes, moment now);
  void feed_end(moment now);
  // Moves what must be written to the peer to the end of `out`; false when there was nothing.
  bool take_output(std::string& out);
  // Heartbeats, idle time-out, tokens that run out, events that wait. When to call next.
  std::optional<mono_time> tick(moment now);
  bool finished() const;
  std::size_t pending_output() const { return out_.size(); }

  // There are new events.
  void on_events();
  // The receiver is one of this connection's.
  void end_receiver(event_receiver& receiver, const amqp::condition& why);

private:
  enum class link_kind : std::uint8_t { cbs, cbs_answer, management, management_answer, events, ended };
  struct event_link {
    std::list<event_link>::iterator self;
    amqp::link link;
    link_kind kind = link_kind::ended;
    int used = 0; // credit that the peer has used up
    std::string reply_address;
    event_receiver reading; // events
  };

  void feed_sasl(std::string_view bytes);
  void start_engine(const std::string& first_bytes);
  void pump();
  void on_event(amqp::event& event);
  void on_link_opened(amqp::link native);
  void on_message(amqp::event& event);
  amqp::condition prepare_receiver(event_link& link);
  void answer_put_token(const amqp::event& event);
  void answer_management(const amqp::event& event);
  // Sends to the answer link that the request names.
  void answer(link_kind kind, const std::string& reply_to, std::string encoded);
  bool authorised(std::string_view path) const;
  void expire_grants();
  void deliver();
  void deliver_to(event_receiver& receiver);
  void drop_link(event_link& link);
  void drop_receivers();

  event_endpoint& endpoint_;
  std::function<void()> wake_;
  moment now_;
  std::optional<amqp::sasl_server> sasl_;
  std::optional<amqp::engine> engine_;
  ended_channels ended_; // before engine_
  std::string out_;
  bool close_after_output_ = false;
  bool pumping_ = false;
  std::list<event_link> links_;
  std::map<std::string, wall_time> grants_; // by path
  std::uint64_t next_tag_ = 0;
};

} // namespace causeway::emulator
