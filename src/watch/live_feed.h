// SPDX-License-Identifier: Apache-2.0
// What a page that stays open is told: the gateway's status each second, as server-sent events, made once for
// all who listen; and the last hour (rate_history.h). Bounded: so many listeners; each has at most the event
// that it reads and the newest one, so who reads slowly misses events, and who does not finish one in time is
// let go. Loop's thread only.
#pragma once

#include "net/http_message.h"
#include "watch/fleet_view.h"
#include "watch/rate_history.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace causeway::watch {

class live_feed {
public:
  static constexpr std::size_t most_listeners = 32;
  static constexpr seconds patience{15}; // for one event to be read
  static constexpr seconds interval{1};

  // of must live as long.
  live_feed(const fleet_view& of, std::string version) : fleet_{of}, version_{std::move(version)} {}

  // To be called several times a second; it looks at the figures only when something is due.
  void on_tick(moment now);
  // The stream, which begins with the newest event; 503 when there are as many as there may be.
  net::http_response listen();
  std::string history() const { return history_json(history_); }
  std::size_t listeners() const;

private:
  class source;
  struct seat;

  void publish(const snapshot& figures, moment now);

  const fleet_view& fleet_;
  std::string version_;
  rate_history history_;
  std::vector<std::shared_ptr<seat>> seats_;
  std::shared_ptr<const std::string> newest_;
  std::optional<mono_time> published_;
};

} // namespace causeway::watch
