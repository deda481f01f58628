// SPDX-License-Identifier: Apache-2.0
// The connections to the MQTT server, one an application, by Paho's asynchronous C client: MQTT 3.1.1, clean
// sessions, QoS 0, a PINGREQ after 30 s without traffic (things-stack-wire.md A.1, A.4, A.6). What they have
// to say goes into the inbox.
//
// Calls return at once: a thread of its own makes them in Paho, which resolves names while it holds the lock
// that every other call needs. Created and destroyed on the loop's thread.
#pragma once

#include "base/secret.h"
#include "stack/mqtt_inbox.h"

#include <memory>
#include <string>
#include <vector>

namespace causeway::stack {

struct mqtt_address {
  std::string host; // an IPv6 address in brackets
  std::uint16_t port = 0;
  bool tls = true;     // the server's certificate is always verified, its name included
  std::string ca_file; // PEM bundle that is trusted instead of the system's; empty = the system's
};

struct mqtt_account {
  std::string client_id; // of this connection alone: a broker may end one that another takes over
  std::string username;
  secret password;
  std::vector<std::string> filters; // at least one
};

class mqtt_clients {
public:
  // to must outlive this.
  mqtt_clients(mqtt_address server, std::vector<mqtt_account> accounts, mqtt_inbox& to);
  // Ends what is still connected, without a word to the inbox afterwards, and waits for Paho's threads: some
  // 100 ms, longer while a name is being resolved.
  ~mqtt_clients();

  // Connects account `which`, then subscribes. Answered by subscribed, refused, unreachable or subscription
  // with this attempt's number; after the first, lost may follow.
  void connect(std::size_t which, std::uint64_t attempt);
  // Says goodbye where there is somebody to say it to. Answered by disconnected.
  void disconnect(std::size_t which);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace causeway::stack
