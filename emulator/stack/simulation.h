// SPDX-License-Identifier: Apache-2.0
// The books of a fleet of simulated devices that send uplinks through The Things Stack: whose turn it is,
// what was accepted, and what of it has arrived at the hub. Pure: the posting is things_stack's.
// One thread.
//
// The stack's rules (things-stack-wire.md B.4): each uplink is posted once; what is not answered with 2xx is
// lost for the webhook and never repeated, unless retries are on; the next uplink has the next f_cnt. At most
// one post of a device is under way, unless the plan says otherwise.
#pragma once

#include "base/clock.h"
#include "emulator/hub/arrivals.h"
#include "emulator/hub/histogram.h"
#include "emulator/stack/webhook_hook.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace causeway::emulator {

struct simulated_application {
  std::string id;
  std::vector<std::string> devices;
  std::string url;               // of the webhook: "http://127.0.0.1:15081/webhook/water-meters"
  std::string authorization;     // the whole header value, "Basic …"; empty: none
  double mqtt_share = 0;         // of the devices, spread evenly: their uplinks leave by MQTT instead
  webhook_settings webhook{};    // the rest of the webhook; without base_url and that header
  std::string identity_prefix{}; // before the device's name it makes the identity in the hub
};

// What goes wrong on the way, counted by device; 0: never. By MQTT only.
struct simulated_disorder {
  std::uint64_t duplicate_every = 0; // each nth uplink leaves twice, the second time with another received_at
                                     // of the Application Server
  std::uint64_t swap_every = 0;      // each nth leaves behind its successor
  std::uint64_t rejoin_every = 0;    // each nth is the first, f_cnt 0, of a new session
};

// What becomes of a connection when its post is answered.
enum class connection_use : std::uint8_t {
  kept,  // it waits for the next post, however many wait already
  fresh, // two wait for each host, further ones are closed: Go's net/http, and so The Things Stack
};

// How the stack sends.
struct webhook_sending {
  bool varied = false;                       // keys in any order, white space here and there
  bool parallel = false;                     // several posts of a device at a time, in no order
  std::chrono::milliseconds retry_minute{0}; // how long a minute of the retries' schedule lasts; 0: none
  webhook_health_options health{};
};

struct simulation_plan {
  std::vector<simulated_application> applications;
  std::optional<std::uint64_t> uplinks; // how many in all; absent: until the time is over
  std::optional<std::chrono::milliseconds> duration;
  double rate = 0;         // uplinks a second; 0: as fast as they are answered
  std::uint64_t burst = 1; // so many at once, then nothing until the rate allows the next ones
  simulated_disorder switches{};
  std::size_t concurrency = 32;
  connection_use connections = connection_use::kept;
  bool http2 = false; // where a webhook offers it; then its connections are HTTP/2's
  webhook_sending sending{};
  bool simulated = false; // by webhook: as up/simulate makes them, of which no network server's record tells
};

struct simulation_totals {
  std::uint64_t sent = 0;
  std::uint64_t accepted = 0;  // answered with 2xx
  std::uint64_t delivered = 0; // accepted, and arrived
  std::uint64_t duplicates = 0;
  std::uint64_t out_of_order = 0;               // accepted, and overtaken by one whose post began after that
  std::map<std::string, std::uint64_t> refused; // by HTTP status or "connection", "time_out"
  std::uint64_t refused_total = 0;              // posts, each try
  std::uint64_t retried = 0;                    // posts behind a message's first
  std::uint64_t lost_by_sender = 0;             // messages that the stack has given up
};

// The devices by webhook, and those by MQTT: two plans, which share uplinks and rate by their devices. A
// device sends by one input only.
struct divided_plan {
  simulation_plan webhook, mqtt; // without applications where there are no such devices
};
divided_plan divide(simulation_plan whole);

// A turn to post.
struct simulated_turn {
  std::uint32_t device = 0; // a number of the simulation's
  std::uint64_t marker = 0; // rises by one a device, from 1; f_cnt too
  mono_time due;            // by the rate; now or earlier when it is to be posted at once
};

