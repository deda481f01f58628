// SPDX-License-Identifier: Apache-2.0
// A peer's bytes into the engine, which answers everything as the gateway or the emulator would.
// First byte of the input: 'c' for a client engine, anything else for a server. Second: how many bytes at a
// time.
#include "amqp/engine.h"
#include "amqp/message.h"
#include "target.h"

namespace {

using namespace causeway;
using amqp::event_kind;

constexpr std::size_t max_sends = 64; // a peer may give endless credit

class endpoint {
public:
  explicit endpoint(amqp::role side)
      : engine_{{.side = side, .container_id = "fuzz", .host_name = "hub.example", .max_frame = 4096}} {
    if (side == amqp::role::client) open_as_client();
  }

  void take(std::string_view bytes) {
    engine_.feed(bytes);
    settle_down();
  }

  void end() {
    engine_.tick(mono_time{std::chrono::seconds{1}});
    settle_down();
    engine_.tick(mono_time{std::chrono::hours{1}});
    settle_down();
    engine_.feed_end();
    settle_down();
    engine_.close();
    settle_down();
    CAUSEWAY_CHECK(engine_.finished());
  }

private:
  void open_as_client() {
    engine_.open();
    auto session = engine_.new_session();
    session.open();
    auto sender = session.sender("telemetry");
    sender.set_target("/devices/dev-1/messages/events");
    sender.open();
    auto receiver = session.receiver("commands");
    receiver.set_source("/devices/dev-1/messages/devicebound");
    receiver.set_max_message_size(512);
    receiver.open();
    receiver.add_credit(10);
    settle_down();
  }

  void settle_down() {
    std::string out;
    for (bool moved = true; moved;) {
      moved = engine_.take_output(out);
      while (auto happened = engine_.next_event()) {
        moved = true;
        answer(*happened);
      }
      out.clear();
    }
  }

  void answer(amqp::event& happened) {
    switch (happened.kind) {
    case event_kind::connection_opened:
      engine_.peer();
      engine_.open();
      break;
    case event_kind::connection_closed:
      engine_.close(happened.condition);
      break;
    case event_kind::session_opened:
      happened.session.open();
      break;
    case event_kind::session_closed:
      happened.session.close(happened.session.remote_condition());
      happened.session.free();
      break;
    case event_kind::link_opened:
      answer_attach(happened.link);
      break;
    case event_kind::link_closed:
      happened.link.close(happened.link.remote_condition());
      happened.link.free();
      break;
    case event_kind::link_flow:
      send_on(happened.link);
      break;
    case event_kind::message:
      // Whatever the bytes are, the answer is a value.
      static_cast<void>(amqp::decode_message(happened.payload));
      happened.delivery.settle(amqp::outcome{amqp::outcome_kind::accepted, {}});
      break;
    case event_kind::outcome:
      static_cast<void>(happened.delivery.remote_outcome());
      happened.delivery.settle();
      break;
    case event_kind::message_aborted:
    case event_kind::transport_fault:
    case event_kind::transport_closed:
      break;
    }
  }

  static void answer_attach(amqp::link link) {
    link.remote_properties();
    if (link.remote_source().empty() && link.remote_target() == "refuse-me")
      return link.refuse({"amqp:not-found", "no such node"});
    link.copy_remote();
    link.open();
    if (!link.is_sender()) link.add_credit(10);
  }

  void send_on(amqp::link link) {
    for (; link.is_sender() && link.credit() > 0 && sent_ < max_sends; ++sent_)
      link.send(std::to_string(sent_), std::string_view{"\0\x53\x75\xa0\x01x", 6}, sent_ % 2 == 0);
  }

  amqp::engine engine_;
  std::size_t sent_ = 0;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto input = fuzz::text_of(bytes, size);
  endpoint subject{fuzz::take_choice(input) == 'c' ? amqp::role::client : amqp::role::server};
  const std::size_t at_once = fuzz::take_choice(input);
  fuzz::for_each_piece(input, at_once, [&](std::string_view piece) { subject.take(piece); });
  subject.end();
  return 0;
}
