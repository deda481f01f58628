// SPDX-License-Identifier: Apache-2.0
// Put-token requests of one connection: judged, and answered in their order when their time has come and the
// client has given credit; a token counts from the moment that its answer leaves (azure-iot-wire.md B.2).
// Part of hub_connection, which owns it. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/cbs.h"
#include "emulator/hub/hub_links.h"
#include "emulator/hub/hub_service.h"
#include "emulator/hub/hub_stream.h"
#include "emulator/hub/token_grants.h"
#include "emulator/hub/token_verdict.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace causeway::emulator {

class token_desk {
public:
  // All must live as long as this.
  token_desk(hub_service& hub, hub_stream& stream, hub_links& links, token_grants& grants)
      : hub_{hub}, stream_{stream}, links_{links}, grants_{grants} {}

  void on_request(hub_link& on, amqp::event& event, moment now);
  // A login with a password, which is a token: whether it is let in.
  bool admit_login(const amqp::sasl_init& init, moment now);
  // Sends the answers that are due, as far as there is credit.
  void answer_due(mono_time now);
  // Nothing where the next answer waits for credit, not for time.
  std::optional<mono_time> next_due(mono_time now) const;

private:
  struct token_answer {
    std::string reply_to;
    std::string encoded;
    std::optional<token_verdict> granted;
    mono_time due{};
  };
  token_verdict judge(const put_token_request& request, wall_time now);
  void grant(const token_verdict& verdict);

  hub_service& hub_;
  hub_stream& stream_;
  hub_links& links_;
  token_grants& grants_;
  std::deque<token_answer> answers_; // in the order of their dues
  std::uint32_t next_tag_ = 0;
};

} // namespace causeway::emulator