class simulation {
public:
  // used_markers: the highest marker that each device has used before (save_markers()); here it goes on from
  // there.
  simulation(simulation_plan plan, const std::unordered_map<std::string, std::uint64_t>& used_markers,
             mono_time now);

  const simulation_plan& plan() const { return plan_; }
  std::size_t device_count() const { return devices_.size(); }

  // The device whose turn is next, and when; nothing when nothing is left to send, or every device has a turn
  // already. Each turn ends with answered() or give_back().
  std::optional<simulated_turn> take_turn(mono_time now);
  // The post begins.
  void begin(const simulated_turn& turn, mono_time now);
  // In place of answered(): the post was in vain and will be tried again. The device may have its next turn.
  void postpone(const simulated_turn& turn, int status, const std::string& reason, mono_time now);
  // A later try of a postponed turn. last: it will not be tried again.
  void answered_again(const simulated_turn& turn, int status, const std::string& reason, mono_time now,
                      bool last);
  // A postponed turn is given up without another try.
  void give_up(const simulated_turn& turn);
  // The turn will not be used: it was stopped. Only the device's last one.
  void give_back(const simulated_turn& turn);
  // Whether this uplink's post never got a 2xx: then nothing is promised of its order, if it arrives at all.
  bool was_unanswered(const std::string& device, std::uint64_t marker) const;
  const std::string& device_name(std::uint32_t device) const { return *devices_[device].name; }
  std::uint32_t application_index(std::uint32_t device) const { return devices_[device].application; }
  const simulated_application& application_of(std::uint32_t device) const {
    return plan_.applications[devices_[device].application];
  }
  // status: of HTTP, or 0 and the reason.
  void answered(const simulated_turn& turn, int status, const std::string& reason, mono_time now);
  void on_arrival(const arrival& entry, mono_time now);

  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  // Nothing more will be sent, and nothing is under way.
  bool finished(mono_time now) const;
  bool sending(mono_time now) const;

  const simulation_totals& totals() const { return totals_; }
  // Accepted but not arrived: under way, or lost.
  std::uint64_t missing() const { return totals_.accepted - totals_.delivered; }
  const histogram& http() const { return http_; }
  const histogram& end_to_end() const { return end_to_end_; }
  mono_time started() const { return started_; }
  // The time of the last answer.
  mono_time last_answer() const { return last_answer_; }
  // The first few accepted markers that have not arrived: "meter-00001: 4, 5".
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> missing_markers(std::size_t limit) const;
  void save_markers(std::unordered_map<std::string, std::uint64_t>& into) const;

private:
  struct outstanding {
    std::uint64_t marker = 0;
    mono_time started;
    bool accepted = false;
    bool refused = false;
    bool arrived = false;
    mono_time answered{}; // where it is accepted
  };
  struct device_state {
    const std::string* name = nullptr; // in plan_
    std::uint32_t application = 0;
    std::uint64_t next_marker = 1;
    std::deque<outstanding> open;       // in the order of markers
    std::set<std::uint64_t> unanswered; // posts that never got a 2xx, of a device at most 10,000
    mono_time latest_start;             // of those that have arrived
  };

  outstanding* find(device_state& d, std::uint64_t marker);
  void release(const simulated_turn& turn, mono_time now);
  void count_refusal(int status, const std::string& reason);
  void count_acceptance(outstanding* entry, mono_time now);
  static void note_unanswered(device_state& d, std::uint64_t marker);
  void tidy(device_state& d);

  simulation_plan plan_;
  std::vector<device_state> devices_;
  std::unordered_map<std::string, std::uint32_t> index_; // by identity
  std::deque<std::uint32_t> ready_;
  mono_time started_, last_answer_;
  std::size_t under_way_ = 0, postponed_ = 0;
  bool stopped_ = false;
  simulation_totals totals_;
  histogram http_, end_to_end_;
};

} // namespace causeway::emulator
