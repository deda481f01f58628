// SPDX-License-Identifier: Apache-2.0
// One client's AMQP connection to the emulated hub: bytes in, bytes out, time as a parameter
// (azure-iot-wire.md B.1 to B.8, B.10, B.11, D.2). Pure. One thread. Telemetry is its own affair; what goes
// down to devices, and what services send, is that of the hub's desks (device_desks).
//
// Times that it is given are real; a hub whose clock is off (fault clock_skew) judges tokens by its own.
// Answers that have to wait (latency, quotas) wait here, until the tick that they are due at; the distance
// between client and hub is the listener's.
//
// It owns its parts and passes on what one says to the next: hub_stream (bytes, and how it ends), hub_links,
// token_desk with token_grants, telemetry_intake.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/hub_links.h"
#include "emulator/hub/hub_service.h"
#include "emulator/hub/hub_stream.h"
#include "emulator/hub/telemetry_intake.h"
#include "emulator/hub/token_desk.h"
#include "emulator/hub/token_grants.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::emulator {

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
  bool take_output(std::string& out) { return stream_.take_output(out); }
  // Heartbeats, idle time-out, tokens that run out, answers that are due. When to call next.
  std::optional<mono_time> tick(moment now);
  // Nothing more will be read or written: close the stream.
  bool finished() const { return stream_.finished(); }
  // Finished, and what was written before shall not arrive either.
  bool was_cut() const { return stream_.was_cut(); }
  // Half open: nothing is read and nothing is written; after twice the idle time-out it is cut.
  bool frozen() const { return stream_.frozen(); }

  // Bytes that wait for take_output().
  std::size_t pending_output() const { return stream_.pending_output(); }
  std::size_t telemetry_links() const { return links_.telemetry_links(); }

  // Ends at once; what was to be written is dropped.
  void cut();
  // Says CLOSE; what the peer still sends is not looked at.
  void close(const amqp::condition& why) { stream_.close(why); }
  void freeze(moment now);
  // The device's own token counts no longer; what is attached stays.
  void forget_token(const identity& device) { grants_.forget(device); }
  // As on expiry; see hub_service.
  void expire_tokens(std::string_view pattern);
  // Answers what hub_hang has held.
  void resume() { intake_.resume(now_); }
  // To links that no fault withhold_credit names any longer.
  void give_withheld_credit() { links_.give_withheld_credit(); }

private:
  void set_time(moment now);
  void pump();
  void on_event(amqp::event& event);
  void on_message(amqp::event& event);
  // What is due by now.
  void answer_due();
  std::optional<mono_time> next_due() const;
  void expire_grants();
  void detach_expired(const std::vector<hub_link*>& links);
  // The hub's own time.
  wall_time hub_time() const { return hub_.time_at(now_); }

  hub_service& hub_;
  moment now_;
  bool pumping_ = false;
  hub_stream stream_;
  token_grants grants_;
  hub_links links_;
  token_desk desk_;
  telemetry_intake intake_;
};

} // namespace causeway::emulator
